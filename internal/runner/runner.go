// Package runner runs probes: request → configuration → policy → prober → Result. Everything that calls a probe, the
// web handlers and the command line, goes through it, so limits, sharing, suspension and redaction hold everywhere.
package runner

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Request asks for one probe. Strings are as the caller wrote them.
type Request struct {
	Module   string
	Target   string
	Auth     string        // optional, overrides the module's
	Hostname string        // optional, the name to go by
	Limit    time.Duration // the caller's time limit; 0: the module's alone
}

// Answer is a probe's result and how old it is (more than 0 when min_interval answered with the last one).
type Answer struct {
	Result *result.Result
	Age    time.Duration
}

// Refusal is an error that says why a request was not probed, and the HTTP status that says so.
type Refusal struct {
	Status  int    // 400, 403 or 503
	Reason  string // the label of ews_exporter_probes_refused_total: from the closed set below
	Message string // for the caller; never holds a secret
}

func (r *Refusal) Error() string { return r.Message }

// The reasons for which a request is refused.
const (
	BadRequest    = "bad_request"     // 400: unknown module or auth, malformed target, unusable time limit
	DeniedTarget  = "denied_target"   // 403: policy does not let the target be reached
	DeniedAuth    = "denied_auth"     // 403: the auth may not be used for this target or module
	CrossSite     = "cross_site"      // 403: a browser's cross-site request
	TooManyProbes = "too_many_probes" // 503: the limit of probes at once
	Stopping      = "stopping"        // 503: the exporter is stopping
)

// Prober is what handlers and commands need of the runner.
type Prober interface {
	Probe(ctx context.Context, req Request) (Answer, error) // the error is a *Refusal
}
