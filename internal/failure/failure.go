// Package failure says why a probe did not succeed: a stage, a reason from a closed set, and a sentence for a person.
package failure

import (
	"errors"
	"fmt"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// Stage is the part of a probe in which it failed. The set is closed; it is the label `stage` of probe_failure_info.
type Stage string

// The stages, in the order in which a probe passes them.
const (
	Config   Stage = "config"
	Policy   Stage = "policy"
	Resolve  Stage = "resolve"
	Connect  Stage = "connect"
	TLS      Stage = "tls"
	Send     Stage = "send"
	Receive  Stage = "receive"
	Auth     Stage = "auth"
	Status   Stage = "status"
	Content  Stage = "content"
	Internal Stage = "internal"
)

// Stages are all of them, in that order.
var Stages = []Stage{Config, Policy, Resolve, Connect, TLS, Send, Receive, Auth, Status, Content, Internal}

// Failure is an error with a stage and a reason. Reasons are lower-case words joined by underscores, unique within a
// stage, and listed in docs/metrics.md; Message says what was being done, to what, and what came back.
type Failure struct {
	Stage   Stage  `json:"stage" redact:"-"`  // of a closed set, so nothing of a target or a secret
	Reason  string `json:"reason" redact:"-"` // likewise
	Message string `json:"message"`
	Code    string `json:"code,omitempty"` // what the peer called it, such as ErrorMailboxMoveInProgress; empty where it has no name

	cause error
}

// Reason declares a reason for which a probe may fail. It is unique within its stage.
type Reason struct {
	Stage  Stage
	Reason string
	Help   string // one or two sentences
}

// New makes a failure. A %w verb in format keeps the cause for errors.Is. Where the cause is a shortage of our own, that is
// the failure, whatever was being done: whoever was to be asked had no part in it.
// The fixed parts of format are this program's own words, and are not redacted.
func New(stage Stage, reason, format string, args ...any) *Failure {
	secret.Own(format)
	err := fmt.Errorf(format, args...)
	if f := short(err); f != nil {
		return f
	}
	f := &Failure{Stage: stage, Reason: reason, Message: err.Error(), cause: errors.Unwrap(err)}
	var inner *Failure
	if errors.As(f.cause, &inner) {
		f.Code = inner.Code
	}
	return f
}

// Named notes what the peer called it, cut to what names need, and returns the failure.
func (f *Failure) Named(code string) *Failure {
	f.Code = plain.Text(code, maxCode)
	return f
}

// maxCode is how many bytes of a code are kept: the longest of Exchange's is shorter.
const maxCode = 64

// Name is stage and reason in one word, "connect/refused".
func (f *Failure) Name() string { return string(f.Stage) + "/" + f.Reason }

func (f *Failure) Error() string { return f.Message }

// Unwrap returns the cause that New was given by %w, or nil.
func (f *Failure) Unwrap() error { return f.cause }

// From returns the failure in err's chain. An error without one is a fault of this program: stage internal, reason error.
func From(err error) *Failure {
	if err == nil {
		return nil
	}
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "error", "%w", err)
}

// Is tells whether err is a failure of this stage and, where reasons are given, of one of them.
func Is(err error, stage Stage, reasons ...string) bool {
	var f *Failure
	if !errors.As(err, &f) || f.Stage != stage {
		return false
	}
	for _, r := range reasons {
		if f.Reason == r {
			return true
		}
	}
	return len(reasons) == 0
}
