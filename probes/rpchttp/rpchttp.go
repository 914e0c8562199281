package rpchttp

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
	Name:       "rpc_http",
	Summary:    "Does RPC over HTTP get through, as Outlook Anywhere and RD Gateway need it: do both of its verbs reach a proxy that echoes?",
	Advice:     book,
	Serves:     served,
	New:        func() prober.Prober { return defaults() },
	TargetPath: prober.PathUnused,
	Paths:      prober.ServicePaths,
	Absent:     []string{"status/" + reasonNotInstalled},
	Outcomes:   outcomes,
	Steps:      steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Status, Reason: reasonNotInstalled, Help: "The path is not there (404): no RPC proxy, or nobody leads to it."},
		{Stage: failure.Status, Reason: reasonRPC, Help: "The RPC proxy answered with an RPC error in its reason phrase: nobody behind it."},
		{Stage: failure.Status, Reason: reasonRefused, Help: "A verb of RPC over HTTP was refused."},
		{Stage: failure.Status, Reason: reasonNoEcho, Help: "The answer is a 2xx or a redirect, and no echo."},
		{Stage: failure.Status, Reason: reasonServerError, Help: "A 5xx that is no RPC error."},
		{Stage: failure.Status, Reason: reasonUnexpected, Help: "Another status than those that an RPC proxy answers with."},
		{Stage: failure.Status, Reason: reasonLength, Help: "The length that a channel in announces was refused, or nothing was passed on before it had come (with `announce`)."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{outcomeMetric, prober.SchemeOffered},
	Findings: []prober.Finding{
		{Code: NotInstalled, Severity: result.Error, Summary: "There is no RPC proxy at the path, or nothing leads to it."},
		{Code: RPCError, Severity: result.Error, Summary: "The RPC proxy answers that there is nobody behind it."},
		{Code: VerbRefused, Severity: result.Error, Summary: "A verb of RPC over HTTP does not get through where an ordinary GET does."},
		{Code: LengthRefused, Severity: result.Error, Summary: "The length that RPC over HTTP announces does not get through."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
		prober.FindingAnswersWithoutLogon,
	},
	Dashboard: panels,
	Example:   example,
}

func steps() []prober.StepHelp {
	all := []prober.StepHelp{{Name: "resolve", Help: "look the target's name up"}}
	for _, channel := range channels {
		all = append(all,
			prober.StepHelp{Name: channel, Help: "ask for an echo by " + verbs[channel]},
			prober.StepHelp{Name: channel + ".connect", Help: "open a TCP connection for it"},
			prober.StepHelp{Name: channel + ".tls", Help: "secure it and verify the certificate"},
			prober.StepHelp{Name: channel + "." + unauthenticated, Help: "send it without credentials; a request for a logon is the right answer"},
			prober.StepHelp{Name: channel + ".logon", Help: "choose a scheme, and the handshake up to its last answer (only with an auth)"},
			prober.StepHelp{Name: channel + "." + authenticated, Help: "send it with that answer; an echo is the right one"},
		)
	}
	for _, c := range []struct{ step, help string }{
		{controlGet, "the control: GET of the same path, without credentials (where a verb did not get through)"},
		{controlOther, "the control: a verb that nobody knows, without credentials (where a verb did not get through)"},
		{announced, "RPC_IN_DATA with the length 1 GiB, without credentials and without a body (with `announce`)"},
	} {
		all = append(all,
			prober.StepHelp{Name: c.step, Help: c.help},
			prober.StepHelp{Name: c.step + ".connect", Help: "open a TCP connection for that"},
			prober.StepHelp{Name: c.step + ".tls", Help: "secure it and verify the certificate"},
			prober.StepHelp{Name: c.step + ".request", Help: "send it, and read the answer"},
		)
	}
	return all
}

// Codes of this prober's findings.
const (
	NotInstalled  = "rpc_http_not_installed"
	RPCError      = "rpc_http_rpc_error"
	VerbRefused   = "rpc_http_verb_refused"
	LengthRefused = "rpc_http_length_refused"
)

// Reasons of stage status.
const (
	reasonNotInstalled = "not_installed"
	reasonRPC          = "rpc_error"
	reasonRefused      = "verb_refused"
	reasonNoEcho       = "no_echo"
	reasonServerError  = "server_error"
	reasonUnexpected   = "unexpected_status"
	reasonLength       = "length_refused"
)
