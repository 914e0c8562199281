package expectcontinue

import (
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	outcomeMetric = &result.Metric{
		Name: "probe_expect_continue_outcome", Labels: []string{"outcome"}, Own: []string{"outcome"},
		Help:     "How the dialogue went: 1 for what happened, 0 for the rest of the closed set.",
		Presence: "a request head was sent",
	}
	bodyTested = &result.Metric{
		Name:     "probe_expect_continue_body_tested",
		Help:     "1 when the body was really sent after the head's answer, or after the wait.",
		Presence: "always",
	}
	statusCode = expect.StatusCode("always, for each configured variant")
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	blank := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}, seen: map[string]*observation{}}
	for _, v := range s.variants() {
		blank.seen[v] = &observation{variant: v}
	}
	blank.measure()
}

// measure turns what the variants saw into samples.
func (p *probe) measure() {
	r, o := p.run.Result, p.seen[Wait]
	if outcome := o.Outcome(&p.seen[NoExpect].Dialogue); outcome != "" {
		for _, other := range expect.Outcomes {
			r.Add(outcomeMetric, result.Truth(other == outcome), string(other))
		}
	}
	r.Add(bodyTested, result.Truth(o.BodySent))
	if wait, ok := o.Waited(); ok {
		r.Add(expect.WaitSeconds, float64(wait))
	}
	for _, v := range p.variants() {
		r.Add(statusCode, float64(p.seen[v].Status()), v)
	}
}
