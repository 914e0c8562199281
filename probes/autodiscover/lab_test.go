package autodiscover

import (
	"bytes"
	"flag"
	"fmt"
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
	sites "github.com/ews-exporter/ews_exporter/probes/autodiscover/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// exporter is a runner with one module, autodiscover, over a running scenario, whose auth is for all its hosts.
func exporter(t testing.TB, a *sites.Site, settings string) *runner.Runner {
	t.Helper()
	return exporterFor(t, a, settings, lab.Password, []string{"autodiscover", "autodiscover.sub", "redirect", "mail"})
}

// exporterFor has an auth with this password, for these hosts of the mail domain.
func exporterFor(t testing.TB, a *sites.Site, settings, password string, hosts []string) *runner.Runner {
	t.Helper()
	return exporterOf(t, a, settings, password, hosts, "deny: []")
}

func exporterOf(t testing.TB, a *sites.Site, settings, password string, hosts []string, deny string) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), a.Authority.PEM())
	var targets []string
	for _, host := range hosts {
		targets = append(targets, fmt.Sprintf("%q", strings.TrimPrefix(host+"."+lab.MailDomain, ".")+fmt.Sprintf(":%d", a.HTTPS)))
	}
	settings = strings.ReplaceAll(settings, ":PORT", fmt.Sprintf(":%d", a.HTTPS))
	text := fmt.Sprintf(`
auths:
  probe: {username: '%s', password: %s, schemes: [ntlm], targets: [%s]}
modules:
  autodiscover:
    prober: autodiscover
    auth: probe
    tls_config: {ca_file: ca.pem}
    autodiscover: {nameserver: "%s", %s}
policy: {allow: ["127.0.0.0/8"], %s}
`, lab.Username, password, strings.Join(targets, ", "), a.Nameserver, settings, deny)
	write(t, filepath.Join(dir, "ews.yml"), []byte(text))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews.yml")}, []prober.Definition{Definition})
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Modules["autodiscover"].Settings.(*Settings) //nolint:forcetypeassert // the only kind
	s.UsePorts(a.HTTPS, a.HTTP)
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: a, Version: "test",
		Log: slog.New(slog.DiscardHandler),
	})
}

