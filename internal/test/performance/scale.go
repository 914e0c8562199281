//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scale shows how the cost grows with the number of targets, and that a fast target is answered as fast while slow ones
// hang.
func (b *bench) scale(ctx context.Context) (string, error) {
	growth, err := b.growth(ctx)
	if err != nil {
		return "", err
	}
	latency, err := b.latency(ctx)
	return growth + "\n" + latency, err
}

// growth scrapes more and more targets, each at an address of its own.
func (b *bench) growth(ctx context.Context) (string, error) {
	var t strings.Builder
	t.WriteString("| targets | probes | probes per second | CPU per probe | memory in RAM afterwards |\n|---|---|---|---|---|\n")
	for targets := 1; targets <= 10_000; targets *= 10 {
		e, err := b.startExporter(ctx)
		if err != nil {
			return "", err
		}
		c, err := b.scraping(ctx, "ews_exporter", e, "127.0.0.1:"+b.HTTPS, targets)
		if err != nil {
			return "", err
		}
		probes := max(targets, 2000)
		start := time.Now()
		cpu, err := c.round(probes)
		if err != nil {
			return "", fmt.Errorf("%d targets: %w", targets, err)
		}
		took := time.Since(start)
		ram, err := e.resident()
		if err != nil {
			return "", err
		}
		e.end()
		fmt.Fprintf(&t, "| %d | %d | %.0f | %s | %.0f MB |\n", targets, probes, float64(probes)/took.Seconds(), micro(cpu), mega(ram))
	}
	return t.String(), nil
}

// latency times scrapes of a fast target, alone and while others hang.
func (b *bench) latency(ctx context.Context) (string, error) {
	e, err := b.startExporter(ctx)
	if err != nil {
		return "", err
	}
	defer e.end()
	alone, err := scrapeTimes(ctx, e.address, "127.0.0.1:"+b.HTTPS)
	if err != nil {
		return "", err
	}
	crowd, err := hangAll(ctx, e.address, "127.0.0.1:"+b.Silent, b.hanging)
	defer crowd.leave()
	if err != nil {
		return "", err
	}
	time.Sleep(settle)
	crowded, err := scrapeTimes(ctx, e.address, "127.0.0.1:"+b.HTTPS)
	if err != nil {
		return "", err
	}
	var t strings.Builder
	t.WriteString("| a scrape of a fast target, seen by the scraper | median | 90th percentile |\n|---|---|---|\n")
	row := func(name string, times []time.Duration) {
		fmt.Fprintf(&t, "| %s | %s | %s |\n", name, micro(times[len(times)/2]), micro(times[len(times)*9/10]))
	}
	row("alone", alone)
	row(fmt.Sprintf("while %d others hang", b.hanging), crowded)
	return t.String(), nil
}

// scrapeTimes are those of five seconds of scrapes, 100 a second at the most, the shortest first.
func scrapeTimes(ctx context.Context, address, target string) ([]time.Duration, error) {
	s, err := newScraper(ctx, address)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var times []time.Duration
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		start := time.Now()
		if err := s.scrape(target); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times, nil
}
