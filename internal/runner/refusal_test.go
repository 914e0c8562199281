package runner_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestARefusedWindowsLogonBlamesNobodyFalsely: a box that takes the legs of NTLM apart and a wrong password get the same
// answer. The message names both and the test that separates them, and tells nobody to change a password.
func TestARefusedWindowsLogonBlamesNobodyFalsely(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scenario, scheme, rest string
		says                   []string
		never                  string
	}{
		{"connection-per-request", "ntlm", passwordFile, []string{"a proxy is in between (Server: nginx beside Exchange's X-FEServer)", "whatever the password"}, "Correct its user name"},
		{"connection-per-request", "negotiate", passwordFile, []string{"a proxy is in between"}, "Correct its user name"},
		{"early-401", "ntlm", wrongPassword, []string{"the user name or password is wrong", "a box in between uses another server connection for each request"}, "a proxy is in between"},
		{"legs-split", "ntlm", passwordFile, []string{"the challenge had come from another server"}, "password is wrong"},
	} {
		t.Run(tt.scheme+" at "+tt.scenario, func(t *testing.T) {
			t.Parallel()
			s, r := logonRunner(t, map[string]string{"m": "schemes: [" + tt.scheme + "], " + tt.rest}, tt.scenario)
			first := probeScenario(t, s, r, "m", tt.scenario)
			if !failure.Is(first.Failure, failure.Auth, auth.Refused) {
				t.Fatalf("failure %v", first.Failure)
			}
			text := first.Failure.Message
			if tt.scenario != "legs-split" {
				tt.says = append(tt.says, "Before you change the password, read in the servers' Security log why it was refused (event 4625)")
			}
			for _, want := range append(tt.says, "; the auth is suspended for this target") { // which stands last, so nothing was cut
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in %s", want, text)
				}
			}
			held := probeScenario(t, s, r, "m", tt.scenario).Failure
			if !failure.Is(held, failure.Auth, auth.Suspended) || !strings.Contains(held.Message, "may be right") && !strings.Contains(held.Message, "may well be right") {
				t.Errorf("the suspension: %v", held)
			}
			for _, f := range []string{text, held.Message} {
				if strings.Contains(f, tt.never) || strings.Contains(f, "reset") || strings.Contains(f, "Correct its user name") {
					t.Errorf("somebody is told to change the password, or what is not known: %s", f)
				}
			}
		})
	}
}

// TestASecretThatIsRightElsewhere: the refusal says who has just accepted it.
func TestASecretThatIsRightElsewhere(t *testing.T) {
	t.Parallel()
	s, r := logonRunner(t, map[string]string{"m": "schemes: [ntlm], " + passwordFile}, "ntlm-persisted", "connection-per-request")
	if res := probeScenario(t, s, r, "m", "ntlm-persisted"); !res.Success() {
		t.Fatal(res.Failure)
	}
	res := probeScenario(t, s, r, "m", "connection-per-request")
	where, _ := s.Scenario("ntlm-persisted")
	if !failure.Is(res.Failure, failure.Auth, auth.Refused) || !strings.Contains(res.Failure.Message, where.Address+" accepted the same secret at") || !strings.HasSuffix(res.Failure.Message, "for this target") {
		t.Errorf("failure %v", res.Failure)
	}
}

// answering is a site over TLS that wants this scheme, and answers a request with a logon as answer says.
func answering(t *testing.T, authority *lab.Authority, scheme string, answer func() string) string {
	t.Helper()
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var serve lab.Step
	serve = lab.Branch(func(head string) []lab.Step {
		body := int64(0)
		if _, length, ok := strings.Cut(head, "Content-Length: "); ok {
			_, _ = fmt.Sscan(length, &body)
		}
		text := "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + scheme + "\r\nContent-Length: 0\r\n\r\n"
		if strings.Contains(head, "\r\nAuthorization: ") {
			text = answer()
		}
		if strings.Contains(head, "Expect: ") && strings.HasPrefix(text, "HTTP/1.1 2") {
			return []lab.Step{lab.Write("HTTP/1.1 100 Continue\r\n\r\n"), lab.ReadBody(body), lab.Write(text), serve}
		}
		return []lab.Step{lab.ReadBody(body), lab.Write(text), serve}
	})
	return lab.ServeTLS(t, tls, serve).Addr()
}

