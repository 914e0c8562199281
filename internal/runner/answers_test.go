package runner_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestWhatAnAnswerSays holds, for every prober that asks over HTTP, for little and for all that it can, who is said to have answered and what the failure or its finding says.
func TestWhatAnAnswerSays(t *testing.T) {
	t.Parallel()
	const frontEnd = "Server: Microsoft-IIS/10.0|X-FEServer: EX01"
	for _, c := range []struct {
		name    string
		status  int
		fields  string // parted by |
		body    string
		kind    origin.Kind
		product string
		says    []string // one of the failure's message and the findings' sentences
	}{
		{"F5 APM", 302, "Server: BigIP|Location: /my.policy", "", origin.Middlebox, "f5", []string{"F5 BIG-IP Access Policy Manager"}},
		{"NetScaler AAA", 302, "Location: https://aaa.contoso.test/vpn/tmindex.html|Set-Cookie: NSC_TASS=aHR0cHM6", "", origin.Middlebox, "netscaler", []string{"NetScaler Gateway or AAA"}},
		{"TMG", 302, "Location: /CookieAuth.dll?GetLogon", "", origin.Middlebox, "tmg", []string{"Forefront TMG"}},
		{"Entra's proxy", 302, "Server: Microsoft-HTTPAPI/2.0|Set-Cookie: AzureAppProxyAnalyticCookie_x=1|Location: https://login.microsoftonline.com/x", "",
			origin.Middlebox, "entra_application_proxy", []string{"Microsoft Entra ID"}},
		{"OWA", 302, frontEnd + "|Location: /owa/auth/logon.aspx?x", "", origin.Exchange, "", []string{"Outlook on the web"}},
		{"440", 440, frontEnd + "|Content-Type: text/html", "440 Login Timeout", origin.Exchange, "", []string{"Outlook on the web"}},
		{"a form", 200, "Server: Apache|Content-Type: text/html", "<form><input type=password></form>", origin.Middlebox, "logon_portal", []string{"a form that asks for a password"}},
		{"NetScaler's number", 500, "", "<html><body><b>Http/1.1 Internal Server Error 43550 </b></body> </html>", origin.Middlebox, "netscaler", []string{"error number 43550"}},
		{"ARR", 502, "Server: Microsoft-IIS/8.5|X-Powered-By: ARR/3.0", "", origin.Middlebox, "arr", []string{"Application Request Routing"}},
		{"nginx's page", 504, "Server: nginx", "<hr><center>nginx</center>", origin.Middlebox, "nginx", []string{"did not answer in the time"}},
		{"a page behind nginx", 500, "Server: nginx|Content-Type: text/html", "<h1>oops</h1>", origin.Unknown, "", nil},
		{"the back end", 503, frontEnd + "|X-CalculatedBETarget: ex07.contoso.test|X-BackEndHttpStatus: 503", "", origin.Exchange, "", []string{"ex07.contoso.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				for field := range strings.SplitSeq(c.fields, "|") {
					if name, value, ok := strings.Cut(field, ": "); ok {
						w.Header().Add(name, value)
					}
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			t.Cleanup(server.Close)
			for _, p := range overHTTP(t) {
				if p.Odd {
					continue
				}
				for _, keys := range [][]string{p.Least, p.Most} {
					answersAs(t, inline(keys), probeBy(t, p.Prober, keys, server.URL), c.kind, c.product, c.says)
				}
			}
		})
	}
}

// probeBy probes once, by a module with these keys.
func probeBy(t *testing.T, prober string, keys []string, target string) *result.Result {
	t.Helper()
	cfg := load(t, fmt.Sprintf("modules: {m: {prober: %s, timeout: 8s, %s}}\npolicy: {allow: [127.0.0.0/8]}\n", prober, inline(keys)), nil)
	answer, err := newRunner(cfg).Probe(t.Context(), runner.Request{Module: "m", Target: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

func answersAs(t *testing.T, module string, res *result.Result, kind origin.Kind, product string, says []string) {
	t.Helper()
	if res.Failure == nil && res.UndecidedReason == result.ForeignPage && res.Deciding != nil {
		if who := res.Deciding.Origin; who.Kind != kind || who.Product != product && kind == origin.Middlebox {
			t.Errorf("%s: undecided, answered by %s %q (rule %s)", module, who.Kind, who.Product, who.Rule)
		}
		return // one that takes a page to log on by for no fault
	}
	if res.Failure == nil || res.Deciding == nil {
		t.Errorf("%s: failure %v, deciding %v", module, res.Failure, res.Deciding)
		return
	}
	if who := res.Deciding.Origin; who.Kind != kind || who.Product != product && kind == origin.Middlebox {
		t.Errorf("%s: answered by %s %q (rule %s)", module, who.Kind, who.Product, who.Rule)
	}
	said := res.Failure.Message
	for _, f := range res.Findings {
		said += "\n" + f.Sentence
	}
	for _, part := range says {
		if !strings.Contains(said, part) {
			t.Errorf("%s does not say %q: %s", module, part, said)
		}
	}
	found := slices.ContainsFunc(res.Findings, func(f result.Finding) bool {
		return f.Severity == result.Error && f.Origin == origin.Middlebox && f.Product == product
	})
	if found != (kind == origin.Middlebox) {
		t.Errorf("%s: findings %+v", module, res.Findings)
	}
}
