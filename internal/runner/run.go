package runner

import (
	"context"
	"crypto/rand"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// run probes once. Everything that could leak is taken out of the result before anyone sees it.
func (r *Runner) run(ctx context.Context, j *job) *result.Result {
	if r.InFlight != nil {
		r.InFlight(1)
		defer r.InFlight(-1)
	}
	start := time.Now()
	ctx, cancel := context.WithDeadline(ctx, start.Add(j.limit))
	defer cancel()
	res := &result.Result{
		ID: rand.Text(), Module: j.module.Name, Prober: j.module.Prober, Target: j.target.Raw, Name: j.target.Name,
		Start: start, Limit: wire.Seconds(j.limit.Seconds()), Planned: j.prober.Plan(j.auth != nil),
	}
	redactor := &secret.Redactor{}
	run := &prober.Run{Target: j.target, Module: j.module, Result: res, Agent: "ews_exporter/" + r.Version, Redactor: redactor, Dialer: r.dialer(j, start)}
	run.Elsewhere = elsewhere(run.Dialer, j)
	if j.auth != nil {
		res.Auth = j.auth.Name
		run.Secrets = prober.NewSecrets(j.auth.Credential(), r.Gate, j.target)
	}
	if short := j.tooShort(); short != nil {
		res.Fail(short)
	} else {
		r.guard(ctx, j.prober, run)
	}
	if run.Secrets != nil {
		run.Secrets.Settle()
	}
	finish(res, redactor)
	r.report(res)
	r.last.put(j, res)
	return res
}

func (r *Runner) dialer(j *job, start time.Time) *wire.Dialer {
	return &wire.Dialer{
		Epoch:    start,
		Resolver: r.Resolver,
		Check:    func(host string, a netip.AddrPort) error { return j.policy.Address(host, a) },
		Acquire:  r.places.stay().acquire,
	}
}

// elsewhere is the dialer for hosts that a target names.
func elsewhere(dialer *wire.Dialer, j *job) *wire.Dialer {
	d := *dialer
	d.Check = j.policy.Elsewhere
	return &d
}

// guard runs the prober and turns a panic into a failure: one target must never take the exporter down.
func (r *Runner) guard(ctx context.Context, p prober.Prober, run *prober.Run) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if r.Panicked != nil {
			r.Panicked()
		}
		// The panic's value may hold what a target sent or a secret, so only where it happened is told.
		r.Log.Error("A prober panicked; please report this.", "module", run.Result.Module, "target", run.Result.Target, "stack", string(debug.Stack()))
		run.Result.Failure = failure.New(failure.Internal, "panic", "the prober failed because of a fault in this program; its log says where")
	}()
	p.Probe(ctx, run)
}

// finish completes a result: secrets out first, then long texts cut, because a secret cut in two would not be found.
func finish(res *result.Result, redactor *secret.Redactor) {
	res.Duration = wire.Seconds(time.Since(res.Start).Seconds())
	redactor.Walk(res)
	shorten(res)
}

// The most that is kept of texts which a target may make as long as it likes.
const (
	maxMessage = 600
	maxValue   = 4 << 10
	maxRaw     = 16 << 10
	maxFields  = 200
)

func shorten(res *result.Result) {
	if f := res.Failure; f != nil {
		f.Message = plain.Cut(f.Message, maxMessage)
	}
	for _, s := range res.Steps {
		shortenStep(s)
	}
	for i := range res.Findings {
		res.Findings[i].Sentence = plain.Cut(res.Findings[i].Sentence, maxMessage)
	}
	for _, e := range res.Exchanges {
		e.Error = plain.Cut(e.Error, maxMessage)
		shortenResponse(e.Final)
		for _, r := range e.Interim {
			shortenResponse(r)
		}
	}
}

func shortenStep(s *result.Step) {
	s.Detail = plain.Cut(s.Detail, maxMessage)
	if s.Failure != nil {
		s.Failure.Message = plain.Cut(s.Failure.Message, maxMessage)
	}
	for _, child := range s.Steps {
		shortenStep(child)
	}
}

func shortenResponse(r *wire.Response) {
	if r == nil {
		return
	}
	r.Raw = plain.Cut(r.Raw, maxRaw)
	r.Reason = plain.Cut(r.Reason, maxMessage)
	r.Header = r.Header[:min(len(r.Header), maxFields)]
	for i := range r.Header {
		r.Header[i].Value = plain.Cut(r.Header[i].Value, maxValue)
	}
}

// report tells whoever wants to know.
func (r *Runner) report(res *result.Result) {
	args := []any{"module", res.Module, "target", res.Target, "success", res.Success(), "duration_seconds", float64(res.Duration)}
	if f := res.Failure; f != nil {
		args = append(args, "stage", string(f.Stage), "reason", f.Reason, "error", plain.Escape(f.Message))
	}
	r.Log.Debug("Probed.", args...)
	if r.Observe != nil {
		r.Observe(res)
	}
}
