// Package prober is what every prober stands on: how it declares itself, and the Run in which it does its work.
//
// A Run is three things: a Recorder that writes down steps, conversations and findings; a Network that looks names up and
// opens connections; and a Session that logs on with the module's auth.
package prober

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/dashboard"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Prober is one kind of probe with its settings: a pointer to a struct with yaml tags, filled with defaults before a
// module's settings are decoded into it. Fields may be strings, booleans, numbers, durations, lists, maps from strings,
// structs, pointers to these, and what implements encoding.TextUnmarshaler. A field tagged `redact:"hidden"` is not shown
// with the configuration.
type Prober interface {
	// Check reports every mistake: the field's dotted name below the prober's key ("variants[0]"), and what is wrong.
	Check(report func(field, problem string))
	// Need is the shortest time limit under which a probe makes sense.
	Need() time.Duration
	// Paths are the URL paths that the module requests. With an auth, a target's own path must be one of them.
	Paths() []string
	// Plan lists the steps that a probe with these settings will take if all goes well. Those not reached count as
	// not successful. logon tells whether an auth is in use.
	Plan(logon bool) []string
	// Probe probes once, without retries. It fills run.Result and returns when it is done or ctx ends; it leaves no
	// goroutine behind.
	Probe(ctx context.Context, run *Run)
	// Blank adds the samples that are always there to the result of a probe that reached nothing.
	Blank(res *result.Result)
}

// Doubter is a Prober whose settings may hold what can be right, and is a slip more often.
type Doubter interface {
	// Doubts reports each: the field's dotted name below the prober's key, and why. Check found nothing there.
	Doubts(report func(field, doubt string))
}

// Bound is a Prober that must not be turned against just anybody: what it does is a nuisance to others, or logged by them.
type Bound interface {
	// WantsTargets says what about the settings demands that the module has targets, such as the field's name below the
	// prober's key; empty for nothing.
	WantsTargets() string
}

// RelayChecker is a Prober that can be made to look, once and by a person's own hand, whether a server takes mail for
// strangers.
type RelayChecker interface {
	// RelayCheck is the prober that does so; the receiver stays what it is.
	RelayCheck() Prober
}

// AuthUser is a Prober whose settings can name auths beside the module's.
type AuthUser interface {
	// Auths gives the name of each, by the field that names it; none that is empty.
	Auths() map[string]string
}

// MailboxUser is a Prober whose settings can name a mailbox. It runs for each mailbox that a service has.
type MailboxUser interface {
	// ForMailbox is the prober for this mailbox, a mail address; the receiver stays what it is.
	ForMailbox(address string) Prober
}

// LogonUser is a Prober that without an auth tests little of what it is for, where the server asks for a logon.
type LogonUser interface {
	// WithoutLogon says what stays untested then, as the end of "without an auth, ".
	WithoutLogon() string
}

// LogonLimiter is a Prober that cannot log on by every scheme, or not with all of its settings.
type LogonLimiter interface {
	// LogonProblem says what is in the way of logging on by one of these schemes: the field's dotted name below the prober's
	// key, empty where it is the auth itself, and what is wrong; a problem that is empty is none.
	LogonProblem(schemes []string) (field, problem string)
}

// Definition declares a prober: the list of probers, configuration checking, the collector and the docs feed on it.
type Definition struct {
	Name    string
	Summary string // one sentence
	New     func() Prober
	Decides result.Decides // which of the metrics there are that a probe has once
	Scheme  string         // of a target that names none, with its port; empty for https
	// TargetPath is what it makes of a path that a target has.
	TargetPath TargetPath
	NoLogon    bool           // it never logs on, so a module of it has no auth
	NoProxy    bool           // it asks in datagrams, which no proxy passes on, so a module of it has no proxy_url
	Paths      []Path         // how it is asked of a service
	Serves     advice.Service // what it asks, in the words of the advice that all probers share
	Account    *Account       // what its account needs; nil where an ordinary member of the domain does, and where nobody logs on
	Absent     []string       // failures, as "stage/reason", that a site shows which does not have what is asked for: no fault in a survey of all
	Piece      *result.Metric // whether each of the parts of a probe succeeded, by one label; nil without
	Outcomes   []string       // what a probe may come to, where it has a metric that tells; a closed set
	Steps      []StepHelp
	Reasons    []failure.Reason
	Metrics    []*result.Metric
	Findings   []Finding
	Advice     advice.Book // for what leads to none of the advice that all probers share

	Example   string               // its example.yml, for example.Parse
	Dashboard *dashboard.Dashboard // nil without
}

// Way is how a module is asked of a service.
type Way string

// The ways.
const (
	ByBalancer Way = "balancer" // under the name that clients use
	ByServer   Way = "server"   // each server directly
	ByDomain   Way = "domain"   // for each mail domain
)

// Path is a way in which a prober is asked of a service.
type Path struct {
	Way Way
	// Hostname tells that the service's name goes along as the parameter hostname, so that a server which is asked
	// directly is asked for the name that clients use.
	Hostname bool
}

// ServicePaths are those of a prober that asks what clients ask: the balancer, and each server under the service's name.
var ServicePaths = []Path{{Way: ByBalancer}, {Way: ByServer, Hostname: true}}

// StepHelp declares a step of a prober's closed list.
type StepHelp struct{ Name, Help string }

// Finding declares a diagnosis; docs/findings/CODE.md has the fix.
type Finding struct {
	Code     string
	Severity result.Severity
	Summary  string // one sentence
}

// ReasonLogonPage is that of stage status where a page to log on by, for people, came in place of an answer.
const ReasonLogonPage = "logon_page"

// LogonPage declares it.
var LogonPage = failure.Reason{Stage: failure.Status, Reason: ReasonLogonPage, Help: "A page to log on by, made for people, or a redirect to one, came in place of an answer."}

// AnsweredByMiddlebox is the code of the finding that any prober may make: a box in front of the server answered itself.
const AnsweredByMiddlebox = result.AnsweredByMiddlebox

// FindingAnsweredByMiddlebox declares it.
var FindingAnsweredByMiddlebox = Finding{
	Code: AnsweredByMiddlebox, Severity: result.Error,
	Summary: "A box in front of the server answered the request itself, with an error.",
}
