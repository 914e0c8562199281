package virtualdirectories

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict from what came of the pages.
func (p *probe) judge() {
	p.settleStates()
	bad := p.in(func(pg *page) bool { return pg.failure != nil && pg.state != unreached })
	lost := p.in(func(pg *page) bool { return pg.state == unreached })
	p.decide(slices.Concat(bad, lost))
	switch {
	case len(bad) > 0:
		p.unhealthy(bad)
	case len(lost) > 0: // which says nothing of a directory
		lost[0].failure.Message += also(lost[1:])
		p.run.Result.Fail(lost[0].failure)
	case p.allAre(maintenance):
		p.run.Find(Maintenance, result.Info, origin.Origin{Kind: origin.Unknown}, "%s closed the connection to each of its %d pages of health without an answer: so does a server that is in maintenance (ServerWideOffline). A balancer that asks for these pages sends nobody there. Was that planned? Then nothing is to be done. If not, Get-ServerComponentState %s shows what is inactive, and for whom.",
			p.run.Target.Host, len(p.pages), p.run.Target.Host)
	case len(p.in(func(pg *page) bool { return pg.state == healthy })) == 0:
		p.undecided()
	}
	p.tell(unpublished, Unpublished, "The page of health of %s is not published here (%s), so nothing is known of it from this side. Ask the servers directly (hostname, --direct): balancers do.")
	p.tell(signIn, SignIn, "In place of the page of health of %s came a page to sign in on, or a request for a logon (%s). Exchange asks for none, so something in front does, or that directory itself; a balancer's check without a logon gets the same.")
	p.run.Surplus()
}

// settleStates says which states are no failure after all, now that all pages are there: those of a server in maintenance,
// which closes them all, and those that Exchange 2010 does not have.
func (p *probe) settleStates() {
	whole := p.direct && len(p.pages) > 1 && p.allAre(closed)
	old := p.is2010()
	for _, pg := range p.pages {
		switch {
		case whole:
			pg.state, pg.failure = maintenance, nil
		case old && (pg.state == missing || pg.state == unpublished):
			pg.state, pg.failure = unsupported, nil
		}
		pg.mark()
	}
}

// mark says of the page's steps what came of them.
func (pg *page) mark() {
	for _, step := range []*prober.Step{pg.step, pg.get} {
		step.Fail(pg.failure)
		if pg.failure == nil && pg.state != healthy {
			step.Warn()
		}
	}
}

// is2010 tells whether Exchange 2010 answers, or one before it, which have no pages of health.
func (p *probe) is2010() bool {
	all := p.builds()
	return len(all) > 0 && all[0].build[0] < 15
}

func (p *probe) allAre(s state) bool {
	return len(p.in(func(pg *page) bool { return pg.state == s })) == len(p.pages)
}

// in are the pages for which something holds.
func (p *probe) in(holds func(*page) bool) (all []*page) {
	for _, pg := range p.pages {
		if holds(pg) {
			all = append(all, pg)
		}
	}
	return all
}

// decide says which conversation the one-of-a-kind metrics tell of: that of the first page that is not healthy, else of the
// first.
func (p *probe) decide(bad []*page) {
	deciding := p.pages[0]
	if len(bad) > 0 {
		deciding = bad[0]
	}
	p.run.Result.Deciding, p.run.Result.DecidingConnection = deciding.exchange, deciding.step.Connection()
}

// unhealthy fails the probe, and says of which directories.
func (p *probe) unhealthy(bad []*page) {
	r, first := p.run.Result, bad[0]
	who := origin.Origin{Kind: origin.Unknown}
	if first.exchange != nil {
		p.run.FindBox(first.exchange)
		who = first.exchange.Origin
	}
	p.run.Find(Unhealthy, result.Error, who, "%s %d of %d directories are not healthy: %s. %s%s",
		p.subject(), len(bad), len(p.pages), told(bad), p.balancers(bad), p.rest())
	r.Draw(Unhealthy, p.drawn(bad))
	r.Draw(first.failure.Name(), p.drawn(bad))
	first.failure.Message += also(bad[1:])
	r.Fail(first.failure)
}

