package origin

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
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
	401: {"you need a valid user and password to access this content.", 112},
	403: {"request forbidden by administrative rules.", 93},
	404: {"the resource could not be found.", 83},
	405: {"a request was made of a resource using a request method not supported by that resource", 146},
	407: {"you need a valid user and password to access this content.", 112},
	408: {"your browser didn't send a complete request in time.", 110},
	410: {"the resource is no longer available and will not be available again.", 114},
	413: {"the request entity exceeds the maximum allowed.", 106},
	421: {"request sent to a non-authoritative server.", 104},
	422: {"the server cannot process the contained instructions.", 116},
	425: {"your browser sent early data.", 80},
	429: {"you have sent too many requests in a given amount of time.", 117},
	500: {"an internal server error occur", 97}, // "occured", later "occurred"
	501: {"the server does not support the functionality required to fulfill the request.", 136},
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
// Before 1.9 there was no Content-Length, and the version was HTTP/1.0. Where the connection is kept there is no Connection.
func haproxyHead(v *view) string {
	known, ok := haproxyPages[v.Status]
	want := map[string]string{"cache-control": "no-cache", "content-type": "text/html"}
	if v.Proto != "HTTP/1.0" {
		want["content-length"] = strconv.Itoa(known.length)
	}
	if v.Proto == "HTTP/1.0" || len(v.all("Connection")) > 0 {
		want["connection"] = "close"
	}
	if !ok || len(v.Body) > 0 || !onlyHead(v, want) {
		return ""
	}
	return fmt.Sprintf("a head of nothing but Cache-Control, Connection, Content-Type and length, as HAProxy's page for %d", v.Status)
}

// apacheSentences are how the sentences of Apache's built-in pages begin, by status; they go on over several lines.
var apacheSentences = map[int]string{
	301: "<p>the document has moved <a href=", 302: "<p>the document has moved <a href=",
	303: "<p>the answer to your request is located <a href=", 307: "<p>the document has moved <a href=", 308: "<p>the document has moved <a href=",
	400: "<p>your browser sent a request that this server could not understand.",
	401: "<p>this server could not verify that you", 403: "<p>you don't have permission to access",
	404: "<p>the requested url", 405: "<p>the requested method", 407: "<p>this server could not verify that you",
	408: "<p>server timeout waiting for the http request from the client.", 410: "<p>the requested resource",
	411: "<p>a request of the requested method", 413: "<p>the requested resource",
	414: "<p>the requested url's length exceeds the capacity", 417: "<p>the expectation given in the expect request-header",
	421: "<p>the client needs a new connection for this", 429: "<p>the user has sent too many requests",
	431: "<p>the server refused this request because", 500: "<p>the server encountered an internal error or",
	502: "<p>the proxy server received an invalid", 503: "<p>the server is temporarily unable to service your",
	504: "<p>the gateway did not receive a timely response",
}

// apachePage matches the frame of such a page as well: others have some of its sentences.
func apachePage(v *view) string {
	sentence, ok := apacheSentences[v.Status]
	if !ok || !v.contains("<html><head>\n<title>"+strconv.Itoa(v.Status)+" ", "</title>\n</head><body>\n<h1>", "</h1>\n"+sentence) {
		return ""
	}
	return fmt.Sprintf("Apache's built-in page for %d", v.Status)
}

// netscalerReply is the whole of NetScaler's own error page. The number is its own, too.
var netscalerReply = regexp.MustCompile(`^\s*<html><body><b>http/1\.1 ([a-z][a-z ,-]{2,60}?)(?: (\d{1,6}))? ?</b></body> ?</html>\s*$`)

func netscalerError(v *view) string {
	found := netscalerReply.FindSubmatch(v.lower)
	if v.Status < 400 || found == nil {
		return ""
	}
	evidence := fmt.Sprintf("page text \"<b>http/1.1 %s", found[1])
	if len(found[2]) > 0 {
		evidence += " " + string(found[2])
	}
	return evidence + `", and nothing else`
}

// netscalerLogon is a redirect to the page of a NetScaler's gateway or authentication server, or with its cookie. A
// redirect without either is anybody's.
func netscalerLogon(v *view) string {
	if seen := toPortal("netscaler")(v); seen != "" {
		return seen
	}
	for _, cookie := range []string{"NSC_TASS", "NSC_TMAS"} {
		if _, _, ok := v.cookie(cookie); ok && v.redirects() {
			return fmt.Sprintf("status %d with the cookie %s", v.Status, cookie)
		}
	}
	return ""
}

// caddyGateway is Caddy's answer when the server behind does not give one. It has no page, so it asks for a head that
// nobody behind had a part in.
func caddyGateway(v *view) string {
	if v.Status < 502 || v.Status > 504 || len(v.Body) > 0 {
		return ""
	}
	for name, fields := range v.fields {
		allowed := slices.Contains([]string{"server", "date", "content-length", "alt-svc", "connection"}, name)
		if !allowed || len(fields) != 1 || name == "content-length" && fields[0].Value != "0" {
			return ""
		}
	}
	seen := server("Caddy")(v)
	if seen == "" {
		return ""
	}
	return seen + ", no page, and nothing of a server behind it"
}

func cloudflareStatus(v *view) string {
	if v.Status != 530 && (v.Status < 520 || v.Status > 527) {
		return ""
	}
	return server("cloudflare")(v)
}

// traefikNoServer asks for the whole body, for the words alone are anybody's.
func traefikNoServer(v *view) string {
	if v.Status != 503 || string(bytes.TrimSpace(v.lower)) != "no available server" {
		return ""
	}
	return `page text "no available server", and nothing else`
}

func envoyPage(v *view) string {
	if v.Status < 400 {
		return ""
	}
	const text = "upstream connect error or disconnect/reset before headers"
	if bytes.HasPrefix(v.lower, []byte(text)) {
		return fmt.Sprintf("page text %q", text)
	}
	whole := string(bytes.TrimSpace(v.lower))
	if server("envoy", "istio-envoy")(v) == "" || !slices.Contains([]string{"no healthy upstream", "upstream request timeout"}, whole) {
		return ""
	}
	return fmt.Sprintf("page text %q, and nothing else", whole)
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
