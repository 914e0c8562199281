package mapihttp

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestVersion: the header goes before the page, both are spelt alike, and nothing that is no build becomes a label.
func TestVersion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ header, body, want string }{
		"in the header":               {"Exchange/15.01.2176.009", "", "15.1.2176.9"},
		"on the page":                 {"", lab.MapiPage("/mapi/emsmdb/", "x"), "15.1.2176.9"},
		"on the page, between tags":   {"", "<b>Version:</b> <i>15.2.1118.7</i>", "15.2.1118.7"},
		"both":                        {"Exchange/15.02.1118.007", "Version: 15.1.1.1", "15.2.1118.7"},
		"a release with zeros":        {"Exchange/15.00.0847.000", "", "15.0.847.0"},
		"another application's":       {"Other/15.01.2176.009", "", ""},
		"no build":                    {"Exchange/15.1\x1b[2J.1.1", "", ""},
		"too many numbers":            {"Exchange/15.1.2.3.4", "", ""},
		"ASP.NET's, which is another": {"", "ASP.NET Version:4.7.3930", ""},
		"none":                        {"", "<p>hello</p>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			final := &wire.Response{Status: 200}
			if tt.header != "" {
				final.Header = []origin.Field{{Name: "X-ServerApplication", Value: tt.header}}
			}
			if got := versionOf(final, []byte(tt.body)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzVersion: whatever a target sends, a version is four numbers, and short.
func FuzzVersion(f *testing.F) {
	f.Add("Exchange/15.01.2176.009", lab.MapiPage("/mapi/nspi/", "x"))
	f.Add("", "Version:</b> <i> 15.2.1118.7")
	f.Add("Exchange/", "version: 1.2.3.4.5")
	f.Fuzz(func(t *testing.T, header, body string) {
		final := &wire.Response{Status: 200, Header: []origin.Field{{Name: "X-ServerApplication", Value: header}}}
		got := versionOf(final, []byte(body))
		if got != "" && (!version.MatchString(got) || len(got) > 23) {
			t.Errorf("%q", got)
		}
		if isPage(final, []byte(body)) != strings.Contains(strings.ToLower(body), string(title)) && strings.ToLower(body) == body {
			t.Errorf("the title is not told in %q", body)
		}
	})
}
