// Package sessionstate asks whether ASP.NET's state service answers on a host: where a web farm needs it, it must; anywhere
// else it must not, for it asks for no logon and knows no TLS. The one request reads a session that nobody has, which locks
// nothing and makes nothing.
package sessionstate

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:     "session_state",
	Summary:  "Does ASP.NET's state service answer where a web farm needs it, and nowhere else?",
	Advice:   book,
	Serves:   served,
	New:      func() prober.Prober { return &Settings{} },
	Decides:  result.ByTLS,
	NoLogon:  true,
	Scheme:   "state",
	Absent:   unreached,
	Paths:    prober.ServicePaths,
	Outcomes: outcomes,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "session_state", Help: "ask for a session that nobody has, over one connection"},
		{Name: "session_state.connect", Help: "open a TCP connection"},
		{Name: "session_state.request", Help: "ask, and read the answer"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Content, Reason: reasonExposed, Help: "The state service answers where nobody should reach it."},
		{Stage: failure.Content, Reason: reasonOther, Help: "Something else than the state service is at its port: it answers otherwise, or ends the connection that it was asked over."},
	},
	Metrics: []*result.Metric{outcomeMetric, answerSeconds},
	Findings: []prober.Finding{
		{Code: Exposed, Severity: result.Warning, Summary: "The state service answers where nobody should reach it."},
	},
	Dashboard: panels,
	Example:   example,
}

// Exposed is the code of the finding that sessions lie open.
const Exposed = "session_state_exposed"

// Reasons of stage content.
const (
	reasonExposed = "state_service_exposed"
	reasonOther   = "not_state_service"
)
