//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// contender is a program whose cost of a probe is compared.
type contender struct {
	name      string
	process   process
	probe     func(n int) error           // makes n probes
	allocated func() (allocations, error) // since the program began
	took      []time.Duration             // processor time of a probe, for each round
	perProbe  allocations                 // over all rounds
}

// manyTargets are so many that no two scrapes at once ask for the same one: the exporter would make one probe of both.
const manyTargets = 1000

// allocations are what a Go program has had from its heap.
type allocations struct{ Objects, Bytes float64 }

// processor compares the processor time of one probe, answer to the scraper included, in rounds that take turns.
func (b *bench) processor(ctx context.Context) (string, error) {
	all, err := b.contenders(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range all { // the first round warms up
		if _, err := c.round(b.probes); err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
	}
	start := make([]allocations, len(all))
	for i, c := range all {
		if start[i], err = c.allocated(); err != nil {
			return "", err
		}
	}
	for range b.rounds {
		for _, c := range all {
			took, err := c.round(b.probes)
			if err != nil {
				return "", fmt.Errorf("%s: %w", c.name, err)
			}
			c.took = append(c.took, took)
		}
	}
	for i, c := range all {
		end, err := c.allocated()
		if err != nil {
			return "", err
		}
		n := float64(b.rounds * b.probes)
		c.perProbe = allocations{(end.Objects - start[i].Objects) / n, (end.Bytes - start[i].Bytes) / n}
	}
	return b.processorTable(all), nil
}

// round gives the processor time of one probe, over n.
func (c *contender) round(n int) (time.Duration, error) {
	before, err := c.process.cpu()
	if err != nil {
		return 0, err
	}
	if err := c.probe(n); err != nil {
		return 0, err
	}
	after, err := c.process.cpu()
	return (after - before) / time.Duration(n), err
}

// contenders starts the programs: two floors, the exporter, and blackbox_exporter where it is installed.
func (b *bench) contenders(ctx context.Context) ([]*contender, error) {
	target := "127.0.0.1:" + b.HTTPS
	var all []*contender
	for _, f := range []struct{ name, curves string }{{"the floor, as crypto/tls does it by default", defaultCurves}, {"the floor, without ML-KEM", sameCurves}} {
		c, err := b.floor(ctx, f.name, target, f.curves)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	started, err := b.startExporter(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.scraping(ctx, "ews_exporter", started, target, manyTargets)
	if err != nil {
		return nil, err
	}
	all = append(all, ours)
	started, err = b.startBlackbox(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "*** blackbox_exporter is not compared:", err)
		return all, nil //nolint:nilerr // said
	}
	theirs, err := b.scraping(ctx, "blackbox_exporter", started, "https://"+target+path, manyTargets)
	return append(all, theirs), err
}

// floor starts the least that a probe can be.
func (b *bench) floor(ctx context.Context, name, target, curves string) (*contender, error) {
	p, err := b.help(ctx, "floor", target, b.CA, strconv.Itoa(b.parallel), curves)
	if err != nil {
		return nil, err
	}
	// Each number of probes is answered with what was allocated so far.
	batch := func(n int) (a allocations, err error) {
		if _, err := fmt.Fprintln(p.in, n); err != nil {
			return a, err
		}
		if !p.out.Scan() {
			return a, errors.New("it ended: " + p.log.String())
		}
		_, err = fmt.Sscan(p.out.Text(), &a.Objects, &a.Bytes)
		return a, err
	}
	return &contender{
		name: name, process: p.process,
		probe:     func(n int) error { _, err := batch(n); return err },
		allocated: func() (allocations, error) { return batch(0) },
	}, nil
}

// processorTable compares medians; the ratios are the medians of each round's.
func (b *bench) processorTable(all []*contender) string {
	var t strings.Builder
	fmt.Fprintf(&t, "Medians of %d rounds of %d probes, %d at once; in brackets the least and the most.\n\n", b.rounds, b.probes, b.parallel)
	t.WriteString("| | CPU per probe | of the default floor | of the floor without ML-KEM | allocated per probe |\n|---|---|---|---|---|\n")
	for _, c := range all {
		sorted := slices.Sorted(slices.Values(c.took))
		fmt.Fprintf(&t, "| %s | %s (%s … %s) | %.2f | %.2f | %.0f kB in %.0f objects |\n", c.name,
			micro(sorted[len(sorted)/2]), micro(sorted[0]), micro(sorted[len(sorted)-1]), c.ratio(all[0]), c.ratio(all[1]), c.perProbe.Bytes/1e3, c.perProbe.Objects)
	}
	if len(all) == 4 {
		fmt.Fprintf(&t, "\nThe exporter takes %.2f of blackbox_exporter's processor time.\n", all[2].ratio(all[3]))
	}
	return t.String()
}

// ratio is the median over the rounds, in which both took turns.
func (c *contender) ratio(other *contender) float64 {
	ratios := make([]float64, len(c.took))
	for i := range ratios {
		ratios[i] = float64(c.took[i]) / float64(other.took[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func micro(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d)/1e3) }
