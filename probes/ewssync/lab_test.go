package ewssync_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/ewssync"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { waiting.ShortTestMain(m, 16) }

// everything is a module with all operations.
const everything = "operations: [healthcheck, get_folder, sync, notify, availability, oof, resolve_names, time_zones], mailbox: probe@contoso.test"

// site is the lab and a runner that probes it.
type site struct {
	*lab.Site
	*runner.Runner
}

// start starts scenarios of the lab, and a runner with one module ews of these settings; schemes, where there are any,
// are those of its auth.
func start(t testing.TB, settings, schemes string, only ...string) *site {
	t.Helper()
	return startWith(t, lab.Options{Only: only}, settings, schemes)
}

// startWith is start with other options.
func startWith(t testing.TB, options lab.Options, settings, schemes string) *site {
	t.Helper()
	l, err := lab.Start(t.Context(), labs.All(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return &site{l, newRunner(t, l, settings, schemes)}
}

// newRunner makes a runner with one module ews, whose auth may also be used at the fronts, which are addresses.
func newRunner(t testing.TB, l *lab.Site, settings, schemes string, fronts ...string) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	timeout := "14s" // generous to a busy machine; what fails by its time limit sets a short one
	if settings == writing {
		timeout = "5s"
	}
	text := "modules:\n  ews:\n    prober: ews_sync\n    timeout: " + timeout + "\n    ip_protocol: ip4\n    tls_config: {ca_file: ca.pem}\n    ews_sync: {" + settings + "}\n"
	if schemes != "" {
		text = strings.Replace(text, "    timeout", "    auth: lab\n    timeout", 1)
		text += "auths:\n  lab: {username: 'CONTOSO\\probe', password: " + lab.Password + ", schemes: [" + schemes + "], targets: ["
		for _, s := range l.Scenarios() {
			text += "'" + s.Address + "','" + strings.Replace(s.Address, "127.0.0.1", "mail.contoso.test", 1) + "',"
		}
		text += strings.Join(fronts, ",") + "]}\n"
	}
	text += "policy: {allow: [127.0.0.0/8]}\n"
	for name, content := range map[string][]byte{"ca.pem": l.Authority().PEM(), "c.yml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	shorten(cfg)
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}

// shorten makes streams that the configuration holds for 1 s, the least, shorter by far: what fails there fails in less.
func shorten(cfg *config.Config) {
	if s := cfg.Modules["ews"].Settings.(*ewssync.Settings); s.StreamHold == time.Second { //nolint:forcetypeassert // the only kind
		s.StreamHold = 400 * time.Millisecond
	}
}

// probe probes a scenario.
func (s *site) probe(t testing.TB, name string) *result.Result {
	t.Helper()
	scenario, ok := s.Scenario(name)
	if !ok {
		t.Fatalf("no scenario %q runs", name)
	}
	answer, err := s.Probe(context.Background(), runner.Request{Module: "ews", Target: scenario.Address})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// outcome is a failure's stage and reason, or "none".
func outcome(r *result.Result) string {
	if r.Failure == nil {
		return "none"
	}
	return string(r.Failure.Stage) + "/" + r.Failure.Reason
}

func codes(r *result.Result) []string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, f.Code)
	}
	return list
}

// said is what the simulated site says that a module reports of a scenario.
func said(t *testing.T, scenario, module string) lab.Verdict {
	t.Helper()
	for _, s := range lab.Scenarios(labs.All()) {
		if v, ok := s.Verdict(module); ok && s.Name == scenario {
			return v
		}
	}
	t.Fatalf("nobody says what %s reports of %s", module, scenario)
	return lab.Verdict{}
}

// wants holds a result against what the simulated site says of it.
func wants(t *testing.T, r *result.Result, want lab.Verdict) {
	t.Helper()
	if got := outcome(r); got != want.Failure {
		t.Errorf("%s (%v), want %s", got, r.Failure, want.Failure)
	}
	if want.Finding != "" && !slices.Contains(codes(r), want.Finding) || want.Finding == "" && len(r.Findings) > 0 {
		t.Errorf("findings %v, want %q", codes(r), want.Finding)
	}
}

