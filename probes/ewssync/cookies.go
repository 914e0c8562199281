package ewssync

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Bounds of what is kept of a server's cookies.
const (
	maxCookies = 16
	maxCookie  = 4 << 10
)

// jar keeps the cookies by which balancers and Exchange's front end find the same server again (Microsoft Learn, "How to:
// Maintain affinity between a group of subscriptions and the Mailbox server"). All go back to the one host they came from.
type jar []cookie

type cookie struct{ name, value string }

// take keeps what a response sets. A cookie of an empty value or with Max-Age=0 is dropped.
func (j *jar) take(r *wire.Response) {
	for _, field := range r.Values("Set-Cookie") {
		pair, attributes, _ := strings.Cut(field, ";")
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || len(name)+len(value) > maxCookie || strings.ContainsFunc(name+value, unfit) {
			continue
		}
		*j = slices.DeleteFunc(*j, func(c cookie) bool { return c.name == name })
		if value != "" && !expires(attributes) && len(*j) < maxCookies {
			*j = append(*j, cookie{name, value})
		}
	}
}

// unfit are the characters that a Cookie field cannot hold in a name or value.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || r == ';' || r == ',' }

// expires tells whether a cookie's attributes say that it is to be forgotten.
func expires(attributes string) bool {
	for a := range strings.SplitSeq(attributes, ";") {
		name, value, _ := strings.Cut(a, "=")
		if strings.EqualFold(strings.TrimSpace(name), "Max-Age") && strings.TrimSpace(value) == "0" {
			return true
		}
	}
	return false
}

// field is the Cookie field, with values or, for the record, without; nothing when there are no cookies.
func (j jar) field(values bool) []origin.Field {
	if len(j) == 0 {
		return nil
	}
	pairs := make([]string, len(j))
	for i, c := range j {
		pairs[i] = c.name + "=<secret>"
		if values {
			pairs[i] = c.name + "=" + c.value
		}
	}
	return []origin.Field{{Name: "Cookie", Value: strings.Join(pairs, "; ")}}
}
