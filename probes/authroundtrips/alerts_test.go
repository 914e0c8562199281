package authroundtrips_test

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// suspendedConfig has the module that finds out why a logon is refused, and one that is refused with it.
const suspendedConfig = `
auths: {a: {username: '%s', password: '%s', schemes: [ntlm], targets: ["%s"]}}
modules:
  auth_roundtrips: {prober: auth_roundtrips, auth: a, tls_config: {ca_file: ca.pem}, auth_roundtrips: {objects: 1, extended_protection_check: true}}
  expect_continue: {prober: expect_continue, auth: a, tls_config: {ca_file: ca.pem}, expect_continue: {wait: 1s}}
policy: {allow: ["127.0.0.0/8"]}
`

// TestTheExporterFeedsTheAlertsOfRefusedLogons: a refusal suspends the auth, so only one probe in 15 minutes sees the
// fault. What the exporter then gives Prometheus, scrape by scrape, must still lead to the one alert that names it.
func TestTheExporterFeedsTheAlertsOfRefusedLogons(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	rules, err := filepath.Glob("../../alerts/*.rules.yml")
	if err != nil || len(rules) == 0 {
		t.Fatalf("%q, %v", rules, err)
	}
	seeing := []string{"auth_roundtrips", "expect_continue"}
	for _, tt := range []struct {
		scenario, password string
		modules            []string // in the order in which they are scraped
		alert              string
		since              int // minutes
	}{
		{"legs-split", lab.Password, seeing, "EwsAuthLegsSplit", 20},
		{"protection-allow-rebound", lab.Password, seeing, "EwsExtendedProtectionMismatch", 20},
		{"protection-require-rebound", lab.Password, seeing, "EwsAuthSuspended", 20}, // which might be a wrong password
		{"ntlm-persisted", "wrong", seeing, "EwsAuthSuspended", 20},
		// The first refusal is one that the module cannot explain: the secret is blamed until the other has its try.
		{"legs-split", lab.Password, []string{"expect_continue", "auth_roundtrips"}, "EwsAuthLegsSplit", 40},
	} {
		t.Run(tt.scenario+" with "+tt.password+" by "+tt.modules[0], func(t *testing.T) {
			t.Parallel()
			const scrapes = 100
			series := scrape(t, tt.scenario, tt.password, tt.modules, scrapes)
			var text strings.Builder
			text.WriteString("rule_files:\n")
			for _, name := range rules {
				path, err := filepath.Abs(name)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&text, "  - %s\n", path)
			}
			text.WriteString("evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n")
			for name, values := range series {
				fmt.Fprintf(&text, "      - series: '%s'\n        values: '%s'\n", name, strings.Join(values, " "))
			}
			text.WriteString("    promql_expr_test:\n")
			for minute := tt.since; minute < scrapes; minute += 5 {
				fmt.Fprintf(&text, "      - eval_time: %dm\n        expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n        exp_samples: [{labels: '{alertname=\"%s\"}', value: 1}]\n", minute, tt.alert)
			}
			file := filepath.Join(t.TempDir(), "exporter.test.yml")
			if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", file).CombinedOutput() // #nosec G204 -- the test's own
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// scrape probes a scenario once a minute with the modules, as Prometheus would, and gives the series with their values
// as promtool reads them.
func scrape(t *testing.T, scenario, password string, modules []string, times int) map[string][]string {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{scenario}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	address := site.Scenarios()[0].Address
	dir := t.TempDir()
	for name, content := range map[string]string{
		"ca.pem": string(site.Authority().PEM()), "ews_exporter.yml": fmt.Sprintf(suspendedConfig, lab.Username, password, address),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	gate := auth.NewGate(func() time.Time { return time.Unix(0, now.Add(int64(time.Millisecond))) }) // all takes some time
	run := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: gate, Version: "test", Log: slog.New(slog.DiscardHandler)})
	self := collector.NewSelf(func() map[string]bool { return gate.Suspended([]string{"a"}) }, func() map[string]bool { return gate.Explained([]string{"a"}) })

	series := map[string][]string{}
	logons := 0
	for i := range times {
		for _, module := range modules {
			now.Add(int64(time.Second))
			answer, err := run.Probe(t.Context(), runner.Request{Module: module, Target: address, Limit: 8 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range answer.Result.Conversations {
				if strings.HasSuffix(e.Step, "request") {
					logons++
				}
			}
			record(t, series, i, collector.Gatherer(answer.Result, nil), "probe_", fmt.Sprintf(`job="ews",site="hq",service="mail.contoso.com",via="balancer",instance="mail.contoso.com",module="%s"`, module))
		}
		record(t, series, i, self.Registry(), "ews_exporter_auth_", `job="ews_exporter",site="hq",instance="exporter:10501"`)
		now.Store(int64(i+1) * int64(time.Minute))
	}
	if most := 2 * (times + 14) / 15; logons > most {
		t.Errorf("%d logons in %d minutes, want at most two in 15", logons, times)
	}
	for name, values := range series {
		series[name] = fill(values, times)
	}
	return series
}

// record adds the i-th values of what is gathered.
func record(t *testing.T, series map[string][]string, i int, from prometheus.Gatherer, prefix, labels string) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), prefix) || family.GetType() != dto.MetricType_GAUGE {
			continue
		}
		for _, m := range family.GetMetric() {
			all := []string{labels}
			for _, l := range m.GetLabel() {
				all = append(all, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(all)
			name := family.GetName() + "{" + strings.Join(all, ",") + "}"
			series[name] = append(fill(series[name], i), fmt.Sprint(m.GetGauge().GetValue()))
		}
	}
}

// fill tells that a series was not there in the scrapes up to the n-th.
func fill(values []string, n int) []string {
	for len(values) < n {
		missing := "_"
		if len(values) > 0 && values[len(values)-1] != "_" && values[len(values)-1] != "stale" {
			missing = "stale"
		}
		values = append(values, missing)
	}
	return values
}
