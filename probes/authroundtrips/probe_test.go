package authroundtrips_test

import (
	"fmt"
	"log/slog"
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
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// setting is one module with its auth.
type setting struct {
	scheme  string // empty for no auth
	secret  string // of the auth, in YAML; default the lab's password
	options string // of the module
}

const pages = "method: GET, paths: [/auth1.htm, /auth2.htm, /auth3.htm, /auth4.htm]"

// start runs scenarios, and a runner with the module "m".
func start(t *testing.T, s setting, only ...string) (*lab.Site, *runner.Runner) {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	var targets []string
	for _, scenario := range site.Scenarios() {
		targets = append(targets, fmt.Sprintf("%q", scenario.Address))
	}
	if s.secret == "" {
		s.secret = "password: " + lab.Password
	}
	text, use := "", ""
	if s.scheme != "" {
		text = fmt.Sprintf("auths: {a: {username: '%s', schemes: [%s], targets: [%s], %s}}\n", lab.Username, s.scheme, strings.Join(targets, ", "), s.secret)
		use = "auth: a, "
	}
	text = strings.ReplaceAll(text, "TARGET", strings.Join(targets, ", "))
	text += fmt.Sprintf("modules: {m: {prober: auth_roundtrips, %stls_config: {ca_file: ca.pem}, auth_roundtrips: {%s}}}\npolicy: {allow: [127.0.0.0/8]}\n", use, s.options)
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": string(site.Authority().PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{authroundtrips.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return site, runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}

func probe(t *testing.T, site *lab.Site, r *runner.Runner, scenario string) *result.Result {
	t.Helper()
	where, ok := site.Scenario(scenario)
	if !ok {
		t.Fatalf("no scenario %s", scenario)
	}
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: where.Address, Limit: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

func value(res *result.Result, name string, labels ...string) float64 {
	for _, s := range res.Samples {
		if s.Name == name && slices.Equal(s.Labels, labels) {
			return s.Value
		}
	}
	return -1
}

func codes(res *result.Result) string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code+"/"+string(f.Severity))
	}
	return strings.Join(list, " ")
}

func reason(res *result.Result) string {
	if res.Failure == nil {
		return ""
	}
	return res.Failure.Reason
}

// TestRoundTrips holds what each kind of site costs. The requests of the first two are those of case 3's table for a
// scheme of two legs.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scenario string
		setting
		requests, unauthorized, objects float64
		persistent                      float64 // −1: absent
		findings, reason                string
	}{
		{"ntlm-persisted", setting{"ntlm", "", pages}, 6, 2, 4, 1, "", ""},
		{"ntlm-per-request", setting{"ntlm", "", pages}, 12, 8, 4, 0, "auth_per_request/warning", ""},
		{"ntlm-per-request", setting{"negotiate", "", pages}, 12, 8, 4, 0, "auth_per_request/warning", ""},
		{"ntlm-persisted", setting{"negotiate", "", "objects: 2"}, 4, 2, 2, 1, "", ""},
		{"ntlm-persisted", setting{"ntlm", "", "objects: 1"}, 3, 2, 1, -1, "", ""},
		{"basic-logon", setting{"basic", "", "objects: 2, expected_schemes: [negotiate, ntlm]"}, 4, 2, 2, 0, "", ""},
		{"healthy", setting{"ntlm", "", "objects: 3"}, 3, 0, 3, -1, "", ""},
		{"healthy", setting{"", "", "objects: 3"}, 3, 0, 3, -1, "", ""},
		{"only-basic", setting{"ntlm", "", "expected_schemes: [negotiate, basic]"}, 1, 1, 0, -1, "auth_scheme_missing/warning auth_only_basic/warning", "scheme_not_offered"},
		{"only-basic", setting{"", "", ""}, 1, 1, 0, -1, "auth_only_basic/warning", "logon_required"},
		{"legs-split", setting{"ntlm", "", ""}, 3, 3, 0, -1, "auth_legs_split/error", "refused"},
		{"closes-after-challenge", setting{"ntlm", "", pages}, 2, 2, 0, -1, "", "connection_closed"},
		{"ntlm-persisted", setting{"ntlm", "password: wrong", ""}, 3, 3, 0, -1, "", "refused"},
		{"ntlm-persisted", setting{"ntlm", "", "method: GET, paths: [/nothing/here]"}, 1, 0, 0, -1, "", "not_fetched"},
		{"echo", setting{"ntlm", "", ""}, 3, 2, 0, -1, "", "not_fetched"},
	}
	for _, tt := range tests {
		t.Run(tt.scenario+" by "+tt.scheme+" with "+tt.options, func(t *testing.T) {
			t.Parallel()
			site, r := start(t, tt.setting, tt.scenario)
			res := probe(t, site, r, tt.scenario)
			for name, want := range map[string]float64{
				"probe_auth_requests": tt.requests, "probe_auth_unauthorized_responses": tt.unauthorized,
				"probe_auth_objects": tt.objects, "probe_auth_persistent": tt.persistent,
			} {
				got := value(res, name)
				if name == "probe_auth_requests" && tt.reason == "connection_closed" {
					got = min(got, want) // one more where the end came too late to be seen before the answer was sent
				}
				if got != want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			if got := reason(res); got != tt.reason {
				t.Errorf("failed for %q (%v), want %q", got, res.Failure, tt.reason)
			}
			if got := codes(res); got != tt.findings {
				t.Errorf("findings %q, want %q", got, tt.findings)
			}
			sent := value(res, "probe_auth_http_bytes", "sent")
			if sent <= 0 || value(res, "probe_auth_wire_bytes", "sent") <= sent {
				t.Errorf("%v bytes of HTTP in %v on the wire", sent, value(res, "probe_auth_wire_bytes", "sent"))
			}
		})
	}
}

