// Package autodiscover looks a mail address up as clients do, way by way, several times over, and tells which endpoint
// gave which answer: a look-up that works once proves nothing where one of many servers behind a balancer is wrong.
package autodiscover

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// probe is all attempts of one probe.
type probe struct {
	*Settings
	run      *prober.Run
	query    query
	attempts []*attempt
	spelt    *spelt // where the path's spelling matters
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	var err error
	hostname := ""
	if run.Target.Name != run.Target.Host {
		hostname = run.Target.Name
	}
	if p.query, err = s.read(run.Target.Raw, hostname); err != nil {
		run.Result.Fail(failure.From(err)) // Aim has accepted it, so this is a fault of the program
		return
	}
	run.Result.Address = p.query.email
	for _, m := range s.Methods {
		for n := range s.Attempts {
			p.attempts = append(p.attempts, &attempt{p: p, method: m, number: n + 1})
		}
	}
	p.lookUp(ctx)
	run.Contrast()
	if s.spells() {
		p.spell(ctx)
	}
	if s.FollowUp {
		p.followUp(ctx)
	}
	p.judge()
	run.Surplus()
	p.measure()
	p.tabulate()
}

// lookUp makes the attempts: all side by side, so that a balancer is met from several connections at once; but with an
// auth those that log on one by one, until a logon was accepted.
func (p *probe) lookUp(ctx context.Context) {
	if p.FollowUp || p.spells() {
		var cancel context.CancelFunc
		ctx, cancel = share(ctx, 5, 6)
		defer cancel()
	}
	var logons, rest []prober.Try
	var refusal *failure.Failure
	for _, a := range p.attempts {
		if !p.run.LogsOn() || !logsOn(a.method) {
			rest = append(rest, prober.Try{Begin: a.begin, Do: func(bool) bool { a.perform(ctx); return true }})
			continue
		}
		logons = append(logons, prober.Try{Begin: a.begin, Do: func(alone bool) bool {
			if !alone {
				a.perform(ctx)
				return true
			}
			p.alone(ctx, a)
			refusal = a.failure
			return !refused(a.failure)
		}})
	}
	left, goOn := p.run.OneByOne(logons)
	if !goOn { // the secret was refused, so nobody else sends it
		p.giveUp(refusal)
		left = nil
	}
	prober.SideBySide(append(left, rest...))
}

// giveUp lets those attempts fail that would log on and were not begun.
func (p *probe) giveUp(f *failure.Failure) {
	for _, a := range p.attempts {
		if logsOn(a.method) && a.step == nil {
			a.failure = f
		}
	}
}

// alone makes one attempt, which leaves time for those that follow.
func (p *probe) alone(ctx context.Context, a *attempt) {
	ctx, cancel := share(ctx, 3, 5)
	defer cancel()
	a.perform(ctx)
}

// begin begins the attempt's step. All attempts by a method share its name, so the detail says which it is.
func (a *attempt) begin() {
	a.step = a.p.run.Step(a.method)
	if a.p.Attempts > 1 {
		a.step.Detail("attempt %d of %d", a.number, a.p.Attempts)
	}
}

// refused tells whether a failure says that the secret must not be sent again in this probe.
func refused(f *failure.Failure) bool {
	return f != nil && f.Stage == failure.Auth && !failure.Is(f, failure.Auth, reasonLogonRequired, auth.TargetNotListed,
		auth.NotVerified, auth.NotHTTPS, auth.SchemeNotOffered, auth.ChallengeMalformed, auth.BindingUndefined, auth.HandshakeBroken, auth.ConnectionClosed)
}

// share is ctx with a part of the time that is left.
func share(ctx context.Context, part, of int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*time.Duration(part)/time.Duration(of))
}

// attempt is one complete look-up by one method.
type attempt struct {
	p         *probe
	method    string
	number    int          // from 1
	step      *prober.Step // nil while it was not begun
	redirects *autodiscover.Redirects
	email     string   // the address at hand
	replies   []*reply // what each way came to, in order
	answered  *reply   // the one that ended the look-up; nil without
	failed    *reply   // the one whose failure is the look-up's; nil without
	failure   *failure.Failure
}

// perform makes the attempt.
func (a *attempt) perform(ctx context.Context) {
	a.email = a.p.query.email
	a.redirects = a.p.redirects()
	a.failure = a.step.End(a.lookUp(ctx, a.p.query.domain))
}

// redirects are the rules for one look-up; nil where there is no mail domain, so that none is followed.
func (p *probe) redirects() *autodiscover.Redirects {
	address := p.query.email
	if address == "" { // by method get alone
		name := p.query.domain
		if name == "" {
			name = p.query.target.Name
		}
		address = "postmaster@" + name
	}
	r, err := autodiscover.NewRedirects(address, p.RedirectDomains)
	if err != nil {
		return nil
	}
	return r
}

