package result

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Verdict is what came of a probe for whoever has to act: whose it is, how sure that is, what to do first, and the proof.
type Verdict struct {
	Fault
	Finding   string         `json:"finding,omitempty" redact:"-"` // that led here; empty for none
	Also      []advice.Owner `json:"also,omitempty" redact:"-"`    // the other owners, where the probe cannot tell which
	AtFault   string         `json:"at_fault,omitempty"`           // the box or server, only by contrast or by its own words
	When      advice.When    `json:"when,omitempty" redact:"-"`
	Suffers   string         `json:"suffers,omitempty" redact:"-"`
	On        string         `json:"on,omitempty"` // where First is done
	First     string         `json:"first"`
	Then      string         `json:"then,omitempty"`
	Risk      advice.Risk    `json:"risk,omitempty" redact:"-"`
	Places    advice.Places  `json:"-" redact:"-"`
	Separates string         `json:"separates,omitempty"` // what the outcome of First tells
	Proof     []string       `json:"proof,omitempty"`     // what was measured or came, line by line
}

// Fault is one thing that somebody has to act on.
type Fault struct {
	Owner     advice.Owner     `json:"owner" redact:"-"`
	Certainty advice.Certainty `json:"certainty" redact:"-"`
	Advice    string           `json:"advice" redact:"-"` // its key
}

// Owners are all that may have to act, most likely first.
func (v *Verdict) Owners() []advice.Owner { return append([]advice.Owner{v.Owner}, v.Also...) }

// Undecidedness is why a success proves nothing of what the prober is for. The set is closed.
type Undecidedness string

// The reasons.
const (
	NoLogon       Undecidedness = "no_logon"        // a logon was asked for, and the module has no auth
	ProxyLogon    Undecidedness = "proxy_logon"     // a proxy asked for a logon of its own
	RefusedAnyway Undecidedness = "refused_anyway"  // the contrast is refused just the same
	ForeignPage   Undecidedness = "foreign_page"    // a page came that is no answer of the service
	SizeLimit     Undecidedness = "size_limit"      // a limit on the size was met before anything else
	NotServed     Undecidedness = "not_served"      // the server does not know the request
	NotAsked      Undecidedness = "not_asked"       // what was to be asked could not be
	RefusedForNow Undecidedness = "refused_for_now" // the answer was to ask again later
)

// Undecidednesses are all of them, with what each means.
var Undecidednesses = []struct {
	Reason Undecidedness
	Help   string
}{
	{NoLogon, "A logon was asked for before the prober could test what it is for, and the module has no auth."},
	{ProxyLogon, "A proxy asked for a logon of its own (407)."},
	{RefusedAnyway, "The request that serves as contrast is refused just the same, so nothing follows from it."},
	{ForeignPage, "A page came in place of the service's answer."},
	{SizeLimit, "A limit on the size was met before what the prober tests."},
	{NotServed, "The server does not know the request that is made by default."},
	{NotAsked, "What the prober is for could not be asked."},
	{RefusedForNow, "The server said to ask again later."},
}

// AnsweredByMiddlebox is the code of the finding that any prober may make: a box in front of the server answered itself.
const AnsweredByMiddlebox = "answered_by_middlebox"
