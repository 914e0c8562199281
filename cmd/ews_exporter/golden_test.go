package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/probe")

// TestGoldenProbes keeps what /probe answers for every simulated site, and so for every outcome: what a dashboard or a
// rule was built on must not change by accident. Measured values are masked; whether they are there is what counts.
func TestGoldenProbes(t *testing.T) {
	t.Parallel()
	site, exporter := wholeLab(t)
	targets := map[string]string{"not-http": notHTTP(t, site), "closed-port": "127.0.0.1:1"}
	for _, s := range site.Scenarios() {
		if !s.Varies && !s.InTurn && s.OverHTTP() {
			targets[s.Name] = s.Address
		}
	}
	for name, target := range targets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holdAgainst(t, name, scrape(t, exporter, "expect_continue_fast", target))
		})
	}
}

// TestGoldenRoundTrips does the same for auth_roundtrips, at the sites that differ in what a logon costs.
func TestGoldenRoundTrips(t *testing.T) {
	t.Parallel()
	names := []string{"ntlm-persisted", "ntlm-per-request", "only-basic", "legs-split", "protection-allow-rebound"}
	for _, name := range names { // an exporter for each: a refusal at two sites suspends the auth at all
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{name}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(site.Close)
			scenario, _ := site.Scenario(name)
			holdAgainst(t, "auth_roundtrips-"+name, scrape(t, overLab(t, site).handler, "auth_roundtrips", scenario.Address))
		})
	}
}

// TestGoldenMail does the same for smtp, at every simulated mail server.
func TestGoldenMail(t *testing.T) {
	t.Parallel()
	site, exporter := wholeLab(t)
	for _, s := range site.Scenarios() {
		if s.OverHTTP() {
			continue
		}
		module, _ := s.Advice()
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			holdAgainst(t, s.Name, scrape(t, exporter, module, s.Address))
		})
	}
}

// wholeLab is the whole simulated site, and an exporter over it.
func wholeLab(t *testing.T) (*lab.Site, http.Handler) {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site, overLab(t, site).handler
}

// address is where a scenario runs.
func address(site *lab.Site, scenario string) string {
	s, _ := site.Scenario(scenario)
	return s.Address
}

// overLab is an exporter with the lab's own configuration.
func overLab(t *testing.T, site *lab.Site) *exporter {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	store, err := config.NewStore(func() (*config.Config, error) {
		return config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	})
	if err != nil {
		t.Fatal(err)
	}
	return newExporter(store, &serveFlags{perAddress: 100, timeoutOffset: 500 * time.Millisecond}, nil, slog.New(slog.DiscardHandler))
}

// notHTTP is a port where something else answers, within TLS.
func notHTTP(t *testing.T, site *lab.Site) string {
	t.Helper()
	tls, err := site.Authority().ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	return lab.ServeTLS(t, tls, lab.Write("SSH-2.0-OpenSSH_9.2p1\r\n"), lab.Hang).Addr()
}

// scrape asks as Prometheus does, with a time limit of 3.5 s.
func scrape(t *testing.T, exporter http.Handler, module, target string) string {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
		"/probe?module="+url.QueryEscape(module)+"&target="+url.QueryEscape(target), nil)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "3.5")
	rec := httptest.NewRecorder()
	exporter.ServeHTTP(rec, req)
	res := rec.Result()
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", res.Status, body)
	}
	return string(body)
}

// measured are the values that differ from run to run.
var measured = regexp.MustCompile(`(?m)^(probe_(?:duration_seconds|dns_lookup_time_seconds|http_duration_seconds|step_duration_seconds|auth_object_duration_seconds|expect_continue_wait_seconds|smtp_greeting_seconds|smtp_mail_seconds|ssl_earliest_cert_expiry|ssl_last_chain_expiry_timestamp_seconds)(?:\{.*\})?) .+$`)

// cipher depends on the machine: without AES in hardware TLS 1.3 prefers ChaCha20.
var cipher = regexp.MustCompile(`cipher="[^"]+"`)

func holdAgainst(t *testing.T, name, got string) {
	t.Helper()
	got = cipher.ReplaceAllString(measured.ReplaceAllString(got, "$1 <measured>"), `cipher="<cipher>"`)
	file := filepath.Join("testdata", "probe", name+".prom")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("/probe has changed (-golden +now); if it is meant, run: go test ./cmd/ews_exporter -run Golden -update\n%s", diff)
	}
}

// TestEveryOutcomeHasAGolden: the closed set is covered.
func TestEveryOutcomeHasAGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/probe/*.prom")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, f := range files {
		text, err := os.ReadFile(f) // #nosec G304 -- a golden file of this test
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	for _, o := range expectcontinue.Outcomes {
		line := fmt.Sprintf("probe_expect_continue_outcome{outcome=%q} 1\n", o)
		if !regexp.MustCompile(regexp.QuoteMeta(line)).Match(all) {
			t.Errorf("no golden file has %s", line)
		}
	}
}
