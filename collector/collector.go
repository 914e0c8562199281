// Package collector turns a probe's Result into metrics, and keeps the exporter's own.
package collector

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Gatherer gives the metrics of one Result. It makes the families itself: a registry per scrape would describe, check
// and sort each time what the descriptions here have settled once. Age is how old the result is; nil leaves
// probe_result_age_seconds out, as for a module without min_interval.
func Gatherer(r *result.Result, age *time.Duration) prometheus.Gatherer {
	return (*Values)(nil).Gatherer(r, age)
}

// Gatherer is the package's Gatherer, and bounds what the target makes of series over time.
func (v *Values) Gatherer(r *result.Result, age *time.Duration) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		s := newSeries(v, r)
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
		return s.finish(), nil
	})
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
	seen := make(map[string]bool, len(found))
	for _, f := range found {
		if !seen[f.Code] {
			seen[f.Code] = true
			s.add(finding, 1, f.Code, string(f.Severity), string(kind(f.Origin)), f.Product)
		}
	}
}

// steps adds each step name once: durations summed, success of all. A planned step that was not begun has no duration
// and no success, so that its ratio over time tells the truth.
func steps(s *series, r *result.Result) {
	type total struct {
		duration wire.Seconds
		failed   bool
	}
	totals := map[string]*total{}
	var names []string
	var walk func([]*result.Step)
	walk = func(tree []*result.Step) {
		for _, step := range tree {
			t := totals[step.Name]
			if t == nil {
				t = &total{}
				totals[step.Name] = t
				names = append(names, step.Name)
			}
			t.duration += step.End - step.Start
			t.failed = t.failed || step.Failure != nil
			walk(step.Steps)
		}
	}
	walk(r.Steps)
	for _, name := range names {
		s.add(stepDuration, float64(totals[name].duration), name)
		s.add(stepSuccess, result.Truth(!totals[name].failed), name)
	}
	for _, name := range r.Planned {
		if totals[name] == nil {
			s.add(stepSuccess, 0, name)
		}
	}
}
