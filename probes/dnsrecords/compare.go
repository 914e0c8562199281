package dnsrecords

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// group are the replies that say alike.
type group struct {
	key     string
	says    string // what the question's subject is, as what follows it
	replies []*reply
}

// groups are what was answered to a question, the largest first.
func (r *round) groups() (all []group) {
	for _, reply := range r.replies {
		if reply.err != nil {
			continue
		}
		key := reply.key()
		i := slices.IndexFunc(all, func(g group) bool { return g.key == key })
		if i < 0 {
			i, all = len(all), append(all, group{key: key, says: reply.says()})
		}
		all[i].replies = append(all[i].replies, reply)
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(len(b.replies), len(a.replies)) })
	return all
}

// key tells answers apart by content. That a name is not there and that it has no such record are alike: the record is missing.
func (r *reply) key() string {
	switch {
	case r.state.absent():
		return "absent"
	case r.q.kind == dns.TypeSOA && r.state == found:
		return fmt.Sprint("serial ", *serialIn(r.msg))
	case r.state == found, r.state == alias:
		return string(r.state) + "\n" + strings.Join(r.values, "\n")
	case r.state == referral:
		return string(r.state) + r.q.cut(r.msg)
	}
	return string(r.state) + fmt.Sprint(r.msg.Rcode)
}

// says is the answer as what follows the question's subject.
func (r *reply) says() string {
	switch {
	case r.q.kind == dns.TypeSOA && r.state == found:
		return fmt.Sprintf("is of serial %d", *serialIn(r.msg))
	case r.state == found, r.state == alias:
		return "is " + shown(r.own)
	case r.state == noType:
		return "is not there (the name is, without such a record)"
	case r.state == noName:
		return "is not there (NXDOMAIN)"
	case r.state == referral:
		return "is left to the servers of " + strings.TrimSuffix(r.q.cut(r.msg), ".")
	case r.state == noZone:
		return "is answered without authority"
	}
	return "is answered " + said(r.q, r.msg)
}

// maxNamed is how many servers a sentence names.
const maxNamed = 4

// who names the servers of replies.
func who(replies []*reply) string {
	var names []string
	for _, r := range replies {
		names = append(names, r.server.String())
	}
	return listed(names)
}

