package rdgateway

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
	Name:       "rd_gateway",
	Summary:    "Can Remote Desktop get through RD Gateway: do its verbs, its channels and its websockets reach the gateway and come back?",
	Advice:     book,
	Serves:     served,
	New:        func() prober.Prober { return defaults() },
	TargetPath: prober.PathUnused,
	Paths:      prober.ServicePaths,
	Absent:     []string{"status/" + reasonNotThere},
	Outcomes:   outcomes,
	Steps:      steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Status, Reason: reasonNotThere, Help: "The path is not there (404), before any logon: no gateway, or nobody leads to it."},
		{Stage: failure.Status, Reason: reasonNoTransport, Help: "The gateway answered 403, 404 or 410 after the logon: it does not offer this transport."},
		{Stage: failure.Status, Reason: reasonNoWebsocket, Help: "A 200 came in place of the change to websockets (101)."},
		{Stage: failure.Status, Reason: reasonRefused, Help: "A verb of RD Gateway was refused."},
		{Stage: failure.Status, Reason: reasonHandshake, Help: "The gateway answered the handshake with an error."},
		{Stage: failure.Status, Reason: reasonNotGateway, Help: "The answer is a page or a redirect, and opens no channel."},
		{Stage: failure.Status, Reason: reasonServerError, Help: "A 5xx came."},
		{Stage: failure.Status, Reason: reasonUnexpected, Help: "Another status than those that a gateway answers with."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{outcomeMetric, prober.SchemeOffered},
	Findings: []prober.Finding{
		{Code: NotThere, Severity: result.Error, Summary: "There is no gateway at the path, or nothing leads to it."},
		{Code: NoTransport, Severity: result.Error, Summary: "The gateway does not offer the transport."},
		{Code: NoWebsocket, Severity: result.Error, Summary: "The change to websockets does not get through, where the transport HTTP does."},
		{Code: VerbRefused, Severity: result.Error, Summary: "A verb of RD Gateway does not get through where an ordinary GET does."},
		{Code: PacketsHeld, Severity: result.Error, Summary: "The gateway is reached, and its channels do not open, or packets do not come through them."},
		{Code: SeedOdd, Severity: result.Info, Summary: "Before the gateway's first packet stand more or fewer bytes than clients know."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
		prober.FindingAnswersWithoutLogon,
	},
	Dashboard: panels,
	Example:   example,
}

func steps() []prober.StepHelp {
	all := []prober.StepHelp{{Name: "resolve", Help: "look the target's name up"}}
	for _, t := range []struct{ name, help, out, opens string }{
		{overHTTP, "the transport HTTP: two connections, one for each direction", verbOut, "200"},
		{overWebSocket, "the transport of websockets: one connection", verbOut + ", which asks for a change to websockets", "101"},
	} {
		all = append(all, prober.StepHelp{Name: t.name, Help: t.help})
		all = append(all, opening(t.name+".out", "the connection by which packets come, opened by "+t.out, t.opens)...)
		if t.name == overHTTP {
			all = append(all, opening("http.in", "the connection by which packets go, opened by "+verbIn, "200")...)
			all = append(all, prober.StepHelp{Name: "http.in.packets", Help: verbIn + " again, whose body in chunks carries the handshake"})
		}
		all = append(all, prober.StepHelp{Name: t.name + ".handshake", Help: "wait for the gateway's answer to the handshake"})
	}
	for _, c := range []struct{ step, help string }{
		{controlGet, "the control: GET of the same path, without credentials (where a verb did not get through)"},
		{controlOther, "the control: a verb that nobody knows, without credentials (where a verb did not get through)"},
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

// opening are the steps by which a channel is opened.
func opening(name, help, opens string) []prober.StepHelp {
	return []prober.StepHelp{
		{Name: name, Help: help},
		{Name: name + ".connect", Help: "open a TCP connection for it"},
		{Name: name + ".tls", Help: "secure it and verify the certificate"},
		{Name: name + "." + unauthenticated, Help: "send the verb without credentials; a request for a logon is the right answer"},
		{Name: name + ".logon", Help: "choose a scheme, and the handshake up to its last answer (only with an auth)"},
		{Name: name + "." + authenticated, Help: "send it with that answer; " + opens + " is the right one"},
	}
}

// Codes of this prober's findings.
const (
	NotThere    = "rd_gateway_not_there"
	NoTransport = "rd_gateway_no_transport"
	NoWebsocket = "rd_gateway_no_websocket"
	VerbRefused = "rd_gateway_verb_refused"
	PacketsHeld = "rd_gateway_packets_held"
	SeedOdd     = "rd_gateway_seed_odd"
)

// Reasons of stage status.
const (
	reasonNotThere    = "not_there"
	reasonNoTransport = "no_transport"
	reasonNoWebsocket = "no_websocket"
	reasonRefused     = "verb_refused"
	reasonHandshake   = "handshake_refused"
	reasonNotGateway  = "not_gateway"
	reasonServerError = "server_error"
	reasonUnexpected  = "unexpected_status"
)
