package expectcontinue

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// TestUndecided: what succeeds and proves nothing says so.
func TestUndecided(t *testing.T) {
	t.Parallel()
	const (
		soap = "HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 2\r\n\r\nok"
		form = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
		s404 = "HTTP/1.1 404 Not Found\r\nX-FEServer: EX01\r\nContent-Length: 0\r\n\r\n"
		s407 = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
	)
	answer := func(text string) []lab.Step { return []lab.Step{readBody, lab.Write(text)} }
	for name, test := range map[string]struct {
		script, other []lab.Step
		want          string // the beginning; "" for a success that decides
	}{
		"it works":               {[]lab.Step{lab.Write(go100), readBody, lab.Write(soap)}, append(answer(soap), lab.Hang), ""},
		"the wait alone is lost": {answer(soap), answer(soap), ""},
		"a logon after the body": {[]lab.Step{lab.Write(go100), readBody, lab.Write(exchange40)}, answer(exchange40), ""},
		"a logon": {
			[]lab.Step{lab.Write(exchange40)}, answer(exchange40),
			"Not tested: Exchange (EX01) asked for a logon (401 Unauthorized) before the body; set an auth",
		},
		"a proxy's logon": {
			[]lab.Step{lab.Write(s407)}, answer(s407),
			"Not tested: an unidentified server asked for a logon (407 Proxy Authentication Required) before the body",
		},
		"not there": {
			[]lab.Step{lab.Write(go100), readBody, lab.Write(s404)}, answer(s404),
			"Not decided: the same request without Expect gets 404 Not Found too, from Exchange (EX01)",
		},
		"an error of the control's own": {
			[]lab.Step{lab.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")}, answer(s404),
			"Not decided: the same request without Expect gets 404 Not Found, from Exchange (EX01)",
		},
		"a form": {
			[]lab.Step{lab.Write(form)}, answer(form),
			"Not decided: the same request without Expect gets 200 OK too, from an unidentified server, with a page that is no answer of EWS",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := probeOnce(t, byExpect(t, test.script, test.other))
			if !r.Success() {
				t.Fatalf("failed: %v", r.Failure)
			}
			if detail := r.Steps[len(r.Steps)-1].Detail; name == "it works" && !strings.Contains(detail, "then listened 0.1 s for more") {
				t.Errorf("the last 0.1 s are not told of: %q", detail)
			}
			if (test.want == "") != (r.Undecided == "") || !strings.HasPrefix(r.Undecided, test.want) {
				t.Errorf("got  %q\nwant %q", r.Undecided, test.want)
			}
		})
	}
}

// TestServiceDown: a service that answers no request at all is a failure, whatever becomes of Expect, and nothing is said of it.
func TestServiceDown(t *testing.T) {
	t.Parallel()
	const s503 = "HTTP/1.1 503 Service Unavailable\r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: 0\r\n\r\n"
	down := []lab.Step{readBody, lab.Write(s503)}
	for name, script := range map[string][]lab.Step{
		"a stopped pool, before the body": {lab.Write(s503)},
		"a stopped pool, after the body":  down,
		"and a box that refuses Expect":   {lab.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")},
		"a 100 before the error":          {lab.Write(go100), readBody, lab.Write(s503)},
		"a 100 that comes after the body": {readBody, lab.Write(go100 + s503)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := probeOnce(t, byExpect(t, script, down))
			if r.Success() || r.Failure.Reason != reasonServerError || r.Undecided != "" || len(r.Findings) > 0 {
				t.Fatalf("failure %v, undecided %q, findings %v", r.Failure, r.Undecided, r.Findings)
			}
		})
	}
}
