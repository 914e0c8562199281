//go:build linux

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// scraper asks an exporter as Prometheus does: over one connection, kept, with Prometheus's headers.
type scraper struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

func newScraper(ctx context.Context, address string) (*scraper, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &scraper{address, conn, bufio.NewReader(conn)}, nil
}

func (s *scraper) close() { _ = s.conn.Close() }

// ask sends one scrape of a target, with a time limit in seconds.
func (s *scraper) ask(target string, limit int) error {
	query := url.Values{"module": {"health"}, "target": {target}, "hostname": {serverName}}
	_, err := fmt.Fprintf(s.conn, "GET /probe?%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Prometheus/2.42.0\r\n"+
		"Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"+
		"Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: %d\r\n\r\n", query.Encode(), s.address, limit)
	return err
}

// answer reads the metrics that come back.
func (s *scraper) answer() ([]byte, error) {
	response, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.Header.Get("Content-Encoding") == "gzip" {
		body, err = unzip(body)
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the exporter answers %s: %s", response.Status, body)
	}
	return body, err
}

func unzip(body []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, 1<<20))
}

// scrape asks, and holds that the probe succeeded.
func (s *scraper) scrape(target string) error {
	if err := s.ask(target, 10); err != nil {
		return err
	}
	metrics, err := s.answer()
	if err == nil && !bytes.Contains(metrics, []byte("\nprobe_success 1")) {
		err = fmt.Errorf("the probe of %s failed:\n%s", target, metrics)
	}
	return err
}

// scraping is a contender that is scraped, of as many targets in turn, each at an address of its own: then none shares
// another's probe.
func (b *bench) scraping(ctx context.Context, name string, e *exporter, target string, targets int) (*contender, error) {
	scrapers := make([]*scraper, b.parallel)
	for i := range scrapers {
		var err error
		if scrapers[i], err = newScraper(ctx, e.address); err != nil {
			return nil, err
		}
	}
	var next atomic.Int64
	probe := func(n int) error {
		return side(n, b.parallel, func(worker int) error {
			return scrapers[worker].scrape(elsewhere(target, int(next.Add(1))%targets))
		})
	}
	return &contender{name: name, process: e.process, probe: probe, allocated: scrapers[0].allocated}, nil
}

// allocated asks an exporter for what Go's own collector tells of it.
func (s *scraper) allocated() (a allocations, err error) {
	if _, err := fmt.Fprintf(s.conn, "GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n", s.address); err != nil {
		return a, err
	}
	metrics, err := s.answer()
	for line := range strings.Lines(string(metrics)) {
		_, _ = fmt.Sscanf(line, "go_memstats_mallocs_total %g", &a.Objects)
		_, _ = fmt.Sscanf(line, "go_memstats_alloc_bytes_total %g", &a.Bytes)
	}
	return a, err
}
