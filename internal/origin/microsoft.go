package origin

import (
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
