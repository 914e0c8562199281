package smtp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Capability is one line of what a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).
type Capability struct {
	Name    string   // in lower case, for comparison: "x-anonymoustls"
	Keyword string   // as it came, to be shown: a secret in other letters would not be found in it
	Params  []string // as they came: "GSSAPI", "NTLM"
}

// Capabilities are what a server offers, in its order.
type Capabilities []Capability

// Offered reads what an answer to EHLO offers; its first line is a greeting. AUTH=LOGIN, which old clients of Microsoft's
// want, is AUTH with LOGIN.
func Offered(hello Reply) Capabilities {
	var all Capabilities
	for _, line := range hello.Lines[min(1, len(hello.Lines)):] {
		words := strings.Fields(strings.Replace(line, "=", " ", 1))
		if len(words) > 0 {
			all = append(all, Capability{strings.ToLower(words[0]), words[0], words[1:]})
		}
	}
	return all
}

// Has tells whether a capability is offered, with this parameter where one is given, without regard to case.
func (c Capabilities) Has(name string, params ...string) bool {
	return slices.ContainsFunc(c, func(one Capability) bool {
		return one.Name == strings.ToLower(name) && !slices.ContainsFunc(params, func(p string) bool {
			return !slices.ContainsFunc(one.Params, func(has string) bool { return strings.EqualFold(has, p) })
		})
	})
}

var maskedLine = regexp.MustCompile(`^X{4,}[A-Z]?$`)

// MaskedLines are the lines of an answer to EHLO that a firewall which inspects SMTP has overwritten: nothing but X, with
// another capital at the end perhaps.
func MaskedLines(hello Reply) []string {
	var masked []string
	for _, line := range hello.Lines {
		if maskedLine.MatchString(strings.TrimSpace(line)) {
			masked = append(masked, strings.TrimSpace(line))
		}
	}
	return masked
}

// leastStars is how many asterisks make a mask rather than an ornament.
const leastStars = 8

// MaskedGreeting tells whether a firewall has overwritten the greeting: asterisks, and of the text's own characters the
// digits 2 and 0 and the blanks at most (Cisco ASA, "Defaults for ESMTP Inspection"; PIX, Mailguard).
func MaskedGreeting(greeting Reply) bool {
	text := strings.Join(greeting.Lines, " ")
	return strings.Trim(text, "*20 ") == "" && strings.Count(text, "*") >= leastStars
}

// Announced is the name that a greeting or an answer to EHLO begins with: as target.ParseHost spells it, for comparison,
// and as it came, to be shown. Both are empty where its first word is no qualified name.
func Announced(r Reply) (name, written string) {
	if len(r.Lines) == 0 {
		return "", ""
	}
	written, _, _ = strings.Cut(strings.TrimSpace(r.Lines[0]), " ")
	name, address, err := target.ParseHost(written)
	if err != nil || address.IsValid() || !strings.Contains(name, ".") {
		return "", ""
	}
	return name, written
}