// listed writes a list, the end of a long one as a number.
func listed(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// differs tells whether servers contradict each other.
func (r *round) differs() bool { return r.q.kind != dns.TypeSOA && len(r.groups()) > 1 }

// rotates are the types of which some servers give another one each time, to share load.
func (q question) rotates() bool {
	return slices.Contains([]uint16{dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS, dns.TypeSVCB}, q.kind)
}

// varies tells whether a server contradicts itself: then that it differs from others says nothing.
func (r *round) varies() bool {
	for i, again := range r.again {
		if before := r.replies[i]; before.err == nil && again.err == nil && before.key() != again.key() {
			return r.q.rotates()
		}
	}
	return false
}

// maxAgain is how many questions are put a second time.
const maxAgain = 3

// confirm asks a second time where servers differ: what was about to change has changed, and what rotates shows it. It gives the
// rounds that differ still, those of configured records first.
func (p *probe) confirm(ctx context.Context) (differ []*round) {
	rounds := slices.Clone(p.rounds)
	slices.SortStableFunc(rounds, func(a, b *round) int { return cmp.Compare(p.rank(a.q), p.rank(b.q)) })
	for _, r := range rounds {
		if !r.differs() {
			continue
		}
		if len(differ) < maxAgain {
			p.askAgain(ctx, r)
			if r.varies() {
				continue
			}
			if second := (&round{q: r.q, replies: r.again}); len(second.silent()) == len(r.silent()) {
				r.replies = r.again
			}
		}
		if r.differs() {
			differ = append(differ, r)
		}
	}
	return differ
}

// rank puts configured records before everything else.
func (p *probe) rank(q question) int {
	if slices.ContainsFunc(p.Records, func(rec Record) bool { return rec.question() == q }) {
		return 0
	}
	return 1
}

func (p *probe) askAgain(ctx context.Context, r *round) {
	r.again = make([]*reply, len(r.replies))
	talk := &wire.Talk{Span: wire.Span{Start: p.run.Now()}}
	talk.Add(wire.Line{At: p.run.Now(), From: wire.Client, Text: r.q.String() + ", a second time"})
	step := p.run.Step(stepQuestion)
	fs := make([]func(), len(r.replies))
	for i, before := range r.replies {
		fs[i] = func() { r.again[i] = p.put(ctx, step, before.server, r.q) }
	}
	prober.Parallel(fs...)
	second := &round{q: r.q, replies: r.again, step: step}
	second.record(p, talk, r.again)
	r.talk = second.talk
}

// older tells whether serial a is before b (RFC 1982 section 3.2).
func older(a, b uint32) bool { return a != b && int32(a-b) < 0 } // #nosec G115 -- the arithmetic is that of serials

// newest is the serial that no server is ahead of; nil where none is known.
func (p *probe) newest() *uint32 {
	var best *uint32
	for _, s := range p.servers {
		if s.serves() && s.serial != nil && !strings.HasPrefix(s.named, namedByReferral) && (best == nil || older(*best, *s.serial)) {
			best = s.serial
		}
	}
	return best
}

// stale tells whether a server's copy is older than another's.
func (p *probe) stale(s *server) bool {
	best := p.newest()
	return best != nil && s.serial != nil && older(*s.serial, *best)
}

// right is the group that is most likely as it should be, and whether that is certain by the serials: those whose copy is the
// newest, else the most.
func (p *probe) right(groups []group) (g group, bySerial bool) {
	fresh := func(g group) bool {
		return slices.ContainsFunc(g.replies, func(r *reply) bool { return !p.stale(r.server) })
	}
	var newest []group
	for _, g := range groups {
		if fresh(g) {
			newest = append(newest, g)
		}
	}
	switch {
	case len(newest) == 1:
		return newest[0], true
	case len(newest) > 1:
		return newest[0], false
	}
	return groups[0], false
}

// best is the reply that stands for what the zone says; nil where nobody answered.
func (p *probe) best(r *round) *reply {
	if r == nil {
		return nil
	}
	groups := r.groups()
	if len(groups) == 0 {
		return nil
	}
	g, _ := p.right(groups)
	return g.replies[0]
}

// differ finds that servers contradict each other: one finding, whatever the number of questions.
func (p *probe) differ(rounds []*round) {
	if len(rounds) == 0 {
		return
	}
	r := rounds[0]
	groups := r.groups()
	right, bySerial := p.right(groups)
	var odd []string
	for _, g := range groups {
		if g.key == right.key {
			continue
		}
		for _, reply := range g.replies {
			odd = append(odd, fmt.Sprintf("%s at %s, %s", reply.says(), reply.server, p.serialOf(reply.server)))
			p.blame(r, reply.server)
		}
	}
	why, advice := "The serials do not tell which of them is right", adviceCopiesDiffer
	if bySerial {
		why, advice = "The older copy was not replaced yet, or cannot be: compare the serials again after the refresh time of the zone", adviceCopyOld
	}
	more := ""
	if n := len(rounds) - 1; n > 0 {
		more = fmt.Sprintf(" They differ about %s too.", questionsOf(rounds[1:]))
	}
	sentence := fmt.Sprintf("%s %s; it %s at %s.", r.q, listed(odd), right.says, p.withSerial(right.replies))
	p.find(ServersDiffer, result.Error, r, "The name servers of %s do not say the same: %s %s.%s", p.domain(), sentence, why, more)
	p.run.Result.Draw(ServersDiffer, advice)
	p.fail(reasonDiffer, "the name servers of %s differ: %s", p.domain(), sentence)
}

// serialOf tells the serial of a server's copy.
func (p *probe) serialOf(s *server) string {
	switch {
	case s.serial == nil:
		return "whose serial is not known"
	case p.stale(s):
		return fmt.Sprintf("whose copy has the older serial %d", *s.serial)
	}
	return fmt.Sprintf("whose copy has serial %d", *s.serial)
}

// withSerial names the servers of replies, the first with its serial.
func (p *probe) withSerial(replies []*reply) string {
	text := who(replies)
	if s := replies[0].server; s.serial != nil {
		text += fmt.Sprintf(" (serial %d)", *s.serial)
	}
	return text
}

func questionsOf(rounds []*round) string {
	var names []string
	for _, r := range rounds {
		names = append(names, r.q.String())
	}
	return listed(names)
}

// serialsDiffer tells of serials that differ while all that was asked is alike: a change of something else is on its way.
func (p *probe) serialsDiffer() {
	var behind []string
	for _, s := range p.servers {
		if s.serves() && p.stale(s) && !strings.HasPrefix(s.named, namedByReferral) {
			behind = append(behind, fmt.Sprintf("%s has %d", s, *s.serial))
		}
	}
	if len(behind) > 0 {
		p.run.Find(SerialsDiffer, result.Info, origin.Origin{Kind: origin.DNSServer}, "The newest serial of %s is %d, and %s. All that was asked for is alike: another change is on its way.",
			p.domain(), *p.newest(), listed(behind))
	}
}

// alive are the servers that answer for the domain's own zone.
func (p *probe) alive() (list []*server) {
	for _, s := range p.servers {
		if s.serves() && !strings.HasPrefix(s.named, namedByReferral) {
			list = append(list, s)
		}
	}
	return list
}
