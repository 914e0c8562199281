package web

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/inbound"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// expose answers with a result's metrics, in the format that is asked for. Compressing these few kilobytes would cost more
// processor time than all that the exporter does beside the connection to its target.
func (s *server) expose(w http.ResponseWriter, r *http.Request, answer runner.Answer) {
	format := s.accepted.by(r.Header)
	written := collector.Text
	switch format.FormatType() {
	case expfmt.TypeTextPlain:
	case expfmt.TypeOpenMetrics:
		written = collector.OpenMetrics
	default: // of protocol buffers, which few ask for
		metrics := s.values.Gatherer(answer.Result, ageOf(answer))
		promhttp.HandlerFor(metrics, promhttp.HandlerOpts{DisableCompression: true, EnableOpenMetrics: true}).ServeHTTP(w, r)
		return
	}
	text := texts.Get().(*[]byte) //nolint:forcetypeassert // it holds nothing else
	defer texts.Put(text)
	*text = s.values.Append((*text)[:0], written, answer.Result, ageOf(answer))
	h := w.Header()
	h.Set("Vary", "Accept")
	h.Set("Content-Type", string(format))
	h.Set("Content-Length", strconv.Itoa(len(*text)))
	inbound.Together(w, r, func() {
		_, _ = w.Write(*text) // the client is gone when this fails, and there is nobody left to tell
	})
}

// texts are what expositions were written to, for the next ones. The largest are of some 100 KiB.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// ageOf is how old a result is, where that is worth a metric.
func ageOf(a runner.Answer) *time.Duration {
	if !a.Interval {
		return nil
	}
	return &a.Age
}

// accepted remembers what the last request's Accept came to, for most scrapes are one Prometheus server's, with the same one.
type accepted struct{ last atomic.Pointer[negotiated] }

type negotiated struct {
	accept string
	format expfmt.Format
}

// by is the format that a request with this head is answered in.
func (a *accepted) by(h http.Header) expfmt.Format {
	accept := h.Get("Accept")
	if last := a.last.Load(); last != nil && last.accept == accept {
		return last.format
	}
	format := expfmt.NegotiateAccept(h, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	a.last.Store(&negotiated{accept, format})
	return format
}
