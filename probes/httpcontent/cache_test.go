package httpcontent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// response has fields as they are written, one a line.
func response(fields string) *wire.Response {
	r := &wire.Response{}
	for line := range strings.Lines(fields) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		r.Header = append(r.Header, origin.Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return r
}

// TestCaching: what caches may do with a response (RFC 9111), where only what no cache keeps counts as uncached.
func TestCaching(t *testing.T) {
	t.Parallel()
	const tomorrow, yesterday = "Mon, 30 Nov 2026 12:00:00 GMT", "Sat, 28 Nov 2026 12:00:00 GMT"
	for fields, want := range map[string]caching{
		"Cache-Control: no-cache":                                         forbids,
		"Cache-Control: no-store":                                         forbids,
		"cache-control: NO-STORE":                                         forbids,
		"Cache-Control: max-age=0":                                        forbids,
		"Cache-Control: max-age=\"0\"":                                    forbids,
		"Cache-Control: private, max-age=0":                               forbids,
		"Cache-Control: private, no-cache":                                forbids,
		"Cache-Control: public, no-cache":                                 forbids,
		"Cache-Control: no-cache\nCache-Control: max-age=60":              forbids,
		"Cache-Control: max-age=often":                                    forbids,
		"Expires: " + yesterday:                                           forbids,
		"Expires: -1":                                                     forbids,
		"Expires: 0":                                                      forbids,
		"Cache-Control: no-cache\nExpires: " + yesterday:                  forbids,
		"Cache-Control: x=\"a, no-cache\", no-cache":                      forbids,
		"Date: " + tomorrow + "\nExpires: " + tomorrow:                    forbids, // the server's clock is its own
		"Cache-Control: private":                                          allows,
		"Cache-Control: private=\"Set-Cookie\"":                           allows,
		"Cache-Control: public":                                           allows,
		"Cache-Control: immutable":                                        allows,
		"Cache-Control: max-age=60":                                       allows,
		"Cache-Control: max-age=0, max-age=60":                            allows,
		"Cache-Control: max-age=99999999999999999999":                     allows,
		"Cache-Control: max-age=0, s-maxage=60":                           allows,
		"Cache-Control: no-cache=\"Set-Cookie\", max-age=60":              allows,
		"Expires: " + tomorrow:                                            allows,
		"Expires: " + yesterday + "\nExpires: " + tomorrow:                allows,
		"Cache-Control: no-cache\nExpires: " + tomorrow:                   allows,
		"Cache-Control: max-age=0\nExpires: " + tomorrow:                  allows,
		"Date: " + yesterday + "\nExpires: Sun, 29 Nov 2026 GMT":          forbids,
		"Date: " + yesterday + "\nExpires: Sun, 29 Nov 2026 01:00:00 GMT": allows,
		"":                                       unset,
		"Cache-Control: ":                        unset,
		"Cache-Control: must-revalidate":         unset,
		"Cache-Control: no-transform":            unset,
		"Cache-Control: x=\"a, no-cache\"":       unset,
		"Cache-Control: no-cache=\"Set-Cookie\"": unset,
		"Last-Modified: " + yesterday:            unset,
		"Pragma: no-cache":                       unset, // nobody says what it means in a response (RFC 9111 section 5.4)
	} {
		if got, why := cachingOf(response(fields), now); got != want || why == "" {
			t.Errorf("%q: %v (%s), want %v", fields, got, why, want)
		}
	}
}

// TestManyDirectives: a field as long as a head may be costs little more than itself, and what matters in it is seen.
func TestManyDirectives(t *testing.T) {
	t.Parallel()
	var field strings.Builder
	for i := 0; field.Len() < 1<<20; i++ {
		fmt.Fprintf(&field, "%x,", i)
	}
	field.WriteString(strings.Repeat("max-age=0,", 1000) + "no-store")
	d := parseDirectives([]string{field.String()})
	kept := 0
	for _, values := range d {
		kept += len(values)
	}
	if kept > maxValues*(len(known)+1) || !d.has("no-store") {
		t.Errorf("%d values are kept, no-store: %t", kept, d.has("no-store"))
	}
}

// FuzzCaching: whatever the fields hold, they are read to an end, and no-store alone forbids.
func FuzzCaching(f *testing.F) {
	for _, seed := range [][2]string{{"no-cache, max-age=0", ""}, {`private="a,b", x="\"`, "0"}, {",,=,", "Mon, 30 Nov 2026 12:00:00 GMT"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, control, expires string) {
		r := &wire.Response{Header: []origin.Field{{Name: "Cache-Control", Value: control}}}
		if expires != "" {
			r.Header = append(r.Header, origin.Field{Name: "Expires", Value: expires})
		}
		rule, why := cachingOf(r, now)
		if why == "" || len(why) > 400 {
			t.Errorf("the reason has %d bytes", len(why))
		}
		if strings.Count(control, ",") >= maxValues {
			return // some are left out
		}
		r.Header = append(r.Header, origin.Field{Name: "Cache-Control", Value: "no-store"})
		if until, _ := expiry(r, now); until == "" {
			if again, _ := cachingOf(r, now); again != forbids {
				t.Errorf("%q with no-store: %v, and without %v", control, again, rule)
			}
		}
	})
}
