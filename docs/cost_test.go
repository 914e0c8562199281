package docs_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/deploy"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	domains "github.com/ews-exporter/ews_exporter/probes/autodiscover/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
	hosts "github.com/ews-exporter/ews_exporter/probes/sslbinding/lab"
)

// load is a row of docs/cost.md: a module at a simulated site.
type load struct {
	prober   string
	about    string // what the row says of the module and the site
	settings string // of the prober, as the inside of a YAML flow mapping
	more     string // keys of the module beside, one
	site     site
	every    time.Duration // how often it is recommended to run
	logon    bool          // the module has an auth
	first    bool          // of the first probe, and not of one among many
	fails    bool          // the probe does not succeed
	streams  bool          // it holds a stream, as long as that is by default
}

// The wait of expect_continue, which makes the difference between a connection that is held and one that is not, and how
// long a stream is held by default.
const (
	wait       = 2 * time.Second
	streamHold = 3 * time.Second
)

// loads are the rows. What each site asks for is Exchange's default: Negotiate and NTLM, for a connection.
func loads() []load {
	const write, mailbox = "operations: [sync, notify], write: true", "mailbox: probe@contoso.test"
	waits, email := "wait: "+wait.String(), "email: "+lab.MailAddress
	return []load{
		{prober: "expect_continue", about: "without an auth", settings: waits, site: named("early-401"), every: time.Minute},
		{prober: "expect_continue", about: "with an auth", settings: waits, site: named("early-401"), every: time.Minute, logon: true},
		{prober: "expect_continue", about: "with an auth, where no 100 comes", settings: waits, site: named("kemp-rfc2616-logon"), every: time.Minute, logon: true, fails: true},
		{prober: "ews_sync", about: "as it comes", settings: mailbox, site: named("early-401"), every: time.Minute, logon: true},
		{prober: "ews_sync", about: "where every request logs on", settings: mailbox, site: named("ntlm-per-request"), every: time.Minute, logon: true},
		{prober: "ews_sync", about: "with `write`, `sync` and `notify`", settings: write, site: named("early-401"), every: 5 * time.Minute, logon: true},
		{prober: "ews_sync", about: "with `write`, `stream`", settings: "operations: [stream], write: true", site: named("early-401"), every: 5 * time.Minute, logon: true, streams: true},
		{prober: "autodiscover", about: "three look-ups by `pox`", settings: email, site: autodiscovers("autodiscover-healthy"), every: 2 * time.Minute, logon: true},
		{prober: "auth_roundtrips", about: "four objects", site: named("ntlm-persisted"), every: 2 * time.Minute, logon: true},
		{prober: "auth_roundtrips", about: "where every request logs on", site: named("ntlm-per-request"), every: 2 * time.Minute, logon: true},
		{prober: "auth_roundtrips", about: "with its check of Extended Protection", settings: "extended_protection_check: true", site: named("protection-allow"), every: time.Hour, logon: true, first: true},
		{prober: "ssl_binding", about: "one address", site: shows("bindings-default-differs"), every: 15 * time.Minute},
		{prober: "ssl_binding", about: "one address, and two servers behind it", settings: "addresses: [127.0.0.2, 127.0.0.3]", site: shows("bindings-server-differs"), every: 15 * time.Minute},
		{prober: "smtp", about: "as it comes", site: named("smtp-healthy"), every: 5 * time.Minute},
		{prober: "smtp", about: "with `mail_from`", settings: "mail_from: true", more: "targets: [127.0.0.1]", site: named("smtp-healthy"), every: 5 * time.Minute},
	}
}

// site starts a simulated site, and gives its parts.
type site func(t *testing.T) running

type running struct {
	target, hostname string
	authority        *lab.Authority
	cost             func() lab.Cost
}

func named(scenario string) site {
	return func(t *testing.T) running {
		s, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{scenario}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		c, _ := s.Scenario(scenario)
		return running{target: c.Address, authority: s.Authority(), cost: func() lab.Cost { return s.Cost(scenario) }}
	}
}

func autodiscovers(name string) site {
	return func(t *testing.T) running {
		for _, s := range domains.Scenarios() {
			if s.Name != name {
				continue
			}
			a, err := domains.Start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(a.Close)
			return running{fmt.Sprintf("127.0.0.1:%d", a.HTTPS), "autodiscover." + lab.MailDomain, a.Authority, a.Cost}
		}
		t.Fatalf("there is no scenario %s", name)
		return running{}
	}
}

func shows(name string) site {
	return func(t *testing.T) running {
		for _, s := range hosts.Scenarios() {
			if s.Name != name {
				continue
			}
			b, err := hosts.Start(t.Context(), s)
			if err != nil {
				t.Skip(err)
			}
			t.Cleanup(b.Close)
			return running{fmt.Sprintf("127.0.0.1:%d", b.Port), lab.Service, b.Authority, b.Cost}
		}
		t.Fatalf("there is no scenario %s", name)
		return running{}
	}
}