func message(status, fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, fields, len(body), body)
}

// movedRunner has one auth by Basic for these targets, with a clock that the test moves.
func movedRunner(t *testing.T, authority *lab.Authority, auths, modules string) (*runner.Runner, *auth.Gate, *atomic.Int64) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), string(authority.PEM()))
	write(t, filepath.Join(dir, "token"), "filed-token\n")
	write(t, filepath.Join(dir, "ews_exporter.yml"), fmt.Sprintf("auths: {%s}\nmodules: {%s}\npolicy: {allow: [\"127.0.0.0/8\"]}\n", auths, modules))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, kinds())
	if err != nil {
		t.Fatal(err)
	}
	now := &atomic.Int64{}
	now.Store(time.Now().UnixNano())
	gate := auth.NewGate(func() time.Time { return time.Unix(0, now.Load()) })
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: gate, Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	}), gate, now
}

func ask(t *testing.T, r *runner.Runner, module, target string) *result.Result {
	t.Helper()
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: target, Limit: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

const (
	ewsFault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorMailboxStoreUnavailable</faultcode>` +
		`<faultstring>The mailbox database is temporarily unavailable.</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorMailboxStoreUnavailable</e:ResponseCode></detail></s:Fault></s:Body></s:Envelope>`
	bareFault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>`
)

// TestAnOutageOfTheStoreSuspendsNoAuth: what only a logged-on caller gets proves the logon, whatever its status, however
// long it goes on. What a box says by itself proves nothing.
func TestAnOutageOfTheStoreSuspendsNoAuth(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		outage    string
		suspended bool // by an outage that goes on for longer than a proof lasts
	}{
		"EWS answers with a fault":                     {message("500 Internal Server Error", "Content-Type: text/xml\r\n", ewsFault), false},
		"a fault without a mark of EWS":                {message("500 Internal Server Error", "Content-Type: text/xml\r\n", bareFault), false},
		"Exchange forbids it":                          {message("403 Forbidden", "X-FEServer: EX01\r\n", ""), false},
		"Exchange's front end has no back end":         {message("503 Service Unavailable", "X-FEServer: EX01\r\n", ""), false},
		"IIS has no such page":                         {message("404 Not Found", "Server: Microsoft-IIS/10.0\r\n", ""), false},
		"a box has no server":                          {message("503 Service Unavailable", "Content-Type: text/html\r\n", "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"), true},
		"IIS, as a gateway, has no server":             {message("502 Bad Gateway", "Server: Microsoft-IIS/8.5\r\nX-Powered-By: ARR/3.0\r\n", ""), true},
		"a page that does not say who made it":         {message("500 Internal Server Error", "", "<html>sorry</html>"), true},
		"a box echoes the request in a page of errors": {message("500 Internal Server Error", "", `<html>`+strings.ReplaceAll(ewsFault, "Fault", "GetFolder")+`</html>`), true},
	} {
		for _, proven := range []bool{true, false} {
			want := tt.suspended || !proven && strings.Contains(tt.outage, bareFault) // a hint keeps a proof, and makes none
			t.Run(fmt.Sprint(name, ", proven before: ", proven), func(t *testing.T) {
				t.Parallel()
				outlast(t, tt.outage, proven, want)
			})
		}
	}
}

// outlast probes a site for 40 minutes that answers each logon so, and checks whether the auth is suspended for that.
func outlast(t *testing.T, answer string, proven, suspends bool) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	var outage atomic.Bool
	target := answering(t, authority, `Basic realm="x"`, func() string {
		if outage.Load() {
			return answer
		}
		return message("200 OK", "", "")
	})
	r, gate, now := movedRunner(t, authority, fmt.Sprintf("a: {username: u, password: hunter2, schemes: [basic], targets: [%q]}", target),
		`m: {prober: asker, auth: a, tls_config: {ca_file: ca.pem}}`)
	if proven && !ask(t, r, "m", target).Success() {
		t.Fatal("a healthy site failed")
	}
	outage.Store(true)
	suspended := false
	for range 40 {
		now.Add(int64(time.Minute))
		ask(t, r, "m", target)
		suspended = suspended || gate.Suspended([]string{"a"})["a"]
	}
	if suspended != suspends {
		t.Errorf("suspended: %v, want %v", suspended, suspends)
	}
	outage.Store(false)
	if !suspended && !ask(t, r, "m", target).Success() {
		t.Error("probes are blind when it is over")
	}
}

