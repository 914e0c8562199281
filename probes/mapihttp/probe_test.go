package mapihttp_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/mapihttp"
	parts "github.com/ews-exporter/ews_exporter/probes/mapihttp/lab"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// site starts scenarios.
func site(t *testing.T, only ...string) *lab.Site {
	t.Helper()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ask probes a scenario, with this password; empty for no logon.
func ask(t *testing.T, s *lab.Site, scenario, password string) *result.Result {
	t.Helper()
	where, ok := s.Scenario(scenario)
	if !ok {
		t.Fatalf("no scenario %s", scenario)
	}
	auths, use := "", ""
	if password != "" {
		use = "auth: a, "
		auths = fmt.Sprintf("auths: {a: {username: '%s', password: %s, schemes: [basic], targets: ['%s']}}\n", lab.Username, password, where.Address)
	}
	text := auths + "modules: {m: {prober: mapi_http, " + use + "tls_config: {ca_file: ca.pem}}}\npolicy: {allow: [127.0.0.0/8]}\n"
	return probe(t, s.Authority(), text, runner.Request{Module: "m", Target: where.Address, Limit: 8 * time.Second})
}

// probe probes by a configuration.
func probe(t *testing.T, authority *lab.Authority, text string, r runner.Request) *result.Result {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{mapihttp.Definition})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	}).Probe(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// value is a sample's, −1 where it is absent.
func value(res *result.Result, name string, labels ...string) float64 {
	for _, s := range res.Samples {
		if s.Name == name && slices.Equal(s.Labels, labels) {
			return s.Value
		}
	}
	return -1
}

// successes are those of both endpoints, the mailbox's first.
func successes(res *result.Result) [2]float64 {
	const name = "probe_mapi_http_endpoint_success"
	return [2]float64{value(res, name, "emsmdb"), value(res, name, "nspi")}
}

func codes(res *result.Result) string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code+"/"+string(f.Severity))
	}
	return strings.Join(list, " ")
}

// TestWithoutALogonNothingIsKnownOfTheBackEnd: a site whose back end is down looks like one that is well.
func TestWithoutALogonNothingIsKnownOfTheBackEnd(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon", "mapi-down")
	for _, scenario := range []string{"basic-logon", "mapi-down"} {
		res := ask(t, s, scenario, "")
		if !res.Success() || res.UndecidedReason != result.NoLogon || successes(res) != [2]float64{1, 1} || codes(res) != "" {
			t.Errorf("%s: failure %v, undecided %q, successes %v, findings %s", scenario, res.Failure, res.Undecided, successes(res), codes(res))
		}
	}
	res := ask(t, s, "mapi-down", lab.Password)
	if res.Success() || res.Failure.Reason != "backend_down" || successes(res) != [2]float64{0, 0} || codes(res) != "mapi_http_backend_down/error" {
		t.Errorf("with a logon: failure %v, successes %v, findings %s", res.Failure, successes(res), codes(res))
	}
}

// TestThePageIsTheProof: with a logon both endpoints show it, and it names the build; each request is timed, and nobody but the
// front end and the back end are told of.
func TestThePageIsTheProof(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	res := ask(t, s, "basic-logon", lab.Password)
	if !res.Success() || res.Undecided != "" || successes(res) != [2]float64{1, 1} || codes(res) != "" {
		t.Fatalf("failure %v, undecided %q, successes %v, findings %s", res.Failure, res.Undecided, successes(res), codes(res))
	}
	for _, e := range []string{"emsmdb", "nspi"} {
		if value(res, "probe_mapi_http_exchange_info", e, "15.1.2176.9") != 1 {
			t.Errorf("%s: the build is not told", e)
		}
		for _, request := range []string{e + "_unauthenticated", e + "_authenticated"} {
			if took := value(res, "probe_mapi_http_request_duration_seconds", request); took <= 0 {
				t.Errorf("%s took %v s", request, took)
			}
		}
	}
	want := []string{"nspi", "its page", "Exchange (EX01)", "EX01", "EX01", "15.1.2176.9"}
	if rows := res.Tables[0].Rows; len(rows) != 2 || !slices.Equal(rows[1], want) {
		t.Errorf("the table is %q", rows)
	}
}

// TestNothingIsCreatedAndNobodyKept: each request is a GET without a body, so that no session begins; and what the page says of the
// user stands nowhere.
func TestNothingIsCreatedAndNobodyKept(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	res := ask(t, s, "basic-logon", lab.Password)
	for _, c := range res.Conversations {
		if c.Method != "GET" || c.BodyLength != 0 {
			t.Errorf("it sent %s with %d bytes", c.Method, c.BodyLength)
		}
	}
	for _, c := range res.Connections {
		if c.State == "open" {
			t.Errorf("connection %d is left open", c.ID)
		}
	}
	text, err := json.Marshal(res)
	if err != nil || !strings.Contains(lab.MapiPage("", ""), lab.MailAddress) {
		t.Fatal(err, "the page does not name the user")
	}
	if strings.Contains(string(text), lab.MailAddress) {
		t.Error("the result has the user's name from the page")
	}
}

// TestAMailboxElsewhereIsNoFailure: Exchange takes the logon, and has no page for the account. It may be the account or Exchange, and
// the account comes first.
func TestAMailboxElsewhereIsNoFailure(t *testing.T) {
	t.Parallel()
	s := site(t, "mapi-no-mailbox")
	res := ask(t, s, "mapi-no-mailbox", lab.Password)
	if !res.Success() || res.UndecidedReason != result.NotAsked || successes(res) != [2]float64{0, 0} || codes(res) != "" {
		t.Errorf("failure %v, undecided %q, successes %v, findings %s", res.Failure, res.Undecided, successes(res), codes(res))
	}
	if v := res.Verdict; v == nil || v.Owner != advice.Account || v.Certainty != advice.Undecided || v.Advice != "mapi_http_no_mailbox_here" {
		t.Errorf("the verdict is %+v", v)
	}
	if !strings.Contains(res.Undecided, "UserNotFound") {
		t.Errorf("what Exchange says of it is left out: %s", res.Undecided)
	}
}

