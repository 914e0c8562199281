package runner_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// reads has a puppet read up to 8 MiB of an answer, and say that somebody is to blame for whatever comes of it.
func reads(ctx context.Context, run *prober.Run) {
	run.Find("x", result.Error, origin.Origin{Kind: origin.Exchange}, "blamed")
	conn, err := run.Network.Open(ctx, run.Step("ask"), prober.Endpoint{Addr: netip.AddrPortFrom(run.Target.Addr, run.Target.Port), From: &wire.Resolution{}, Name: run.Target.Name})
	if err == nil {
		defer conn.Close()
		_, _, err = conn.Do(run.Request("GET", "/", nil, nil), 8<<20)
	}
	run.Result.Fail(failure.From(err))
}

// TestNoAddressTakesAllMemory: who sends more than a quarter of what all may hold has its probes ended, and is blamed for nothing,
// however the bytes come; another address is read as before.
func TestNoAddressTakesAllMemory(t *testing.T) {
	t.Parallel()
	r := localRunner(t, func(o *runner.Options) { o.Memory = 4 << 20 }, reads)
	probe := func(s *lab.Script) *result.Result {
		t.Helper()
		answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "http://" + s.Addr(), Limit: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Result
	}
	large := strings.Repeat("x", 600<<10)
	for name, sent := range map[string]string{
		"a body":                      fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(large), large),
		"a head":                      "HTTP/1.1 200 OK\r\nX: " + large + "\r\n\r\n",
		"a body that grows, unpacked": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed(t, strings.Repeat("a line of a page that is there many times\n", 20_000)),
	} {
		res := probe(lab.ServeAt(t, "127.0.0.1:0", nil, []lab.Step{lab.ReadHead, lab.Write(sent)}))
		if res.Failure == nil || res.Failure.Name() != "internal/out_of_memory" || !strings.Contains(res.Failure.Message, "127.0.0.1") {
			t.Errorf("%s: %+v", name, res.Failure)
		}
		if len(res.Findings) > 0 {
			t.Errorf("%s: somebody is blamed: %+v", name, res.Findings)
		}
	}
	if res := probe(lab.ServeAt(t, "127.0.0.2:0", nil, []lab.Step{lab.ReadHead, lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + large[:100])})); res.Failure != nil {
		t.Errorf("another: %+v", res.Failure)
	}
}

// TestProbesWaitForMemory before they send anything, and go on when there is some; who waits in vain is told so.
func TestProbesWaitForMemory(t *testing.T) {
	t.Parallel()
	var begun atomic.Int32
	release := make(chan struct{})
	r := localRunner(t, func(o *runner.Options) { o.Memory = 100 << 10 }, func(context.Context, *prober.Run) { // room for two
		begun.Add(1)
		<-release
	})
	answers := make(chan *result.Result, 4)
	ask := func(i int, limit time.Duration) {
		answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: fmt.Sprintf("127.0.0.%d", i), Limit: limit})
		if err != nil {
			t.Error(err)
		}
		answers <- answer.Result
	}
	for i := range 2 {
		go ask(i+1, 14*time.Second)
	}
	for begun.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	go ask(3, 500*time.Millisecond)
	vain := <-answers
	if f := vain.Failure; f == nil || f.Name() != "internal/out_of_memory" || !strings.Contains(f.Message, "nothing was sent") {
		t.Errorf("who waits in vain is told %+v", f)
	}
	go ask(4, 14*time.Second)
	time.Sleep(20 * time.Millisecond) // it may wait by now
	close(release)
	for range 3 {
		if res := <-answers; res.Failure != nil {
			t.Errorf("%+v", res.Failure)
		}
	}
	if n := begun.Load(); n != 3 {
		t.Errorf("%d probes began, want 3", n)
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