// TestScenarios probes every scenario of EWS, and keeps metrics and tree in golden files.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, scenario := range lab.Scenarios(labs.All()) {
		want, said := scenario.Verdict("ews_sync")
		if !said || scenario.Varies {
			continue
		}
		if scenario.Name == "ews-form-page" {
			want.Failure = "content/html" // what is asked first expects XML, and not the health check's text
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			s := start(t, strings.Replace(everything, "healthcheck, ", "", 1), "basic", scenario.Name)
			r := s.probe(t, scenario.Name)
			wants(t, r, want)
			golden(t, scenario.Name+".prom", exposition(t, r))
			golden(t, scenario.Name+".txt", tree(t, r))
		})
	}
}

// writing is a module that writes.
const writing = "operations: [sync, notify], write: true, event_wait: 1s"

// TestWriting probes by writing, and keeps metrics and tree in golden files.
func TestWriting(t *testing.T) {
	t.Parallel()
	for _, scenario := range lab.Scenarios(labs.All()) {
		want, said := scenario.Verdict("ews_write")
		if !said {
			continue
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			settings := writing
			if scenario.Name == "ews-events-late" {
				settings = "operations: [sync, notify], write: true" // the default is long enough
			}
			s := start(t, settings, "basic", scenario.Name)
			r := s.probe(t, scenario.Name)
			wants(t, r, want)
			last := r.Steps[len(r.Steps)-1]
			if last.Name != "clean_up" || last.Failure != nil {
				t.Errorf("the last step is %s (%v), want a clean_up that succeeds", last.Name, last.Failure)
			}
			if left := s.Items(scenario.Name, "ews_exporter probe "); left != 0 {
				t.Errorf("%d items are left in the mailbox", left)
			}
			if !strings.HasPrefix(scenario.Name, "ews-events-l") { // how often it asks in vain differs
				golden(t, scenario.Name+"-writing.prom", exposition(t, r))
				golden(t, scenario.Name+"-writing.txt", tree(t, r))
			}
		})
	}
}

// TestWritingAtOnce: probes of one mailbox at a time, one of which has to find the folder that another creates, do not
// disturb each other.
func TestWritingAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, writing, "basic", "healthy")
	scenario, _ := s.Scenario("healthy")
	var all sync.WaitGroup
	for _, scheme := range []string{"", "https://", "HTTPS://", "Https://"} { // or they would share one probe
		all.Go(func() {
			answer, err := s.Probe(context.Background(), runner.Request{Module: "ews", Target: scheme + scenario.Address})
			if err != nil || answer.Result.Failure != nil {
				t.Errorf("%v %v", err, answer.Result.Failure)
			}
		})
	}
	all.Wait()
	if left := s.Items("healthy", "ews_exporter probe "); left != 0 {
		t.Errorf("%d items are left in the mailbox", left)
	}
	if folders := s.Folders("healthy", "ews_exporter"); folders != 1 {
		t.Errorf("there are %d folders of the probe, want 1", folders)
	}
}

// TestLeftOvers: what an earlier probe left is known by its subject and its age, and deleted; nothing else is.
func TestLeftOvers(t *testing.T) {
	t.Parallel()
	s := start(t, writing, "basic", "healthy")
	if r := s.probe(t, "healthy"); outcome(r) != "none" { // makes the folder
		t.Fatal(r.Failure)
	}
	s.Leave("healthy", "ews_exporter", "ews_exporter probe of an hour ago", time.Hour)
	s.Leave("healthy", "ews_exporter", "ews_exporter probe that may still run", 5*time.Minute)
	s.Leave("healthy", "ews_exporter", "somebody's own", time.Hour)
	s.Leave("healthy", "Inbox", "ews_exporter probe in another folder", time.Hour)
	if r := s.probe(t, "healthy"); outcome(r) != "none" {
		t.Fatal(r.Failure)
	}
	for subject, want := range map[string]int{
		"ews_exporter probe of an hour ago": 0, "ews_exporter probe that may still run": 1, "somebody's own": 1, "ews_exporter probe in another folder": 1,
	} {
		if got := s.Items("healthy", subject); got != want {
			t.Errorf("%q: %d are left, want %d", subject, got, want)
		}
	}
}

