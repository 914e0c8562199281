package origin

import (
	"net/url"
	"strings"
)

// boxAdvice is what an answer means that a box made itself, and what to do first, by status.
var boxAdvice = map[int]string{
	301: "one of its rules redirects the request: let it pass requests for EWS and Autodiscover on",
	302: "one of its rules redirects the request: let it pass requests for EWS and Autodiscover on",
	400: "it took the request for malformed: its log names the rule",
	401: "it asks for a logon itself: let it pass the logons of EWS and Autodiscover through to Exchange",
	403: "one of its rules forbids the request: its log names the rule",
	404: "none of its rules leads from this host name and path to a server: compare both with its configuration, upper and lower case too",
	405: "it does not let the method through: allow POST to EWS and Autodiscover",
	407: "it asks for a logon as a proxy on the way out does: it is set up as one, or the wrong port was asked",
	408: "the rest of the request did not come in the time that it allows: see what holds up the body, or allow more",
	410: "a rule of its says that the service is gone: its configuration names the rule",
	413: "the request is larger than it allows: raise its limit (nginx client_max_body_size, Apache LimitRequestBody, a rule on the size in HAProxy) to what Exchange allows",
	417: "it refuses Expect: 100-continue: let it pass that on, or answer it",
	421: "the name in the request is not one that this connection was made for: compare Host with the name in the TLS handshake and its rules for both",
	422: "one of its rules refuses the request's content: its log names the rule",
	425: "it refuses what was sent before the TLS handshake was complete: turn early data off, or allow it",
	429: "it counts too many requests from one client: raise that limit for those who work for many mailboxes",
	431: "the request's header is larger than it allows, as a Kerberos ticket with many groups makes it: raise the limit",
	500: "it failed itself: its log says why",
	501: "it does not know the method: what it read as a request may have been the body of one; its log has the line",
	502: "the server that it chose ended the connection, or gave it an answer that it could not use: its log names the server; ask that one directly",
	503: "it has no server left to ask: see which members of the pool its checks have taken out, and why; or a limit of its on connections is reached",
	504: "the server that it chose did not answer in the time that it allows: ask that one directly, and see whether it hangs or the limit is short",
}

// serverAdvice is what an answer means that no box is known to have made.
var serverAdvice = map[int]string{
	400: "the request was found malformed, by the server or on the way",
	401: "a logon is asked for here",
	403: "the account, the application or its User-Agent may not use EWS, or a box forbids it",
	404: "EWS is not published there",
	405: "the path leads to something that takes no POST, such as a page or another virtual directory: correct the path or the rule that leads there",
	408: "the rest of the request did not come in the time that the server allows",
	413: "the request is larger than the server allows. Of IIS: uploadReadAheadSize, where it asks for client certificates, and requestLimits maxAllowedContentLength",
	415: "the content type was changed or is not accepted: EWS takes text/xml",
	429: "too many requests: leave it alone for a while, and see the throttling policy of the account",
	440: "this is the forms-based logon of Outlook on the web: the URL or a publishing rule leads to /owa, or forms-based authentication is on for EWS. Publish /EWS/ as it is",
	456: "the account has to log on in a way that a program cannot, or is blocked",
	502: "a gateway got no usable answer from the server behind it: its log names the server",
	503: "the application pool is stopped, its queue is full, or a balancer has no server left",
	504: "a gateway got no answer from the server behind it in time: its log names the server",
}

// What stands above in the words of EWS and Autodiscover, for whatever else was asked for.
var (
	boxAdviceElsewhere = map[int]string{
		301: "one of its rules redirects the request: let it pass requests for this path on",
		302: "one of its rules redirects the request: let it pass requests for this path on",
		401: "it asks for a logon itself: let it pass those for this path through to the server",
		405: "it does not let the method through: allow it for this path",
	}
	serverAdviceElsewhere = map[int]string{
		403: "whoever asked may not do so, or a box forbids it",
		404: "there is nothing at this path",
		405: "the path leads to something that does not take this method, such as a page or another virtual directory: correct the path or the rule that leads there",
		415: "the content type was changed or is not accepted",
		440: "this is the forms-based logon of Outlook on the web: the URL or a publishing rule leads to /owa, or forms-based authentication is on for this path. Publish it as it is",
	}
)

// ofBox is the advice for a status that a box gave.
func ofBox(status int, elsewhere bool) string {
	if text := boxAdviceElsewhere[status]; elsewhere && text != "" {
		return text
	}
	return boxAdvice[status]
}

// ofServer is the advice for a status that no box is known to have given.
func ofServer(status int, elsewhere bool) string {
	if text := serverAdviceElsewhere[status]; elsewhere && text != "" {
		return text
	}
	return serverAdvice[status]
}

