// Package advice says of everything that can go wrong what it is, whose it is, and what to do first. The advice itself stands
// beside what makes the reasons, findings and codes that lead to it: in the packages that a probe passes through, and in the
// folders of probers.
package advice

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Owner is who acts on a fault. The set is closed.
type Owner string

// The owners.
const (
	Exporter        Owner = "exporter" // its configuration
	Account         Owner = "account"
	ActiveDirectory Owner = "active_directory" // KDC, service principals, lock-out
	Identity        Owner = "identity"         // Entra, AD FS, pre-authentication
	DNS             Owner = "dns"
	Network         Owner = "network"
	Middlebox       Owner = "middlebox"
	Security        Owner = "security" // a web application firewall, an inspecting firewall
	Windows         Owner = "windows"  // RRAS, RD Gateway, the state service
	IIS             Owner = "iis"
	Exchange        Owner = "exchange"
	Mailbox         Owner = "mailbox"
	Certificate     Owner = "certificate"
	Hoster          Owner = "hoster" // a web host that answers for the mail domain
	Microsoft       Owner = "microsoft"
	Nobody          Owner = "nobody" // it was planned, or is normal
)

// Owners are all of them, with what a person calls each.
var Owners = []struct {
	Owner Owner
	Title string
}{
	{Exporter, "whoever configures this exporter"},
	{Account, "whoever looks after the probe's account"},
	{ActiveDirectory, "the administrators of Active Directory"},
	{Identity, "whoever runs pre-authentication (Entra, AD FS, a portal)"},
	{DNS, "whoever runs the DNS zone or the name servers"},
	{Network, "whoever runs the network and its firewalls"},
	{Middlebox, "whoever runs the box in front (load balancer, proxy)"},
	{Security, "whoever runs the web application firewall or the inspecting firewall"},
	{Windows, "the administrators of that Windows server"},
	{IIS, "the administrators of that server's IIS"},
	{Exchange, "the Exchange administrators"},
	{Mailbox, "whoever manages that mailbox"},
	{Certificate, "whoever issues and binds the certificates"},
	{Hoster, "the web hoster of the mail domain"},
	{Microsoft, "Microsoft, whose service it is"},
	{Nobody, "nobody: it is planned or normal"},
}

// Title is what a person calls the owner.
func (o Owner) Title() string {
	for _, known := range Owners {
		if known.Owner == o {
			return known.Title
		}
	}
	return string(o)
}

// Behind tells whether what is its fault stands behind every way, so that whoever asks for the same by another way meets it too.
func (o Owner) Behind() bool {
	return slices.Contains([]Owner{Account, ActiveDirectory, Exchange, Mailbox, Nobody}, o)
}

// Certainty is how sure it is who acts.
type Certainty string

// The certainties.
const (
	Sure      Certainty = "sure"
	Likely    Certainty = "likely"
	Undecided Certainty = "undecided" // between several owners; Advice.Separates tells them apart
)

// Risk is what the first step and the change do to what runs.
type Risk string

// The risks.
const (
	Look    Risk = "look"    // nothing is changed
	Change  Risk = "change"  // a setting
	Restart Risk = "restart" // connections or a service are interrupted
)

// When is how soon somebody should act.
type When string

// The times.
const (
	Now     When = "now"     // page somebody: clients fail
	Morning When = "morning" // clients are slowed down, or one step from failing
	Plan    When = "plan"
)

// Text says it to people; empty for none.
func (w When) Text() string {
	return map[When]string{Now: "now", Morning: "it can wait for working hours, unless users complain", Plan: "no hurry"}[w]
}

// Advice is what something is, whose it is, and what to do first.
type Advice struct {
	Key     string // globally unique: lower-case words joined by underscores
	Means   string // a sentence or two
	Suffers string // who notices it, and how: a sentence
	Owners  []Owner
	// Certainty of one owner. Several owners are always undecided.
	Certainty Certainty
	On        string // where First is done: "on SERVER, in the Exchange Management Shell"; empty where that is said or plain
	First     string // a command that can be pasted as it is, or an imperative sentence; it changes nothing
	Then      string // the change that mends it, its scope, and how it is undone; empty where First decides what to do
	Places    Places // where the setting of Then lies, by product
	Risk      Risk   // of Then
	When      When
	Separates string // what the outcome of First tells, as "If …: …. If …: …."; so it tells several owners apart
	// Direct is the key of the advice that holds where a server was asked directly, past the balancer; empty for this one.
	Direct string
	For    []Case // what leads to it
}