// TestReadingChangesNothing: without write, no operation leaves a trace in the mailbox.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, strings.Replace(everything, "notify,", "notify, stream,", 1)+", stream_hold: 1s", "basic", "healthy")
	s.probe(t, "healthy") // before it the mailbox is not there
	items := s.Items("healthy", "")
	changes := s.Changes("healthy")
	if r := s.probe(t, "healthy"); outcome(r) != "none" || len(r.Conversations) < 14 {
		t.Fatalf("%v after %d requests", r.Failure, len(r.Conversations))
	}
	if s.Items("healthy", "") != items || s.Changes("healthy") != changes || s.Folders("healthy", "ews_exporter") != 0 {
		t.Errorf("%d items became %d, %d changes %d, %d folders", items, s.Items("healthy", ""), changes, s.Changes("healthy"), s.Folders("healthy", "ews_exporter"))
	}
	if left := s.Subscriptions("healthy"); left != 0 {
		t.Errorf("%d subscriptions are left", left)
	}
}

// TestDefaults: without settings of its own a module does the analyser's four, over one connection and with one handshake.
func TestDefaults(t *testing.T) {
	t.Parallel()
	s := start(t, "mailbox: probe@contoso.test", "basic", "healthy")
	r := s.probe(t, "healthy")
	if outcome(r) != "none" {
		t.Fatal(r.Failure)
	}
	var operations []string
	for _, sample := range r.Samples {
		if sample.Name == "probe_ews_operation_success" {
			operations = append(operations, sample.Labels[0])
		}
	}
	if diff := cmp.Diff([]string{"sync", "notify", "availability", "oof"}, operations); diff != "" {
		t.Error(diff)
	}
	handshakes := 0
	for _, c := range r.Connections {
		if c.TLS != nil {
			handshakes++
		}
	}
	if len(r.Connections) != 1 || handshakes != 1 {
		t.Errorf("%d connections, %d handshakes", len(r.Connections), handshakes)
	}
}

