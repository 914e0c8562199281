package origin

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The matchers of boxes that the general ones do not fit.

func bigIPCookie(v *view) string {
	name, value, ok := v.cookie("BIGipServer")
	if !ok {
		return ""
	}
	evidence := fmt.Sprintf("cookie %s: an F5 BIG-IP stands in front", quoteName(name))
	if member, ok := DecodeBigIPCookie(value); ok {
		evidence += fmt.Sprintf(" (pool member %s)", member)
	}
	return evidence
}

func bigIPLogonCookies(v *view) string {
	_, _, session := v.cookie("MRHSession")
	_, _, last := v.cookie("LastMRH_Session")
	if !session || !last {
		return ""
	}
	return "cookies MRHSession and LastMRH_Session: an F5 BIG-IP stands in front"
}

// bigIPRejection reads a page that comes with status 200 too, so it asks for HTML: mail comes in XML or JSON.
func bigIPRejection(v *view) string {
	const text = "the requested url was rejected. please consult with your administrator."
	if fieldWith("Content-Type", "text/html")(v) == "" || !v.contains(text) {
		return ""
	}
	return fmt.Sprintf("page text %q", text)
}

// onlyHead tells whether the head has exactly these fields, each once, by lower-case name; an empty value stands for any.
func onlyHead(v *view, want map[string]string) bool {
	if len(v.Header) != len(want) {
		return false
	}
	for name, value := range want {
		fields := v.all(name)
		if len(fields) != 1 || value != "" && !strings.EqualFold(strings.TrimSpace(fields[0].Value), value) {
			return false
		}
	}
	return true
}

// kempBare is the one head that the field notes give in full.
func kempBare(v *view) string {
	bare := map[string]string{"connection": "close", "content-length": "87", "content-type": "text/html", "date": ""}
	if v.Status < 400 || !onlyHead(v, bare) {
		return ""
	}
	return "a head of Connection: close, Content-Length: 87, Content-Type: text/html and Date, nothing else"
}

func kempReason(v *view) string {
	if v.Status < 400 || !strings.EqualFold(strings.TrimSpace(v.Reason), "Invalid Request") {
		return ""
	}
	return fmt.Sprintf("reason phrase %q with status %d", "Invalid Request", v.Status)
}

func kempServedBy(v *view) string {
	if v.Status != 403 || !v.contains("<title>403 forbidden</title>") {
		return ""
	}
	return fieldWith("X-ServedBy", "kemp-lm")(v)
}

// proxyPreauthentication is a Web Application Proxy's redirect to AD FS. The query names the mailbox's URL: not quoted.
func proxyPreauthentication(v *view) string {
	location, _, _ := strings.Cut(v.either("Location"), "?")
	if v.Status != 307 || !strings.Contains(strings.ToLower(location), "/adfs/ls") {
		return ""
	}
	return "status 307 with a Location at /adfs/ls"
}

// haproxyPages are the sentences on HAProxy's built-in pages and the lengths of those pages, by status.
var haproxyPages = map[int]struct {
	text   string
	length int
}{
	400: {"your browser sent an invalid request.", 90},
	403: {"request forbidden by administrative rules.", 93},
	408: {"your browser didn't send a complete request in time.", 110},
	429: {"you have sent too many requests in a given amount of time.", 117},
	500: {"an internal server error occur", 96}, // "occured", later "occurred"
	502: {"the server returned an invalid or incomplete response.", 107},
	503: {"no server is available to handle this request.", 107},
	504: {"the server didn't respond in time.", 92},
}

func haproxyPage(v *view) string {
	known, ok := haproxyPages[v.Status]
	if !ok || !v.contains("<html><body><h1>"+strconv.Itoa(v.Status), known.text) {
		return ""
	}
	return fmt.Sprintf("page text %q", known.text)
}

// haproxyHead is for a page whose body was not read: HAProxy writes neither Date nor Server, and the length is known.
// Before 1.9 there was no Content-Length, and the version was HTTP/1.0.
func haproxyHead(v *view) string {
	known, ok := haproxyPages[v.Status]
	want := map[string]string{"cache-control": "no-cache", "connection": "close", "content-type": "text/html"}
	if v.Proto != "HTTP/1.0" {
		want["content-length"] = strconv.Itoa(known.length)
	}
	if !ok || len(v.Body) > 0 || !onlyHead(v, want) {
		return ""
	}
	return fmt.Sprintf("a head of nothing but Cache-Control, Connection, Content-Type and length, as HAProxy's page for %d", v.Status)
}

// traefikNoServer asks for the whole body, for the words alone are anybody's.
func traefikNoServer(v *view) string {
	if v.Status != 503 || string(bytes.TrimSpace(v.lower)) != "no available server" {
		return ""
	}
	return `page text "no available server", and nothing else`
}

func envoyPage(v *view) string {
	const text = "upstream connect error or disconnect/reset before headers"
	if v.Status < 400 || !bytes.HasPrefix(v.lower, []byte(text)) {
		return ""
	}
	return fmt.Sprintf("page text %q", text)
}

// tmgCode is one of the Web proxy filter's own error codes.
var tmgCode = regexp.MustCompile(`\(12[23]\d\d\)`)

func tmgPage(v *view) string {
	if v.Status < 400 || !v.contains("error code: "+strconv.Itoa(v.Status)) {
		return ""
	}
	code := tmgCode.Find(v.lower)
	if code == nil {
		return ""
	}
	return fmt.Sprintf("page text \"Error Code: %d\" with the Web proxy filter's code %s", v.Status, code)
}