// TestBytesOfTheFieldNotes: the pages and 401s have the sizes of the field notes, so that the difference shows.
func TestBytesOfTheFieldNotes(t *testing.T) {
	t.Parallel()
	received := map[string]float64{}
	for _, scenario := range []string{"ntlm-persisted", "ntlm-per-request"} {
		site, r := start(t, setting{"ntlm", "", pages}, scenario)
		received[scenario] = value(probe(t, site, r, scenario), "probe_auth_http_bytes", "received")
	}
	// 401s of 1 872 bytes and pages of 510 against one 401 of 2 043 and pages of 260; the challenges come on top.
	if low := 4.0 * (1872 + 510); received["ntlm-per-request"] <= low || received["ntlm-per-request"] > low+4*1000 {
		t.Errorf("per request %v bytes, want some more than %v", received["ntlm-per-request"], low)
	}
	if low := 2043.0 + 4*260; received["ntlm-persisted"] <= low || received["ntlm-persisted"] > low+1000 {
		t.Errorf("persisted %v bytes, want some more than %v", received["ntlm-persisted"], low)
	}
}

// TestTableOfObjects: a person reads what each object cost, request by request.
func TestTableOfObjects(t *testing.T) {
	t.Parallel()
	site, r := start(t, setting{"ntlm", "", pages}, "ntlm-persisted")
	res := probe(t, site, r, "ntlm-persisted")
	if len(res.Tables) != 1 {
		t.Fatalf("%d tables, want one", len(res.Tables))
	}
	var requests []string
	for _, row := range res.Tables[0].Rows {
		requests = append(requests, row[2])
	}
	if got := strings.Join(requests, " "); got != "3 1 1 1 6" {
		t.Errorf("requests %s, want 3 1 1 1 and 6 in all", got)
	}
	if first := res.Tables[0].Rows[0][1]; !strings.HasPrefix(first, "401 ") || !strings.Contains(first, " · 200 ") {
		t.Errorf("the first object cost %q", first)
	}
	total := value(res, "probe_auth_http_bytes", "sent") + value(res, "probe_auth_http_bytes", "received")
	if got := res.Tables[0].Rows[4][3]; got != fmt.Sprint(total) {
		t.Errorf("%s bytes in all, want %v", got, total)
	}
}

// TestOffer: which schemes, and in which order.
func TestOffer(t *testing.T) {
	t.Parallel()
	site, r := start(t, setting{}, "basic-logon")
	res := probe(t, site, r, "basic-logon")
	if value(res, "probe_auth_offer_info", "negotiate,ntlm,basic") != 1 || value(res, "probe_auth_scheme_offered", "bearer") != 0 || value(res, "probe_auth_scheme_offered", "basic") != 1 {
		t.Errorf("samples %+v", res.Samples)
	}
}

// TestExtendedProtection finds out what each kind of server does with bindings, with as few refused logons as it takes.
func TestExtendedProtection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scenario, rest string
		mode           string
		logons         int
		findings       string
		reason         string
	}{
		{"ntlm-persisted", "", "off", 3, "", ""},
		{"protection-allow", "", "allow", 3, "", ""},
		{"protection-require", "", "require", 2, "", ""},
		{"protection-allow-rebound", "", "allow", 2, "extended_protection_mismatch/error", "refused"},
		{"protection-allow-rebound", "channel_binding: none, ", "allow", 2, "extended_protection_mismatch/warning", ""},
		{"protection-require-rebound", "", "", 2, "", "refused"},
		{"legs-split", "", "", 1, "auth_legs_split/error", "refused"}, // says nothing of bindings, so one logon will do
	}
	for _, tt := range tests {
		t.Run(tt.scenario+" "+tt.rest, func(t *testing.T) {
			t.Parallel()
			site, r := start(t, setting{"ntlm", tt.rest + "password: " + lab.Password, "objects: 2, extended_protection_check: true"}, tt.scenario)
			res := probe(t, site, r, tt.scenario)
			if tt.mode != "" && value(res, "probe_auth_extended_protection_info", tt.mode) != 1 {
				t.Errorf("mode %s is not told: %+v", tt.mode, res.Samples)
			}
			if got := codes(res); got != tt.findings || reason(res) != tt.reason {
				t.Errorf("findings %q, reason %q (%v)", got, reason(res), res.Failure)
			}
			if got := checks(res); got != tt.logons {
				t.Errorf("%d logons for the check, want %d", got, tt.logons)
			}
			again := probe(t, site, r, tt.scenario)
			if checks(again) != 0 {
				t.Error("checked twice within the hour")
			}
			if got := codes(again); got != tt.findings {
				t.Errorf("the next probe has findings %q (%v): what was found holds while the auth is suspended", got, again.Failure)
			}
			if tt.reason == "" && value(again, "probe_auth_extended_protection_info", tt.mode) != 1 {
				t.Error("the mode is forgotten")
			}
		})
	}
}

