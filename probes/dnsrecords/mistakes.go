package dnsrecords

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxString is how long one string of a TXT record may be, in bytes (RFC 1035 section 3.3.14).
const maxString = 255

// mistake says which of the usual ones it is that a record is not as it is expected, as a sentence after a blank; empty for none
// of them.
func (p *probe) mistake(ctx context.Context, r *round, rec Record, values []dns.RR) string {
	want, _ := expectation(rec)
	if want != "" && rec.Type == "TXT" {
		for _, value := range set(values) {
			if what := slip(want, value); what != "" {
				return " It is there, " + what + "."
			}
		}
	}
	return p.misplaced(ctx, r, rec, want)
}

// slip says how a text that was meant to be another came to differ from it; empty where that shows none of the usual mistakes.
func slip(want, got string) string {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	unquote := func(s string) string { return strings.ReplaceAll(s, `"`, "") }
	switch {
	case got == want:
		return ""
	case unquote(got) == want && squeeze(unquote(got)) != squeeze(got):
		return "with the quotes that were pasted along: they are part of the value now"
	case squeeze(got) == squeeze(want):
		return "with blanks that are not meant to be there, or without those that are"
	case strings.EqualFold(got, want):
		return "in other case: capital and small letters count"
	case strings.EqualFold(squeeze(unquote(got)), squeeze(unquote(want))):
		return "with quotes, blanks or capital letters that are not meant to be there"
	case len(got) >= maxString && strings.HasPrefix(want, got):
		return fmt.Sprintf("cut off after %d bytes: a string holds %d, and what is longer is written as several strings", len(got), maxString)
	case strings.Contains(got, want):
		return "with other text around it"
	}
	return ""
}

// misplaced looks where a record goes that was entered under another name than was meant: the name of the zone twice, because it is
// appended to what is entered, and the zone itself in place of a name below it.
func (p *probe) misplaced(ctx context.Context, r *round, rec Record, want string) string {
	best := p.best(r)
	if best == nil || !best.state.authoritative() {
		return ""
	}
	var wrong []string
	apex := p.apex()
	if rec.Name != apex {
		wrong = append(wrong, rec.Name+"."+apex)
		if below, ok := strings.CutSuffix(rec.Name, "."+apex); ok && want != "" {
			if _, above, ok := strings.Cut(below, "."); ok {
				wrong = append(wrong, above+"."+apex)
			}
			wrong = append(wrong, apex)
		}
	}
	for _, name := range slices.Compact(wrong) {
		if _, ok := dns.IsDomainName(name); !ok {
			continue
		}
		other := p.put(ctx, nil, best.server, ask(name, r.q.kind))
		if other.state == found && (want == "" || slices.Contains(other.values, want)) {
			return fmt.Sprintf(" It is at %s: the name was entered wrongly.", name)
		}
	}
	return ""
}

// apex is the name of the zone that the domain is in, without a dot at its end.
func (p *probe) apex() string {
	if p.zone != nil {
		return strings.TrimSuffix(p.zone.apex, ".")
	}
	for _, reply := range p.soa.replies {
		if reply.err == nil && reply.server.serves() {
			for _, rr := range slices.Concat(reply.msg.Answer, reply.msg.Ns) {
				if soa, ok := rr.(*dns.SOA); ok {
					return strings.ToLower(strings.TrimSuffix(soa.Hdr.Name, "."))
				}
			}
		}
	}
	return p.domain()
}
