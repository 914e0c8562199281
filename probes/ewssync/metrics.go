package ewssync

import (
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	operationDuration = &result.Metric{
		Name: "probe_ews_operation_duration_seconds", Labels: []string{"operation"}, Own: []string{"operation"},
		Help:     "How long the operation took, with all its requests; the connection and the first logon are steps of their own.",
		Presence: "the operation was begun",
	}
	operationSuccess = &result.Metric{
		Name: "probe_ews_operation_success", Labels: []string{"operation"}, Own: []string{"operation"},
		Help:     "1 when the operation succeeded by its content.",
		Presence: "always, for each configured operation",
	}
	responseInfo = &result.Metric{
		Name: "probe_ews_response_info", Labels: []string{"operation", "response_code"}, Own: []string{"operation"},
		Help:     "1 for the ResponseCode of the operation: of the request that failed, else of the last. Codes that are not known are `other`.",
		Presence: "EWS answered the operation with a ResponseCode",
	}
	streamFirstSeconds = &result.Metric{
		Name:     "probe_ews_stream_first_seconds",
		Help:     "How long after GetStreamingEvents was sent the first document came in the stream.",
		Presence: "one came while the stream was held",
	}
	streamEventSeconds = &result.Metric{
		Name:     "probe_ews_stream_event_seconds",
		Help:     "How long after an item's creation was asked for its event came in the stream.",
		Presence: "it came, with write",
	}
	backOffSeconds = &result.Metric{
		Name:     "probe_ews_backoff_seconds",
		Help:     "How long the server is still left alone because it asked for that; at most 600.",
		Presence: "the server throttles",
	}
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	p := &probe{session: session{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}}}
	p.measure()
}

// measure turns what became of the operations into samples.
func (p *probe) measure() {
	r := p.run.Result
	for _, op := range p.ordered() {
		o := p.outcomes[op]
		if o == nil {
			r.Add(operationSuccess, 0, op)
			continue
		}
		r.Add(operationSuccess, result.Truth(o.failure == nil), op)
		if o.begun {
			r.Add(operationDuration, float64(o.took), op)
		}
		if code := ews.CodeLabel(o.code); code != "" {
			r.Add(responseInfo, 1, op, code)
		}
	}
	if p.streamFirst > 0 {
		r.Add(streamFirstSeconds, float64(p.streamFirst))
	}
	if p.streamEvent > 0 {
		r.Add(streamEventSeconds, float64(p.streamEvent))
	}
	if p.backOff > 0 {
		r.Add(backOffSeconds, p.backOff.Seconds())
	}
}
