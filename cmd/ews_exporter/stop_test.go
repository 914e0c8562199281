//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// What is in flight when the exporter is told to stop.
const (
	hanging = 60 // probes of sites that say nothing, within a time limit longer than any patience
	busy    = 20 // callers that ask again and again
)

// loaded is an exporter with probes in flight that would take a minute each. hangs asks for the nth of them.
func loaded(t *testing.T) (p *program, hangs func(n int) ask, fast ask) {
	t.Helper()
	site := startLab(t, "kemp-rfc2616")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), site.Authority().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "stop.yml")
	if err := os.WriteFile(file, []byte(`
modules:
  slow: `+flow("timeout: 1m")+`
  fast: `+flow("tls_config: {ca_file: ca.pem}")+`
policy: {allow: [127.0.0.0/8]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	p = serveAlone(t, "--config.file="+file, "--limit.probes-per-address=200")
	silent := lab.Serve(t, lab.Hang).Addr()
	hangs = func(n int) ask {
		return ask{path: fmt.Sprintf("/probe?module=slow&target=http://%s&hostname=host%d.contoso.test", silent, n), answer: verdict}
	}
	return p, hangs, ask{path: "/probe?module=fast&target=" + address(site, "kemp-rfc2616"), answer: verdict, others: []int{http.StatusServiceUnavailable}}
}

// hang sends the requests that will hang, and waits until they do.
func (p *program) hang(t *testing.T, all *sync.WaitGroup, send func(n int)) {
	t.Helper()
	for n := range hanging {
		all.Go(func() { send(n) })
	}
	for range 1500 {
		if p.sample(t)[inFlight] >= hanging {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the probes do not get into flight")
}

// TestStopUnderLoad: whoever asked before the exporter was told to stop gets an answer, with what was measured until
// then; who comes later is told that it stops, or finds nobody listening. Nobody's connection is cut.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the 25 s that probes in flight are given")
	}
	p, hangs, fast := loaded(t)
	var all sync.WaitGroup
	p.hang(t, &all, func(n int) {
		if status, body, err := hangs(n).send(t.Context(), p.url); err != nil || !hangs(n).answers(status, body) {
			t.Errorf("in flight at the signal: %d %q, %v", status, tail(body), err)
		}
	})
	for range busy {
		all.Go(func() { askOn(t, p.url, fast) })
	}
	time.Sleep(500 * time.Millisecond)
	p.signal(t, syscall.SIGTERM)
	told := time.Now()
	if code := p.exit(t, patience+time.Minute); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	all.Wait()
	p.sound(t)
	took := time.Since(told)
	if took < patience/2 || took > patience+30*time.Second {
		t.Errorf("stopped after %s; probes in flight are given %s", took, patience)
	}
	t.Logf("stopped after %s", took)
}

// askOn asks again and again, until it is refused or nobody listens.
func askOn(t *testing.T, base string, a ask) {
	for {
		status, body, err := a.send(context.WithoutCancel(t.Context()), base)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return
		case err != nil || !a.answers(status, body):
			t.Errorf("while it stops: %d %q, %v", status, tail(body), err)
			return
		case status == http.StatusServiceUnavailable:
			if !strings.Contains(body, "the exporter is stopping") {
				t.Errorf("refused by %q", body)
			}
			return
		}
	}
}

// TestSecondSignalEndsAtOnce, whatever is in flight.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	p, hangs, _ := loaded(t)
	var all sync.WaitGroup
	p.hang(t, &all, func(n int) {
		_, _, _ = hangs(n).send(t.Context(), p.url)
	})
	p.signal(t, syscall.SIGTERM)
	p.await(t, `msg="(Stopping)`)
	time.Sleep(500 * time.Millisecond) // until the signal is no longer caught
	p.signal(t, syscall.SIGTERM)
	if code := p.exit(t, patience/2); code == exitOK {
		t.Error("ended by itself, and not by the signal")
	}
	all.Wait()
	p.sound(t)
}