// isElsewhere tells whether something else than EWS or Autodiscover was asked for.
func isElsewhere(raw string) bool {
	_, rest, _ := strings.Cut(raw, "://")
	_, path, found := strings.Cut(strings.ToLower(rest), "/")
	switch {
	case !found:
		return false
	case strings.HasPrefix(path, "autodiscover/"):
		return strings.HasPrefix(path, "autodiscover/metadata/")
	case strings.HasPrefix(path, "ews/"):
		return strings.HasSuffix(path, ".svc") // of mailbox moves, and no operation of EWS
	}
	return true
}

// sentenceAdvice is what sentences of http.sys and IIS mean, by a part of each in lower case.
var sentenceAdvice = []struct{ part, advice string }{
	{"request headers is too long", "http.sys takes no header as large as this, mostly for a Kerberos ticket with many groups: raise MaxFieldLength and MaxRequestBytes of HTTP.sys on that server"},
	{"header is too long", "http.sys takes no header as large as this, mostly for a Kerberos ticket with many groups: raise MaxFieldLength and MaxRequestBytes of HTTP.sys on that server"},
	{"invalid header name", "http.sys refuses the name of a header field that was added on the way: see which fields the proxy adds, and whether their names hold spaces or other characters that none may hold"},
	{"hostname is invalid", "http.sys refuses the Host that reached it: see what the proxy writes there"},
	{"verb is invalid", "http.sys took something else for a request, such as a body that came late: see what the proxy sends"},
	{"request url is invalid", "http.sys refuses the URL that reached it: see how the proxy rewrites it"},
	{"service is unavailable", "the application pool is stopped, or its queue is full: see the System log of that server for WAS"},
	{"request entity is too large", "IIS allows no body as large as this: uploadReadAheadSize, where it asks for client certificates, or requestLimits maxAllowedContentLength"},
}

// advise says what an answer means, and what to do first.
func advise(v *view, who Origin, backEnd bool) string {
	elsewhere := isElsewhere(v.URL)
	switch {
	case who.Portal != "":
		return portalText(v, elsewhere)
	case !elsewhere && v.redirects() && sameService(v):
		return "the same service in another spelling or place: correct the URL that clients are given, or the rule"
	}
	text := ofServer(v.Status, elsewhere)
	if said := strings.ToLower(sentence(v)); said != "" {
		for _, s := range sentenceAdvice {
			if strings.Contains(said, s.part) {
				text = s.advice
				break
			}
		}
	}
	switch {
	case who.Kind == Middlebox:
		return boxText(v, who, elsewhere)
	case backEnd:
		return "the front end passed on what the back end answered: look there, at its logs and application pools" + second(text, ofServer(v.Status, elsewhere))
	case elsewhere && v.redirects() && (who.Kind == IIS || who.Kind == Exchange):
		return "IIS redirects, mostly by a redirect of the web site that its virtual directories inherit: clear HTTP Redirect on this one"
	case elsewhere && v.redirects():
		return "a publishing rule in front sends clients elsewhere"
	case elsewhere:
		return text
	case v.redirects() && (who.Kind == IIS || who.Kind == Exchange):
		return "IIS redirects, mostly by a redirect of the web site that the virtual directories EWS and Autodiscover inherit: clear HTTP Redirect on both"
	case v.redirects():
		return "a publishing rule in front of EWS sends clients elsewhere"
	case v.Status == 404 && v.values("X-CasErrorCode") != "":
		return "Exchange's front end did not find the mailbox"
	case text == "" && document(v) != "": // EWS's own fault says more than a status
		return ""
	case text == "" && v.Status/100 == 5:
		return "without a SOAP fault, so EWS itself did not make it"
	case text == "":
		return "EWS does not answer so"
	}
	return text
}

// portalText is what to do about a page to log on by.
func portalText(v *view, elsewhere bool) string {
	switch {
	case v.Status == 440:
		return ofServer(440, elsewhere)
	case elsewhere:
		return "this path needs a rule of its own that lets requests through without it"
	}
	return "EWS and Autodiscover need a rule of their own that lets requests through without it"
}

// second adds what a sentence of the page means; what a status alone means would be of the front end.
func second(text, ofStatus string) string {
	if text == "" || text == ofStatus {
		return ""
	}
	return ". There " + text
}

func boxText(v *view, who Origin, elsewhere bool) string {
	switch text := ofBox(v.Status, elsewhere); {
	case who.Rule == "netscaler-error" && v.Status == 500:
		return "it failed over the request, often over a logon by NTLM or Kerberos where its own authentication is on: its log has the number; let it pass the logons through"
	case who.Product == "cloudflare" && v.Status >= 520:
		return "its documentation says what its status means of the connection to the server behind"
	case text != "":
		return text
	}
	return "its log says why"
}

// sameService tells whether a redirect leads to EWS or Autodiscover again, by a path that is spelt otherwise or at another
// host. A client that does not follow loses it all the same.
func sameService(v *view) bool {
	to, err := url.Parse(v.either("Location"))
	if err != nil {
		return false
	}
	path := strings.ToLower(strings.TrimRight(to.Path, "/"))
	return path == "/ews/exchange.asmx" || path == "/ews" || strings.HasPrefix(path, "/autodiscover/autodiscover.")
}
