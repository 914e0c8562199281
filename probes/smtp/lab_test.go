package smtp_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
	sites "github.com/ews-exporter/ews_exporter/probes/smtp/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestScenarios probes every simulated mail server with the module that shows what it is about, and keeps the reports.
func TestScenarios(t *testing.T) {
	t.Parallel()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	r := over(cfg)
	for _, own := range sites.Part().Scenarios {
		scenario, _ := site.Scenario(own.Name)
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			said := scenario.Verdicts[0]
			limit := 8 * time.Second
			if said.Failure == "receive/timeout" {
				limit = 2500 * time.Millisecond
			}
			answer, err := r.Probe(t.Context(), runner.Request{Module: said.Module, Target: scenario.Address, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			res := answer.Result
			want := slices.DeleteFunc(strings.Split(said.Finding, ", "), func(code string) bool { return code == "" })
			if got := outcome(res); got != said.Failure || !slices.Equal(codes(res), want) {
				t.Errorf("%s, %v (%v), want %s, %v", got, codes(res), res.Failure, said.Failure, want)
			}
			golden(t, scenario.Name+".txt", text(t, res))
		})
	}
}

// outcome is a failure's stage and reason, or "none".
func outcome(r *result.Result) string {
	if r.Failure == nil {
		return "none"
	}
	return string(r.Failure.Stage) + "/" + r.Failure.Reason
}

func codes(r *result.Result) []string {
	list := []string{}
	for _, f := range r.Findings {
		list = append(list, f.Code)
	}
	return list
}

// varying is what differs from run to run.
var varying = []struct {
	shape *regexp.Regexp
	with  string
}{
	{regexp.MustCompile(`(?m)^ +[0-9]+\.[0-9]{3} +(<0\.001|[0-9]+\.[0-9]{3})? `), "   <at>   <took> "},
	{regexp.MustCompile(`(127\.0\.0\.1|\[::1\]):[0-9]+`), "<address>"},
	{regexp.MustCompile(`-Port [0-9]+`), "-Port <port>"},
	{regexp.MustCompile(`--config\.file \S+`), "--config.file CONFIG"},
	{regexp.MustCompile(`SERVER:[0-9]+`), "SERVER:PORT"},
	{regexp.MustCompile(`localhost,[0-9]+`), "localhost,PORT"},
	{regexp.MustCompile(`at [0-9-]{10} [0-9:.]+ UTC`), "at MOMENT"},
	{regexp.MustCompile(`(after|for|in|limit) (<0\.001|[0-9]+\.[0-9]+) s`), "$1 <time> s"},
	{regexp.MustCompile(`ready at [^\n;]+ \+0000`), "ready at <date>"},
	{regexp.MustCompile(`Begun   [^,]+`), "Begun   <date>"},
	{regexp.MustCompile(`→ EHLO \S+`), "→ EHLO <name>"},
	{regexp.MustCompile(`\*{4}[*20 ]+`), "****<stars> "}, // the date's digits and blanks stay
}

func text(t testing.TB, r *result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	said := b.String()
	for _, v := range varying {
		said = v.shape.ReplaceAllString(said, v.with)
	}
	return said
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