// subject begins the sentence: the server, or what was asked under the service's name.
func (p *probe) subject() string {
	if p.direct {
		return "Server " + p.run.Target.Host + ":"
	}
	return p.run.Target.Name + ":"
}

// balancers says what a balancer's check of these pages does.
func (p *probe) balancers(bad []*page) string {
	if slices.ContainsFunc(bad, func(pg *page) bool { return pg.state == foreign }) {
		return "A balancer whose check looks at the status alone goes on sending clients there; one that reads the page sends nobody."
	}
	return "A balancer that asks for these pages sends nobody " + p.where() + " for these protocols."
}

func (p *probe) where() string {
	if p.direct {
		return "to this server"
	}
	return "to a server that answers so"
}

// told lists pages with what came, those that got the same together.
func told(pages []*page) string {
	var answers, parts []string
	by := map[string][]*page{}
	for _, pg := range pages {
		a := pg.answer()
		if by[a] = append(by[a], pg); len(by[a]) == 1 {
			answers = append(answers, a)
		}
	}
	for _, a := range answers {
		parts = append(parts, fmt.Sprintf("%s (%s)", names(by[a]), a))
	}
	return strings.Join(parts, "; ")
}

// rest names the directories that are healthy.
func (p *probe) rest() string {
	well := p.in(func(pg *page) bool { return pg.state == healthy })
	if len(well) == 0 {
		return " None is healthy."
	}
	return " Healthy: " + names(well) + "."
}

// also names the other directories behind the failure of the first.
func also(others []*page) string {
	if len(others) == 0 {
		return ""
	}
	return "; not healthy besides: " + names(others)
}

func names(pages []*page) string {
	list := make([]string, len(pages))
	for i, pg := range pages {
		list[i] = pg.directory
	}
	return strings.Join(list, ", ")
}

// tell makes a finding of the pages in a state.
func (p *probe) tell(s state, code, format string) {
	if pages := p.in(func(pg *page) bool { return pg.state == s }); len(pages) > 0 {
		p.run.Find(code, result.Info, pages[0].exchange.Origin, format, names(pages), pages[0].answer())
	}
}

// undecided says why nothing is known of any directory.
func (p *probe) undecided() {
	r := p.run.Result
	switch {
	case p.is2010():
		r.UndecidedReason, r.Undecided = result.NotServed, "Not supported: "+versionOf(p.builds()[0].build).name+" has no pages of health; they came with Exchange 2013"
		r.Draw("undecided/"+string(result.NotServed), adviceTooOld)
	case p.allAre(unpublished):
		r.UndecidedReason, r.Undecided = result.NotServed, "Not tested: no page of health is published here, so nothing is known of any directory"
		r.Draw("undecided/"+string(result.NotServed), adviceUnpublished)
	default:
		r.UndecidedReason, r.Undecided = result.ForeignPage, "Not tested: no page of health is to be had without signing in, so nothing is known of any directory"
		r.Draw("undecided/"+string(result.ForeignPage), adviceSignIn)
	}
}

// judgeBuild says what is newer than the builds that answered, and which of them nobody supports any more.
func (p *probe) judgeBuild(now time.Time) {
	t := known()
	for _, b := range p.builds() {
		if newer := t.newer(b.build); newer != nil {
			p.run.Find(BuildOld, result.Info, b.who, "%s is build %s, %s. Newer is %s (%s) of %s, %s.",
				b.subject(), b.build, t.title(b.build), newer.title(), newer.build, newer.date.Format(time.DateOnly), t.date(now))
		}
		if v := versionOf(b.build); !v.support.IsZero() && now.After(v.support) {
			p.run.Find(BuildUnsupported, result.Info, b.who, "%s is build %s, %s. Support of %s ended on %s, %s; security updates since then are for those alone who bought them.",
				b.subject(), b.build, t.title(b.build), v.name, v.support.Format(time.DateOnly), t.date(now))
		}
	}
	if all := p.builds(); len(all) > 0 && p.asked != nil {
		p.asked.Detail("%s, %s; %s", all[0].build, t.title(all[0].build), t.date(now))
	}
}
