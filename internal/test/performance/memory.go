//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How long the memory measurement waits: for all probes to hang, and for a program that is scraped on to give back what it
// no longer needs.
const (
	settle   = 8 * time.Second
	recovery = time.Minute
)

// memory compares what a probe holds that hangs at a server which accepts and never speaks.
func (b *bench) memory(ctx context.Context) (string, error) {
	var t strings.Builder
	fmt.Fprintf(&t, "| program | at rest | while %d probes hang | each | after a minute of ordinary scrapes |\n|---|---|---|---|---|\n", b.hanging)
	for _, subject := range []struct {
		name          string
		silent, ready string // targets
		start         func(context.Context, ...string) (*exporter, error)
		flags         []string
	}{
		{"ews_exporter", "127.0.0.1:" + b.Silent, "127.0.0.1:" + b.HTTPS, b.startExporter, nil},
		{"ews_exporter `--web.disable-report`", "127.0.0.1:" + b.Silent, "127.0.0.1:" + b.HTTPS, b.startExporter, []string{"--web.disable-report"}},
		{"blackbox_exporter", "https://127.0.0.1:" + b.Silent + path, "https://127.0.0.1:" + b.HTTPS + path, b.startBlackbox, nil},
	} {
		e, err := subject.start(ctx, subject.flags...)
		if err != nil {
			return "", err
		}
		m, err := b.hang(ctx, e, subject.silent, subject.ready)
		e.end()
		if err != nil {
			return "", fmt.Errorf("%s: %w", subject.name, err)
		}
		fmt.Fprintf(&t, "| %s | %.0f MB | %.0f MB | %.0f kB | %.0f MB |\n", subject.name, mega(m.rest), mega(m.hanging), float64(m.hanging-m.rest)/float64(b.hanging)/1e3, mega(m.after))
	}
	return t.String(), nil
}

// footprint is the memory of a program in RAM at three times, in bytes.
type footprint struct{ rest, hanging, after int64 }

func (b *bench) hang(ctx context.Context, e *exporter, silent, ready string) (m footprint, err error) {
	if err := scrapeFor(ctx, e.address, ready, 0); err != nil { // what a program loads at its first probe is not counted
		return m, err
	}
	if m.rest, err = e.resident(); err != nil {
		return m, err
	}
	crowd, err := hangAll(ctx, e.address, silent, b.hanging)
	defer crowd.leave()
	if err != nil {
		return m, err
	}
	time.Sleep(settle)
	if m.hanging, err = e.resident(); err != nil {
		return m, err
	}
	if err := crowd.answers(); err != nil {
		return m, err
	}
	crowd.leave()
	if err := scrapeFor(ctx, e.address, ready, recovery); err != nil {
		return m, err
	}
	m.after, err = e.resident()
	return m, err
}

// scrapeFor scrapes 20 times a second, at least once.
func scrapeFor(ctx context.Context, address, target string, d time.Duration) error {
	s, err := newScraper(ctx, address)
	if err != nil {
		return err
	}
	defer s.close()
	for end := time.Now().Add(d); ; time.Sleep(50 * time.Millisecond) {
		if err := s.scrape(target); err != nil || time.Now().After(end) {
			return err
		}
	}
}

// crowd is scrapes that hang.
type crowd []*scraper

// hangAll begins n scrapes of a target that is silent, each of another address of it, so that none shares another's probe.
// Their time limit is 20 s.
func hangAll(ctx context.Context, address, target string, n int) (crowd, error) {
	var all crowd
	for i := range n {
		s, err := newScraper(ctx, address)
		if err != nil {
			return all, err
		}
		all = append(all, s)
		if err := s.ask(elsewhere(target, i), 20); err != nil {
			return all, err
		}
	}
	return all, nil
}

// elsewhere is target at another address of this machine: there are 16 million.
func elsewhere(target string, i int) string {
	return strings.Replace(target, "127.0.0.1", fmt.Sprintf("127.%d.%d.%d", 1+i/62500, i/250%250, i%250+1), 1)
}

func (c crowd) answers() error {
	for _, s := range c {
		if _, err := s.answer(); err != nil {
			return err
		}
	}
	return nil
}

func (c crowd) leave() {
	for _, s := range c {
		s.close()
	}
}

func mega(n int64) float64 { return float64(n) / 1e6 }
