package origin

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode"
)

func read(t testing.TB, text string) *Reading {
	t.Helper()
	r := response(t, text)
	return Read(r, Identify(r))
}

// TestReading holds what responses say of their own cause, and whom that points at.
func TestReading(t *testing.T) {
	t.Parallel()
	const fe = "Server: Microsoft-IIS/10.0\nX-FEServer: EX01\n"
	const httpSys = "Content-Type: text/html; charset=us-ascii\n\n<h2>Bad Request</h2>\n<hr><p>HTTP Error 400. %</p>"
	base := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name, response string
		text           []string // parts of Text
		not            string   // a part that must not be there
		backEnd        bool
	}{
		{"the back end's 503", "HTTP/1.1 503 Service Unavailable\n" + fe + "Retry-After: 30\nX-CalculatedBETarget: ex07.contoso.test\nX-BackEndHttpStatus: 503\nX-BackEndHttpStatus: 503",
			[]string{"the back end ex07.contoso.test answered (X-BackEndHttpStatus): 503", "Retry-After: 30", "the front end passed on"}, "a balancer", true},
		{"a failure's context", "HTTP/1.1 500 Internal Server Error\n" + fe + "X-FailureContext: BackEnd;500;" + base([]byte("Internal Server Error")) + ";" + base([]byte("BackEndRehydrationException")) + ";;;",
			[]string{"X-FailureContext: BackEnd, 500, Internal Server Error, BackEndRehydrationException"}, "without a SOAP fault", true},
		{"a context of the front end", "HTTP/1.1 503 Service Unavailable\n" + fe + "X-FailureContext: FrontEnd;503;" + base([]byte("no route")), []string{"FrontEnd, 503, no route"}, "passed on", false},
		{"an ordinary challenge", "HTTP/1.1 401 Unauthorized\n" + fe + "X-FailureContext: FrontEnd;401;VW5hdXRob3JpemVk;;;;\nWWW-Authenticate: NTLM", nil, "X-FailureContext", false},
		{"a back end's http.sys through the front end", "HTTP/1.1 400 Bad Request\n" + fe + strings.Replace(httpSys, "%", "The size of the request headers is too long.", 1),
			[]string{"page text: HTTP Error 400. The size of the request headers is too long", "look there", "MaxFieldLength"}, "", true},
		{"http.sys and a header that a proxy added", "HTTP/1.1 400 Bad Request\nServer: Microsoft-HTTPAPI/2.0\n" + strings.Replace(httpSys, "%", "The request has an invalid header name.", 1),
			[]string{"invalid header name", "see which fields the proxy adds"}, "MaxFieldLength", false},
		{"the same through nginx", "HTTP/1.1 400 Bad Request\nServer: openresty\n" + strings.Replace(httpSys, "%", "The request hostname is invalid.", 1), []string{"refuses the Host"}, "", false},
		{"IIS and a large body", "HTTP/1.1 413 Request Entity Too Large\nServer: Microsoft-IIS/10.0\n\nThe page was not displayed because the request entity is too large.",
			[]string{"page text: The page was not displayed because", "uploadReadAheadSize"}, "", false},
		{"405", "HTTP/1.1 405 Method Not Allowed\nServer: Microsoft-IIS/10.0\nAllow: GET, HEAD", []string{"Allow: GET, HEAD", "takes no POST"}, "", false},
		{"429", "HTTP/1.1 429 Too Many Requests\n" + fe + "Retry-After: 120", []string{"Retry-After: 120", "throttling policy"}, "", false},
		{"a token that is refused", "HTTP/1.1 401 Unauthorized\n" + fe + `x-ms-diagnostics: 2000003;reason="The audience claim value is invalid."`, []string{"x-ms-diagnostics: 2000003"}, "password", false},
		{"440", "HTTP/1.1 440 Login Timeout\nServer: Microsoft-IIS/7.5", []string{"Outlook on the web", "leads to /owa"}, "", false},
		{"no mailbox", "HTTP/1.1 404 Not Found\n" + fe + "X-CasErrorCode: UserNotFound", []string{"X-CasErrorCode: UserNotFound", "did not find the mailbox"}, "published", false},
		{"another spelling", "HTTP/1.1 301 Moved Permanently\nLocation: https://mail.contoso.test/ews/exchange.asmx", []string{"the same service in another spelling"}, "page", false},
		{"a SOAP fault", "HTTP/1.1 500 Internal Server Error\n" + fe + "Content-Type: text/xml\n\n" + bareFault, nil, "without a SOAP fault", false},
		{"a browser's page", "HTTP/1.1 302 Found\nLocation: https://www.contoso.test/", []string{"sends clients elsewhere"}, "", false},
		{"NetScaler's number", "HTTP/1.1 500 x\n\n<html><body><b>Http/1.1 Internal Server Error 43550 </b></body> </html>", []string{"error number 43550", "NTLM"}, "", false},
		{"HAProxy's 404", "HTTP/1.1 404 Not Found\n\n<html><body><h1>404 Not Found</h1>\nThe resource could not be found.", []string{"none of its rules leads"}, "published", false},
		{"HAProxy's 413", "HTTP/1.1 413 Payload Too Large\n\n<html><body><h1>413 Payload Too Large</h1>\nThe request entity exceeds the maximum allowed.", []string{"raise its limit"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := read(t, c.response)
			if got.BackEnd != c.backEnd {
				t.Errorf("back end: %t", got.BackEnd)
			}
			for _, part := range c.text {
				if !strings.Contains(got.Text(), part) {
					t.Errorf("%q does not say %q", got.Text(), part)
				}
			}
			if c.not != "" && strings.Contains(got.Text(), c.not) {
				t.Errorf("%q says %q", got.Text(), c.not)
			}
		})
	}
	if got := read(t, "HTTP/1.1 200 OK\nX-FailureContext: x"); got != nil || got.Text() != "" || got.Said() != "" {
		t.Errorf("a success has a cause: %+v", got)
	}
}