// TestExtendedProtectionIsToldPerPort: servers under one name have settings of their own, and a check that sent no logon
// is not counted, at its own target as at a neighbour.
func TestExtendedProtectionIsToldPerPort(t *testing.T) {
	t.Parallel()
	site, r := start(t, setting{"ntlm", "", "objects: 1, extended_protection_check: true"}, "only-basic", "protection-allow", "protection-require", "legs-split")
	for _, tt := range []struct {
		scenario, mode string
		asked          int // requests of the check
	}{{"only-basic", "", 1}, {"only-basic", "", 1}, {"protection-allow", "allow", 9}, {"protection-require", "require", 6}, {"legs-split", "", 3}, {"protection-allow", "allow", 0}} {
		res := probe(t, site, r, tt.scenario)
		asked := 0
		for _, e := range res.Conversations {
			if strings.HasPrefix(e.Step, "protection.") {
				asked++
			}
		}
		if tt.mode != "" && (value(res, "probe_auth_extended_protection_info", tt.mode) != 1 || !res.Success()) || asked != tt.asked {
			t.Errorf("%s: %d requests to check, want %d; failure %v, %+v", tt.scenario, asked, tt.asked, res.Failure, res.Samples)
		}
	}
}

// TestRefusedEverywhere: one target that refuses both logons of the check is named once, with its port.
func TestRefusedEverywhere(t *testing.T) {
	t.Parallel()
	site, r := start(t, setting{"ntlm", "", "objects: 1, extended_protection_check: true"}, "protection-require-rebound", "ntlm-persisted")
	probe(t, site, r, "protection-require-rebound")
	res := probe(t, site, r, "ntlm-persisted")
	where, _ := site.Scenario("protection-require-rebound")
	want := "because " + where.Address + " refused a logon that tried a channel binding and then refused it, and no second logon that is not accepted may be followed by a third"
	if reason(res) != auth.Suspended || !strings.Contains(res.Failure.Message, want) {
		t.Errorf("%v does not say %q", res.Failure, want)
	}
}

// TestHeadline: the first sentence says what the finding below it knows, and where two causes look alike, both.
func TestHeadline(t *testing.T) {
	t.Parallel()
	for scenario, says := range map[string][]string{
		"legs-split":                 {"Exchange (EX01) refused", "another server, EX02", "balances requests"},
		"protection-allow-rebound":   {"shows another certificate than the server has"},
		"protection-require-rebound": {"password is wrong", "another certificate than the server has", "Before you change the password", "Security log"},
	} {
		site, r := start(t, setting{"ntlm", "password: " + lab.Password, "objects: 2, extended_protection_check: true"}, scenario)
		res := probe(t, site, r, scenario)
		if reason(res) != "refused" {
			t.Fatalf("%s: failed for %v", scenario, res.Failure)
		}
		for _, want := range append(says, "the auth is suspended") {
			if !strings.Contains(res.Failure.Message, want) {
				t.Errorf("%s: %q is missing in %s", scenario, want, res.Failure.Message)
			}
		}
		if scenario != "protection-require-rebound" && strings.Contains(res.Failure.Message, "password is wrong") {
			t.Errorf("%s: the sentence guesses: %s", scenario, res.Failure.Message)
		}
		refused := res.Steps[1].Steps[3]
		if refused.Name != "protection.request" || !strings.HasSuffix(refused.Detail, "refused with 401") {
			t.Errorf("%s: step %s says %q", scenario, refused.Name, refused.Detail)
		}
	}
}

// checks counts the logons that the check made.
func checks(res *result.Result) (n int) {
	for _, e := range res.Conversations {
		if e.Step == "protection.request" {
			n++
		}
	}
	return n
}

// TestExtendedProtectionByAnotherAccount: the check can have an auth of its own, whose refusal is not the module's.
func TestExtendedProtectionByAnotherAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		password, mode string
	}{{lab.Password, "allow"}, {"wrong", ""}} {
		site, r := start(t, setting{"ntlm", "password: " + lab.Password + "}, b: {username: '" + lab.Username + "-check', schemes: [ntlm], targets: [TARGET], password: " + tt.password,
			"objects: 2, extended_protection_check: true, extended_protection_auth: b"}, "protection-allow")
		res := probe(t, site, r, "protection-allow")
		if !res.Success() || tt.mode != "" && value(res, "probe_auth_extended_protection_info", tt.mode) != 1 {
			t.Errorf("with password %q: failure %v, %+v", tt.password, res.Failure, res.Samples)
		}
	}
}
