package collector

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

func exposition(t testing.TB, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*result.Result{
		"continue":            examples.Continue(),
		"kemp_501":            examples.Kemp(),
		"resolve_not_found":   examples.Unresolved(),
		"certificate_expired": examples.Refused(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := exposition(t, Gatherer(r, nil))
			file := filepath.Join("testdata", name+".prom")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got), accept with -update:\n%s", file, diff)
			}
		})
	}
}

func TestMetricsPassTheLinter(t *testing.T) {
	t.Parallel()
	age := time.Minute
	problems, err := testutil.GatherAndLint(Gatherer(examples.Kemp(), &age))
	if err != nil || len(problems) > 0 {
		t.Errorf("probe: %v, %v", problems, err)
	}
	self := NewSelf(monitored(true), monitored(false), "bad_request")
	self.Advise(advice.Book{{Key: "look", On: "on the box", First: "Look there", Separates: "If it is there: good.", Then: "Mend it.", Direct: "see"}}, func() map[advice.Owner]string { return map[advice.Owner]string{advice.Middlebox: "netops"} })
	self.CountLogons(func() map[string]int64 { return map[string]int64{"monitor": 1} })
	self.TellModules(func() []Module { return []Module{{"dialogue", "http", "monitor"}} })
	self.Observe(examples.Kemp())
	problems, err = testutil.GatherAndLint(self.Registry())
	if err != nil || len(problems) > 0 {
		t.Errorf("exporter: %v, %v", problems, err)
	}
}

// What Gatherer emits must be declared, with the same labels, and must satisfy a registry's checks.
func TestDeclaredAndConsistent(t *testing.T) {
	t.Parallel()
	declared := map[string]*result.Metric{}
	for _, m := range Metrics() {
		if declared[m.Name] != nil || m.Help == "" || m.Presence == "" {
			t.Errorf("%s is declared twice or without help or presence", m.Name)
		}
		declared[m.Name] = m
	}
	age := time.Second
	families, err := prometheus.Gatherers{Gatherer(examples.Kemp(), &age)}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		m := declared[f.GetName()]
		if strings.HasPrefix(f.GetName(), "probe_dialogue") {
			continue
		}
		if m == nil {
			t.Errorf("%s is not declared", f.GetName())
		}
	}
}

func TestPresence(t *testing.T) {
	t.Parallel()
	lines := func(r *result.Result, age *time.Duration) string { return exposition(t, Gatherer(r, age)) }
	many, talk := examples.Refused(), examples.Refused()
	many.Decides, talk.Decides = result.ByNone, result.ByTLS
	// One connection shows a cross-signature that nobody uses, and has long expired; the path ends later. Another has no path.
	crossed := examples.Continue()
	crossed.Decides = result.ByNone
	crossed.Connections[0].Secure.Chain = append(crossed.Connections[0].Secure.Chain, wire.Certificate{NotAfter: time.Unix(1e9, 0)})
	pathless := *crossed.Connections[0]
	pathless.Secure = &wire.Secure{Chain: pathless.Secure.Chain}
	crossed.Connections = append(crossed.Connections, &pathless)
	literal := examples.Continue()
	literal.DecidingConnection.Resolve = nil
	old := 90 * time.Second
	for name, test := range map[string]struct {
		in      string
		has     []string
		without []string
	}{
		"no DNS, no address: nothing of them": {
			in:      lines(examples.Unresolved(), nil),
			has:     []string{"probe_http_status_code 0", "probe_http_version 0", "probe_http_ssl 0", `probe_http_responses{code="501",origin="unknown"} 0`, "probe_dns_lookup_time_seconds 0.03"},
			without: []string{"probe_ip_protocol", `phase="connect"`, "probe_ssl", "probe_tls", "probe_result_age_seconds", "probe_series_dropped"},
		},
		"a refused certificate still tells its expiry": {
			in:      lines(examples.Refused(), nil),
			has:     []string{"probe_ssl_earliest_cert_expiry 1.7723232e+09", "probe_http_ssl 0", `probe_server_info{frontend="",backend="",server="",version=""} 1`},
			without: []string{`phase="processing"`, `phase="transfer"`},
		},
		"a certificate on no path counts for what is presented alone": {
			in:  lines(crossed, nil),
			has: []string{"probe_ssl_earliest_cert_expiry 1e+09\n", fmt.Sprintf("probe_ssl_last_chain_expiry_timestamp_seconds %v\n", float64(crossed.Connections[0].Secure.PathExpires.Unix()))},
		},
		"what speaks no HTTP has nothing of it": {
			in:      lines(talk, nil),
			has:     []string{"probe_ssl_earliest_cert_expiry 1.7723232e+09", "probe_ip_protocol 4", "probe_dns_lookup_time_seconds", "probe_server_info"},
			without: []string{"probe_http_"},
		},
		"where nothing decides, there is no one connection": {
			in:      lines(many, nil),
			has:     []string{"probe_ssl_earliest_cert_expiry 1.7723232e+09", "probe_success 0", "probe_failure_info"},
			without: []string{"probe_http_", "probe_tls_", "probe_ip_protocol"},
		},
		"an address needs no lookup": {
			in:  lines(literal, nil),
			has: []string{"probe_dns_lookup_time_seconds 0\n", `phase="resolve"} 0` + "\n", "probe_ip_protocol 4"},
		},
		"the age of a repeated result": {in: lines(examples.Continue(), &old), has: []string{"probe_result_age_seconds 90"}},
		"success has no failure":       {in: lines(examples.Continue(), nil), without: []string{"probe_failure_info", "probe_finding"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, want := range test.has {
				if !strings.Contains(test.in, want) {
					t.Errorf("%q is missing in\n%s", want, test.in)
				}
			}
			for _, unwanted := range test.without {
				if strings.Contains(test.in, unwanted) {
					t.Errorf("%q should be absent in\n%s", unwanted, test.in)
				}
			}
		})
	}
}