func write(t testing.TB, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func start(t testing.TB, name string) *sites.Site {
	t.Helper()
	all := sites.Scenarios()
	i := slices.IndexFunc(all, func(s sites.Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no scenario %s", name)
	}
	a, err := sites.Start(t.Context(), all[i])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func probeOnce(t testing.TB, r *runner.Runner, target, hostname string) *result.Result {
	t.Helper()
	answer, err := r.Probe(t.Context(), runner.Request{Module: "autodiscover", Target: target, Hostname: hostname, Limit: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// TestLab probes every scenario of the lab, and holds the metrics, the findings and the tables against golden files.
func TestLab(t *testing.T) {
	t.Parallel()
	for _, scenario := range sites.Scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && strings.HasPrefix(scenario.Name, "autodiscover-black-hole") {
				t.Skip("waits for time limits, several times")
			}
			a := start(t, scenario.Name)
			r := probeOnce(t, exporter(t, a, scenario.Settings), lab.MailAddress, "")
			if got := verdict(r); got != scenario.Expect.Failure {
				t.Errorf("failure %q, want %q: %v", got, scenario.Expect.Failure, r.Failure)
			}
			if diff := cmp.Diff(scenario.Expect.Findings, codes(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if a.Secrets() > 0 {
				t.Error("a secret went where none may go")
			}
			if n := a.Relative(); n > 0 {
				t.Errorf("%d names were not asked for absolutely", n)
			}
			golden(t, scenario.Name+".prom", normalise(a, exposition(t, r)))
			golden(t, scenario.Name+".txt", normalise(a, page(t, r)))
		})
	}
}

// verdict is stage/reason, empty for success.
func verdict(r *result.Result) string {
	if r.Failure == nil {
		return ""
	}
	return string(r.Failure.Stage) + "/" + r.Failure.Reason
}

func codes(r *result.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	slices.Sort(all)
	return all
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

// exposition gives the metrics that a probe answers with, less what is measured.
func exposition(t testing.TB, r *result.Result) string {
	t.Helper()
	families, err := collector.Gatherer(r, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if slices.Contains([]string{"probe_timeout_seconds", "probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_expiry_timestamp_seconds", "probe_dns_lookup_time_seconds", "probe_tls_cipher_info"}, f.GetName()) || strings.Contains(f.GetName(), "duration") {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return comments.ReplaceAllString(b.String(), "")
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
	return before
}

var (
	comments = regexp.MustCompile(`(?m)^#.*\n`)
	digests  = regexp.MustCompile(`\b[0-9a-f]{8}\b`)
	blanks   = regexp.MustCompile(` {3,}`)
	numbers  = regexp.MustCompile(`(?m)(ttempt )\d|^(  (?:pox|soap|json|get) +)\d`)
	deciding = regexp.MustCompile(`(front ?end[ =]"?|back ?end[ =]"?)EX0[12]`)
	files    = regexp.MustCompile(`--config\.file \S+`)
	validity = regexp.MustCompile(`from [0-9-]{10} to [0-9-]{10}`)
	requests = regexp.MustCompile(`(request-id|thumbprint) [0-9A-Fa-f-]{36,40}`)
	seconds  = regexp.MustCompile(`<?\b\d+\.\d+ s\b|\b\d{4}-\d{2}-\d{2}[T ][0-9:]+\S*( UTC)?|127\.0\.0\.1:\d+`)
)

// normalise puts names in place of what changes from run to run, and sorts rows whose order is that of connections.
func normalise(a *sites.Site, text string) string {
	text = strings.NewReplacer(fmt.Sprintf(":%d", a.HTTPS), ":PORT", fmt.Sprintf(":%d", a.HTTP), ":HTTP", fmt.Sprintf(" %d ", a.HTTPS), " PORT ").Replace(text)
	text = files.ReplaceAllString(text, "--config.file CONFIG")
	text = requests.ReplaceAllString(validity.ReplaceAllString(text, "from DATE to DATE"), "$1 ID")
	text = numbers.ReplaceAllString(seconds.ReplaceAllString(digests.ReplaceAllString(text, "DIGEST"), "MEASURED"), "$1$2 N")
	text = deciding.ReplaceAllString(text, "${1}MEMBER") // side by side, any of them may be the last
	lines := strings.Split(blanks.ReplaceAllString(text, "  "), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	first := slices.Index(lines, "Attempts") + 2
	last := first
	for last < len(lines) && lines[last] != "" {
		last++
	}
	if first > 1 {
		slices.Sort(lines[first:last])
	}
	return strings.Join(lines, "\n")
}

// TestAttemptsAreNumbered: steps of one name can be told apart.
func TestAttemptsAreNumbered(t *testing.T) {
	t.Parallel()
	r := probeOnce(t, exporter(t, start(t, "autodiscover-healthy"), "attempts: 2, spellings: false"), lab.MailAddress, "")
	var details []string
	for _, s := range r.Steps {
		details = append(details, s.Name+" "+s.Detail)
	}
	if diff := cmp.Diff([]string{"pox attempt 1 of 2", "pox attempt 2 of 2"}, details); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTree keeps what a person sees of a look-up: every step with the endpoint that it met.
func TestTree(t *testing.T) {
	t.Parallel()
	a := start(t, "autodiscover-redirect-chain")
	var b bytes.Buffer
	if err := report.Text(&b, probeOnce(t, exporter(t, a, "attempts: 1"), lab.MailAddress, ""), report.Options{}); err != nil {
		t.Fatal(err)
	}
	_, tree, _ := strings.Cut(b.String(), "took (s)\n")
	tree = strings.NewReplacer(fmt.Sprintf(":%d", a.HTTPS), ":PORT", fmt.Sprintf(":%d", a.HTTP), ":HTTP").Replace(tree)
	golden(t, "tree.txt", times.ReplaceAllString(tree, "$1"))
}

var times = regexp.MustCompile(`(?m)^ *(?:–|\d+\.\d+) +(?:–|<?\d+\.\d+)?( *[│├└→←])`)
