package autodiscover

import (
	"context"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// capitals are the paths as Exchange's own settings and the clients that follow them spell them
// (AutoDiscoverServiceInternalUri). IIS takes any spelling; a rule on a box in front may know one alone.
var capitals = map[string]string{
	POX: "/Autodiscover/Autodiscover.xml", Get: "/Autodiscover/Autodiscover.xml", SOAP: "/Autodiscover/Autodiscover.svc",
}

// spells tells whether the other spelling is asked for: autodiscover.json is asked for by few, and its rules are others.
func (s *Settings) spells() bool {
	if !s.Spellings {
		return false
	}
	for _, m := range s.Methods {
		if capitals[m] != "" {
			return true
		}
	}
	return false
}

// spelt is what the spellings of one path came to.
type spelt struct {
	reply     *reply
	good, bad string // paths
	answer    *result.Conversation
	severity  result.Severity
}

// spell asks once, without logon, by the other spelling of the path where a look-up came far enough. Only where that comes to
// something else both are asked once more, so that a pool whose members differ is not taken for it.
func (p *probe) spell(ctx context.Context) {
	a, r := p.spellable()
	if r == nil {
		return
	}
	ctx, cancel := share(ctx, 1, 2)
	defer cancel()
	step := p.run.Step(spelling)
	step.Detail("%s, as clients ask too", capitals[a.method])
	step.End(p.contrastSpellings(ctx, step, a, r))
}

// respelt tells whether a redirect led from one spelling of a URL to another.
func (r *reply) respelt() bool {
	for i := 1; i < len(r.passed); i++ {
		if before := r.passed[i-1]; before != r.passed[i] && strings.EqualFold(before, r.passed[i]) {
			return true
		}
	}
	return false
}

// contrastSpellings asks by the other spelling; and where that comes to something else than the look-up did, by the own one twice
// and by the other once more, in an order in which a pool that answers every other time well does not look the same.
func (p *probe) contrastSpellings(ctx context.Context, step *prober.Step, a *attempt, r *reply) error {
	own, other := paths[a.method], capitals[a.method]
	served := a.answered == r && !r.respelt()
	last := map[string]*result.Conversation{}
	for _, path := range []string{other, own, own, other} {
		answer, err := p.get(ctx, step, r, path)
		if reached, clear := reaches(answer); err != nil || !clear || reached != (served == (path == own)) {
			return err
		}
		last[path] = answer
	}
	p.spelt = &spelt{r, own, other, last[other], warning}
	if !served {
		p.spelt = &spelt{r, other, own, last[own], a.severityOf(r)}
	}
	return nil
}

// spellable is a reply from which it shows whether the path leads to Exchange: an answer, or a refusal that a wrong path gets.
func (p *probe) spellable() (*attempt, *reply) {
	for _, a := range p.attempts {
		r := a.answered
		if r == nil {
			r = a.failed
		}
		if capitals[a.method] == "" || r == nil || r.exchange == nil || r.asked.Host == "" || r.asked.Scheme != "https" {
			continue
		}
		if reached, clear := reaches(r.exchange); clear && reached == (a.answered != nil) && (a.answered != nil || r.way != wayDomain) {
			return a, r
		}
	}
	return nil, nil
}

// reaches tells whether an answer shows that the request came to Exchange, and whether it shows either way: a server that is
// down or busy does not.
func reaches(e *result.Conversation) (reached, clear bool) {
	if e == nil || e.Final == nil {
		return false, false
	}
	status := e.Final.Status
	switch {
	case status == 408, status == 429, status >= 500:
		return false, false
	case status == 401, e.Origin.Kind.Serves():
		return true, true
	}
	return status == 200 && e.Method == "POST", true
}

// get asks the host that a reply came from for a path, without logon, on a connection of its own.
func (p *probe) get(ctx context.Context, step *prober.Step, r *reply, path string) (*result.Conversation, error) {
	host := prober.Absolute(r.asked)
	if r.way == wayDirect && r.asked.Host == p.query.target.Host {
		host = r.asked.Host
	}
	resolution, err := p.run.Resolve(ctx, step, host)
	if err != nil {
		return nil, err
	}
	conn, err := p.run.Network.Open(ctx, step, p.endpoint(r, r.asked, resolution))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var e *result.Conversation
	err = on(step, conn, func() error {
		x, body, err := conn.Do(prober.RequestTo(r.asked, "GET", path, p.fields(), nil), 64<<10)
		e = p.run.Exchanged(step.Name()+".request", conn, x.Record, body, err)
		if e.Final == nil {
			return err
		}
		return nil
	})
	return e, err
}

// spelled tells of a path that only one spelling leads to Exchange by.
func (p *probe) spelled() {
	s := p.spelt
	if s == nil {
		return
	}
	p.run.Find(PathSpelling, s.severity, s.answer.Origin, "At %s %s leads to Exchange, and %s was answered %s by %s. Clients write both: a rule on the way tells small letters from capitals.",
		s.reply.asked.Host, s.good, s.bad, line(s.answer.Final), s.answer.Origin.Name())
}
