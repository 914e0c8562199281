package expectcontinue

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

var (
	outcomeMetric = &result.Metric{
		Name: "probe_expect_continue_outcome", Labels: []string{"outcome"},
		Help:     "How the dialogue went: 1 for what happened, 0 for the rest of the closed set.",
		Presence: "a request head was sent",
	}
	bodyTested = &result.Metric{
		Name:     "probe_expect_continue_body_tested",
		Help:     "1 when the body was really sent after the head's answer, or after the wait.",
		Presence: "always",
	}
	waitSeconds = &result.Metric{
		Name:     "probe_expect_continue_wait_seconds",
		Help:     "From the last header byte to the 100, or to the final status that came instead, or the silence kept before the body.",
		Presence: "one of the three was measured",
	}
	statusCode = &result.Metric{
		Name: "probe_expect_continue_status_code", Labels: []string{"variant"},
		Help:     "Final status of each variant; 0 without one.",
		Presence: "always, for each configured variant",
	}
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
	if outcome := o.outcome(p.seen[NoExpect]); outcome != "" {
		for _, other := range Outcomes {
			r.Add(outcomeMetric, result.Truth(other == outcome), string(other))
		}
	}
	r.Add(bodyTested, result.Truth(o.bodySent))
	if wait, ok := o.waited(); ok {
		r.Add(waitSeconds, float64(wait))
	}
	for _, v := range p.variants() {
		r.Add(statusCode, float64(p.seen[v].status()), v)
	}
}

// waited is the time from the last header byte to the 100, to the final status that came instead, or to the body.
func (o *observation) waited() (wire.Seconds, bool) {
	if o.exchange == nil || o.exchange.Head == nil {
		return 0, false
	}
	sent := o.exchange.Head.End
	switch {
	case o.asked:
		for _, r := range o.exchange.Interim {
			if r.Status == 100 {
				return r.First - sent, true
			}
		}
	case o.early:
		return o.exchange.Final.First - sent, true
	case o.exchange.Body != nil:
		return o.exchange.Body.Start - sent, true
	}
	return 0, false
}
