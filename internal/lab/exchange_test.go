package lab

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fieldNames(res *response) []string {
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(string(res.raw)), "\r\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The 401 is that of Exchange's front end: its name, both Windows schemes, an empty body, nothing of a back end.
func TestChallenge(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, "early-401"), "early-401")
	c.send(post(expect, getZones))
	res := c.mustNext()
	want := []string{"Connection", "Content-Length", "Date", "Server", "WWW-Authenticate", "WWW-Authenticate",
		"X-FEServer", "X-Powered-By", "request-id"}
	if diff := cmp.Diff(want, fieldNames(res)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Negotiate", "NTLM"}, res.field.Values("WWW-Authenticate")); diff != "" {
		t.Error(diff)
	}
	if got := res.field.Get("Server"); got != "Microsoft-IIS/10.0" || res.field.Get("Content-Length") != "0" {
		t.Errorf("came %q", res.raw)
	}
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if id := res.field.Get("request-id"); !guid.MatchString(id) {
		t.Errorf("request-id %q is no GUID", id)
	}
}

// An answer of EWS shows front end and back end, and brings the client's own id back.
func TestEWSAnswer(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, "healthy"), "healthy")
	c.send(post("client-request-id: 7\r\nreturn-client-request-id: true\r\n", getZones) + getZones)
	res := c.mustNext()
	want := []string{"Cache-Control", "Content-Length", "Content-Type", "Date", "Server", "Set-Cookie", "X-AspNet-Version", "X-BEServer",
		"X-CalculatedBETarget", "X-DiagInfo", "X-FEServer", "X-Powered-By", "client-request-id", "request-id"}
	if diff := cmp.Diff(want, fieldNames(res)); diff != "" {
		t.Error(diff)
	}
	if res.status() != 200 || !strings.Contains(string(res.body), "<h:ServerVersionInfo ") {
		t.Errorf("came %q with body %q", res.line, res.body)
	}
}

func TestAnswerSOAP(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		status     int
		has        string
	}{
		{"GetFolder", getFolder, 200, `<t:FolderId Id=`},
		{"GetServerTimeZones", getZones, 200, "<t:TimeZoneDefinition Id="},
		{"not XML", "hello", 500, "a:ErrorSchemaValidation"},
		{"nothing", "", 500, "a:ErrorSchemaValidation"},
		{"https:// in the messages' namespace", strings.Replace(getFolder, messagesNS, "https"+messagesNS[4:], 1), 500, "a:ErrorSchemaValidation"},
		{"https:// in the envelope's namespace", strings.Replace(getFolder, soapNS, "https"+soapNS[4:], 1), 500, "a:ErrorSchemaValidation"},
		{"no operation", `<s:Envelope xmlns:s="` + soapNS + `"><s:Body/></s:Envelope>`, 500, "<t:Violation>"},
		{"an operation that the lab has not", strings.ReplaceAll(getFolder, "GetFolder", "GetOwl"), 500, "a:ErrorInvalidRequest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked, status, text := readSOAP(strings.NewReader(tt.body))
			if status == 0 {
				status, text = (&exchange{}).answerSOAP(t.Context(), serverName, asked)
			}
			if status != tt.status || !strings.Contains(text, tt.has) {
				t.Errorf("%d %s\nwant %d with %q", status, text, tt.status, tt.has)
			}
		})
	}
}

func TestOtherPaths(t *testing.T) {
	t.Parallel()
	site := start(t, "healthy")
	tests := []struct {
		name, request string
		status        int
		body          string
		frontend      string
	}{
		{"health check", "GET /owa/HealthCheck.htm", 200, "200 OK<br/>" + serverFQDN, serverName},
		{"IIS's own 404", "GET /nothing", 404, "<h1>404 - File or directory not found.</h1>", ""},
		{"EWS takes POST", "GET /EWS/Exchange.asmx", 405, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, site, "healthy")
			c.send(tt.request + " HTTP/1.1\r\nHost: mail.contoso.test\r\n\r\n")
			res := c.mustNext()
			if res.status() != tt.status || string(res.body) != tt.body || res.field.Get("X-FEServer") != tt.frontend {
				t.Errorf("came %q %q", res.raw, res.body)
			}
		})
	}
}
