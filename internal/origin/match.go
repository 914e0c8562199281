package origin

import (
	"fmt"
	"slices"
	"strings"
)

// A matcher tells what it saw, for a person; nothing when it does not match.
type matcher func(v *view) string

// field matches the first of these fields that is there and not empty: hardening that blanks a value takes its meaning away.
func field(names ...string) matcher {
	return func(v *view) string {
		for _, name := range names {
			for _, f := range v.all(name) {
				if strings.TrimSpace(f.Value) != "" {
					return quote(f)
				}
			}
		}
		return ""
	}
}

// fieldWith matches a field whose value has text in it, without regard to case.
func fieldWith(name, text string) matcher {
	return func(v *view) string {
		for _, f := range v.all(name) {
			if strings.Contains(strings.ToLower(f.Value), text) {
				return quote(f)
			}
		}
		return ""
	}
}

// server matches a Server field that begins with one of these product names (RFC 9110 section 10.2.4: the first product
// in it), so that Apache is not Apache-Coyote.
func server(names ...string) matcher {
	return func(v *view) string {
		for _, f := range v.all("Server") {
			product, _, _ := strings.Cut(strings.TrimSpace(f.Value), " ")
			product, _, _ = strings.Cut(product, "/")
			if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, product) }) {
				return quote(f)
			}
		}
		return ""
	}
}

// anyOf matches with the first of several matchers that does.
func anyOf(matchers ...matcher) matcher {
	return func(v *view) string {
		for _, match := range matchers {
			if evidence := match(v); evidence != "" {
				return evidence
			}
		}
		return ""
	}
}

// both matches when two matchers do, with what the second saw.
func both(first, second matcher) matcher {
	return func(v *view) string {
		if first(v) == "" {
			return ""
		}
		return second(v)
	}
}

// page matches the page of an error or a redirect that has every text, given in lower case. No other is read, for the
// body of a success may be mail that talks of such pages.
func page(texts ...string) matcher {
	return func(v *view) string {
		if v.Status < 300 || !v.contains(texts...) {
			return ""
		}
		return fmt.Sprintf("page text %q", texts[0])
	}
}

// reason matches an error whose reason phrase has text, given in lower case.
func reason(text string) matcher {
	return func(v *view) string {
		if v.Status < 400 || !strings.Contains(strings.ToLower(v.Reason), text) {
			return ""
		}
		return fmt.Sprintf("reason phrase with %q", text)
	}
}

// mark matches a cookie that a box leaves on what it passes on.
func mark(box string, prefixes ...string) matcher {
	return func(v *view) string {
		for _, prefix := range prefixes {
			if name, _, ok := v.cookie(prefix); ok {
				return fmt.Sprintf("cookie %s: %s stands in front", quoteName(name), box)
			}
		}
		return ""
	}
}

// passed adds to a match on a field that a box puts on what it passes on.
func passed(box string, match matcher) matcher {
	return func(v *view) string {
		evidence := match(v)
		if evidence == "" {
			return ""
		}
		return fmt.Sprintf("%s: %s stands in front", evidence, box)
	}
}
