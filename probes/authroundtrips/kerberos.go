package authroundtrips

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The facts of a logon by Kerberos, in order, as the label fact has them.
const (
	granting   = "granting_ticket"
	service    = "service_ticket"
	acceptance = "acceptance"
)

// The other names that clients may ask a ticket for, as the label name has them: a site needs a service principal for each
// that they use, and those that follow an alias ask for the name at its end.
const (
	shortName = "short_name"
	alias     = "alias"
)

// aliasLimit bounds the look-up of an alias, which nothing else waits for.
const aliasLimit = 2 * time.Second

// kerberosLogon is what became of logging on by Kerberos.
type kerberosLogon struct {
	tickets  *prober.Tickets
	spn      string          // of the target's name
	facts    map[string]bool // those that are known
	refusal  error           // of the service ticket, by the KDC; nil without
	fellBack bool            // so the logon goes by NTLM within Negotiate
	others   []otherName
}

// otherName is a name that clients may ask a ticket for as well.
type otherName struct {
	label, spn string
	err        error // nil: a ticket is had
}

// note keeps a fact, where err tells: what the gate holds back, or the configuration, says nothing of it.
func (k *kerberosLogon) note(fact string, err error) {
	if err == nil || byKDC(err) {
		k.facts[fact] = err == nil
	}
}

// byKDC tells of a ticket that is not had.
func byKDC(err error) bool {
	return slices.ContainsFunc(kerberos.Reasons, func(r failure.Reason) bool { return failure.Is(err, r.Stage, r.Reason) })
}

// noPrincipal tells of a KDC that has no service principal of this name, or too many.
func noPrincipal(err error) bool {
	return failure.Is(err, failure.Auth, kerberos.UnknownService, kerberos.SharedService)
}

// getTickets gets, once in a probe, the tickets by which the logons go, each in a step of its own. Where no ticket is had for
// the site and the auth lists NTLM too, the logons go by that, within Negotiate, as those of Windows' clients do.
func (p *probe) getTickets(ctx context.Context, object *prober.Step) error {
	if p.kerberos != nil {
		return nil
	}
	tickets, err := p.run.Tickets(p.offered)
	if tickets == nil {
		return err
	}
	k := &kerberosLogon{tickets: tickets, spn: tickets.SPN(p.run.Target.Name), facts: map[string]bool{}}
	p.kerberos = k
	step := object.Step("tickets")
	err = step.Do("granting", func() error { return tickets.Granting(ctx) })
	if k.note(granting, err); err == nil {
		err = step.Do("service", func() error { return tickets.Service(ctx, k.spn) })
		k.note(service, err)
		if noPrincipal(err) {
			k.refusal, k.fellBack = err, p.run.FallsBack()
		}
	}
	if k.fellBack {
		step.Detail("no ticket for %s: the logon falls back to NTLM, which the auth lists too", k.spn)
		step.Warn()
		err = nil
	}
	step.End(err)
	return err
}

// noteAcceptance keeps whether the server took the ticket.
func (p *probe) noteAcceptance(logon *prober.Logon, err error) {
	if k := p.kerberos; k != nil && !k.fellBack && (logon.Accepted() || failure.Is(err, failure.Auth, auth.TicketRefused, kerberos.ClockSkew)) {
		k.facts[acceptance] = logon.Accepted()
	}
}

// askOthers looks whether tickets can be had for the other names of the site. What comes of it is no failure of the probe.
func (p *probe) askOthers(ctx context.Context) {
	k, name := p.kerberos, p.run.Target.Name
	if k == nil || !k.facts[granting] || ctx.Err() != nil {
		return
	}
	short, _, qualified := strings.Cut(name, ".")
	if _, err := netip.ParseAddr(name); err == nil || !qualified || k.tickets.SPN(short) == k.spn {
		return
	}
	step := p.run.Step("names")
	p.askOther(ctx, step, shortName, short)
	look, cancel := context.WithTimeout(ctx, aliasLimit)
	defer cancel()
	if target, err := p.run.Alias(look, step, name); err == nil && target != "" {
		p.askOther(ctx, step, alias, target)
	}
	step.End(nil)
}

func (p *probe) askOther(ctx context.Context, names *prober.Step, label, host string) {
	spn := p.kerberos.tickets.SPN(host)
	step := names.Step("service")
	err := p.kerberos.tickets.Look(ctx, spn)
	switch {
	case failure.Is(err, failure.Auth, kerberos.UnknownService):
		step.Detail("%s: no account has it", spn)
		step.End(nil)
	case failure.Is(err, failure.Auth, kerberos.SharedService):
		step.Detail("%s: several accounts have it", spn)
		step.Warn()
		step.End(nil)
	default:
		step.Detail("%s", spn)
		if step.End(err); err != nil {
			return
		}
	}
	p.kerberos.others = append(p.kerberos.others, otherName{label, spn, err})
}