// lookUp tries the ways for a mail domain, or the target itself where there is none, until one answers.
func (a *attempt) lookUp(ctx context.Context, domain string) error {
	ways := lookUpWays
	if domain == "" {
		ways = []string{wayDirect}
	}
	var tried []*reply
	for i, way := range ways {
		r := a.try(ctx, way, domain, len(ways)-i-1)
		tried = append(tried, r)
		if r.failure == nil || refused(r.failure) {
			return a.conclude(ctx, r)
		}
	}
	a.failed = headline(tried)
	return a.failed.failure
}

// conclude ends the look-up with what a way came to: an answer, or another address to look up.
func (a *attempt) conclude(ctx context.Context, r *reply) error {
	switch {
	case r.failure != nil:
		a.failed = r
		return r.failure
	case r.elsewhere || r.answer == nil || r.answer.Kind != autodiscover.RedirectAddress:
		a.answered = r
		return nil
	}
	domain, err := a.redirects.Address(r.answer.Redirect)
	if err != nil {
		err = r.refuse(err, domainOf(r.answer.Redirect), a)
		r.failure, a.failed = failure.From(err), r
		r.step.Fail(r.failure)
		return err
	}
	a.email = r.answer.Redirect
	return a.lookUp(ctx, domain)
}

// later is what each way that is still to come has for itself, so that one black hole does not eat the others' time.
const later = 2 * time.Second

// try goes one way.
func (a *attempt) try(ctx context.Context, way, domain string, others int) *reply {
	if end, ok := ctx.Deadline(); ok && others > 0 {
		left := time.Until(end)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(left/time.Duration(others+1), left-time.Duration(others)*later))
		defer cancel()
	}
	r := &reply{way: way, step: a.step.Step(way)}
	a.replies = append(a.replies, r)
	var err error
	switch way {
	case wayDomain:
		err = a.ask(ctx, r, a.p.urlOf(domain, a.method), a.p.BareDomainLogon)
	case wayAutodiscover:
		err = a.ask(ctx, r, a.p.urlOf(autodiscover.Hosts(domain)[1], a.method), true)
	case wayRedirect:
		err = a.redirected(ctx, r, autodiscover.Hosts(domain)[1])
	case waySRV:
		err = a.service(ctx, r, domain)
	case wayDirect:
		err = a.direct(ctx, r)
	}
	r.failure = r.step.End(err)
	return r
}

// headline is the reply whose failure is the look-up's: that of a service record that leads nowhere where nothing else
// answered, for somebody wrote it so that clients find their way by it; else the furthest.
func headline(tried []*reply) *reply {
	best := furthest(tried)
	for _, r := range tried {
		if failure.Is(r.err(), failure.Resolve, reasonServiceRecord) && !best.counts() {
			return r
		}
	}
	return best
}

// counts tells whether a failure shows more than that a name leads to somebody's web site, or to nothing: what is known to
// stand at Exchange answered, a logon is asked for, or a host that bears the name hangs or fails.
func (r *reply) counts() bool {
	f := r.failure
	switch {
	case r.way == wayDomain && f.Stage != failure.Auth, failure.Is(f, failure.TLS, "certificate_name", "not_tls"):
		return false
	case f.Stage == failure.Resolve, f.Stage == failure.Connect, f.Reason == reasonNoRedirect:
		return false
	case f.Stage == failure.Status || f.Stage == failure.Content:
		known := r.who().Kind != origin.Unknown
		return known || r.exchange != nil && r.exchange.Status() >= 500
	}
	return true
}

// furthest is the reply whose failure tells most: of the way that got furthest, and of those alike the one that is not
// the mail domain's own host.
func furthest(tried []*reply) *reply {
	best := tried[0]
	for _, r := range tried[1:] {
		if d := r.progress() - best.progress(); d > 0 || d == 0 && best.way == wayDomain {
			best = r
		}
	}
	return best
}

// progress orders failures by how much of an endpoint they met. A name that does not exist tells least, for clients have
// several to try. What the mail domain's own host says counts little: it often is a web site of somebody else. So does a
// redirect back to what was asked before.
func (r *reply) progress() int {
	f := r.failure
	far := 6
	switch f.Stage {
	case failure.Config:
		far = 0
	case failure.Resolve:
		far = 1
	case failure.Connect:
		far = 2
	case failure.TLS:
		far = 3
	case failure.Send, failure.Receive:
		far = 4
	case failure.Status:
		far = 5
	}
	switch {
	case failure.Is(f, failure.Resolve, "not_found", "no_address"):
		far = 0
	case r.way == wayDomain && f.Stage == failure.Auth:
		far = min(far, 3)
	case r.way == wayDomain, f.Reason == reasonNoRedirect, f.Reason == autodiscover.Loop:
		far = min(far, 2)
	}
	return far
}
