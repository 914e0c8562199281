// Package lab is what the prober brings to the simulated site: gateways for remote desktops, and what stands in front of them.
package lab

import (
	"net/http"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// The modules.
const (
	module = "rd_gateway"
	bare   = "rd_gateway_unauthenticated"
	apart  = "rd_gateway_connections"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "rd_gateway",
		Modules: []lab.Module{
			{Name: module, Logon: lab.Basic, Keys: []string{"timeout: 4s", both}},
			{Name: bare, About: "without a logon it does not show whether packets get through", Keys: []string{"timeout: 4s"}},
			{Name: apart, Apart: "rdg-legs-split", Keys: []string{"timeout: 4s"}},
		},
		Scenarios: scenarios(),
		Faults: []lab.Fault{
			{Module: module, At: "rdg-healthy", Panels: true},
			{Module: module, At: "rdg-verb-refused", Alert: "EwsServiceFailing", Says: []string{"status/verb_refused", "rd_gateway_verb_refused"}, Panels: true},
		},
		Loads: []lab.Load{
			{About: "without an auth", At: counted, Keys: []string{patient, "rd_gateway: {transports: [http]}"}},
			{About: "with an auth", At: counted, Keys: []string{patient, "rd_gateway: {transports: [http]}"}, Logon: true},
			{About: "with an auth and both transports", At: counted, Keys: []string{patient, both}, Logon: true},
		},
		Least:   []string{"rd_gateway: {transports: [http]}"},
		Most:    []string{both},
		Cases:   cases(),
		Meets:   meets(),
		Hostile: []lab.Group{packets(), frames()},
	}
}

// patient counts what a probe costs on a busy machine too, where time that runs short has it ask again.
const patient = "timeout: 30s"

// both are the keys of a module that asks both transports.
const both = "rd_gateway: {transports: [http, websocket]}"

// basic are the keys of a module's auth.
const basic = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"

// isVerb tells RD Gateway's verbs.
func isVerb(r *http.Request) bool { return r.Method == "RDG_OUT_DATA" || r.Method == "RDG_IN_DATA" }

// nginx is a proxy's own answer.
func nginx(status string) string {
	return script.Responds(status, "Server: nginx\r\nContent-Type: text/html\r\n", "<html>\r\n<head><title>"+status+"</title></head>\r\n<body>\r\n<center><h1>"+status+"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
}

// scenarios are the simulated gateways.
func scenarios() []lab.Scenario {
	at := func(name, about, reports string, g *gateway, more ...lab.Verdict) lab.Scenario {
		want := lab.Reports(reports)
		want.Module, want.Shows = module, true
		return lab.Scenario{Name: name, Description: about, Verdicts: append([]lab.Verdict{want}, more...), Serve: g.start().dialogue}
	}
	return []lab.Scenario{
		at("rdg-healthy", "A gateway for remote desktops that answers by both of its transports.", "success", &gateway{},
			lab.Verdict{Module: bare, Failure: lab.None, Outcome: "logon_asked"}),
		at("rdg-verb-refused", "A box in front of the gateway that knows no verbs but those of browsers.", "status/verb_refused, rd_gateway_verb_refused",
			&gateway{front: func(r *http.Request) string {
				if isVerb(r) {
					return nginx("405 Not Allowed")
				}
				return ""
			}}),
		at("rdg-verb-lost", "A firewall in front of the gateway that swallows verbs which it does not know.", "receive/timeout, rd_gateway_verb_refused",
			&gateway{front: func(r *http.Request) string {
				if r.Method != http.MethodGet {
					return keeps
				}
				return ""
			}}),
		at("rdg-held", "A proxy in front of the gateway that waits for the end of a request which never ends: the channels open, and no packet comes through.",
			"receive/timeout, rd_gateway_packets_held", &gateway{holds: true}),
		at("rdg-no-websocket", "A proxy in front of the gateway that takes the field Upgrade out.", "status/no_websocket, rd_gateway_no_websocket", &gateway{old: true}),
		at("rdg-no-transport", "A gateway on which the transport is turned off: it answers 403 after the logon.", "status/no_transport, rd_gateway_no_transport",
			&gateway{entry: byHTTPSys("403 Forbidden", "", "")}),
		at("rdg-not-there", "A Windows server on which no gateway runs: http.sys answers for it.", "status/not_there, rd_gateway_not_there",
			&gateway{front: func(*http.Request) string {
				return byHTTPSys("404 Not Found", "Content-Type: text/html; charset=us-ascii\r\n", "<HTML><HEAD><TITLE>Not Found</TITLE></HEAD></HTML>")
			}}),
		at("rdg-down", "A gateway whose service is stopped.", "status/server_error", &gateway{front: func(*http.Request) string {
			return byHTTPSys("503 Service Unavailable", "Content-Type: text/html; charset=us-ascii\r\n", "<HTML><HEAD><TITLE>Service Unavailable</TITLE></HEAD></HTML>")
		}}),
		at("rdg-handshake-refused", "A gateway that answers the handshake with an error.", "status/handshake_refused", &gateway{reply: []string{answers(0x800759d8)}}),
		at("rdg-answer-held", "A proxy in front of the gateway that passes an answer on once it has come whole, which never happens: after the logon it is silent.",
			"receive/timeout, rd_gateway_packets_held", &gateway{entry: keeps}),
		{
			Name: "rdg-legs-split", Description: "A proxy that takes another connection to the gateway for each request, so that NTLM lets nobody in, whatever the password.",
			Verdicts: []lab.Verdict{{Module: apart, Failure: "auth/refused", Outcome: "denied"}}, Serve: (&gateway{splits: true}).start().dialogue,
		},
	}
}
