package dnsrecords

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// question is one name and type; the name is in lower case and ends with a dot.
type question struct {
	name string
	kind uint16
}

func ask(name string, kind uint16) question {
	return question{strings.ToLower(dns.Fqdn(name)), kind}
}

// named is the question's name as people write it.
func (q question) named() string { return strings.TrimSuffix(q.name, ".") }

func (q question) typed() string { return dns.TypeToString[q.kind] }

func (q question) String() string { return q.named() + " " + q.typed() }

// udpSize is that of an answer over UDP, so that none is broken into fragments (DNS flag day 2020).
const udpSize = 1232

// message makes the question as it goes over the wire, with an id of its own (RFC 5452 section 4.3).
func (q question) message(recursive, edns bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.kind) // which draws the id
	m.RecursionDesired = recursive
	if edns {
		m.SetEdns0(udpSize, false)
	}
	return m
}

// answers tells whether m answers asked: by its id and its question. A server that cannot read or does not take a question may
// leave it out.
func answers(m, asked *dns.Msg) bool {
	if !m.Response || m.Id != asked.Id || m.Opcode != dns.OpcodeQuery {
		return false
	}
	switch len(m.Question) {
	case 0:
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	case 1:
		got, want := m.Question[0], asked.Question[0]
		return strings.EqualFold(got.Name, want.Name) && got.Qtype == want.Qtype && got.Qclass == want.Qclass
	}
	return false
}

// state is what an answer says of a name and type.
type state string

// The states. The first five are an authority's.
const (
	found    state = "found"    // it has such records
	alias    state = "alias"    // the name is an alias (RFC 1034 section 3.6.2)
	noType   state = "no_type"  // the name is there, and has no such record (RFC 2308 section 2.2)
	noName   state = "no_name"  // there is no such name (NXDOMAIN)
	referral state = "referral" // other servers have that part of the zone (RFC 1034 section 4.3.2)

	refused   state = "refused"
	failed    state = "failed"    // SERVFAIL
	otherCode state = "other"     // any other code
	noZone    state = "not_aa"    // an answer without authority
	unknown   state = "no_answer" // none came, or none that could be read
)

// authoritative tells whether a server that answers so has the zone.
func (s state) authoritative() bool { return s == found || s == alias || s == noType || s == noName }

// absent tells whether the record is not there.
func (s state) absent() bool { return s == noType || s == noName }

// owned are the records of the question's name in an answer: those of its type, and aliases.
func (q question) owned(m *dns.Msg) (list []dns.RR) {
	for _, rr := range m.Answer {
		h := rr.Header()
		if strings.EqualFold(h.Name, q.name) && h.Class == dns.ClassINET && (h.Rrtype == q.kind || h.Rrtype == dns.TypeCNAME) {
			list = append(list, rr)
		}
	}
	return list
}

// read tells what an answer of an authority says.
func (q question) read(m *dns.Msg) state {
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	case dns.RcodeRefused:
		return refused
	case dns.RcodeServerFailure:
		return failed
	default:
		return otherCode
	}
	own := q.owned(m)
	switch {
	case !m.Authoritative && len(own) == 0 && q.cut(m) != "":
		return referral
	case !m.Authoritative:
		return noZone
	case slices.ContainsFunc(own, func(rr dns.RR) bool { return rr.Header().Rrtype == q.kind }):
		return found
	case len(own) > 0: // also where its target is in the zone and does not exist (RFC 6604 section 3)
		return alias
	case m.Rcode == dns.RcodeNameError:
		return noName
	}
	return noType
}

// cut is the zone to whose servers an answer refers, empty for none.
func (q question) cut(m *dns.Msg) string {
	for _, rr := range m.Ns {
		if h := rr.Header(); h.Rrtype == dns.TypeNS && h.Name != "." && dns.IsSubDomain(h.Name, q.name) {
			return strings.ToLower(h.Name)
		}
	}
	return ""
}

// canonical is what a record holds in the form in which records are compared: without its name and its time to live, names in
// lower case, and the strings of a TXT record joined without anything between them (RFC 7208 section 3.3).
func canonical(rr dns.RR) string {
	if txt, ok := rr.(*dns.TXT); ok {
		return joined(txt)
	}
	text := strings.TrimPrefix(rr.String(), rr.Header().String())
	switch rr.Header().Rrtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeMX, dns.TypeNS, dns.TypePTR, dns.TypeSOA, dns.TypeSRV, dns.TypeDS, dns.TypeTLSA:
		return strings.ToLower(text)
	}
	return text
}

// joined are the strings of a TXT record, one after the other, as bytes.
func joined(rr *dns.TXT) string {
	var b strings.Builder
	for _, s := range rr.Txt {
		b.WriteString(unescape(s))
	}
	return b.String()
}

// unescape undoes the escapes of zone files (RFC 1035 section 5.1), which the library writes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if n, err := strconv.ParseUint(s[i+1:min(i+4, len(s))], 10, 8); err == nil && i+4 <= len(s) {
			b.WriteByte(byte(n))
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// set are records in the form in which they are compared: order and doubles mean nothing.
func set(list []dns.RR) []string {
	var texts []string
	for _, rr := range list {
		texts = append(texts, canonical(rr))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// maxShown is how much of a record a person is shown, in bytes, and shownRecords how many of a set.
const (
	maxShown     = 100
	shownRecords = 4
)

// shown are records for a sentence.
func shown(list []dns.RR) string {
	var parts []string
	for _, rr := range list {
		text := plain.Text(canonical(rr), maxShown)
		if txt, ok := rr.(*dns.TXT); ok {
			text = strconv.Quote(text)
			if len(txt.Txt) > 1 {
				text += fmt.Sprintf(" in %d strings", len(txt.Txt))
			}
		} else if rr.Header().Rrtype == dns.TypeCNAME {
			text = "CNAME " + text
		}
		if !strings.HasSuffix(text, " .") { // the root, as in an MX record that says that there is no mail
			text = strings.TrimSuffix(text, ".")
		}
		parts = append(parts, text)
	}
	slices.Sort(parts)
	if more := len(parts) - shownRecords; more > 0 {
		parts = append(parts[:shownRecords], fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// said is an answer in a few words, with its code and flags as DNS names them.
func said(q question, m *dns.Msg) string {
	code := dns.RcodeToString[m.Rcode]
	text := cmp.Or(code, fmt.Sprintf("code %d", m.Rcode))
	if m.Authoritative {
		text += " aa"
	}
	if m.Truncated {
		text += " tc"
	}
	own := q.owned(m)
	switch cut := q.cut(m); {
	case len(own) > 0:
		return text + ": " + shown(own)
	case !m.Authoritative && cut != "":
		return text + ": refers to the servers of " + plain.Text(strings.TrimSuffix(cut, "."), maxShown)
	case m.Rcode == dns.RcodeSuccess:
		return text + ", without such a record"
	}
	return text
}
