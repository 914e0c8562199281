package virtualdirectories_test

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/virtualdirectories"
	parts "github.com/ews-exporter/ews_exporter/probes/virtualdirectories/lab"
)

// exporter is a site with what the probers share and this one brings, and what probes it.
type exporter struct {
	*lab.Site
	*runner.Runner
}

func start(t *testing.T, only ...string) exporter {
	t.Helper()
	site, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{virtualdirectories.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return exporter{site, runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})}
}

// probe asks a scenario, or an address; by the name hostname where that is not empty.
func (e exporter) probe(t *testing.T, module, at, hostname string) *result.Result {
	t.Helper()
	if s, ok := e.Scenario(at); ok {
		at = s.Address
	}
	answer, err := e.Probe(t.Context(), runner.Request{Module: module, Target: at, Hostname: hostname, Limit: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// values are those of a metric, by the values of its labels.
func values(r *result.Result, metric string) map[string]float64 {
	all := map[string]float64{}
	for _, s := range r.Samples {
		if s.Name == metric {
			all[strings.Join(s.Labels, " ")] = s.Value
		}
	}
	return all
}

func outcome(r *result.Result) string {
	if r.Failure == nil {
		return "none"
	}
	return string(r.Failure.Stage) + "/" + r.Failure.Reason
}

func codes(r *result.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	return all
}

// TestEachHangingPageHasItsVerdict: nine pages that hang end with the time limit, and each says so of itself.
func TestEachHangingPageHasItsVerdict(t *testing.T) {
	t.Parallel()
	e := start(t, "directories-hang")
	r := e.probe(t, "virtual_directories_all", "directories-hang", "")
	if got := outcome(r); got != "receive/timeout" {
		t.Errorf("it reports %s (%v)", got, r.Failure)
	}
	if r.Duration > r.Limit+1 {
		t.Errorf("it took %.1f s of %.1f s", r.Duration, r.Limit)
	}
	healthy, took := values(r, "probe_virtual_directory_healthy"), values(r, "probe_virtual_directory_duration_seconds")
	if len(healthy) != 9 || len(took) != 9 {
		t.Fatalf("%d directories have a verdict, and %d a time: %v, %v", len(healthy), len(took), healthy, took)
	}
	for name, value := range healthy {
		if value != 0 || took[name] < float64(r.Limit)/2 {
			t.Errorf("%s: healthy %v after %.1f s of %.1f s: each page gets the whole time", name, value, took[name], r.Limit)
		}
	}
	for _, row := range r.Tables[0].Rows {
		if row[1] != "no answer" || row[4] != "fails" {
			t.Errorf("the table says %q", row)
		}
	}
	if f := r.Findings[0]; f.Code != virtualdirectories.Unhealthy || !strings.Contains(f.Sentence, "9 of 9 directories") {
		t.Errorf("the finding is %s: %s", f.Code, f.Sentence)
	}
}

// TestOneProtocolIsOut: the other directories of the server keep their own verdicts, and people see at a glance which it is.
func TestOneProtocolIsOut(t *testing.T) {
	t.Parallel()
	e := start(t, "directories-owa-closed")
	r := e.probe(t, "virtual_directories", "directories-owa-closed", lab.Service)
	want := map[string]float64{"autodiscover": 1, "ews": 1, "mapi": 1, "activesync": 1, "oab": 1, "owa": 0}
	for _, metric := range []string{"probe_virtual_directory_healthy", "probe_virtual_directory_success"} {
		if got := values(r, metric); !maps.Equal(got, want) {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	if got := values(r, "probe_virtual_directory_server_info"); got["ews ex01.contoso.test"] != 1 || len(got) != 5 {
		t.Errorf("the servers are %v", got)
	}
	var text strings.Builder
	if err := report.Text(&text, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"Server 127.0.0.1: 1 of 6 directories are not healthy: owa (the connection was closed without an answer)",
		"Healthy: autodiscover, ews, mapi, activesync, oab.", "Get-ServerComponentState",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text.String()), " "), words) {
			t.Errorf("the report does not say %q:\n%s", words, text.String())
		}
	}
}

// TestMaintenance: what closes every page is a server in maintenance where one server was asked, and an error where the service
// was: then nobody is left.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	e := start(t, "directories-maintenance")
	one := e.probe(t, "virtual_directories", "directories-maintenance", lab.Service)
	if got := codes(one); outcome(one) != "none" || !slices.Equal(got, []string{virtualdirectories.Maintenance}) || one.Findings[0].Severity != result.Info {
		t.Errorf("one server: %s, %v", outcome(one), got)
	}
	if got := values(one, "probe_virtual_directory_success"); len(got) != 0 {
		t.Errorf("one server: a balancer would be compared with it: %v", got)
	}
	if got := values(one, "probe_virtual_directory_healthy"); len(got) != 6 || slices.Contains(slices.Collect(maps.Values(got)), 1) {
		t.Errorf("one server: healthy is %v", got)
	}
	every := e.probe(t, "virtual_directories", "directories-maintenance", "")
	if got := codes(every); outcome(every) != "receive/unhealthy" || !slices.Equal(got, []string{virtualdirectories.Unhealthy}) {
		t.Errorf("the service: %s, %v", outcome(every), got)
	}
}

// TestNothingIsKnownWithoutPages: a success that proves nothing says so, and why.
func TestNothingIsKnownWithoutPages(t *testing.T) {
	t.Parallel()
	e := start(t, "directories-unpublished", "directories-sign-in", "directories-2010")
	for scenario, says := range map[string]string{
		"directories-unpublished": "Not tested: no page of health is published here",
		"directories-sign-in":     "Not tested: no page of health is to be had without signing in",
		"directories-2010":        "Not supported: Exchange Server 2010 has no pages of health",
	} {
		r := e.probe(t, "virtual_directories", scenario, "")
		if r.Failure != nil || !strings.HasPrefix(r.Undecided, says) || r.UndecidedReason == "" {
			t.Errorf("%s: %v, %q (%s)", scenario, r.Failure, r.Undecided, r.UndecidedReason)
		}
		for _, f := range r.Findings {
			if f.Severity != result.Info {
				t.Errorf("%s: %s is %s", scenario, f.Code, f.Severity)
			}
		}
	}
}

// closedBehind is what a probe reports of a server, one page of which is closed, through each real server.
var closedBehind = map[string]string{
	"nginx":                       "status/server_error",
	"nginx-unbuffered":            "status/server_error",
	"haproxy-http":                "status/server_error",
	"haproxy-tcp":                 "receive/unhealthy",
	"haproxy-http-buffer-request": "status/server_error",
	"apache":                      "status/server_error",
}

// TestRealProxies: what real servers make of a closed page is told as theirs, and the other pages come through as they are.
func TestRealProxies(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	e := start(t, "directories-owa-closed")
	certificate, err := e.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	behind, _ := e.Scenario("directories-owa-closed")
	for _, front := range servers.Fronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			r := e.probe(t, "virtual_directories", front.Start(t, behind.Address, certificate), "")
			if got, want := outcome(r), closedBehind[front.Name]; got != want {
				t.Errorf("it reports %s, want %s (%v, %v)", got, want, r.Failure, codes(r))
			}
			boxed := slices.Contains(codes(r), prober.AnsweredByMiddlebox)
			if want := closedBehind[front.Name] == "status/server_error"; boxed != want {
				t.Errorf("answered by a box: %t, want %t (%v)", boxed, want, codes(r))
			}
			healthy := values(r, "probe_virtual_directory_healthy")
			if healthy["owa"] != 0 || healthy["ews"] != 1 || healthy["oab"] != 1 {
				t.Errorf("healthy is %v", healthy)
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
	for _, front := range servers.Fronts() {
		if row := fmt.Sprintf("| %s | `%s` |\n", front.Description, closedBehind[front.Name]); !strings.Contains(string(page), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}
