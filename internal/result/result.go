// Package result is the one model of what a probe learned. Probers fill it; the collector turns it into metrics, the
// report into a tree for a person. It knows neither Prometheus nor HTTP handlers.
package result

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Result is everything one probe learned. Moments are seconds since Start.
type Result struct {
	ID       string       `json:"id"`
	Module   string       `json:"module" redact:"-"`
	Prober   string       `json:"prober" redact:"-"`
	Target   string       `json:"target"`                    // as the caller wrote it
	Name     string       `json:"name"`                      // what Host, SNI, certificate check and auth go by
	At       string       `json:"at,omitempty" redact:"-"`   // the address of the name that alone was asked; empty where the module's preference chose
	Auth     string       `json:"auth,omitempty" redact:"-"` // the auth's name, never its secret
	Mailbox  string       `json:"mailbox,omitempty"`         // that the request named, of several; empty for the module's own
	User     string       `json:"-"`                         // the auth's user name, for commands that look for it in a server's log
	Address  string       `json:"address,omitempty"`         // the mail address that was asked for: a mailbox's, where the prober names one
	Configs  []string     `json:"-"`                         // the files of the exporter's configuration, as they were named
	Proxy    string       `json:"proxy,omitempty"`           // the URL of the proxy that connections go through; empty for none
	Direct   bool         `json:"direct,omitempty"`          // a server was asked under a name that is not its own: no balancer stood in front
	Start    time.Time    `json:"start"`
	Duration wire.Seconds `json:"duration"`
	Limit    wire.Seconds `json:"limit"` // the time limit in force

	Failure  *failure.Failure `json:"failure,omitempty"` // the first; nil when the probe succeeded
	Findings []Finding        `json:"findings,omitempty"`
	Steps    []*Step          `json:"steps"`        // a tree, in order of start
	Planned  []string         `json:"-" redact:"-"` // names of the steps taken if all goes well; those not reached count as 0

	// Undecided says why a success proves nothing of what the prober is for: a word or two, a colon, the reason. It is
	// empty where it does prove it, and beside a failure.
	Undecided string `json:"undecided,omitempty"`
	// UndecidedReason names that why, exactly where Undecided is there.
	UndecidedReason Undecidedness `json:"undecided_reason,omitempty" redact:"-"`
	// UndecidedOK tells that the module is content with that.
	UndecidedOK bool `json:"undecided_ok,omitempty"`

	Connections []*wire.Connection `json:"connections,omitempty"`
	// Conversations are in the order in which they ended. JSON calls them as it did when all of them were HTTP.
	Conversations []*Conversation `json:"exchanges,omitempty"`
	// Deciding is the conversation that failed, else the last, unless the prober chooses another. Nil without one.
	Deciding *Conversation `json:"-"`
	// DecidingConnection is the deciding conversation's connection, or the one that failed before there was one.
	DecidingConnection *wire.Connection `json:"-"`
	// Decides says which metrics of the deciding conversation and connection there are; the prober declares it.
	Decides Decides `json:"-"`

	// Drawn is what the prober itself draws from all that it saw: by "stage/reason" of a failure or the code of a finding, the key
	// of the advice that holds for it; see Draw.
	Drawn map[string]string `json:"-" redact:"-"`
	// Verdict is what the failure, the gravest finding or the undecidedness asks of whom; nil where nobody has to act.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Faults are whose the failure and each error or warning finding is, without doubles; the verdict's first.
	Faults []Fault `json:"faults,omitempty"`

	Samples []Sample `json:"samples,omitempty"`
	Tables  []Table  `json:"tables,omitempty"` // for a person, beside the steps
}

// Success tells whether the probe succeeded: exactly when there is no failure.
func (r *Result) Success() bool { return r.Failure == nil }

// Decides says what the metrics tell of that a probe has once.
type Decides int

// What may decide. The metrics that follow from each are there whatever became of the probe.
const (
	ByHTTP Decides = iota // a conversation over HTTP, and its connection: probe_http_*, probe_tls_*
	ByTLS                 // a connection that speaks something else: probe_tls_*, probe_ip_protocol
	ByNone                // nothing: many are looked at. The certificate expiry is the earliest over all connections
)

// String is the word that documentation uses.
func (d Decides) String() string { return [...]string{"http", "tls", "none"}[d] }

// Step is one thing a probe did. Steps nest; Name is dotted and from the prober's closed list.
type Step struct {
	Name       string           `json:"name" redact:"-"`
	Start      wire.Seconds     `json:"start"`
	End        wire.Seconds     `json:"end"`
	Detail     string           `json:"detail,omitempty"`     // one line for a person: the URL, the address, what came back
	Connection int              `json:"connection,omitempty"` // the connection it used, 0 for none
	Failure    *failure.Failure `json:"failure,omitempty"`
	Odd        bool             `json:"odd,omitempty"` // it succeeded, and what came of it is not as it should be
	Steps      []*Step          `json:"steps,omitempty"`
}

// Severity of a finding. An error finding always comes with a failure; a warning or info never does.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is a diagnosis: what is wrong, who did it, and the measured figures in a sentence.
type Finding struct {
	Code     string      `json:"code" redact:"-"`
	Severity Severity    `json:"severity" redact:"-"`
	Origin   origin.Kind `json:"origin" redact:"-"`
	Product  string      `json:"product,omitempty" redact:"-"`
	Sentence string      `json:"sentence"`
	Blames   Blame       `json:"blames,omitempty" redact:"-"` // the box at fault, where it is not the one that answered
}

// Blame is where a fault lies that shows in the answer of somebody else: a balancer's fault in what Exchange says.
type Blame string

// Who is to blame. The zero value leaves it to the answers themselves.
const (
	InBetween Blame = "in_between" // what stands between the prober and the server
	Server    Blame = "server"
	Either    Blame = "either" // one of the two; the probe cannot tell which
)

// Metric declares one metric of a prober. Type is always gauge.
type Metric struct {
	Name     string
	Help     string
	Labels   []string
	Own      []string // of Labels: those whose values are from a set that this program has, or its configuration; others are the target's
	Presence string   // when it is there: a phrase for docs/metrics.md, such as "a 100 or a final status came"
}

// Sample is one value of a prober's metric.
type Sample struct {
	Metric *Metric  `json:"-" redact:"-"` // shared by all results
	Name   string   `json:"name"`         // Metric.Name
	Labels []string `json:"labels,omitempty"`
	Value  float64  `json:"value"`
}

// Truth is how a metric says yes and no.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Add appends a sample. It panics when the number of label values differs from what the metric declares.
func (r *Result) Add(m *Metric, value float64, labels ...string) {
	if len(labels) != len(m.Labels) {
		panic("result: " + m.Name + ": wrong number of label values")
	}
	r.Samples = append(r.Samples, Sample{Metric: m, Name: m.Name, Labels: labels, Value: value})
}

// Draw says which advice holds for a failure or finding, where the prober has seen more than these tell.
func (r *Result) Draw(about, key string) {
	if r.Drawn == nil {
		r.Drawn = map[string]string{}
	}
	r.Drawn[about] = key
}

// Fail records the probe's failure. Only the first counts; nil is ignored.
func (r *Result) Fail(f *failure.Failure) {
	if r.Failure == nil && f != nil {
		r.Failure = f
	}
}