// TestDocumentation holds the table of docs/cost.md against what simulated sites count while they are probed.
func TestDocumentation(t *testing.T) {
	if testing.Short() {
		t.Skip("holds connections for a while")
	}
	all := loads()
	rows := make([]string, len(all))
	measured := t.Run("rows", func(t *testing.T) {
		for i, l := range all {
			t.Run(l.prober+" "+l.about, func(t *testing.T) {
				t.Parallel()
				rows[i] = l.row(l.measure(t))
			})
		}
	})
	if !measured {
		return
	}
	page, err := os.ReadFile("cost.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| module | connections | requests | logons | writes | held | how often | a day |\n|---|---|---|---|---|---|---|---|\n"
	got := replaceSection(t, string(page), "costs", head+strings.Join(rows, ""))
	if *update {
		if err := os.WriteFile("cost.md", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(page) {
		t.Errorf("docs/cost.md is not what the simulated sites count; run: make generate\n%s", strings.Join(rows, ""))
	}
}

// measure gives what one probe costs the site.
func (l load) measure(t *testing.T) lab.Cost {
	t.Helper()
	s := l.site(t)
	run := l.prepare(t, s)
	probe := func() {
		answer, err := run.Probe(t.Context(), runner.Request{Module: "m", Target: s.target, Hostname: s.hostname})
		if err != nil {
			t.Fatal(err)
		}
		if failed := answer.Result.Failure != nil; failed != l.fails {
			t.Fatalf("failed: %v: %v", failed, answer.Result.Failure)
		}
	}
	var before lab.Cost
	if !l.first { // the first one finds its way, and makes its folder
		probe()
		before = settled(t, s.cost)
	}
	probe()
	after := settled(t, s.cost)
	return lab.Cost{
		Connections: after.Connections - before.Connections, Requests: after.Requests - before.Requests,
		Logons: after.Logons - before.Logons, Writes: after.Writes - before.Writes, Held: after.Held - before.Held,
	}
}

// settled waits until every connection has ended.
func settled(t *testing.T, cost func() lab.Cost) lab.Cost {
	t.Helper()
	for range 1000 {
		if c := cost(); c.Open == 0 {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("connections stay open after the probe: %+v", cost())
	return lab.Cost{}
}

func (l load) prepare(t *testing.T, s running) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	with, auths := "", ""
	if l.logon {
		_, port, _ := strings.Cut(s.target, ":")
		auths = fmt.Sprintf("auths:\n  a: {username: '%s', password: %s, schemes: [ntlm], targets: ['%s:%s']}\n",
			lab.Username, lab.Password, cmp.Or(s.hostname, "127.0.0.1"), port)
		with = "    auth: a\n"
	}
	if l.more != "" {
		with += "    " + l.more + "\n"
	}
	text := fmt.Sprintf("%smodules:\n  m:\n    prober: %s\n%s    ip_protocol: ip4\n    tls_config: {ca_file: ca.pem}\n    %s: {%s}\npolicy: {allow: [127.0.0.0/8]}\n",
		auths, l.prober, with, l.prober, l.settings)
	for name, content := range map[string]string{"ca.pem": string(s.authority.PEM()), "c.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}

// row is the cost of one probe, and of a day at the recommended interval. How long connections are held is told in waits, or
// in the time of a stream: the simulated servers answer at once, so that nothing else takes long.
func (l load) row(c lab.Cost) string {
	held, unit, name := "–", wait, "the wait"
	if l.streams {
		unit, name = streamHold, "`stream_hold`"
	}
	if times := int(math.Round(c.Held.Seconds() / unit.Seconds())); times == 1 {
		held = name
	} else if times > 1 {
		held = fmt.Sprintf("%d × %s", times, name)
	}
	times := int(24 * time.Hour / l.every)
	day := fmt.Sprintf("%d requests, %d logons", c.Requests*times, c.Logons*times)
	switch {
	case c.Requests == 0:
		day = fmt.Sprintf("%d connections", c.Connections*times)
	case c.Writes > 0:
		day += fmt.Sprintf(", %d writes", c.Writes*times)
	}
	return fmt.Sprintf("| `%s`, %s | %d | %d | %d | %d | %s | %s | %s |\n",
		l.prober, l.about, c.Connections, c.Requests, c.Logons, c.Writes, held, model.Duration(l.every), day)
}

// TestExamplesKeepTheIntervals: nobody who takes the example of a scrape configuration asks more often than the page
// recommends. What is asked less often than Prometheus keeps a series does it by min_interval.
func TestExamplesKeepTheIntervals(t *testing.T) {
	const longest = 2 * time.Minute
	recommended := map[string]time.Duration{}
	for _, l := range loads() {
		if recommended[l.prober] == 0 {
			recommended[l.prober] = min(l.every, longest)
		}
	}
	var example struct {
		Jobs []struct {
			Interval model.Duration      `yaml:"scrape_interval"`
			Params   map[string][]string `yaml:"params"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(deploy.ScrapeExample, &example); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, job := range example.Jobs {
		for _, module := range job.Params["module"] {
			seen[module] = true
			if got := time.Duration(job.Interval); got != recommended[module] {
				t.Errorf("the example asks for %s every %v, and docs/cost.md recommends %v", module, got, recommended[module])
			}
		}
	}
	for _, d := range probes.All() {
		if !seen[d.Name] {
			t.Errorf("the example has no job for %s", d.Name)
		}
	}
}
