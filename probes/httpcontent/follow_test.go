package httpcontent

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// led is where a Location leads from https://mail.contoso.test/a/offline.appcache.
func led(t testing.TB, location string) (*trail, place, bool) {
	t.Helper()
	to, err := target.Parse("mail.contoso.test", "")
	if err != nil {
		t.Fatal(err)
	}
	p := &probe{Settings: defaults(), run: &prober.Run{Target: to}}
	final := &wire.Response{Status: 302, Header: []origin.Field{{Name: "Location", Value: location}}}
	way := &trail{last: place{"https", 443, "/a/offline.appcache"}, Conversation: &result.Conversation{HTTP: &result.HTTP{Final: final}}}
	next, same := p.leads(way)
	return way, next, same
}

// TestLeads: a redirect is followed at the target's own name alone, however that is written.
func TestLeads(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]place{
		"b.txt":                            {"https", 443, "/a/b.txt"},
		"/b.txt?c=d":                       {"https", 443, "/b.txt?c=d"},
		"//mail.contoso.test/b":            {"https", 443, "/b"},
		"http://MAIL.contoso.test./b#frag": {"http", 80, "/b"},
		"https://mail.contoso.test:8443":   {"https", 8443, "/"},
		"https://mail.contoso.test.evil/b": {},
		"https://mail.contoso.test@evil/b": {},
		"https://evil/mail.contoso.test":   {},
		"//evil/b":                         {},
		"ftp://mail.contoso.test/b":        {},
		"javascript:alert(1)":              {},
		"https://mail.contoso.test:99999/": {},
		"https://[::1":                     {},
		"/" + strings.Repeat("x", 10_000):  {},
		"/b c?d e":                         {},
	} {
		if way, next, same := led(t, location); same != (want != place{}) || same && next != want || way.to == "" {
			t.Errorf("%.80q leads to %v (%t, %q), want %v", location, next, same, way.to, want)
		}
	}
}

// FuzzLeads: whatever a Location holds, what is asked next is a path that can go into a request line, and no password is told.
func FuzzLeads(f *testing.F) {
	for _, seed := range []string{"/b", "https://u:hunter22@mail.contoso.test/b?c d", "//mail.contoso.test:0/%zz", "?q\x7f", "http:b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, location string) {
		way, next, same := led(t, location)
		if same && (!strings.HasPrefix(next.path, "/") || strings.ContainsFunc(next.path, unprintable)) {
			t.Errorf("%q leads to the path %q", location, next.path)
		}
		if len(way.to) > 300 {
			t.Errorf("where it leads is told in %d bytes", len(way.to))
		}
	})
}
