package dnsrecords_test

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/probes/dnsrecords"
	sites "github.com/ews-exporter/ews_exporter/probes/dnsrecords/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain runs many tests at once, because most of them wait.
func TestMain(m *testing.M) { waiting.TestMain(m, 16) }

// TestReports keeps what /probe answers for each simulated domain, and what a person reads of it.
func TestReports(t *testing.T) {
	t.Parallel()
	for _, c := range sites.Part().Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.Want.Failure == lab.None {
				t.Skip("the conformance suite plays it; here its report is kept")
			}
			peer := c.Start(t)
			r := probe(t, configured(t, peer), peer.Resolver, peer.Target)
			name := strings.Join(regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(c.Name, -1), "-")
			golden(t, name+".prom", exposition(t, r))
			golden(t, name+".txt", page(t, r))
		})
	}
}

// configured is the configuration of a case.
func configured(t testing.TB, peer lab.Peer) *config.Config {
	t.Helper()
	file, err := peer.WriteConfig(t.TempDir(), dnsrecords.Definition.Name)
	if err != nil {
		t.Fatal(err)
	}
	return loaded(t, file)
}

func loaded(t testing.TB, file string) *config.Config {
	t.Helper()
	cfg, err := config.Load([]string{file}, []prober.Definition{dnsrecords.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// module is a configuration whose module has these keys.
func module(t testing.TB, lines ...string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ews_exporter.yml")
	text := "modules:\n  dns_records:\n    prober: dns_records\n    " + strings.Join(lines, "\n    ") + "\npolicy: {allow: [127.0.0.0/8]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return loaded(t, file)
}

func probe(t testing.TB, cfg *config.Config, resolver wire.Resolver, target string) *result.Result {
	t.Helper()
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: resolver, Version: "test",
		Log: slog.New(slog.DiscardHandler),
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: dnsrecords.Definition.Name, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // a test's own
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), accept with -update:\n%s", file, diff)
	}
}

var (
	comments = regexp.MustCompile(`(?m)^#.*\n`)
	ports    = regexp.MustCompile(`(127\.53\.\d+\.\d+|ff0e::1\]|contoso\.test):\d+`)
	onPort   = regexp.MustCompile(`\bport \d{4,}`)
	moments  = regexp.MustCompile(`at [0-9-]{10} [0-9:.]+ UTC`)
	measured = regexp.MustCompile(`<?\b\d+\.\d+ s\b|ff0e::1\S*: read udp.*?->`)
	rotated  = regexp.MustCompile(`192\.0\.2\.1\d\d`)
	proofs   = regexp.MustCompile(`(?m)^Proof: .*\n`) // whose lines are in the order in which answers came
	begun    = regexp.MustCompile(`(?m)^Begun.*\n`)
	blanks   = regexp.MustCompile(` {3,}|─{3,}`)
)

func normalised(text string) string {
	text = moments.ReplaceAllString(text, "at MOMENT")
	text = onPort.ReplaceAllString(ports.ReplaceAllString(text, "$1:PORT"), "port PORT")
	text = rotated.ReplaceAllString(measured.ReplaceAllString(text, "MEASURED"), "192.0.2.1NN")
	text = begun.ReplaceAllString(proofs.ReplaceAllString(text, ""), "")
	return blanks.ReplaceAllString(text, "  ")
}

// exposition gives the metrics that a probe answers with, less what is measured.
func exposition(t testing.TB, r *result.Result) string {
	t.Helper()
	families, err := collector.Gatherer(r, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if slices.Contains([]string{"probe_timeout_seconds", "probe_dns_lookup_time_seconds", "probe_dns_soa_seconds", "probe_dns_datagrams_sent"}, f.GetName()) || strings.Contains(f.GetName(), "duration") {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return normalised(comments.ReplaceAllString(b.String(), ""))
}

// page is what the report shows before its steps: the verdict, the findings, and the tables.
func page(t testing.TB, r *result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(b.String(), "\n  at (s)")
	if !ok {
		t.Fatalf("no steps in the report:\n%s", b.String())
	}
	return normalised(before)
}