// TestTwoNamesThatRefuseBlindNoOther: an attacker's two listed names answer 401, and the probes of three healthy ones go on.
func TestTwoNamesThatRefuseBlindNoOther(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	refused := message("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "")
	for i := range 5 {
		answer := message("200 OK", "", "")
		if i >= 3 {
			answer = refused
		}
		targets = append(targets, answering(t, authority, `Basic realm="x"`, func() string { return answer }))
	}
	r, _, now := movedRunner(t, authority, fmt.Sprintf(`a: {username: u, password: hunter2, schemes: [basic], targets: ["%s"]}`, strings.Join(targets, `", "`)),
		`m: {prober: asker, auth: a, tls_config: {ca_file: ca.pem}}`)
	for minute := range 20 {
		for i, target := range targets {
			if res := ask(t, r, "m", target); res.Success() != (i < 3) {
				t.Fatalf("minute %d, target %d: %v", minute, i, res.Failure)
			}
		}
		now.Add(int64(time.Minute))
	}
}

// TestARefusedTokenIsNoPassword: the message speaks of the token, and says what Exchange says of it.
func TestARefusedTokenIsNoPassword(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	const diagnostics = `2000008;reason="This token profile 'V1S2SAppOnly' is not applicable for the current protocol.";error_category="invalid_token"`
	target := answering(t, authority, "Bearer", func() string {
		return message("401 Unauthorized", "X-FEServer: EX01\r\nx-ms-diagnostics: "+diagnostics+"\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\nWWW-Authenticate: Negotiate\r\n", "")
	})
	r, _, _ := movedRunner(t, authority, fmt.Sprintf("a: {schemes: [bearer], token_file: token, targets: [%q]}", target),
		`m: {prober: asker, auth: a, tls_config: {ca_file: ca.pem}}`)
	for _, want := range []string{"V1S2SAppOnly", "no password"} {
		f := ask(t, r, "m", target).Failure
		if f == nil || !strings.Contains(f.Message, want) || !strings.Contains(f.Message, "token") {
			t.Errorf("%q is missing in %v", want, f)
		} else if strings.Contains(f.Message, "user name") || strings.Contains(f.Message, "filed-token") {
			t.Errorf("it speaks of what a token is not, or shows it: %s", f.Message)
		}
	}
}

// TestAPasswordThatIsAWordOfOurs: the sentence stays whole, so that the gap does not give the password away, and what the
// target repeats of it is hidden as ever.
func TestAPasswordThatIsAWordOfOurs(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	target := answering(t, authority, `Basic realm="x"`, func() string {
		return message("401 You sent wrong", "WWW-Authenticate: Basic realm=\"x\"\r\nX-Sent: wrong\r\nX-FEServer: wrong\r\n", "")
	})
	r, _, _ := movedRunner(t, authority, fmt.Sprintf("a: {username: u, password: wrong, schemes: [basic], targets: [%q]}", target),
		`m: {prober: asker, auth: a, tls_config: {ca_file: ca.pem}}`)
	res := ask(t, r, "m", target)
	if res.Failure == nil || !strings.HasPrefix(res.Failure.Message, "Exchange (<secret>) refused") || !strings.Contains(res.Failure.Message, "the user name or password is wrong, or the account") {
		t.Errorf("failure %v", res.Failure)
	}
	last := res.Conversations[len(res.Conversations)-1].Final
	if last.Reason != "You sent <secret>" || last.Get("X-Sent") != "<secret>" || strings.Contains(last.Raw, "wrong") {
		t.Errorf("the target's words: %q, %s", last.Reason, last.Raw)
	}
}
