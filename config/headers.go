package config

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// reserved are the header fields that cannot be configured: they carry secrets, which belong under auths, or they are
// what a prober measures and frames the request with.
var reserved = map[string]string{
	"Authorization":       "secrets belong under auths",
	"Proxy-Authorization": "secrets belong under auths",
	"Cookie":              "secrets belong under auths",
	"Host":                "the target says which host is asked",
	"Content-Length":      "it follows from the body",
	"Transfer-Encoding":   "the body is sent with its length",
	"Expect":              "the prober decides which requests carry it",
}

// CheckHeaders reports the header fields that may not be sent, as mistakes of the key "headers". It never quotes a
// value.
func CheckHeaders(headers map[string]string, report func(field, problem string)) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		field := join("headers", name)
		canonical := http.CanonicalHeaderKey(name)
		switch why, no := reserved[canonical]; {
		case !isToken(name):
			report(field, "not a header field's name: letters, digits and hyphens, no spaces (RFC 9110 §5.6.2)")
		case no:
			report(field, canonical+" cannot be set: "+why)
		case seen[canonical] != "":
			report(field, "the same header field as "+seen[canonical])
		case strings.ContainsFunc(headers[name], isControl):
			report(field, "the value holds a line end or another control character")
		}
		seen[canonical] = name
	}
}

// ordinary are header fields whose values are no secrets.
var ordinary = []string{"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type", "Soapaction", "User-Agent", "X-Anchormailbox"}

// minHeaderSecret is the fewest bytes of a header's value that counts as secret; shorter ones stand in any text.
const minHeaderSecret = 8

// HeaderSecrets are the values of configured header fields that may be secrets, such as the key of a gateway.
func (m *Module) HeaderSecrets() []string { return m.headerSecrets }

// headerSecretsOf finds them in the settings of a prober.
func headerSecretsOf(s prober.Prober) (values []string) {
	settings := reflect.Indirect(reflect.ValueOf(s))
	for i := range settings.NumField() {
		if settings.Type().Field(i).Tag.Get("redact") != "hidden" {
			continue
		}
		headers, _ := settings.Field(i).Interface().(map[string]string) // else a body
		for name, value := range headers {
			if len(value) >= minHeaderSecret && !slices.Contains(ordinary, http.CanonicalHeaderKey(name)) {
				values = append(values, value)
			}
		}
	}
	return values
}

// isToken tells whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isControl tells whether r is a control character other than a tab (RFC 9110 §5.5).
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