// TestOneServerUnderTheServicesName: an address as the target and the service's name as hostname ask one server as the
// balancer would, so that what fails through the balancer can be seen to work.
func TestOneServerUnderTheServicesName(t *testing.T) {
	t.Parallel()
	s := start(t, "operations: [stream], stream_hold: 1s", "basic", "healthy", "ews-stream-buffered")
	got := map[string]string{}
	for _, name := range []string{"healthy", "ews-stream-buffered"} {
		scenario, _ := s.Scenario(name)
		answer, err := s.Probe(context.Background(), runner.Request{Module: "ews", Target: scenario.Address, Hostname: "mail.contoso.test"})
		if err != nil {
			t.Fatal(err)
		}
		r := answer.Result
		got[name] = outcome(r)
		for _, c := range r.Connections {
			if c.Name != "mail.contoso.test" || c.Secure == nil || c.Secure.ServerName != "mail.contoso.test" || c.Address.Addr().String() != "127.0.0.1" {
				t.Errorf("%s: connection to %s as %s, %+v", name, c.Address, c.Name, c.Secure)
			}
		}
		for _, e := range r.Conversations {
			if host := e.Header[0]; host.Name != "Host" || !strings.HasPrefix(host.Value, "mail.contoso.test") {
				t.Errorf("%s: %s: %s", name, host.Name, host.Value)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"healthy": "none", "ews-stream-buffered": "content/ews_stream_buffered"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSickMember: of three servers behind one address every third connection meets the sick one: its operations fail, or,
// where it is asked first, its health check.
func TestSickMember(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ settings, outcome string }{
		"ews-sick-member":             {strings.Replace(everything, "healthcheck, ", "", 1), "content/response_error"},
		"ews-sick-member-healthcheck": {everything, "receive/unhealthy"}, // the connection after it meets the first server again
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.settings, "basic", "ews-sick-member")
			seen := map[string]int{}
			for range 3 {
				r := s.probe(t, "ews-sick-member")
				if seen[outcome(r)]++; outcome(r) != "none" {
					golden(t, name+".prom", exposition(t, r))
					golden(t, name+".txt", tree(t, r))
				}
			}
			if diff := cmp.Diff(map[string]int{"none": 2, test.outcome: 1}, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneConnection: the operations against a healthy server take one connection and one handshake, with each scheme.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, scenario, schemes string
		unauthorized            int
	}{
		{"basic", "basic-logon", "basic", 1},
		{"ntlm", "ntlm-persisted", "ntlm", 2},
		{"negotiate", "ntlm-persisted", "negotiate", 2},
		{"a handshake per request", "ntlm-per-request", "ntlm", 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "mailbox: probe@contoso.test, operations: [healthcheck, sync, notify, availability, oof, resolve_names, time_zones]", test.schemes, test.scenario)
			r := s.probe(t, test.scenario)
			if outcome(r) != "none" || len(r.Connections) != 1 {
				t.Fatalf("%v over %d connections", r.Failure, len(r.Connections))
			}
			unauthorized := 0
			for _, e := range r.Conversations {
				if e.Final.Status == 401 {
					unauthorized++
				}
			}
			if unauthorized != test.unauthorized {
				t.Errorf("%d answers 401, want %d", unauthorized, test.unauthorized)
			}
		})
	}
}

// TestThrottlingIsRemembered: later probes send nothing until the back-off is over.
func TestThrottlingIsRemembered(t *testing.T) {
	t.Parallel()
	s := start(t, everything, "basic", "ews-throttled")
	first, second := s.probe(t, "ews-throttled"), s.probe(t, "ews-throttled")
	if len(first.Conversations) != 3 { // healthcheck, logon, get_folder
		t.Errorf("%d requests were sent before the server asked to be left alone and after it, want 3", len(first.Conversations))
	}
	if len(second.Connections) != 0 || outcome(second) != "content/throttled" || !slices.Contains(codes(second), "ews_throttled") {
		t.Errorf("the second probe: %d connections, %s, %v", len(second.Connections), outcome(second), codes(second))
	}
	for _, sample := range second.Samples {
		if sample.Name == "probe_ews_backoff_seconds" && (sample.Value < 250 || sample.Value > 298) {
			t.Errorf("%.0f s of back-off are left", sample.Value)
		}
	}
}

// TestSecretsStayOut: neither the affinity cookie nor a name out of the directory gets into the result.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	s := start(t, everything, "basic", "basic-logon")
	var text bytes.Buffer
	r := s.probe(t, "basic-logon")
	if err := report.JSON(&text, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "X-BackEndCookie=") {
		t.Error("no cookie was kept, so nothing was tested")
	}
	for _, secret := range []string{lab.Password, "YmFjayBlbmQAZXgwMS5jb250b3NvLnRlc3Q", "a private name"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the result holds %q", secret)
		}
	}
}

// TestAWrongPasswordIsSentOnce: a refusal ends the probe, and the next one sends nothing.
func TestAWrongPasswordIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"basic", "ntlm"} {
		s := startWith(t, lab.Options{Only: []string{"basic-logon"}, Password: "another"}, everything, scheme)
		r := s.probe(t, "basic-logon")
		if outcome(r) != "auth/refused" || r.Deciding == nil || r.Deciding.Final.Status != 401 {
			t.Errorf("%s: %s", scheme, outcome(r))
		}
		carried := 0
		for _, e := range r.Conversations {
			for _, f := range e.Header {
				if f.Name == "Authorization" && e.BodyLength > 0 {
					carried++
				}
			}
		}
		if carried != 1 {
			t.Errorf("%s: the password was sent %d times", scheme, carried)
		}
		if again := s.probe(t, "basic-logon"); outcome(again) != "auth/suspended" || len(again.Connections) != 0 {
			t.Errorf("%s: the next probe: %s over %d connections", scheme, outcome(again), len(again.Connections))
		}
	}
}

// TestLogonRequired: without an auth the probe says so, and does not go on.
func TestLogonRequired(t *testing.T) {
	t.Parallel()
	r := start(t, everything, "", "early-401").probe(t, "early-401")
	if outcome(r) != "auth/logon_required" || len(r.Conversations) != 2 {
		t.Errorf("%s after %d requests", outcome(r), len(r.Conversations))
	}
}

