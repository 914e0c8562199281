// Package collector turns a probe's Result into metrics, and keeps the exporter's own.
package collector

import (
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// gather makes the series of one Result. It makes the families itself: a registry per scrape would describe, check
// and sort each time what the descriptions here have settled once. Bounds, which may be nil, are of series over time; age is how
// old the result is, nil where that is not worth a metric. Who calls it frees what it gives.
func gather(bounds *Values, r *result.Result, age *time.Duration) *series {
	s := newSeries(bounds, r)
	outcome(s, r)
	if age != nil {
		s.add(resultAge, age.Seconds())
	}
	switch r.Decides {
	case result.ByHTTP:
		connection(s, r.DecidingConnection)
		httpPhases(s, r)
		exchanges(s, r)
	case result.ByTLS:
		connection(s, r.DecidingConnection)
	case result.ByNone:
		earliestExpiry(s, r)
	}
	findings(s, r.Findings)
	faults(s, r)
	steps(s, r)
	for _, sample := range r.Samples {
		s.add(sample.Metric, sample.Value, sample.Labels...)
	}
	s.settle()
	return s
}

// outcome adds what every result has.
func outcome(s *series, r *result.Result) {
	s.add(probeSuccess, result.Truth(r.Success()))
	s.add(probeDuration, float64(r.Duration))
	s.add(probeTimeout, float64(r.Limit))
	by := decider(r)
	s.add(serverInfo, 1, by.Frontend, by.Backend, by.Server, by.Version)
	if f := r.Failure; f != nil {
		s.add(failureInfo, 1, string(f.Stage), f.Reason, string(kind(by.Kind)), by.Product)
	}
}

// decider is the origin of what the deciding conversation was answered; unknown without an answer.
func decider(r *result.Result) origin.Origin {
	if !r.Deciding.Answered() {
		return origin.Origin{Kind: origin.Unknown}
	}
	return r.Deciding.Origin
}

// kind makes "not looked at" unknown: the label is from a closed set without the empty word.
func kind(k origin.Kind) origin.Kind {
	if k == "" {
		return origin.Unknown
	}
	return k
}

// connection adds what the deciding connection showed.
func connection(s *series, c *wire.Connection) {
	if c == nil {
		return
	}
	if c.Resolve != nil || c.Address.IsValid() {
		s.add(dnsLookup, float64(c.Resolve.Length()))
	}
	if c.Address.IsValid() {
		protocol := 6.0
		if c.Address.Addr().Unmap().Is4() {
			protocol = 4
		}
		s.add(ipProtocol, protocol)
	}
	if c.Secure == nil {
		return
	}
	if c.Secure.Version != "" {
		s.add(tlsVersion, 1, c.Secure.Version)
	}
	if c.Secure.Cipher != "" {
		s.add(tlsCipher, 1, c.Secure.Cipher)
	}
	expiry(s, c)
}

// earliestExpiry adds the expiries over all connections.
func earliestExpiry(s *series, r *result.Result) { expiry(s, r.Connections...) }

// expiry adds when the first of the certificates presented expires, and the first of the paths to an authority.
func expiry(s *series, connections ...*wire.Connection) {
	var presented, paths []time.Time
	for _, c := range connections {
		if c.Secure == nil {
			continue
		}
		for _, cert := range c.Secure.Chain {
			presented = append(presented, cert.NotAfter)
		}
		if at := c.Secure.PathExpires; at != nil {
			paths = append(paths, *at)
		}
	}
	first(s, certExpiry, presented)
	first(s, lastChainExpiry, paths)
}

func first(s *series, m *result.Metric, times []time.Time) {
	if len(times) > 0 {
		s.add(m, float64(slices.MinFunc(times, time.Time.Compare).Unix()))
	}
}

// faults adds who acts, or that nothing was decided.
func faults(s *series, r *result.Result) {
	for _, f := range r.Faults {
		s.add(faultInfo, 1, string(f.Owner), string(f.Certainty), f.Advice)
	}
	if r.UndecidedReason != "" && !r.UndecidedOK {
		s.add(undecided, 1, string(r.UndecidedReason))
	}
}

// findings adds one series per code.
func findings(s *series, found []result.Finding) {
	for i, f := range found {
		if !slices.ContainsFunc(found[:i], func(before result.Finding) bool { return before.Code == f.Code }) {
			s.add(finding, 1, f.Code, string(f.Severity), string(kind(f.Origin)), f.Product)
		}
	}
}

// steps adds each step name once: durations summed, success of all. A planned step that was not begun has no duration
// and no success, so that its ratio over time tells the truth.
func steps(s *series, r *result.Result) {
	var room [16]total
	totals := sum(room[:0], r.Steps)
	for _, t := range totals {
		s.add(stepDuration, float64(t.duration), t.step)
		s.add(stepSuccess, result.Truth(!t.failed), t.step)
	}
	for _, name := range r.Planned {
		if !slices.ContainsFunc(totals, func(t total) bool { return t.step == name }) {
			s.add(stepSuccess, 0, name)
		}
	}
}

// total is of all steps of one name.
type total struct {
	step     string
	duration wire.Seconds
	failed   bool
}

// sum adds a tree of steps to totals, which has few names: they are from the prober's closed list.
func sum(totals []total, tree []*result.Step) []total {
	for _, step := range tree {
		i := slices.IndexFunc(totals, func(t total) bool { return t.step == step.Name })
		if i < 0 {
			i = len(totals)
			totals = append(totals, total{step: step.Name})
		}
		totals[i].duration += step.End - step.Start
		totals[i].failed = totals[i].failed || step.Failure != nil
		totals = sum(totals, step.Steps)
	}
	return totals
}
