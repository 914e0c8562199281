package ewssync_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// streamedThrough is what a probe that writes reports of a stream through each real server, in its settings.
var streamedThrough = map[string]string{
	"nginx":                "content/ews_stream_buffered",
	"nginx-unbuffered":     "none",
	"nginx-unbuffered-1.1": "none",
	"nginx-impatient":      "content/ews_stream_cut",
	"haproxy-http":         "none",
	"haproxy-tcp":          "none",
	"haproxy-impatient":    "content/ews_stream_cut",
	"apache":               "none",
}

// TestRealProxies holds a stream through real nginx, HAProxy and Apache httpd, before a site that streams.
func TestRealProxies(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	const settings = "operations: [stream], write: true"
	s := start(t, settings, "basic", "healthy")
	scenario, _ := s.Scenario("healthy")
	certificate, err := s.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.StreamFronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			address := front.Start(t, scenario.Address, certificate)
			answer, err := newRunner(t, s.Site, settings, "basic", address).Probe(context.Background(), runner.Request{Module: "ews", Target: address})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := outcome(answer.Result), streamedThrough[front.Name]; got != want {
				t.Errorf("%s, want %s (%v, findings %v)", got, want, answer.Result.Failure, codes(answer.Result))
			}
		})
	}
}

// TestRealProxiesAreDocumented holds the table of README.md against what was asserted above.
func TestRealProxiesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.StreamFronts() {
		says := "gets through"
		if code, found := strings.CutPrefix(streamedThrough[front.Name], "content/"); found {
			says = "[" + code + "](findings/" + code + ".md)"
		}
		if row := "| " + front.Description + " | " + says + " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}
