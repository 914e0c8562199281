package origin

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// Bounds on what a rule reads and says. A head is bounded by who read it from the wire.
const (
	maxBody     = 64 << 10 // bytes of a body that rules look at
	maxRepeats  = 4        // fields of one name that Origin keeps
	maxEvidence = 200      // bytes of Origin.Evidence
	maxQuote    = 140      // bytes of a quoted field in it; the rest is the rule's own words
)

// view is a response made ready for many rules: fields by name, the body bounded and in lower case.
type view struct {
	*Response
	fields map[string][]Field // by lower-case name
	lower  []byte
}

func look(r *Response) *view {
	v := &view{Response: r, fields: make(map[string][]Field, len(r.Header))}
	for _, f := range r.Header {
		name := strings.ToLower(f.Name)
		v.fields[name] = append(v.fields[name], f)
	}
	v.lower = bytes.ToLower(r.Body[:min(len(r.Body), maxBody)])
	return v
}

// all are the fields of this name, in the order in which they came.
func (v *view) all(name string) []Field { return v.fields[strings.ToLower(name)] }

// values joins the different values of a field, as RFC 9110 section 5.3 reads a repeated one: Exchange may name two front
// ends, a proxy may add its Server to the one it passes.
func (v *view) values(name string) string {
	var list []string
	for _, f := range v.all(name) {
		value := strings.TrimSpace(f.Value)
		if value != "" && !slices.Contains(list, value) {
			list = append(list, value)
		}
		if len(list) == maxRepeats {
			break
		}
	}
	return strings.Join(list, ", ")
}

// either is the value of the first of these names that has one.
func (v *view) either(names ...string) string {
	for _, name := range names {
		if value := v.values(name); value != "" {
			return value
		}
	}
	return ""
}

// contains tells whether the body has every text; texts are in lower case.
func (v *view) contains(texts ...string) bool {
	return len(v.lower) > 0 && !slices.ContainsFunc(texts, func(t string) bool { return !bytes.Contains(v.lower, []byte(t)) })
}

// redirects tells whether it is a redirect that sends a client elsewhere.
func (v *view) redirects() bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, v.Status) && v.values("Location") != ""
}

// cookie is the first cookie whose name begins with prefix, without regard to case, and its value.
func (v *view) cookie(prefix string) (name, value string, ok bool) {
	for _, f := range v.all("Set-Cookie") {
		pair, _, _ := strings.Cut(f.Value, ";")
		name, value, _ := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if hasPrefixFold(name, prefix) {
			return name, strings.TrimSpace(value), true
		}
	}
	return "", "", false
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// quote is "header Name: value" for a person, with control and format characters escaped; the name is one that a rule
// asked for. A value too long to be quoted whole is told by its length: see contrastEvidence for why nothing is cut.
func quote(f Field) string {
	if len(f.Name)+len(f.Value) <= maxQuote {
		if s := "header " + plain.Escape(f.Name) + ": " + plain.Escape(strings.TrimSpace(f.Value)); len(s) <= maxQuote {
			return s
		}
	}
	return fmt.Sprintf("header %s (%d bytes long)", f.Name, len(f.Value))
}

// quoteName is a cookie's name for a person; its value may be a session.
func quoteName(name string) string {
	if len(name) <= maxQuote/2 {
		if s := plain.Escape(name); len(s) <= maxQuote/2 {
			return s
		}
	}
	return fmt.Sprintf("with a name of %d bytes", len(name))
}