// judgeTickets tells of service principals that nobody has, or several, and of what takes Kerberos's place.
func (p *probe) judgeTickets() {
	k := p.kerberos
	if k == nil {
		p.judgeFallback("")
		return
	}
	if k.refusal != nil {
		p.judgePrincipal(k)
	}
	p.judgeOthers(k)
	if k.fellBack {
		p.judgeFallback("no ticket is had for " + k.spn)
	}
}

// judgePrincipal tells why no ticket is had for the site. The account was shown to be right before.
func (p *probe) judgePrincipal(k *kerberosLogon) {
	severity, then := result.Warning, "This logon fell back to NTLM within Negotiate, as those of Windows' clients do."
	if failure.Is(p.failure(), failure.Auth) {
		severity = result.Error
	}
	if !k.fellBack {
		then = "Windows' clients go on by NTLM then, where the server takes it. This auth does not: it lists no ntlm in schemes, or has no password for it."
	}
	code, what := SPNMissing, "no account has the service principal %s (error 7)"
	if failure.Is(k.refusal, failure.Auth, kerberos.SharedService) {
		code, what = SPNDuplicate, "more than one account has the service principal %s (error 8)"
	}
	p.run.Find(code, severity, nobody, "A KDC of %s gave a ticket-granting ticket, so account and secret are right there, but "+what+", so that nobody gets a Kerberos ticket for it. %s", k.tickets.Realm(), k.spn, then)
}

// nobody is who answered over HTTP where a KDC did.
var nobody = origin.Origin{Kind: origin.Unknown}

// judgeOthers tells of the other names, which clients need not use.
func (p *probe) judgeOthers(k *kerberosLogon) {
	const follows = "clients that go by it get no Kerberos ticket, and log on by NTLM if at all"
	for _, o := range k.others {
		switch {
		case failure.Is(o.err, failure.Auth, kerberos.UnknownService):
			p.run.Find(SPNMissing, result.Info, nobody, "No account of %s has the service principal %s, of %s: "+follows+". A name that no client uses needs none.", k.tickets.Realm(), o.spn, p.called(o.label))
		case noPrincipal(o.err):
			p.run.Find(SPNDuplicate, result.Warning, nobody, "More than one account of %s has the service principal %s, of %s: "+follows+".", k.tickets.Realm(), o.spn, p.called(o.label))
		}
	}
}

// called is what a person calls a name that clients may go by.
func (p *probe) called(label string) string {
	if label == alias {
		return "the name that " + p.run.Target.Name + " is an alias for"
	}
	return "the site's short name"
}

// judgeFallback tells of a logon by NTLM where the auth would rather have Kerberos.
func (p *probe) judgeFallback(why string) {
	scheme := ""
	for _, o := range p.objects {
		if o.scheme != "" {
			scheme = o.scheme
			break
		}
	}
	unoffered := p.run.ByKerberos() && scheme == "ntlm" && !slices.ContainsFunc(p.offered, func(c auth.Challenge) bool { return strings.EqualFold(c.Scheme, "negotiate") })
	if unoffered {
		why = "Negotiate is not offered, but " + prober.Offers(p.offered)
	}
	if why != "" && scheme != "" {
		p.run.Find(FellBack, result.Info, p.first(), "The auth is set up for Kerberos, and the logon went by NTLM: %s.", why)
	}
}

// measureTickets adds what is known of Kerberos.
func (p *probe) measureTickets() {
	r := p.run.Result
	for _, o := range p.objects {
		if o.scheme == "negotiate" {
			byKerberos := p.run.ByKerberos() && (p.kerberos == nil || !p.kerberos.fellBack)
			r.Add(mechanism, result.Truth(byKerberos), "kerberos")
			r.Add(mechanism, result.Truth(!byKerberos), "ntlm")
			break
		}
	}
	if p.kerberos == nil {
		return
	}
	for _, fact := range []string{granting, service, acceptance} {
		if had, known := p.kerberos.facts[fact]; known {
			r.Add(kerberosSuccess, result.Truth(had), fact)
		}
	}
	for _, o := range p.kerberos.others {
		r.Add(kerberosName, result.Truth(o.err == nil), o.label)
	}
}

// tabulateTickets shows the facts, and the names.
func (p *probe) tabulateTickets() {
	k := p.kerberos
	if k == nil {
		return
	}
	t := result.Table{Title: "Kerberos, one after the other", Columns: []string{"what", "for", "came"}}
	row := func(what, of string, had bool) {
		t.Rows = append(t.Rows, []string{what, of, map[bool]string{true: "yes", false: "no"}[had]})
	}
	for _, fact := range []struct{ name, text, of string }{
		{granting, "ticket-granting ticket", "krbtgt/" + k.tickets.Realm()}, {service, "service ticket", k.spn}, {acceptance, "accepted by the server", k.spn},
	} {
		if had, known := k.facts[fact.name]; known {
			row(fact.text, fact.of, had)
		}
	}
	for _, o := range k.others {
		row("service ticket, "+strings.ReplaceAll(o.label, "_", " "), o.spn, o.err == nil)
	}
	p.run.Result.Tables = append(p.run.Result.Tables, t)
}