// Branches are the parts of Separates that each tell of another outcome, as a reader wants them: one a line.
func Branches(separates string) []string {
	return strings.Split(strings.NewReplacer(". If ", ".\nIf ", ".) If ", ".)\nIf ").Replace(separates), "\n")
}

// Step is the first step with where it is done, in at most 160 characters.
func (a Advice) Step() string {
	if a.On == "" {
		return a.First
	}
	return a.On + ": " + a.First
}

// Places says where a setting lies, by product. The products of origin, in the order in which they are shown.
type Places []Place

// Place is where a setting lies in one product.
type Place struct{ Product, Setting string }

// In gives that of one product, all of them where it is not known which one it is, and of another product that none is known.
func (p Places) In(product string) Places {
	if product == "" || len(p) == 0 {
		return p
	}
	for _, place := range p {
		if place.Product == product {
			return Places{place}
		}
	}
	return Places{{Product: product, Setting: "where it has this setting is not known here; its maker's documentation says"}}
}

// Case is what leads to an advice: everything that it names must be so. The case that names most decides.
type Case struct {
	About   string      // "stage/reason", a finding's code, or "undecided/reason"
	Code    string      // what the peer called it: ErrorMailboxMoveInProgress, 4.3.2, 600
	Origin  origin.Kind // who answered
	Product string
	Blames  string // result.Blame of the finding
}

// About makes a case of each name.
func About(names ...string) []Case {
	cases := make([]Case, len(names))
	for i, name := range names {
		cases[i].About = name
	}
	return cases
}

// By makes a case of each name, where somebody of this kind answered.
func By(who origin.Kind, names ...string) []Case {
	cases := About(names...)
	for i := range cases {
		cases[i].Origin = who
	}
	return cases
}

// Codes makes a case of each code of a name.
func Codes(name string, codes ...string) []Case {
	cases := make([]Case, len(codes))
	for i, code := range codes {
		cases[i] = Case{About: name, Code: code}
	}
	return cases
}

// fits tells how many of its words a case has in common with what happened, -1 where one contradicts.
func (c Case) fits(s Case) int {
	score := 0
	if c.Code != "" {
		score++ // what the peer itself called it tells more than who answered
	}
	for _, pair := range [][2]string{{c.About, s.About}, {c.Code, s.Code}, {string(c.Origin), string(s.Origin)}, {c.Product, s.Product}, {c.Blames, s.Blames}} {
		switch {
		case pair[0] == "":
		case !strings.EqualFold(pair[0], pair[1]):
			return -1
		default:
			score++
		}
	}
	return score
}

// Book is all advice that may apply to a probe.
type Book []Advice

// Find gives the advice that fits what happened best; of equal ones the first. direct tells that a server was asked directly.
func (b Book) Find(happened Case, direct bool) (Advice, bool) {
	best, score := Advice{}, 0
	for _, a := range b {
		for _, c := range a.For {
			if fits := c.fits(happened); fits > score {
				best, score = a, fits
			}
		}
	}
	return b.at(best, direct), score > 0
}

// Drawn gives the advice with a key that a prober itself draws, or the one that holds where a server was asked directly.
func (b Book) Drawn(key string, direct bool) (Advice, bool) {
	a, ok := b.Get(key)
	return b.at(a, direct), ok
}

// at gives what holds in place of a where a server was asked directly.
func (b Book) at(a Advice, direct bool) Advice {
	if past, ok := b.Get(a.Direct); ok && direct {
		return past
	}
	return a
}

// Get gives the advice with a key.
func (b Book) Get(key string) (Advice, bool) {
	for _, a := range b {
		if a.Key == key {
			return a, true
		}
	}
	return Advice{}, false
}
