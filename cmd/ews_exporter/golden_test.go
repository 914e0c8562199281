package main

import (
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var update = flag.Bool("update", false, "rewrite the golden files of probers")

// goldens has what /probe answers of simulated sites, in the prober's folder: PROBER/testdata/probe/MODULE/SCENARIO.prom.
const goldens = "../../probes/*/testdata/probe/*/*.prom"

// TestGoldenProbes keeps what /probe answers for simulated sites: what a dashboard or a rule was built on must not change by
// accident. Measured values are masked; whether they are there is what counts.
func TestGoldenProbes(t *testing.T) {
	t.Parallel()
	site := startLab(t)
	targets := map[string]string{"not-http": notHTTP(t, site), "closed-port": "127.0.0.1:1"}
	for _, s := range site.Scenarios() {
		targets[s.Name] = s.Address
	}
	for _, file := range goldenFiles(t) {
		module, scenario := filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".prom")
		target, there := targets[scenario]
		if !there {
			t.Errorf("%s: there is no such scenario", file)
			continue
		}
		t.Run(module+" at "+scenario, func(t *testing.T) {
			t.Parallel()
			// An exporter for each: a refusal at two sites suspends the auth at all.
			holdAgainst(t, file, scrape(t, overLab(t, site).handler, module, target))
		})
	}
}

// TestEveryScenarioHasAGolden, but for those that do not answer alike each time.
func TestEveryScenarioHasAGolden(t *testing.T) {
	t.Parallel()
	all := strings.Join(goldenFiles(t), "\n") + "\n"
	for _, s := range lab.Scenarios(labs.All()) {
		module, _ := s.Advice()
		if !s.Varies && !s.InTurn && !strings.Contains(all, "/"+s.Name+".prom\n") {
			t.Errorf("no golden file is of the scenario %s: make an empty one such as probes/PROBER/testdata/probe/%s/%s.prom, and run: go test ./cmd/ews_exporter -run Golden -update",
				s.Name, module, s.Name)
		}
	}
}

func goldenFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(goldens)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
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

// measured are the values that differ from run to run; timeout is the one among them that does not.
var measured = regexp.MustCompile(`(?m)^(probe_(?:\w+_seconds|ssl_earliest_cert_expiry)(?:\{.*\})?) .+$`)

const timeout = "probe_timeout_seconds "

// cipher depends on the machine: without AES in hardware TLS 1.3 prefers ChaCha20.
var cipher = regexp.MustCompile(`cipher="[^"]+"`)

// thumbprint is of a certificate that is made anew each time.
var thumbprint = regexp.MustCompile(`thumbprint="[0-9A-F]{40}"`)

func holdAgainst(t *testing.T, file, got string) {
	t.Helper()
	got = measured.ReplaceAllStringFunc(got, func(line string) string {
		if strings.HasPrefix(line, timeout) {
			return line
		}
		return measured.ReplaceAllString(line, "$1 <measured>")
	})
	got = cipher.ReplaceAllString(got, `cipher="<cipher>"`)
	got = thumbprint.ReplaceAllString(got, `thumbprint="<thumbprint>"`)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file) // #nosec G304 -- a golden file
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("/probe has changed (-golden +now); if it is meant, run: go test ./cmd/ews_exporter -run Golden -update\n%s", diff)
	}
}

// TestEveryOutcomeHasAGolden: the closed sets are covered, by these or by those that a prober's own tests hold.
func TestEveryOutcomeHasAGolden(t *testing.T) {
	t.Parallel()
	own, err := filepath.Glob("../../probes/*/testdata/*.prom")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^probe_(\w+)_outcome\{(?:.*,)?outcome="([^"]*)"\} 1$`) // perhaps behind what it is of
	seen := map[string]bool{}
	for _, f := range append(own, goldenFiles(t)...) {
		text, err := os.ReadFile(f) // #nosec G304 -- a golden file
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range line.FindAllSubmatch(text, -1) {
			seen[string(found[1])+" "+string(found[2])] = true
		}
	}
	for _, d := range probes.All() {
		for _, o := range d.Outcomes {
			if !seen[d.Name+" "+o] {
				t.Errorf("no golden file has outcome %q of %s", o, d.Name)
			}
		}
	}
}
