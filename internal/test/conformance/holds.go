package conformance

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// probes holds that the prober probes: it reaches somebody, and says so by its steps and connections; and that it can succeed.
func probes(x *Examination, complain complain) {
	for _, fault := range x.faults {
		complain("lab.Part: %s", fault)
	}
	succeeds := false
	for _, o := range x.Seen {
		if o.Hopeless && o.Result.Success() {
			complain("Probe: it succeeds at a %s, so it does not probe", o.Where)
		}
		if !o.Judged || o.Want.Failure != lab.None || !o.Result.Success() {
			continue
		}
		succeeds = true
		if len(o.Result.Connections)+len(o.Result.Conversations) == 0 || len(o.Result.Steps) == 0 {
			complain("Probe: %s: it succeeds without a connection or a step: look up, open and talk by the Run's Recorder, Network and Session", o.Where)
		}
	}
	if !succeeds {
		complain("lab.Part: no scenario and no case shows a success; add a healthy one, with Failure: lab.None")
	}
}

// holdsItsVerdicts holds what the part says that its modules report.
func holdsItsVerdicts(x *Examination, complain complain) {
	for _, o := range x.Seen {
		for _, d := range o.differences() {
			complain("%s: %s", o.Where, d)
		}
	}
}

// differences are what was reported in place of what was wanted; none where nothing was.
func (o *Observation) differences() (all []string) {
	if !o.Judged {
		return nil
	}
	differs := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if got := o.failure(); got != o.Want.Failure {
		differs("it reports %s (%v), and lab.Part says %s", got, o.Result.Failure, o.Want.Failure)
	}
	codes := o.codes()
	slices.Sort(codes)
	if got := strings.Join(slices.Compact(codes), ", "); got != inOrder(o.Want.Finding) {
		differs("it finds %q, and lab.Part says %q", got, o.Want.Finding)
	}
	if got := o.outcomes(); o.Want.Outcome != "" && !slices.Equal(got, []string{o.Want.Outcome}) {
		differs("its outcome is %q, and lab.Part says %q", got, o.Want.Outcome)
	}
	d := o.Result.Deciding
	switch {
	case o.Want.Origin == "":
	case !d.Answered():
		differs("nobody answered, and lab.Part says that %s did", o.Want.Origin)
	case d.Origin.Kind != o.Want.Origin || d.Origin.Product != o.Want.Product:
		differs("%s %q answered (%s), and lab.Part says %s %q", d.Origin.Kind, d.Origin.Product, d.Origin.Evidence, o.Want.Origin, o.Want.Product)
	}
	return all
}

// inOrder sorts codes that are parted by commas.
func inOrder(codes string) string {
	list := strings.Split(codes, ", ")
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// saysWhatItDeclares holds that nothing is reported that the Definition does not declare, and nothing that contradicts itself.
func saysWhatItDeclares(x *Examination, complain complain) {
	d := x.Definition
	reasons := reasonNames(slices.Concat(runner.CommonReasons(), d.Reasons))
	for _, o := range x.Seen {
		if f := o.failure(); f != lab.None && !slices.Contains(reasons, f) {
			complain("%s: add the reason %s to Definition.Reasons", o.Where, f)
		}
		for _, step := range append(o.steps(), o.Result.Planned...) {
			if !prober.IsProxyStep(step) && !slices.ContainsFunc(d.Steps, func(s prober.StepHelp) bool { return s.Name == step }) {
				complain("%s: add the step %s to Definition.Steps", o.Where, step)
			}
		}
		for _, s := range o.Result.Samples {
			if !slices.Contains(d.Metrics, s.Metric) {
				complain("%s: add the metric %s to Definition.Metrics", o.Where, s.Name)
			}
		}
		for _, outcome := range o.outcomes() {
			if !slices.Contains(d.Outcomes, outcome) {
				complain("%s: add the outcome %s to Definition.Outcomes", o.Where, outcome)
			}
		}
		agreesWithItself(x, o, complain)
	}
}

func agreesWithItself(x *Examination, o *Observation, complain complain) {
	grave := false
	for _, f := range o.Result.Findings {
		if !slices.ContainsFunc(x.Definition.Findings, func(d prober.Finding) bool { return d.Code == f.Code }) {
			complain("%s: add the finding %s to Definition.Findings", o.Where, f.Code)
		}
		grave = grave || f.Severity == result.Error
	}
	if grave && o.Result.Success() {
		complain("%s: there is a finding of severity error and no failure; an error always comes with one: %v", o.Where, o.codes())
	}
	if of, all := o.atOnce(); len(all) > 1 {
		complain("%s: %q happened at once%s; of a closed set of outcomes one is 1", o.Where, all, of)
	}
	if f := o.Result.Failure; f != nil && strings.TrimSpace(f.Message) == "" {
		complain("%s: the failure %s says nothing to a person", o.Where, o.failure())
	}
}

func reasonNames(reasons []failure.Reason) []string {
	var names []string
	for _, r := range reasons {
		names = append(names, string(r.Stage)+"/"+r.Reason)
	}
	return names
}

// late is how much longer than its limit a probe may take on a busy machine.
const late = 5 * time.Second

// memory is the most that a probe may take, however much it is sent, and uncounted what it may take beyond what the exporter counts
// for it: what all probes together may take is bounded by what is counted. Its peer takes memory here too.
const (
	memory    = 64 << 20
	uncounted = 16 << 20
)

// keepsItsLimits holds that every probe ended in time, took little memory, and left nothing open.
func keepsItsLimits(x *Examination, complain complain) {
	for _, o := range x.Seen {
		limit := time.Duration(float64(o.Result.Limit) * float64(time.Second))
		if o.Took > limit+late {
			complain("%s: the probe took %s, with a limit of %s: end with ctx", o.Where, o.Took.Round(time.Second/10), limit)
		}
		if o.Memory > memory {
			complain("%s: the probe took %d MiB of memory: bound what is read", o.Where, o.Memory>>20)
		}
		if o.Uncounted > uncounted {
			complain("%s: the probe took %d MiB more than was counted for it, so that --limit.memory does not hold: have wire told of what takes much more once it is read, or refuse it", o.Where, o.Uncounted>>20)
		}
		if o.LeftOpen > 0 {
			complain("%s: the probe left %d connections open: close them on all ways out", o.Where, o.LeftOpen)
		}
	}
}

// keepsSecrets holds that no password is shown to anybody, in none of the forms in which it goes over the wire.
func keepsSecrets(x *Examination, complain complain) {
	logsOn := false
	for _, o := range x.Seen {
		for _, secret := range o.Secrets {
			logsOn = true
			forms := []string{secret.password, base64.StdEncoding.EncodeToString([]byte(secret.password)), base64.StdEncoding.EncodeToString([]byte(secret.username + ":" + secret.password))}
			for who, text := range o.Shown {
				if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
					complain("%s: the %s shows the password", o.Where, who)
				}
			}
		}
	}
	if !x.Definition.NoLogon && !logsOn {
		complain("lab.Part: the prober may be given an auth (see Definition.NoLogon), and no scenario or case has one; add one whose server shows what it was sent")
	}
}
