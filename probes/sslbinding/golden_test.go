package sslbinding

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // Windows names certificates by it
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	sites "github.com/ews-exporter/ews_exporter/probes/sslbinding/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestLab probes every scenario of the lab, and holds the metrics and the table against golden files.
func TestLab(t *testing.T) {
	t.Parallel()
	for _, scenario := range sites.Scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			b, err := sites.Start(t.Context(), scenario)
			if err != nil {
				if _, six := scenario.Families(); six {
					servers.Skip(t, "this machine has no IPv6: "+err.Error())
				}
				t.Fatal(err)
			}
			defer b.Close()
			r := survey{
				target: fmt.Sprintf("%s:%d", lab.Service, b.Port), roots: b.Authority.PEM(), resolver: b,
				settings: func(s *Settings) { s.Addresses = b.Servers },
			}.probe(t)
			var want []string
			if b.Expect.Finding != "" {
				want = append(want, b.Expect.Finding)
			}
			wantResult(t, r, b.Expect.Failure, want...)
			golden(t, scenario.Name+".prom", normal(b, exposition(t, r)))
			golden(t, scenario.Name+".txt", normal(b, table(t, r)))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		write(t, file, []byte(got))
	}
	want, err := os.ReadFile(file) //nolint:gosec // a test's own
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), accept with -update:\n%s", file, diff)
	}
}

// exposition gives the metrics that a probe answers with, durations left out.
func exposition(t testing.TB, r *result.Result) string {
	t.Helper()
	families, err := collector.Gatherer(r, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if strings.Contains(f.GetName(), "duration") || f.GetName() == "probe_timeout_seconds" {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// table gives what the report shows between its head and its steps.
func table(t testing.TB, r *result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(b.String(), "\nBindings\n")
	text, _, ok2 := strings.Cut(rest, "\n\n")
	if !ok || !ok2 {
		t.Fatalf("no table in the report:\n%s", b.String())
	}
	return text + "\n"
}

var (
	moments = regexp.MustCompile(`\b(1\.[0-9]+e\+09|[0-9]{4}-[0-9]{2}-[0-9]{2})\b`)
	spaces  = regexp.MustCompile(` {3,}`)
)

// normal puts names in place of what changes from run to run: the port, thumbprints, moments, and columns' widths.
func normal(b *sites.Site, text string) string {
	pairs := []string{fmt.Sprintf(":%d", b.Port), ":PORT", fmt.Sprintf("port=\"%d\"", b.Port), `port="PORT"`}
	for key, c := range b.Certificates {
		one, two := sha1.Sum(c.Certificate[0]), sha256.Sum256(c.Certificate[0]) //nolint:gosec // see the import
		pairs = append(pairs, fmt.Sprintf("%X", one), "<sha1 of "+key+">", fmt.Sprintf("%x", two), "<sha256 of "+key+">")
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	return spaces.ReplaceAllString(moments.ReplaceAllString(text, "MOMENT"), "  ")
}
