// Package greeting is a prober as small as one gets: it opens a connection, reads one line, and holds it against what is
// expected. No exporter has it. It shows that the conformance suite asks nothing of a prober that does not stand in its
// folder, and that each of its demands can fail.
package greeting

import (
	_ "embed"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Definition declares this prober.
var Definition = prober.Definition{
	Name:     "greeting",
	Summary:  "Does a server greet with the words that are expected?",
	New:      func() prober.Prober { return &Settings{Expect: "220"} },
	Decides:  result.ByTLS,
	NoLogon:  true,
	Scheme:   "smtp",
	Paths:    prober.ServicePaths,
	Serves:   served,
	Outcomes: outcomes,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "greeting", Help: "be greeted, over one connection"},
		{Name: "greeting.connect", Help: "open a TCP connection"},
		{Name: "greeting.line", Help: "wait for a line"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Content, Reason: reasonOther, Help: "The server greets with other words than those expected."},
	},
	Metrics: []*result.Metric{outcomeMetric, seconds},
	Findings: []prober.Finding{
		{Code: Unexpected, Severity: result.Error, Summary: "The server greets with other words than those expected."},
	},
	Advice:  book,
	Example: example,
}

//go:embed example.yml
var example string

// Unexpected is the code of the finding that another server answers.
const Unexpected = "greeting_unexpected"

const reasonOther = "other_greeting"

// What a greeting is.
const (
	expected = "expected"
	other    = "other"
)

var outcomes = []string{expected, other}

var (
	outcomeMetric = &result.Metric{
		Name: "probe_greeting_outcome", Labels: []string{"outcome"}, Own: []string{"outcome"}, Presence: "a line came",
		Help: "What the greeting is: 1 for what happened, 0 for the rest of the closed set.",
	}
	seconds = &result.Metric{
		Name: "probe_greeting_seconds", Presence: "a line came",
		Help: "From when the connection was there to the end of the line.",
	}
)