// TestNoMailbox: an operation that names a mailbox fails where none is known; the others run.
func TestNoMailbox(t *testing.T) {
	t.Parallel()
	r := start(t, "operations: [availability, time_zones]", "basic", "healthy").probe(t, "healthy")
	if outcome(r) != "config/no_mailbox" || len(r.Conversations) != 2 { // logon, time_zones
		t.Errorf("%s after %d requests", outcome(r), len(r.Conversations))
	}
}

// TestSettings: every mistake is told, and none of the good ones is one.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ settings, says string }{
		{"operations: [sync, streams]", "operations[1]: \"streams\" is not possible; did you mean stream?"},
		{"operations: [stream], stream_hold: 500ms", "stream_hold"},
		{"operations: [notify], write: true, event_wait: 500ms", "event_wait"},
		{"operations: [notify], write: true, event_wait: 2m", "event_wait"},
		{"operations: [sync, notify, stream], write: true", ""},
		{"operations: [stream], stream_hold: 20m", "stream_hold"},
		{"operations: [stream], stream_hold: 20s", "timeout"},
		{"operations: [stream], write: true", ""},
		{"operations: []", "operations"},
		{"operations: [sync, sync]", "operations[1]"},
		{"write: true, operations: [oof]", "write"},
		{"mailbox: probe", "mailbox"},
		{`anchor_mailbox: "a@b.c\r\nX: y"`, "anchor_mailbox"},
		{"path: EWS", "path"},
		{"request_server_version: '\"/>'", "request_server_version"},
		{"impersonation: {by: Name, account: a@b.c}", "impersonation.by"},
		{"impersonation: {by: PrimarySmptAddress, account: a@b.c}", "did you mean PrimarySmtpAddress?"},
		{"impersonation: {by: SID}", "impersonation.account"},
		{"headers: {Cookie: a}", "Cookie"},
		{"impersonation: {by: PrincipalName, account: a@b.c}, anchor_mailbox: a@b.c, affinity_cookies: false, request_server_version: Exchange2016", ""},
	} {
		t.Run(test.settings, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "c.yml")
			if err := os.WriteFile(file, []byte("modules: {m: {prober: ews_sync, ews_sync: {"+test.settings+"}}}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load([]string{file}, probes.All())
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), "ews_sync."+test.says) && !strings.Contains(err.Error(), test.says)) {
				t.Errorf("%v, want one about %q", err, test.says)
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
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

// measured are the metrics whose values differ from run to run.
var measured = regexp.MustCompile(`(?m)^(probe_\S*(?:duration_seconds|time_seconds|backoff_seconds|cert_expiry|expiry_timestamp_seconds|stream_\w+_seconds)(?:\{.*\})?) .*$`)

// exposition gives the metrics that a probe answers with, measured values masked.
func exposition(t testing.TB, r *result.Result) string {
	t.Helper()
	families, err := collector.Gatherer(r, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		f.Help = nil
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return measured.ReplaceAllString(b.String(), "$1 MEASURED")
}

var varying = []struct {
	shape *regexp.Regexp
	with  string
}{
	{regexp.MustCompile(`--config\.file \S+`), "--config.file CONFIG"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`request-id [0-9a-f-]{36}`), "request-id ID"},
	{regexp.MustCompile(`thumbprint [0-9A-F]{40}`), "thumbprint DIGEST"},
	{regexp.MustCompile(`from [0-9-]{10} to [0-9-]{10}`), "from DATE to DATE"},
	{regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z| UTC)?`), "MOMENT"},
	{regexp.MustCompile(`(?m)^ *(?:–|[0-9]+\.[0-9]{3})(?: +(?:–|<?[0-9]+\.[0-9]{3}))? +([├│└→←])`), "  $1"},
	{regexp.MustCompile(`(?m)^ {4,}([├│└→←])`), "  $1"},
	{regexp.MustCompile(` *<?[0-9]+(\.[0-9]+)? m?s\b`), " TIME"},
}

// tree gives the report's tree of steps.
func tree(t testing.TB, r *result.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, v := range varying {
		text = v.shape.ReplaceAllString(text, v.with)
	}
	return text
}
