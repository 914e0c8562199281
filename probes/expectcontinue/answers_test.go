package expectcontinue

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// reply is a response with a length.
func reply(status, fields, body string) string {
	return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

const signIn = `<html><form action=/login method=post><input type="password" name=pw></form></html>`

// TestAPortalIsNoSuccess: whatever became of Expect, a page to log on by is no service.
func TestAPortalIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer, portal string
		box                  string // the product of the finding; empty for none
	}{
		{"Exchange's redirect to its own logon", reply("302 Found", "X-FEServer: EX01\r\nLocation: /owa/auth/logon.aspx?url=x\r\n", ""), "Outlook on the web", ""},
		{"440", reply("440 Login Timeout", "Server: Microsoft-IIS/7.5\r\nContent-Type: text/html\r\n", "440 Login Timeout"), "Outlook on the web", ""},
		{"F5", reply("302 Found", "Server: BigIP\r\nLocation: /my.policy\r\n", ""), "F5 BIG-IP Access Policy Manager", "f5"},
		{"NetScaler", reply("302 Object Moved", "Location: https://aaa.contoso.test/vpn/tmindex.html\r\n", ""), "NetScaler", "netscaler"},
		{"somebody's logon page", reply("302 Found", "Location: /logon\r\n", ""), "a logon page", ""},
		{"a form", reply("200 OK", "Content-Type: text/html\r\n", signIn), "a form that asks for a password", "logon_portal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for when, script := range map[string][]lab.Step{"before the body": {lab.Write(c.answer)}, "after it": {lab.Write(go100), readBody, lab.Write(c.answer)}} {
				res := probeOnce(t, byExpect(t, script, []lab.Step{readBody, lab.Write(c.answer)}))
				if !failure.Is(res.Failure, failure.Status, prober.ReasonLogonPage) || !strings.Contains(res.Failure.Message, c.portal) {
					t.Errorf("%s: failure %v", when, res.Failure)
				}
				var product string
				for _, f := range res.Findings {
					if f.Code != prober.AnsweredByMiddlebox {
						t.Errorf("%s: finding %s", when, f.Code)
					}
					product = f.Product
				}
				if product != c.box {
					t.Errorf("%s: findings %v blame %q, want %q", when, codes(res), product, c.box)
				}
			}
		})
	}
}

// TestSizeIsNotExpect: a 413 to both variants says nothing of Expect.
func TestSizeIsNotExpect(t *testing.T) {
	t.Parallel()
	tooLarge := reply("413 Request Entity Too Large", "Server: nginx\r\n", "<center><h1>413</h1></center>\r\n<hr><center>nginx</center>")
	for name, script := range map[string][]lab.Step{
		"before the body": {lab.Write(tooLarge)}, "after it": {readBody, lab.Write(tooLarge)}, "after a 100": {lab.Write(go100), readBody, lab.Write(tooLarge)},
	} {
		res := probeOnce(t, byExpect(t, script, []lab.Step{readBody, lab.Write(tooLarge)}))
		if res.Failure != nil || !slices.Equal(codes(res), []string{BodySizeLimit}) || res.Findings[0].Severity != result.Warning {
			t.Errorf("%s: failure %v, findings %v", name, res.Failure, codes(res))
		}
		if !strings.Contains(res.Undecided, "a limit on the size") {
			t.Errorf("%s: undecided %q", name, res.Undecided)
		}
	}
	res := probeOnce(t, byExpect(t, []lab.Step{lab.Write(tooLarge)}, control))
	if !slices.Equal(codes(res), []string{ContinueRefused}) {
		t.Errorf("a 413 that the control does not get: findings %v", codes(res))
	}
}

// TestLargeBody: one that is refused, or cut, where the small one is not, is a limit on the size; one that gets what the
// small one gets is none.
func TestLargeBody(t *testing.T) {
	t.Parallel()
	nginx := reply("413 Request Entity Too Large", "", "<hr><center>nginx</center>")
	for _, c := range []struct {
		name    string
		large   []lab.Step
		reason  string // of the failure; empty for none
		product string
	}{
		{"nginx refuses by the head", []lab.Step{lab.Write(nginx)}, reasonTooLarge, "nginx"},
		{"IIS filters it", []lab.Step{lab.ReadBody(100 << 10), lab.Write(reply("404 Not Found", "Server: Microsoft-IIS/10.0\r\n", ""))}, reasonTooLarge, ""},
		{"a reset in the midst of it", []lab.Step{lab.ReadBody(1000), lab.Reset}, reasonTooLarge, ""},
		{"it gets through", []lab.Step{lab.ReadBody(100 << 10), lab.Write(exchangeOK)}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			addr := lab.Serve(t, lab.Branch(func(head string) []lab.Step {
				switch {
				case strings.Contains(head, "Content-Length: 102400\r\n"):
					return c.large
				case strings.Contains(head, "Expect: 100-continue\r\n"):
					return []lab.Step{lab.Write(go100), readBody, lab.Write(exchangeOK)}
				}
				return control
			})).Addr()
			s := defaults()
			s.LargeBody = 100 << 10
			res := probeBy(t, s, addr, 5*time.Second)
			if c.reason == "" {
				if res.Failure != nil || len(res.Findings) > 0 {
					t.Errorf("failure %v, findings %v", res.Failure, codes(res))
				}
				return
			}
			if !failure.Is(res.Failure, failure.Status, c.reason) || !slices.Equal(codes(res), []string{BodySizeLimit}) {
				t.Fatalf("failure %v, findings %v", res.Failure, codes(res))
			}
			if f := res.Findings[0]; f.Product != c.product || f.Severity != result.Error || !strings.Contains(f.Sentence, "100 KiB") {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{"1MiB": 1 << 20, "512 KiB": 512 << 10, "70000": 70000, "5B": 5} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1MB", "1.5MiB", "99999999999999999999", "1 GiB"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
	for size, bad := range map[Size]bool{0: false, 1: true, maxBody: true, maxBody + 1: false, maxLargeBody: false, maxLargeBody + 1: true} {
		s := defaults()
		s.LargeBody = size
		var problems []string
		s.Check(func(field, problem string) { problems = append(problems, field+": "+problem) })
		if (len(problems) > 0) != bad {
			t.Errorf("%s: %v", size, problems)
		}
	}
}

// TestARRAnswersTheLateBody: IIS as a gateway is a box like any other.
func TestARRAnswersTheLateBody(t *testing.T) {
	t.Parallel()
	page := "<title>502 - Web server received an invalid response while acting as a gateway or proxy server.</title>"
	for name, fields := range map[string]string{
		"with its mark": "Server: Microsoft-IIS/8.5\r\nX-Powered-By: ARR/3.0\r\nX-Powered-By: ASP.NET\r\n", "by its page": "Server: Microsoft-IIS/8.5\r\n",
		"hardened": "Content-Type: text/html\r\n",
	} {
		res := probeOnce(t, byExpect(t, []lab.Step{readBody, lab.Write(reply("502 Bad Gateway", fields, page))}, control))
		if !failure.Is(res.Failure, failure.Status, expect.LateBodyRejected) || !slices.Equal(codes(res), []string{expect.LateBodyRejected}) || res.Findings[0].Product != "arr" || res.Findings[0].Origin != origin.Middlebox {
			t.Errorf("%s: failure %v, findings %+v", name, res.Failure, res.Findings)
		}
	}
}
