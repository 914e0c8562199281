package origin

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// The matchers of Exchange, IIS and http.sys that the general ones do not fit.

func httpSysPage(v *view) string {
	if fieldWith("Content-Type", "text/html; charset=us-ascii")(v) == "" {
		return ""
	}
	return page("<hr><p>http error "+strconv.Itoa(v.Status)+".", "</p>")(v)
}

// soap matches what EWS says of its own version in every SOAP header: a request cannot have it, so an echo does not match.
func soap(v *view) string {
	if !v.contains("serverversioninfo", "http://schemas.microsoft.com/exchange/services/2006/types") {
		return ""
	}
	return "a SOAP header with ServerVersionInfo of EWS"
}

// soapFault matches a fault in which EWS's namespace of errors stands, which no request names: an echo does not match.
func soapFault(v *view) string {
	if !v.contains("fault>", "http://schemas.microsoft.com/exchange/services/2006/errors") {
		return ""
	}
	return "a SOAP fault with an error of EWS"
}

// document matches an error's or a redirect's body that is XML other than a page: a declaration, which pages may have
// too, and comments are passed over.
func document(v *view) string {
	if v.Status < 300 {
		return ""
	}
	rest := bytes.TrimLeft(bytes.TrimPrefix(v.lower, []byte("\xef\xbb\xbf")), " \t\r\n")
	declared := bytes.HasPrefix(rest, []byte("<?xml"))
	for _, end := range []struct{ begin, end string }{{"<?", "?>"}, {"<!--", "-->"}} {
		for bytes.HasPrefix(rest, []byte(end.begin)) {
			_, after, ok := bytes.Cut(rest, []byte(end.end))
			if !ok {
				return ""
			}
			rest = bytes.TrimLeft(after, " \t\r\n")
		}
	}
	root := rootElement.FindSubmatch(rest)
	switch {
	case root == nil || string(root[1]) == "html":
		return ""
	case string(root[1]) == "envelope":
		return "a body that is a SOAP document"
	case declared || fieldWith("Content-Type", "xml")(v) != "":
		return "a body that is an XML document"
	}
	return ""
}

// rootElement is the first element's name, without its prefix.
var rootElement = regexp.MustCompile(`^<(?:[a-z_][\w.-]*:)?([a-z_][\w.-]*)[\s/>]`)

// arrPage is the page that IIS shows where it is the gateway, in short and in full; on an Exchange server it is nobody's.
func arrPage(v *view) string {
	if v.Status == 502 || v.Status == 504 {
		if seen := page("while acting as a gateway or proxy server")(v); seen != "" {
			return seen
		}
	}
	return page("applicationrequestrouting")(v)
}

// arrHeader counts for the statuses of a gateway alone: ARR puts it on what it passes on too.
func arrHeader(v *view) string {
	if v.Status != 502 && v.Status != 504 {
		return ""
	}
	return fieldWith("X-Powered-By", "arr/")(v)
}

// windowsChallenge names the scheme alone; what follows it is a token.
func windowsChallenge(v *view) string {
	for _, f := range v.all("WWW-Authenticate") {
		for challenge := range strings.SplitSeq(f.Value, ",") {
			scheme, _, _ := strings.Cut(strings.TrimSpace(challenge), " ")
			for _, known := range []string{"NTLM", "Negotiate"} {
				if strings.EqualFold(scheme, known) {
					return "header WWW-Authenticate offers " + known
				}
			}
		}
	}
	return ""
}

var guid = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func requestID(v *view) string {
	for _, f := range v.all("request-id") {
		if guid.MatchString(strings.TrimSpace(f.Value)) {
			return quote(f)
		}
	}
	return ""
}
