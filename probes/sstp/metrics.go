package sstp

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a probe comes to, once it has asked. The set is closed.
const (
	connected = "connected"  // Call Connect Acknowledge
	nak       = "nak"        // Call Connect Negative Acknowledge
	aborted   = "aborted"    // Call Abort, or Call Disconnect
	httpError = "http_error" // another status than 200
	silent    = "silent"     // nothing in time, before the 200 or after it
	closed    = "closed"     // the connection ended, before the 200 or after it
	malformed = "malformed"  // text, another version, a length that cannot be right
)

var outcomes = []string{connected, nak, aborted, httpError, silent, closed, malformed}

// hashes is the closed set of the label hash, by the bits of the mask.
var hashes = []string{"sha1", "sha256"}

var (
	outcomeMetric = &result.Metric{
		Name: "probe_sstp_outcome", Labels: []string{"outcome"}, Own: []string{"outcome"},
		Help:     "What became of the call: 1 for what happened, 0 for the rest of the closed set. All are 0 where nothing could be asked.",
		Presence: "always",
	}
	hashOffered = &result.Metric{
		Name: "probe_sstp_hash_offered", Labels: []string{"hash"}, Own: []string{"hash"},
		Help:     "Whether the server offers each hash for the proof that client and server see the same certificate.",
		Presence: "the outcome is connected",
	}
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) { measureOutcome(res, "") }

func measureOutcome(res *result.Result, happened string) {
	for _, o := range outcomes {
		res.Add(outcomeMetric, result.Truth(o == happened), o)
	}
}

// measure turns what was seen into samples.
func (p *probe) measure() {
	measureOutcome(p.run.Result, p.outcome)
	if p.outcome == connected {
		for _, hash := range hashes {
			p.run.Result.Add(hashOffered, result.Truth(slices.Contains(p.answer.offers(), hash)), hash)
		}
	}
}
