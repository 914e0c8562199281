package compare

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// fact is one thing that two answers of the same service have in common, or not. It is empty where nothing is known.
type fact struct {
	name string
	of   func(*result.Result) string
	many bool // it is a list, parted by between, of which only what not all have is told
}

// between parts what a list has.
const between = ", "

// told is the fact of r where it differs among some results.
func (f fact) told(r *result.Result, some []*result.Result) string {
	if !f.many {
		return f.of(r)
	}
	having := map[string]int{} // each item once in a list
	for _, o := range some {
		for item := range strings.SplitSeq(f.of(o), between) {
			having[item]++
		}
	}
	var own []string
	for item := range strings.SplitSeq(f.of(r), between) {
		if having[item] < len(some) {
			own = append(own, item)
		}
	}
	return cmp.Or(strings.Join(own, " and "), "nothing")
}

// title is what a difference in it is told under.
func (f fact) title() string {
	if f.many {
		return f.name + " that not all have"
	}
	return f.name
}

// facts are what is held side by side, what matters most first. What differs from one answer to the next of the same server, such
// as times and numbers of sessions, is in none.
var facts = []fact{
	{name: "status", of: httpStatus},
	{name: "answered by", of: answerer},
	{name: "schemes", of: schemes},
	{name: "certificate", of: shown},
	{name: "banner", of: banner},
	{name: "capabilities", of: capabilities, many: true},
	{name: "warnings", of: warnings},
	{name: "front end", of: frontend},
}

// httpStatus is that of the deciding answer; what another protocol says there may have times and addresses in it.
func httpStatus(r *result.Result) string {
	if r.Deciding.Response() == nil {
		return ""
	}
	return r.Deciding.Answer()
}

// answerer is the sort of whoever answered, without which of several it was.
func answerer(r *result.Result) string {
	if !r.Deciding.Answered() {
		return ""
	}
	return report.By(origin.Origin{Kind: r.Deciding.Origin.Kind, Product: r.Deciding.Origin.Product})
}

// maxSchemes bounds how many schemes are told.
const maxSchemes = 8

// schemes are those that the first refusal for want of a logon offers, in lower case and in order of the alphabet.
func schemes(r *result.Result) string {
	for _, c := range r.Conversations {
		if c.Status() != 401 {
			continue
		}
		var all []string
		for _, challenge := range auth.ParseChallenges(c.Response().Values("WWW-Authenticate")) {
			all = append(all, strings.ToLower(challenge.Scheme))
		}
		slices.Sort(all)
		all = slices.Compact(all)
		return cmp.Or(strings.Join(all[:min(len(all), maxSchemes)], ", "), "none")
	}
	return ""
}

// shown is the certificate of the deciding connection, or those of all where many were looked at.
func shown(r *result.Result) string {
	if r.DecidingConnection != nil {
		return leaf(r.DecidingConnection)
	}
	var all []string
	for _, c := range r.Connections {
		if text := leaf(c); text != "" && (r.At == "" || c.Address.Addr().String() == r.At) {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return strings.Join(all[:min(len(all), maxSchemes)], ", ")
}

func leaf(c *wire.Connection) string {
	if c.Secure == nil || len(c.Secure.Chain) == 0 {
		return ""
	}
	first := c.Secure.Chain[0]
	return first.Subject + " " + first.SHA1[:min(8, len(first.SHA1))]
}

// warnings are the codes of those that a success comes with.
func warnings(r *result.Result) string {
	if !r.Success() {
		return ""
	}
	return cmp.Or(strings.Join(warningsOnlyOf(r, nil), ", "), "none")
}

// frontend is the first server that named itself.
func frontend(r *result.Result) string {
	for _, c := range r.Conversations {
		if c.Origin.Frontend != "" {
			return strings.ToLower(c.Origin.Frontend)
		}
	}
	return ""
}

// said are the lines of the first dialogue that has any.
func said(r *result.Result) []wire.Line {
	for _, c := range r.Conversations {
		if c.Talk != nil && len(c.Lines) > 0 && c.Protocol != result.DNS {
			return c.Lines
		}
	}
	return nil
}

var (
	// passing is what a banner says of its moment: Exchange's "ready at", a number in pointed brackets as POP3's (RFC 1939 section 7).
	passing = regexp.MustCompile(`(?i) ready at .*|<[^>]*>`)
	// numbered are words with digits that are no name of a host: dates, times, numbers of sessions.
	numbered = regexp.MustCompile(`^[^.]*[0-9][^.]*$|^[0-9.]+$`)
	// asksAbilities is a line that asks what the server can do: SMTP's, POP3's, IMAP's with its tag.
	asksAbilities = regexp.MustCompile(`(?i)^(?:EHLO |CAPA$|[[:alnum:]]+ CAPABILITY$)`)
	// leading is what stands before an ability.
	leading = regexp.MustCompile(`^(?:[0-9]{3}[- ]|\* CAPABILITY )`)
)

// banner is the line that the server begins with, without what differs from one connection to the next.
func banner(r *result.Result) string {
	lines := said(r)
	if len(lines) == 0 || lines[0].From != wire.Server {
		return ""
	}
	var kept []string
	for _, word := range strings.Fields(passing.ReplaceAllString(lines[0].Text, "")) {
		if !numbered.MatchString(word) {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// capabilities are what the server says that it can do, each time that it was asked, in order of the alphabet.
func capabilities(r *result.Result) string {
	var all []string
	asked, first := false, false
	for _, line := range said(r) {
		if line.From == wire.Client {
			asked = asksAbilities.MatchString(line.Text)
			first = asked && strings.HasPrefix(strings.ToUpper(line.Text), "EHLO")
			continue
		}
		switch {
		case !asked:
		case first: // it greets (RFC 5321 section 4.1.1.1)
			first = false
		default:
			all = append(all, abilities(line.Text)...)
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), between)
}

// abilities are those that a line tells: one with its parameters, or with IMAP a word for each.
func abilities(line string) []string {
	text := strings.ToUpper(leading.ReplaceAllString(line, ""))
	switch {
	case strings.HasPrefix(line, "* "):
		return strings.Fields(text)
	case text == ".", strings.HasPrefix(line, "+OK"), strings.Contains(text, " OK "):
		return nil
	}
	return []string{text}
}
