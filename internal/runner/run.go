package runner

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/diagnosis"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// run probes once, and tells whoever wants to know. A probe that nobody waited for any more was cut short by that and
// says nothing of its target, so it is told to nobody.
func (r *Runner) run(ctx context.Context, j *job) (res *result.Result) {
	if r.InFlight != nil {
		r.InFlight(1)
		defer r.InFlight(-1)
	}
	defer func() {
		if fault := recover(); fault != nil { // beyond the prober: still one probe's fault, and not the process's end
			r.panicked(j, fault)
			res = blank(j, time.Now())
			res.Failure = panicFailure()
		}
	}()
	short := j.tooShort(cmp.Or(r.LimitFrom, "scrape_timeout"))
	res = r.probe(ctx, j, short)
	if errors.Is(context.Cause(ctx), errAbandoned) {
		return res
	}
	r.report(ctx, res)
	if short == nil && context.Cause(ctx) == nil {
		r.last.put(j, res)
	}
	return res
}

// probe makes a result: by a probe, or, when the time limit is too short, without one. Everything that could leak is
// taken out before anyone sees it.
func (r *Runner) probe(ctx context.Context, j *job, short *failure.Failure) *result.Result {
	start := time.Now()
	ctx, cancel := context.WithDeadline(ctx, start.Add(j.limit))
	defer cancel()
	res := blank(j, start)
	res.Limit, res.Planned = wire.Seconds(j.limit.Seconds()), j.plan()
	if j.auth != nil {
		res.Auth, res.User = j.auth.Name, j.auth.Username
	}
	redactor := &secret.Redactor{}
	redactor.Add(j.module.HeaderSecrets()...)
	switch {
	case short != nil:
		res.Fail(short)
		j.prober.Blank(res)
	case !j.routed(res):
		j.prober.Blank(res)
	default: // what is looked through for secrets is in memory until that is done
		defer r.within(ctx, cancel, j, res, redactor)()
	}
	finish(res, redactor, func() advice.Book { return Book(j.module.Definition) })
	return res
}

// within has the prober work within the memory that there is, which release gives back. Where that ran out, nothing follows from
// what was seen.
func (r *Runner) within(ctx context.Context, cancel context.CancelFunc, j *job, res *result.Result, redactor *secret.Redactor) (release func()) {
	memory, err := r.memory.claim(ctx, cancel)
	if err != nil {
		res.Fail(failure.From(err))
		j.prober.Blank(res)
		return func() {}
	}
	r.guard(ctx, j, r.prepareRun(j, res, redactor, memory))
	if over := memory.exceeded(); over != nil {
		res.Failure, res.Findings, res.Samples = over, nil, nil
		res.Undecided, res.UndecidedReason = "", ""
		j.prober.Blank(res)
	}
	return memory.release
}

// prepareRun gives the prober what it works with.
func (r *Runner) prepareRun(j *job, res *result.Result, redactor *secret.Redactor, memory *claim) *prober.Run {
	parts := prober.Parts{
		Recorder: prober.NewRecorder(res, redactor, r.Progress), Target: j.target, Module: j.prefers(j.module.Run()),
		Agent: "ews_exporter/" + r.Version, Outside: j.outside, Dialer: r.dialer(j, res.Start, memory), Others: map[string]*prober.Secrets{},
		Pauses: r.Pauses, Turns: &r.turns,
	}
	parts.Elsewhere = elsewhere(parts.Dialer, j)
	parts.Proxy = r.proxy(j, res.Start, memory)
	if j.auth != nil {
		parts.Certificate = prober.NewCertificate(j.auth.Credential())
	}
	if j.logsOn() {
		parts.Secrets = prober.NewSecrets(j.auth.Credential(), r.Gate, j.target)
	}
	for name, a := range j.others {
		parts.Others[name] = prober.NewSecrets(a.Credential(), r.Gate, j.target)
	}
	return prober.NewRun(parts)
}

func (r *Runner) dialer(j *job, start time.Time, memory *claim) *wire.Dialer {
	return &wire.Dialer{
		Epoch:    start,
		Resolver: j.resolver(r.Resolver),
		Check:    j.check,
		Acquire:  r.places.stay().acquire,
		Hold:     memory.hold,
		Chains:   &r.chains,
	}
}

// elsewhere is the dialer for hosts that a target names.
func elsewhere(dialer *wire.Dialer, j *job) *wire.Dialer {
	d := *dialer
	d.Check = j.checkElsewhere
	return &d
}

// guard runs the prober and turns a panic into a failure: one target must never take the exporter down.
func (r *Runner) guard(ctx context.Context, j *job, run *prober.Run) {
	defer func() {
		if fault := recover(); fault != nil {
			r.panicked(j, fault)
			res := run.Result
			res.Failure, res.Findings, res.Samples = panicFailure(), nil, nil
			endSteps(res.Steps, wire.Seconds(time.Since(res.Start).Seconds()))
			j.prober.Blank(res)
		}
	}()
	defer run.Settle()
	j.prober.Probe(ctx, run)
	run.Conclude()
}

// blank is a result of which nothing is known yet.
func blank(j *job, start time.Time) *result.Result {
	res := &result.Result{
		ID: rand.Text(), Module: j.module.Name, Prober: j.module.Prober, Target: j.target.Raw, Name: j.target.Name,
		Start: start, Proxy: j.module.ProxyURL.String(), Configs: j.files, Decides: j.module.Definition.Decides, UndecidedOK: j.module.UndecidedOK,
		Mailbox: j.mailbox, Direct: !strings.EqualFold(j.target.Host, j.target.Name),
	}
	if j.at.IsValid() {
		res.At = j.at.String()
	}
	return res
}

// panicked counts and logs a panic. Its value may hold what a target sent or a secret, so only where it happened is told.
func (r *Runner) panicked(j *job, fault any) {
	if r.Panicked != nil {
		r.Panicked()
	}
	stack := string(debug.Stack())
	if elsewhere, ok := fault.(prober.Panic); ok { // it happened in another goroutine of the probe
		stack = elsewhere.Stack
	}
	r.Log.Error("A prober panicked; please report this.", "module", j.module.Name, "target", j.target.Raw, "stack", stack)
}

func panicFailure() *failure.Failure {
	return failure.New(failure.Internal, reasonPanic, "the prober failed because of a fault in this program; its log says where")
}

// endSteps ends the steps that a panic left open.
func endSteps(steps []*result.Step, now wire.Seconds) {
	for _, s := range steps {
		if s.End == 0 {
			s.End, s.Failure = now, panicFailure()
		}
		endSteps(s.Steps, now)
	}
}

// finish completes a result: secrets out first, then what quotes and cuts it, because a secret cut in two would not be found. What
// there will be no room for goes whole, and before, for looking through it may take long.
func finish(res *result.Result, redactor *secret.Redactor, book func() advice.Book) {
	res.Duration = wire.Seconds(time.Since(res.Start).Seconds())
	leaveOut(res)
	redactor.Walk(res)
	diagnosis.Settle(res, book)
	shorten(res)
}

// report tells whoever wants to know.
func (r *Runner) report(ctx context.Context, res *result.Result) {
	r.log(ctx, res)
	if r.Observe != nil {
		r.Observe(res)
	}
}
