// Package runner runs probes: request → configuration → policy → prober → Result. Everything that calls a probe, the
// web handlers and the command line, goes through it, so limits, sharing, suspension and redaction hold everywhere.
package runner

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Request asks for one probe. Strings are as the caller wrote them.
type Request struct {
	Module   string
	Target   string
	Auth     string        // optional, overrides the module's
	Hostname string        // optional, the name to go by
	Limit    time.Duration // the caller's time limit; 0: the module's alone
	Mailbox  string        // optional: of those that a service has, in place of the module's
	At       netip.Addr    // optional: of the addresses of the target's name this one alone is asked
}

// Answer is a probe's result and how old it is (more than 0 when min_interval answered with the last one).
type Answer struct {
	Result   *result.Result
	Age      time.Duration
	Interval bool // the module has a min_interval, so the age is worth a metric
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
	UnknownHost   = "unknown_host"    // 403: a request by a name that is not the exporter's
	TooManyProbes = "too_many_probes" // 503: the limit of probes at once
	OutOfFiles    = "out_of_files"    // 503: few files are left to open
	Stopping      = "stopping"        // 503: the exporter is stopping
	CallerGone    = "caller_gone"     // 499: the caller left before the probe ended
)

// Prober is what handlers and commands need of the runner.
type Prober interface {
	Probe(ctx context.Context, req Request) (Answer, error) // the error is a *Refusal
}

// Options are a Runner's parts.
type Options struct {
	Config    func() *config.Config // the one in force
	Gate      *auth.Gate            // outlives reloads
	Pauses    *prober.Pauses        // likewise; nil: the Runner's own
	Listeners []netip.AddrPort      // the exporter's own, never to be probed
	Resolver  wire.Resolver         // nil: the system's
	Version   string                // for the User-Agent

	LimitFrom string // where the limits of requests come from, for who has to raise one; "": scrape_timeout

	MaxProbes           int // at once; 0: DefaultMaxProbes
	MaxProbesPerAddress int // at once; 0: DefaultMaxProbesPerAddress
	Memory              int // of all probes for what targets send, in bytes; 0: DefaultMemory

	Log       *slog.Logger
	LogProbes Logged
	Reports   string               // where the reports of results are served, without their IDs, for the log; "": nowhere
	Observe   func(*result.Result) // each new result, once
	Panicked  func()               // each panic in a prober
	InFlight  func(change float64) // each probe that begins (1) or ends (-1)
	// Progress is told of each step of each probe that begins (running) or ends; nil: nobody wants to know.
	Progress func(step string, running bool)
}

// The limits of design: enough for thousands of targets, too few to be a weapon.
const (
	DefaultMaxProbes           = 200
	DefaultMaxProbesPerAddress = 8
)

// Runner runs probes. It is safe for concurrent use.
type Runner struct {
	Options
	places  *places
	flights flights
	last    lastResults
	slots   *slots
	memory  *budget
	chains  wire.Chains
	turns   prober.Turns // outlive reloads, as the Runner does
	stopped atomic.Bool
	inForce atomic.Pointer[inForce]
}

// New makes a Runner.
func New(o Options) *Runner {
	o.MaxProbes = cmp.Or(o.MaxProbes, DefaultMaxProbes)
	o.MaxProbesPerAddress = cmp.Or(o.MaxProbesPerAddress, DefaultMaxProbesPerAddress)
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	if o.Pauses == nil {
		o.Pauses = &prober.Pauses{}
	}
	return &Runner{
		Options: o,
		places:  newPlaces(o.MaxProbesPerAddress, max(2*o.MaxProbesPerAddress, o.MaxProbes/2)),
		slots:   newSlots(o.MaxProbes),
		memory:  newBudget(o.Memory),
	}
}

// Stop refuses probes from now on; those in flight go on.
func (r *Runner) Stop() { r.stopped.Store(true) }

// Hurry ends the probes in flight now. Their callers get what was measured, as at a time limit.
func (r *Runner) Hurry() { r.flights.hurry() }

// Probe answers a request: by a probe of its own, by one in flight that asks for the same, or, within the module's
// min_interval, by the last result. ctx is the caller's patience; a probe ends early only when nobody waits for it.
func (r *Runner) Probe(ctx context.Context, req Request) (Answer, error) {
	job, err := r.prepare(req)
	if err != nil {
		return Answer{}, err
	}
	if res := r.last.get(job); res != nil {
		return answer(job, res), nil
	}
	res, err := r.flights.join(ctx, job.key(), func(ctx context.Context) (*result.Result, error) {
		if res := r.last.get(job); res != nil { // a flight has landed since
			return res, nil
		}
		if whose, ok := r.slots.take(job.target); !ok {
			return nil, r.full(whose)
		}
		defer r.slots.free(job.target)
		return r.run(ctx, job), nil
	})
	if err != nil {
		return Answer{}, err
	}
	return answer(job, res), nil
}

// full refuses a request for which no slot is left: of all, or of those that one host or block may hold.
func (r *Runner) full(whose string) *Refusal {
	if whose == "" {
		return refuse(http.StatusServiceUnavailable, TooManyProbes, "%d probes are in flight, and --limit.probes allows no more: probe less often, or spread the targets over more exporters", r.MaxProbes)
	}
	return refuse(http.StatusServiceUnavailable, TooManyProbes, "the probes of %s that are in flight hold their share of the %d that --limit.probes allows, and the rest is kept for other targets: see whether they hang, and probe less often", whose, r.MaxProbes)
}

// answer says how old a result is.
func answer(j *job, res *result.Result) Answer {
	ended := res.Start.Add(time.Duration(float64(res.Duration) * float64(time.Second)))
	return Answer{Result: res, Age: max(0, time.Since(ended)), Interval: j.module.MinInterval > 0}
}
