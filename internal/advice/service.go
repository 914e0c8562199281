package advice

import (
	"cmp"
	"slices"
	"strings"
)

// Service is what a prober asks, as far as advice that several probers share speaks of it. Such advice has {paths}, {app},
// {site}, {listens}, {health}, {bind} and {ails} where it needs them.
type Service struct {
	Exchange bool   // Exchange alone serves it, so advice may speak of Exchange and send to its servers
	Mostly   bool   // Exchange serves it mostly, so the prober's own advice may say how a thing is done there
	Owner    Owner  // whose the servers are, where they are neither IIS's nor Exchange's administrators
	Paths    string // what a rule on a box is narrowed down to: "/EWS and /Autodiscover"
	App      string // its application in IIS as appcmd has it: "Default Web Site/EWS"
	Listens  string // the services of Windows that listen at its port, as Get-Service takes them
	Health   string // what a balancer's check is best set to ask
	Bind     string // how its servers get another certificate, as an imperative
	Ails     string // where it shows what ails a server that takes requests and does not answer
	Look     string // the command that shows in PowerShell what its servers write down, where they are no application of IIS
}

// EWS is the service of probers that ask Exchange Web Services.
var EWS = Service{
	Exchange: true, Paths: "/EWS and /Autodiscover", App: "Default Web Site/EWS", Listens: "W3SVC,WAS", Health: "/EWS/healthcheck.htm",
	Bind: "Enable-ExchangeCertificate -Server SERVER -Thumbprint THUMBPRINT -Services IIS with the right one",
	Ails: "Exchange has the request, and Get-ServerHealth SERVER | Where-Object AlertValue -ne Healthy shows what is ill",
}

// At is the service of probers that ask another application of Exchange's site.
func (s Service) At(paths, app, health string) Service {
	s.Paths, s.App, s.Health = paths, app, health
	return s
}

// anyService speaks of no service in particular: in alerts, whose texts are the same for all probers.
var anyService = Service{
	Paths: "the paths of this service", App: "APPLICATION", Listens: "LISTENER", Health: "a page that only a healthy server answers",
	Bind: "bind the right one (IIS Manager, Bindings of the site; for Exchange Enable-ExchangeCertificate)",
	Ails: "the program behind it has the request; read its own log",
}

// Of gives the book in the words of a service; the zero Service is none in particular.
func (b Book) Of(s Service) Book {
	app := cmp.Or(s.App, anyService.App)
	replacer := strings.NewReplacer("{paths}", cmp.Or(s.Paths, anyService.Paths), "{app}", app, "{site}", strings.ReplaceAll(app, "/", `\`),
		"{listens}", cmp.Or(s.Listens, anyService.Listens), "{health}", cmp.Or(s.Health, anyService.Health),
		"{bind}", cmp.Or(s.Bind, anyService.Bind), "{ails}", cmp.Or(s.Ails, anyService.Ails))
	words := func(text string) string {
		if !strings.Contains(text, "{") { // as in most: a replacer is slow, and each probe that fails asks for its book
			return text
		}
		return replacer.Replace(text)
	}
	told := slices.Clone(b)
	for i := range told {
		a := &told[i]
		if s.Look != "" && (strings.Contains(a.First, "{app}") || strings.Contains(a.First, "{site}")) {
			a.look(s.Look)
		}
		for _, text := range []*string{&a.Means, &a.Suffers, &a.On, &a.First, &a.Then, &a.Separates} {
			*text = words(*text)
		}
		a.Places = slices.Clone(a.Places)
		for j := range a.Places {
			a.Places[j].Setting = words(a.Places[j].Setting)
		}
		a.own(s.Owner)
	}
	return told
}

// look puts a server's own log in the place of a first step that asks for a setting of IIS.
func (a *Advice) look(command string) {
	a.On, a.First, a.Risk = InPowerShell, command, Change
	a.Separates = "If an event has the proof's time (UTC there, local in the log): it says why. If none has: something between the exporter and SERVER, such as an inspecting firewall."
	a.Then = "Note what is set, then mend what the event names, or exempt SERVER from what is in between. To undo, set what was noted."
}

// own puts the owner of a service's servers in the place of those of IIS and Exchange; empty for nobody else.
func (a *Advice) own(owner Owner) {
	if owner == "" {
		return
	}
	var owners []Owner
	for _, o := range a.Owners {
		if o == IIS || o == Exchange {
			o = owner
		}
		if !slices.Contains(owners, o) {
			owners = append(owners, o)
		}
	}
	if a.Owners = owners; len(owners) == 1 {
		a.Certainty = cmp.Or(a.Certainty, Likely)
	}
}
