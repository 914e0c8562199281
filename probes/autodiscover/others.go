package autodiscover

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// otherServices tells of an answer for other services than Exchange. Outlook sets an account up by the first answer that it
// gets, and then works by IMAP.
func (p *probe) otherServices() {
	if a, r := p.first(func(r *reply) bool { return failure.Is(r.err(), failure.Content, reasonNotExchange) }); r != nil {
		p.run.Find(NotExchange, a.severityOf(r), r.who(), "%s: %s. Outlook takes the first answer that it gets, and sets the account up without Exchange.", capital(clientsAsk(r)), r.failure.Message)
	}
}

// clientsAsk says whom a reply comes from.
func clientsAsk(r *reply) string {
	return "clients that ask " + r.asked.Host + " learn nothing of Exchange"
}

// people are where paths for browsers begin that redirects to Exchange's own pages lead to, in lower case.
var people = []string{"/owa", "/ecp", "/exchange", "/exchweb", "/webmail"}

// inherited tells of a redirect to where people go, in place of an answer. A redirect of IIS's web site holds for every virtual
// directory below it that has none of its own (IIS, system.webServer/httpRedirect).
func (p *probe) inherited() {
	a, r := p.first((*reply).misled)
	if r == nil || a.severityOf(r) != failing && (r.way == wayDomain || r.way == wayRedirect) { // a web site's own pages
		return
	}
	why := "a redirect of the web site in IIS, which the virtual directories Autodiscover and EWS inherit"
	if !r.byIIS() {
		why += ", or a rule of what stands in front of it"
	}
	p.run.Find(RedirectInherited, a.severityOf(r), r.who(), "%s was answered %s by %s%s. Browsers are to go there, and programs get nowhere by it. It is %s: clear it for Autodiscover and EWS.",
		capital(a.String()), line(r.exchange.Final), r.who().Name(), r.exchange.Reading.Said(), why)
}

// misled tells whether a reply is a redirect to what is no Autodiscover document. A box's own is told by its answer.
func (r *reply) misled() bool {
	if r.failure == nil || r.exchange == nil || r.exchange.Final == nil || r.who().Kind == origin.Middlebox || !slices.Contains(redirectStatuses, r.exchange.Final.Status) {
		return false
	}
	to, err := url.Parse(r.exchange.Final.Get("Location"))
	if err != nil || r.exchange.Final.Get("Location") == "" || autodiscover.IsPath(to.EscapedPath()) {
		return false
	}
	path := strings.ToLower(to.Path)
	forPeople := slices.ContainsFunc(people, func(begin string) bool { return path == begin || strings.HasPrefix(path, begin+"/") })
	return forPeople || r.who().Portal != "" || r.byIIS()
}

// byIIS tells whether IIS, or Exchange within it, answered.
func (r *reply) byIIS() bool { return r.who().Kind == origin.IIS || r.who().Kind == origin.Exchange }