func TestRepeatedStepsAreSummed(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	failed := examples.Unresolved().Failure
	r.Steps = []*result.Step{
		{Name: "try", Start: 0, End: 1, Steps: []*result.Step{{Name: "ask", Start: 0, End: 0.5, Failure: failed}}},
		{Name: "try", Start: 1, End: 3, Steps: []*result.Step{{Name: "ask", Start: 1, End: 1.5}}},
	}
	got := exposition(t, Gatherer(r, nil))
	for _, want := range []string{
		`probe_step_duration_seconds{step="try"} 3`, `probe_step_success{step="try"} 1`,
		`probe_step_duration_seconds{step="ask"} 1`, `probe_step_success{step="ask"} 0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestAHostileTargetCannotFloodOrBreak(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	r.Deciding.Origin.Server = "evil\x1b[2J\u202e\xff" + strings.Repeat("é", 4000)
	m := &result.Metric{Name: "probe_url_info", Help: "Each URL returned.", Labels: []string{"url"}}
	for i := range 2000 {
		r.Add(m, 1, fmt.Sprint("https://host/", i))
	}
	r.Findings = []result.Finding{{Code: "twice", Severity: result.Info, Origin: origin.IIS}, {Code: "twice", Severity: result.Info}}
	families, err := prometheus.Gatherers{Gatherer(r, nil)}.Gather()
	if err != nil {
		t.Fatalf("a registry's checks find: %v", err)
	}
	var n int
	for _, f := range families {
		for _, m := range f.GetMetric() {
			n++
			for _, l := range m.GetLabel() {
				if len(l.GetValue()) > 128 || strings.ContainsAny(l.GetValue(), "\x1b\u202e") {
					t.Errorf("label %s = %q", l.GetName(), l.GetValue())
				}
			}
		}
	}
	if n != maxSeries+1 {
		t.Errorf("%d series, want %d and the count of those dropped", n, maxSeries)
	}
	if got := exposition(t, Gatherer(r, nil)); !strings.Contains(got, "probe_series_dropped 1") {
		t.Errorf("probe_series_dropped is missing")
	}
}

func TestLabelsAlikeOnceShortened(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	m := &result.Metric{Name: "probe_x_info", Help: "X.", Labels: []string{"url"}}
	long := strings.Repeat("a", 200)
	r.Add(m, 1, long+"1")
	r.Add(m, 1, long+"2")
	got := exposition(t, Gatherer(r, nil))
	if strings.Count(got, "probe_x_info{") != 1 || !strings.Contains(got, "probe_series_dropped 1\n") {
		t.Errorf("two series with the same labels would make Prometheus refuse the scrape:\n%s", got)
	}
}

func TestSelf(t *testing.T) {
	t.Parallel()
	self := NewSelf(func() map[string]bool { return map[string]bool{"monitor": true, "other": false} }, monitored(true), "bad_request", "stopping")
	self.Advise(advice.Book{{Key: "look", On: "on the box", First: "Look there", Separates: "If it is there: good.", Then: "Mend it.", Direct: "see"}}, func() map[advice.Owner]string { return map[advice.Owner]string{advice.Middlebox: "netops"} })
	self.CountLogons(func() map[string]int64 { return map[string]int64{"monitor": 3} })
	self.TellModules(func() []Module { return []Module{{"dialogue", "http", "monitor"}} })
	self.TellCertificates(func() map[string]time.Time { return map[string]time.Time{"device": time.Unix(1800000000, 0)} })
	self.Observe(examples.Kemp())
	odd := examples.Continue()
	odd.Conversations = append(odd.Conversations, &result.Conversation{Protocol: result.HTTPProtocol, HTTP: &wire.Exchange{Final: &wire.Response{Status: 999}}})
	self.Observe(odd)
	self.Refused("bad_request")
	self.Panicked()
	self.InFlight(1)
	self.InFlight(1)
	self.InFlight(-1)
	self.Reloaded(true)
	self.Reloaded(false)
	got := exposition(t, self.Registry())
	for _, want := range []string{
		`ews_exporter_probes_total{module="dialogue",result="failure"} 1`,
		`ews_exporter_owner_info{owner="middlebox",team="netops",title="whoever runs the box in front (load balancer, proxy)"} 1`,
		`ews_exporter_advice_info{advice="look",first="Look there",on="on the box"} 1`,
		`ews_exporter_advice_outcome_info{advice="look",tells="If it is there: good.",then="Mend it."} 1`,
		`ews_exporter_module_info{auth="monitor",module="dialogue",prober="http"} 1`,
		`ews_exporter_owner_info{owner="dns",team="",title="whoever runs the DNS zone or the name servers"} 1`,
		`ews_exporter_probes_total{module="dialogue",result="success"} 1`,
		`ews_exporter_probe_responses_total{code="501",module="dialogue",origin="middlebox"} 1`,
		`ews_exporter_probe_responses_total{code="other",module="dialogue",origin="unknown"} 1`,
		`ews_exporter_probe_duration_seconds_bucket{module="dialogue",le="30"} 2`,
		`ews_exporter_probes_refused_total{reason="bad_request"} 1`,
		`ews_exporter_probes_refused_total{reason="stopping"} 0`,
		`ews_exporter_probe_panics_total 1`,
		`ews_exporter_probes_in_flight 1`,
		`ews_exporter_auth_suspended{auth="monitor"} 1`,
		`ews_exporter_auth_suspended{auth="other"} 0`,
		`ews_exporter_auth_suspension_explained{auth="monitor"} 1`,
		`ews_exporter_auth_logons_total{auth="monitor"} 3`,
		`ews_exporter_auth_certificate_not_after_timestamp_seconds{auth="device"} 1.8e+09`,
		`ews_exporter_config_last_reload_successful 0`,
		`ews_exporter_config_last_reload_success_timestamp_seconds 1`,
		`ews_exporter_build_info{`,
		`go_goroutines`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func BenchmarkGather(b *testing.B) {
	g := Gatherer(examples.Kemp(), nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

// What /metrics shows must be declared with the same labels, and the other way round.
func TestSelfIsDeclared(t *testing.T) {
	t.Parallel()
	self := NewSelf(monitored(true), monitored(false), "bad_request")
	self.Advise(advice.Book{{Key: "look", On: "on the box", First: "Look there", Separates: "If it is there: good.", Then: "Mend it.", Direct: "see"}}, func() map[advice.Owner]string { return map[advice.Owner]string{advice.Middlebox: "netops"} })
	self.TellCertificates(func() map[string]time.Time { return map[string]time.Time{"monitor": time.Now()} })
	self.CountLogons(func() map[string]int64 { return map[string]int64{"monitor": 1} })
	self.TellModules(func() []Module { return []Module{{"dialogue", "http", "monitor"}} })
	self.CountTargets(func() map[Listing]int { return map[Listing]int{{"mail.contoso.com", "web", "direct"}: 2} })
	self.Observe(examples.Kemp())
	families, err := self.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	shown, declared := map[string][]string{}, map[string][]string{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), namespace) {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		shown[f.GetName()] = labels
	}
	for _, m := range SelfMetrics() {
		declared[m.Name] = slices.Sorted(slices.Values(m.Labels))
	}
	if diff := cmp.Diff(declared, shown); diff != "" {
		t.Errorf("-declared +shown:\n%s", diff)
	}
}

// monitored gives one auth.
func monitored(is bool) func() map[string]bool {
	return func() map[string]bool { return map[string]bool{"monitor": is} }
}
