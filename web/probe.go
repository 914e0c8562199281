package web

import (
	"errors"
	"net/http"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// probe runs one probe and answers with its metrics: 200 whatever the target did, another status only when nothing was
// probed.
func (s *server) probe(w http.ResponseWriter, r *http.Request) {
	req, debug, refused := s.probeRequest(r)
	if refused != nil {
		s.refuse(w, refused)
		return
	}
	answer, err := s.Prober.Probe(r.Context(), req)
	if errors.As(err, &refused) {
		s.refuse(w, refused)
		return
	}
	if err != nil {
		http.Error(w, plain.Escape("the probe could not be run: "+err.Error()), http.StatusInternalServerError)
		return
	}
	if denied(answer.Result) {
		s.refuse(w, refusal(http.StatusForbidden, runner.DeniedTarget, "%s", answer.Result.Failure.Message))
		return
	}
	if debug {
		s.debug(w, answer)
		return
	}
	s.expose(w, r, answer)
}

// denied tells whether policy refused before anything was dialled.
func denied(r *result.Result) bool {
	if r.Failure == nil || r.Failure.Stage != failure.Policy {
		return false
	}
	for _, c := range r.Connections {
		if c.Connect != nil {
			return false
		}
	}
	return true
}

// refuse says in one line why nothing was probed.
func (s *server) refuse(w http.ResponseWriter, refused *runner.Refusal) {
	s.Self.Refused(refused.Reason)
	s.Log.Debug("probe refused", "status", refused.Status, "reason", refused.Reason, "err", refused.Message)
	http.Error(w, plain.Escape(refused.Message), refused.Status)
}

// debug answers with everything that is known, as text for a person.
func (s *server) debug(w http.ResponseWriter, answer runner.Answer) {
	r := answer.Result
	metrics := s.values.Append(nil, collector.Text, r, ageOf(answer))
	text(w, asText(r)+"\nMetrics\n\n"+string(metrics)+"\nModule, without secrets\n\n"+s.Redacted(r.Module))
}

// text answers with plain text.
func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(body)) // #nosec G705 -- text/plain with nosniff; the client is gone when this fails, and there is nobody left to tell
}