// TestAWrongPasswordCostsOneLogon: the second endpoint is not asked then.
func TestAWrongPasswordCostsOneLogon(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	res := ask(t, s, "basic-logon", "wrong")
	sent := 0
	for _, c := range res.Conversations {
		for _, f := range c.Header {
			if f.Name == "Authorization" {
				sent++
			}
		}
	}
	if res.Failure == nil || res.Failure.Reason != "refused" || sent != 1 || len(res.Connections) != 1 || successes(res) != [2]float64{0, 0} {
		t.Errorf("%d logons, failure %v, successes %v", sent, res.Failure, successes(res))
	}
}

// play probes a peer that answers each request so, with a logon or without one.
func play(t *testing.T, logon bool, limit time.Duration, answer func(path, authorization string) []lab.Step) *result.Result {
	t.Helper()
	p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
		line, _, _ := strings.Cut(head, " HTTP/")
		_, path, _ := strings.Cut(line, " ")
		_, after, _ := strings.Cut(head, "\r\nAuthorization: ")
		authorization, _, _ := strings.Cut(after, "\r\n")
		return answer(path, authorization)
	})))
	p.Keys = []string{"timeout: 8s"}
	if logon {
		p.Logon = fmt.Sprintf("username: '%s', password: %s, schemes: [basic]", lab.Username, lab.Password)
	}
	path, err := p.WriteConfig(t.TempDir(), "mapi_http")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{path}, []prober.Definition{mapihttp.Definition})
	if err != nil {
		t.Fatal(err)
	}
	answered, err := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: p.Resolver, Version: "test", Log: slog.New(slog.DiscardHandler),
	}).Probe(t.Context(), runner.Request{Module: "mapi_http", Target: p.Target, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return answered.Result
}

var (
	asks = lab.Write(script.Responds("401 Unauthorized", "X-FEServer: EX01\r\nWWW-Authenticate: Basic realm=x\r\n", ""))
	page = lab.Write(script.Responds("200 OK", "X-FEServer: EX01\r\n", lab.MapiPage("", "")))
)

// TestWhoLetsStrangersIn: where one endpoint asks for a logon, a box lends one at the other; where none does, it may be the server.
func TestWhoLetsStrangersIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		open   string // the path that shows its page to strangers
		logon  bool
		blames result.Blame
		want   [2]float64
	}{
		"the address book alone":                {"/mapi/nspi/", false, result.InBetween, [2]float64{1, 0}},
		"the address book alone, with an auth":  {"/mapi/nspi/", true, result.InBetween, [2]float64{1, 0}},
		"the mailbox alone, with an auth":       {"/mapi/emsmdb/", true, result.InBetween, [2]float64{0, 1}},
		"both, with an auth that is not needed": {"/mapi/", true, result.Either, [2]float64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := play(t, tt.logon, 8*time.Second, func(path, authorization string) []lab.Step {
				if authorization == "" && !strings.HasPrefix(path, tt.open) {
					return []lab.Step{asks}
				}
				return []lab.Step{page}
			})
			if res.Failure == nil || res.Failure.Reason != "answers_without_logon" || codes(res) != "mapi_http_answers_without_logon/error" || successes(res) != tt.want || res.Undecided != "" {
				t.Fatalf("failure %v, findings %s, successes %v, undecided %q", res.Failure, codes(res), successes(res), res.Undecided)
			}
			if got := res.Findings[0].Blames; got != tt.blames {
				t.Errorf("it blames %q, want %q", got, tt.blames)
			}
			if !strings.Contains(res.Deciding.URL, tt.open) {
				t.Errorf("the deciding answer is that of %s", res.Deciding.URL)
			}
		})
	}
}

// TestASilentEndpointLeavesTimeToTheOther: what answers is told as answering.
func TestASilentEndpointLeavesTimeToTheOther(t *testing.T) {
	t.Parallel()
	res := play(t, true, 3*time.Second, func(path, authorization string) []lab.Step {
		switch {
		case path == "/mapi/emsmdb/":
			return []lab.Step{lab.Wait(10 * time.Second)}
		case authorization == "":
			return []lab.Step{asks}
		}
		return []lab.Step{page}
	})
	if res.Failure == nil || res.Failure.Reason != "timeout" || successes(res) != [2]float64{0, 1} {
		t.Errorf("failure %v, successes %v", res.Failure, successes(res))
	}
}

// TestSettings: what is no endpoint, or is there twice, is refused with its place.
func TestSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[emsmdb, nspi]":   "",
		"[nspi]":           "",
		"[]":               "endpoints",
		"[emsmbd]":         "endpoints[0]",
		"[nspi, nspi]":     "endpoints[1]",
		"[emsmdb, EMSMDB]": "endpoints[1]",
	} {
		s := mapihttp.Definition.New().(*mapihttp.Settings)
		s.Endpoints = nil
		for _, e := range strings.Split(strings.Trim(text, "[]"), ", ") {
			if e != "" {
				s.Endpoints = append(s.Endpoints, e)
			}
		}
		var fields []string
		s.Check(func(field, _ string) { fields = append(fields, field) })
		if got := strings.Join(fields, " "); got != want {
			t.Errorf("%s: mistakes at %q, want %q", text, got, want)
		}
	}
}
