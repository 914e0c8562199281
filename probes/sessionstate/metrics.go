package sessionstate

import "github.com/ews-exporter/ews_exporter/internal/result"

// What a probe may come to.
const (
	alive   = "alive"             // the state service answered
	foreign = "not_state_service" // something else is there
	refused = "refused"           // the connection was refused
	silent  = "silent"            // nothing came: no connection, or no answer
	closed  = "closed"            // the connection was ended before anything was asked
	failed  = "failed"            // it could not be found out
)

var outcomes = []string{alive, foreign, refused, silent, closed, failed}

var (
	outcomeMetric = &result.Metric{
		Name: "probe_session_state_outcome", Labels: []string{"outcome"}, Own: []string{"outcome"}, Presence: "always",
		Help: "What is at the port: 1 for what happened, 0 for the rest. `alive`: the state service answers. `not_state_service`: something else does. " +
			"`refused`, `silent`, `closed`: nobody was reached. `failed`: it could not be found out, as where the name has no address.",
	}
	answerSeconds = &result.Metric{
		Name: "probe_session_state_answer_seconds", Presence: "an answer came whole",
		Help: "From the request to the end of the answer's head.",
	}
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) { tell(res, failed) }

func tell(res *result.Result, happened string) {
	for _, o := range outcomes {
		res.Add(outcomeMetric, result.Truth(o == happened), o)
	}
}
