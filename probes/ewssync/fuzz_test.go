package ewssync

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// FuzzCookies: what a server sets goes back as one field that makes nothing else of a request, within the bounds.
func FuzzCookies(f *testing.F) {
	f.Add("X-BackEndCookie=abc; expires=Thu, 01-Jan-2027; path=/EWS; secure", "a=b")
	f.Add("a=; Max-Age=0", "=b")
	f.Add("a=b\r\nX: y", "a b=c,d")
	f.Fuzz(func(t *testing.T, one, two string) {
		var j jar
		for range maxCookies {
			j.take(&wire.Response{Header: []origin.Field{{Name: "Set-Cookie", Value: one}, {Name: "set-cookie", Value: two}}})
			one += "x"
		}
		for _, hidden := range []bool{false, true} {
			for _, field := range j.field(!hidden) {
				if field.Name != "Cookie" || strings.ContainsAny(field.Value, "\r\n\x00,") || len(field.Value) > maxCookies*(maxCookie+12) {
					t.Errorf("%q: %q", field.Name, field.Value)
				}
				if n := strings.Count(field.Value, "; "); n >= maxCookies || n != strings.Count(field.Value, ";") {
					t.Errorf("%d cookies in %q", n+1, field.Value)
				}
			}
		}
	})
}
