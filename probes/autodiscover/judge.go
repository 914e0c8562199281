package autodiscover

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict: any attempt that failed fails the probe, for a second one that works must not hide it.
func (p *probe) judge() {
	for _, a := range p.attempts {
		p.run.Result.Fail(a.failure)
	}
	p.complete()
	p.decide()
	for _, m := range p.Methods {
		p.intermittent(m)
		p.differ(m)
	}
	p.wrongURLs()
	p.serverDiffers()
	p.otherServices()
	p.inherited()
	p.spelled()
	p.boxes()
	p.certificates()
	p.serviceRecords()
	p.refusedRedirects()
	p.blocked()
}

// complete gives replies that ended within a logon the exchange in which they did.
func (p *probe) complete() {
	for _, a := range p.attempts {
		for _, r := range a.replies {
			if c := r.step.Connection(); r.exchange == nil && c != nil {
				r.exchange = p.lastOn(c.ID)
			}
		}
	}
}

// lastOn is the last exchange on a connection, nil without one.
func (p *probe) lastOn(connection int) *result.Conversation {
	for _, e := range slices.Backward(p.run.Result.Conversations) {
		if e.Connection == connection {
			return e
		}
	}
	return nil
}

// decide names the deciding exchange: that of the first attempt that failed, else the last one.
func (p *probe) decide() {
	var last *reply
	for _, a := range p.attempts {
		if a.failure != nil && a.step != nil {
			last = a.failed
			break
		}
		if a.answered != nil {
			last = a.answered
		}
	}
	if last == nil {
		return
	}
	r := p.run.Result
	r.Deciding = last.exchange
	if c := last.step.Connection(); c != nil { // else that of a look-up in vain stays
		r.DecidingConnection = c
	}
}

// of gives the attempts by a method.
func (p *probe) of(method string) (all, answered []*attempt) {
	for _, a := range p.attempts {
		if a.method != method {
			continue
		}
		all = append(all, a)
		if a.failure == nil {
			answered = append(answered, a)
		}
	}
	return all, answered
}

// intermittent tells of attempts of which some were answered, and some were not.
func (p *probe) intermittent(method string) {
	all, answered := p.of(method)
	all = slices.DeleteFunc(all, func(a *attempt) bool { return a.failure != nil && a.failure.Stage == failure.Internal }) // our own trouble
	i := slices.IndexFunc(all, func(a *attempt) bool { return a.failure != nil })
	if len(answered) == 0 || i < 0 || p.run.Found(Intermittent) {
		return
	}
	var good []string
	for _, a := range answered {
		good = append(good, server(a.answered))
	}
	bad := all[i]
	p.run.Find(Intermittent, failing, bad.failed.who(), "%d of %d attempts by %s failed, the first with: %s. The others were answered by %s. Compare the servers behind the balancer one by one.",
		len(all)-len(answered), len(all), method, bad.failure.Message, join(good))
}

// server names who gave a reply.
func server(r *reply) string {
	who := r.who()
	switch {
	case who.Frontend != "":
		return who.Frontend
	case who.Product != "":
		return origin.Title(who.Product)
	}
	return "a server without a name"
}

// join lists words once each, in order.
func join(words []string) string {
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ", ")
}

// digest is what tells answers apart: a short digest of all that they return, or of where they lead.
func (a *attempt) digest() string {
	r := a.answered
	var parts []string
	switch {
	case r == nil || a.method == Get && r.redirect == "":
		return ""
	case r.elsewhere:
		parts = []string{"redirect", r.redirect}
	case r.answer == nil:
		return ""
	default:
		for _, s := range append(slices.Clone(r.answer.URLs), r.answer.Servers...) {
			parts = append(parts, s.Protocol+" "+s.Value)
		}
		slices.Sort(parts)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:4])
}

// digests are the distinct answers by a method, each with the servers that gave it.
func (p *probe) digests(method string) map[string][]string {
	all := map[string][]string{}
	_, answered := p.of(method)
	for _, a := range answered {
		if digest := a.digest(); digest != "" {
			all[digest] = append(all[digest], server(a.answered))
		}
	}
	return all
}

