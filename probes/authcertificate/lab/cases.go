package lab

import (
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are what no scenario shows.
func cases() []lab.Case {
	used := func(usage string, key map[string]any) map[string]any {
		key["usage"] = usage
		return key
	}
	return []lab.Case{
		gives("a former certificate beside the present one", "success", func() string { return document(lasting(-30*day), lasting(year)) }),
		gives("nine certificates", "success", func() string {
			var all [][]byte
			for i := range 9 {
				all = append(all, lasting(year+time.Duration(i)*day))
			}
			return document(all...)
		}),
		says("a balancer that has no server left", "status/unexpected_status, answered_by_middlebox", script.NoServer),
		gives("all certificates ended", "content/expired, auth_certificate_expired", func() string { return document(lasting(-30*day), lasting(-day)) }),
		gives("a key that lasts, and is not for signing", "content/expired, auth_certificate_expired", func() string {
			return lab.Metadata(used("encryption", lab.SigningKey(lasting(year))), lab.SigningKey(lasting(-day)))
		}),
		gives("names in other letters", "success", func() string {
			return strings.NewReplacer(`"keyInfo"`, `"KEYINFO"`, `"keyValue"`, `"keyvalue"`, `"usage"`, `"Usage"`, `"signing"`, `"Signing"`, `"keys"`, `"Keys"`).Replace(document(lasting(year)))
		}),
		gives("no key for signing", "content/no_signing_key", func() string { return lab.Metadata(used("encryption", lab.SigningKey(lasting(year)))) }),
		gives("a key without a certificate", "content/certificate_unreadable", func() string { return lab.Metadata(lab.SigningKey([]byte("nonsense"))) }),
		gives("a certificate under another's thumbprint", "success, auth_certificate_misnamed", func() string {
			key := lab.SigningKey(lasting(year))
			key["keyInfo"] = lab.SigningKey(lasting(day))["keyInfo"]
			return lab.Metadata(key)
		}),
		says("a document behind a logon", "status/logon_asked", script.Responds("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", "")),
		says("a server without the document", "status/unexpected_status", script.Responds("404 Not Found", "Server: Microsoft-IIS/10.0\r\n", "")),
		says("a page to sign in on", "status/logon_page", script.Responds("302 Found", "Location: /owa/auth/logon.aspx\r\n", "")),
		says("a page for everything", "content/not_metadata", script.Responds("200 OK", "Content-Type: text/html\r\n", "<html>Welcome</html>")),
	}
}

// gives is a site with a document.
func gives(name, reports string, document func() string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer { return script.HTTPS(t, script.Answers(answer(document()))) }}
}

// says is a site with one answer for everything.
func says(name, reports, response string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer { return script.HTTPS(t, script.Answers(response)) }}
}
