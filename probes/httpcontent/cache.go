package httpcontent

import (
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// caching is what a response lets caches do.
type caching int

const (
	unset   caching = iota // no rule: caches may go by Last-Modified (RFC 9111 section 4.2.2)
	forbids                // it is not kept, or asked for again each time
	allows                 // it may be kept by one cache at least, a browser's own included
)

// directives are those of Cache-Control that matter here, by name, in lower case (RFC 9111 section 5.2), and others under one
// name. One that is there twice has all its values; one without a value has an empty one.
type directives map[string][]string

// known are the directives that matter; unread stands for others.
var known = []string{"no-store", "no-cache", "max-age", "s-maxage", "private", "public", "immutable"}

const unread = "other"

// maxValues is how many of one directive are kept: a field of a megabyte may have a hundred thousand.
const maxValues = 100

// parseDirectives reads the fields. What cannot be read is passed over, as caches do.
func parseDirectives(fields []string) directives {
	all := directives{}
	for _, field := range fields {
		for part := range list(field) {
			name, value, _ := strings.Cut(part, "=")
			name = strings.ToLower(strings.TrimSpace(name))
			if name == "" {
				continue
			}
			if !slices.Contains(known, name) {
				name = unread
			}
			if len(all[name]) < maxValues {
				all[name] = append(all[name], strings.Trim(strings.TrimSpace(value), `"`))
			}
		}
	}
	return all
}

// list parts a field at its commas, less those within quotation marks (RFC 9110 sections 5.6.1 and 5.6.4).
func list(field string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin, quoted := 0, false
		for i := 0; i < len(field); i++ {
			switch c := field[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				if !yield(field[begin:i]) {
					return
				}
				begin = i + 1
			}
		}
		yield(field[begin:])
	}
}

// has tells whether a directive is there that holds for the whole response: no-cache may name fields, and is for these alone
// then (RFC 9111 section 5.2.2.4).
func (d directives) has(name string) bool {
	for _, value := range d[name] {
		if value == "" {
			return true
		}
	}
	return false
}

// seconds is the longest time of a directive; false where it is not there. One that cannot be read counts as 0, as caches are
// to take it (RFC 9111 section 4.2.1).
func (d directives) seconds(name string) (longest int64, there bool) {
	for _, value := range d[name] {
		n, err := strconv.ParseInt(value, 10, 64)
		if err == nil || n > 0 { // beyond 64 bits it is the greatest
			longest = max(longest, n)
		}
		there = true
	}
	return longest, there
}

// cachingOf reads what a response lets caches do, and why in a few words. now stands for a Date that is missing.
//
// private keeps shared caches from it alone, so it allows. An Expires in the future allows whatever Cache-Control says, because
// caches of HTTP/1.0 know only that (RFC 9111 section 5.3).
func cachingOf(r *wire.Response, now time.Time) (caching, string) {
	d := parseDirectives(r.Values("Cache-Control"))
	says := "Cache-Control: " + plain.Text(strings.Join(r.Values("Cache-Control"), ", "), 200)
	maxAge, aged := d.seconds("max-age")
	sharedAge, shared := d.seconds("s-maxage")
	until, expires := expiry(r, now)
	switch {
	case until != "":
		return allows, "Expires: " + until + ", which is in the future"
	case d.has("no-store"), d.has("no-cache"):
		return forbids, says
	case maxAge > 0, sharedAge > 0:
		return allows, says
	case aged, shared:
		return forbids, says
	case len(d["private"]) > 0, d.has("public"), d.has("immutable"):
		return allows, says
	case expires:
		return forbids, "Expires, which is not in the future"
	case len(d) > 0:
		return unset, says + ", which does not say for how long"
	}
	return unset, "neither Cache-Control nor Expires"
}

// expiry is the Expires that lies in the future, empty for none, and whether there is one at all. One that is no date is past
// (RFC 9111 section 5.3).
func expiry(r *wire.Response, now time.Time) (future string, there bool) {
	if date, err := http.ParseTime(r.Get("Date")); err == nil {
		now = date
	}
	for _, value := range r.Values("Expires") {
		there = true
		if t, err := http.ParseTime(strings.TrimSpace(value)); err == nil && t.After(now) {
			return plain.Text(value, 64), true
		}
	}
	return "", there
}

// keptFor tells for how many seconds a cache on the way had kept the response (Age, RFC 9111 section 5.1); 0 where none shows.
func keptFor(r *wire.Response) int64 {
	age, err := strconv.ParseInt(strings.TrimSpace(r.Get("Age")), 10, 64)
	if err != nil {
		return 0
	}
	return max(age, 0)
}