// TestEachStatusOfABoxHasItsOwnAdvice, so that a 413 and a 503 do not read alike.
func TestEachStatusOfABoxHasItsOwnAdvice(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for status := range haproxyPages {
		advice := boxAdvice[status]
		if advice == "" || seen[advice] != 0 {
			t.Errorf("%d: %q, as of %d", status, advice, seen[advice])
		}
		seen[advice] = status
	}
}

// TestReadingIsBounded: what a target says is escaped and never cut, and there is not much of it.
func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s3cret", 1000)
	got := read(t, "HTTP/1.1 503 Service Unavailable\nX-BackEndHttpStatus: 503\nX-BEServer: "+long+"\nx-ms-diagnostics: "+long+"\nX-FailureContext: BackEnd;"+long+
		"\nRetry-After: \x1b[2J"+long+"\nX-CasErrorCode: \x1b[2J\u202e")
	text := got.Text()
	if len(text) > 2048 || strings.Contains(text, "s3cret") || strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func FuzzReading(f *testing.F) {
	f.Add(503, "BackEnd;503;U2VydmljZSBVbmF2YWlsYWJsZQ==;;;;", "30", []byte("<hr><p>HTTP Error 503. The service is unavailable.</p>"))
	f.Add(302, "", "/my.policy", []byte("<form><input type=password>"))
	f.Fuzz(func(t *testing.T, status int, context, value string, body []byte) {
		r := &Response{Proto: "HTTP/1.1", Status: status, Body: body}
		for _, name := range []string{"X-FailureContext", "Location", "Retry-After", "X-BackEndHttpStatus", "Allow", "x-ms-diagnostics"} {
			v := value
			if name == "X-FailureContext" {
				v = context
			}
			r.Header = append(r.Header, Field{Name: name, Value: v})
		}
		text := Read(r, Identify(r)).Text()
		if len(text) > maxSayings*(maxSaid+maxQuote+100)+1000 || strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
			t.Errorf("%d bytes: %q", len(text), text)
		}
	})
}

// TestReadingSpeaksOfWhatWasAsked: nobody who asked for a file, or for Outlook's endpoint, is told to let POST through to EWS.
func TestReadingSpeaksOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://mail.contoso.test/mapi/emsmdb/", "https://mail.contoso.test/offline.appcache", "https://mail.contoso.test/EWS/MRSProxy.svc",
		"https://mail.contoso.test/autodiscover/metadata/json/1",
	} {
		for _, status := range []int{301, 302, 401, 403, 404, 405, 409, 415, 440, 500, 502} {
			for _, server := range []string{"", "Microsoft-IIS/10.0", "BigIP"} {
				r := &Response{Proto: "HTTP/1.1", Status: status, Header: []Field{{Name: "Server", Value: server}, {Name: "Location", Value: "/elsewhere"}}, URL: url}
				who := Identify(r)
				reading := Read(r, who)
				text := reading.Text()
				reading.MadeByBox(status)
				if text += reading.Text(); strings.Contains(text, "EWS") || strings.Contains(text, "Autodiscover ") {
					t.Errorf("%s, %d by %q: %s", url, status, server, text)
				}
				r.URL = "https://mail.contoso.test/EWS/Exchange.asmx"
				if again := Read(r, who); status == 405 && server == "BigIP" && !strings.Contains(again.Text(), "EWS") {
					t.Errorf("of EWS: %s", again.Text())
				}
			}
		}
	}
}