// differ tells of attempts that got different settings.
func (p *probe) differ(method string) {
	digests := p.digests(method)
	if len(digests) < 2 || p.run.Found(AnswersDiffer) {
		return
	}
	byCount := func(a, b string) int {
		return cmp.Or(cmp.Compare(len(digests[b]), len(digests[a])), cmp.Compare(a, b))
	}
	var parts []string
	for _, digest := range slices.SortedFunc(maps.Keys(digests), byCount) { // the most frequent first
		parts = append(parts, fmt.Sprintf("%s from %s", digest, join(digests[digest])))
	}
	p.run.Find(AnswersDiffer, warning, origin.Origin{Kind: origin.Exchange}, "Attempts by %s got %d different answers: %s. %s", method, len(digests), strings.Join(parts, "; "), p.difference(method))
}

// difference names a setting in which answers differ.
func (p *probe) difference(method string) string {
	_, answered := p.of(method)
	values := map[string]map[string][]string{} // the servers by name and value
	for _, a := range answered {
		if a.answered.answer == nil {
			continue
		}
		for _, s := range slices.Concat(a.answered.answer.URLs, a.answered.answer.Servers) {
			if values[s.Protocol] == nil {
				values[s.Protocol] = map[string][]string{}
			}
			values[s.Protocol][s.Value] = append(values[s.Protocol][s.Value], server(a.answered))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var parts []string
		for _, value := range slices.Sorted(maps.Keys(values[name])) {
			parts = append(parts, value+" from "+join(values[name][value]))
		}
		if len(parts) > 1 {
			return fmt.Sprintf("%s is %s.", name, strings.Join(parts, ", and "))
		}
	}
	return "They name different settings."
}

// disputed tells whether answers by one method are not alike under a name, or one is not as expected.
func (p *probe) disputed(name string) bool {
	if _, expecting := p.Expect[name]; expecting {
		if misses, _ := p.misses(name); len(misses) > 0 {
			return true
		}
	}
	first := map[string]string{} // by method
	for _, a := range p.attempts {
		if a.failure != nil || !gives(a.method, name) {
			continue
		}
		values := join(a.values(name))
		if before, seen := first[a.method]; seen && before != values {
			return true
		}
		first[a.method] = values
	}
	return false
}

// values are those that an attempt got under a name.
func (a *attempt) values(name string) []string {
	var list []string
	if a.answered == nil || a.answered.answer == nil {
		return nil
	}
	for _, s := range slices.Concat(a.answered.answer.URLs, a.answered.answer.Servers) {
		if strings.EqualFold(s.Protocol, name) {
			list = append(list, s.Value)
		}
	}
	return list
}

// misses are the attempts that were answered, and not as expected under a name; asked counts those that could have been.
func (p *probe) misses(name string) (misses []*attempt, asked int) {
	for _, a := range p.attempts {
		if !gives(a.method, name) || a.failure != nil {
			continue
		}
		asked++
		if !p.Expect[name].fits(a.values(name)) {
			misses = append(misses, a)
		}
	}
	return misses, asked
}

// wrongURLs holds the answers against what is expected.
func (p *probe) wrongURLs() {
	for _, name := range slices.Sorted(maps.Keys(p.Expect)) {
		misses, asked := p.misses(name)
		if len(misses) == 0 {
			continue
		}
		a := misses[0]
		got := cmp.Or(strings.Join(a.values(name), " and "), "not there")
		var servers []string
		for _, m := range misses {
			servers = append(servers, server(m.answered))
		}
		sentence := fmt.Sprintf("%s is %s in %d of %d answers, from %s; expected is %s.", name, got, len(misses), asked, join(servers), p.Expect[name])
		p.run.Find(WrongURL, failing, a.answered.who(), "%s", sentence)
		if p.run.Result.Failure == nil {
			p.run.Result.Deciding, p.run.Result.DecidingConnection = a.answered.exchange, a.answered.step.Connection()
		}
		p.run.Result.Fail(failure.New(failure.Content, reasonWrongURL, "%s", sentence))
	}
}

// boxes tells of attempts that a box in front of the server ended.
func (p *probe) boxes() {
	for _, a := range p.attempts {
		if a.failed == nil || a.failed.exchange == nil || a.failed.exchange.Final == nil || a.failed.way == wayDomain {
			continue
		}
		if who := a.failed.who(); who.Kind == origin.Middlebox {
			p.run.Find(prober.AnsweredByMiddlebox, failing, who, "%s was answered %s by %s, not by Exchange, whose logs have nothing of it%s.",
				capital(a.String()), line(a.failed.exchange.Final), who.Name(), a.failed.exchange.Reading.Text())
			return
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// severityOf is that of a finding about a way: an error where it is why the attempt failed.
func (a *attempt) severityOf(r *reply) result.Severity {
	if a.failure != nil && a.failed == r {
		return failing
	}
	return warning
}

// first is the first reply that fits, those that an attempt failed by first.
func (p *probe) first(fits func(*reply) bool) (*attempt, *reply) {
	var at *attempt
	var first *reply
	for _, a := range p.attempts {
		for _, r := range a.replies {
			switch {
			case !fits(r):
			case a.severityOf(r) == failing:
				return a, r
			case first == nil:
				at, first = a, r
			}
		}
	}
	return at, first
}

// certificates tells of certificates that clients warn of at the two names that all of them try. At the mail domain's own
// host, whose certificate is seldom of the module's authority, only what no authority can mend counts.
func (p *probe) certificates() {
	a, r := p.first(func(r *reply) bool {
		return r.way == wayAutodiscover && failure.Is(r.err(), failure.TLS, "certificate_name")
	})
	if r != nil {
		p.run.Find(CertificateName, a.severityOf(r), r.who(), "Clients that ask https://%s%s are shown a certificate for other names: %s", r.asked.Host, autodiscover.POXPath, r.failure.Message)
	}
	a, r = p.first(func(r *reply) bool {
		return r.way == wayDomain && failure.Is(r.err(), failure.TLS, "certificate_name", "certificate_expired")
	})
	if r != nil {
		p.run.Find(DomainCertificate, a.severityOf(r), r.who(), "Clients that ask https://%s%s first are shown a certificate that they warn of: %s.", r.asked.Host, autodiscover.POXPath, r.failure.Message)
	}
}

// err is the failure as an error: a nil *Failure in an error would not be nil.
func (r *reply) err() error {
	if r.failure == nil {
		return nil
	}
	return r.failure
}

// refusedRedirects tells of redirects that were not followed.
func (p *probe) refusedRedirects() {
	a, r := p.first(func(r *reply) bool { return r.redirect != "" && r.failure != nil })
	if r != nil {
		p.run.Find(RedirectNotAllowed, a.severityOf(r), r.who(), "%s", capital(r.failure.Message)+".")
		return
	}
	if _, r = p.first(func(r *reply) bool { return r.elsewhere }); r != nil {
		p.run.Find(RedirectNotAllowed, info, r.who(), "Autodiscover leads to %s, which is Exchange Online; the probe does not follow. List the domain in redirect_domains to look there too.", r.redirect)
	}
}

// blocked tells of version 2 requests that something refuses that is not Exchange, as rules against known attacks on
// autodiscover.json do when they take in too much.
func (p *probe) blocked() {
	for _, a := range p.attempts {
		if a.method != JSON || a.failed == nil || a.failed.way == wayDomain {
			continue
		}
		r := a.failed
		status, who := 0, r.who()
		if r.exchange != nil && r.exchange.Final != nil {
			status = r.exchange.Final.Status
		}
		refusal := slices.Contains([]int{400, 403, 404, 406}, status) && failure.Is(r.err(), failure.Status, reasonStatus)
		abort := r.exchange != nil && failure.Is(r.err(), failure.Receive, "closed", "reset")
		filter := who.Kind == origin.Middlebox || status == 403 && who.Kind != origin.Exchange && who.Kind != origin.EWSServer || abort && p.otherwiseAnswered()
		if (refusal || abort) && filter {
			what := "the end of the connection"
			if status != 0 {
				what = line(r.exchange.Final)
			}
			p.run.Find(JSONBlocked, failing, who, "The request for autodiscover.json was answered with %s, and not by Exchange: a filter rule refuses it.", what)
			return
		}
	}
}

// otherwiseAnswered tells whether Exchange answered by another method.
func (p *probe) otherwiseAnswered() bool {
	return slices.ContainsFunc(p.attempts, func(a *attempt) bool {
		return a.method != JSON && a.answered != nil && a.answered.who().Kind == origin.Exchange
	})
}
