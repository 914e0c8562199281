package lab

import (
	"net"
	"net/http"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// counted is the case at which a probe's cost is counted.
const counted = "a gateway that counts who comes"

// cases are what no scenario shows.
func cases() []lab.Case {
	empty, long := "", "a seed that is longer than those of other gateways"
	front := func(answer func(r *http.Request) string) *gateway { return &gateway{front: answer} }
	return []lab.Case{
		at(counted, "success", &gateway{}),
		at("both transports, one after the other", "success", &gateway{}, both),
		at("a gateway that asks nobody for a logon", "success", &gateway{open: true}),
		at("a gateway whose 200 has no reason phrase", "success", &gateway{head: "HTTP/1.1 200\r\n\r\n"}),
		at("a channel out in chunks", "success", &gateway{head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n", seed: new(usualSeed + "\r\n"), reply: []string{"12\r\n" + answers(0) + "\r\n"}}),
		at("a channel out that says a length which is not so", "success", &gateway{head: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"}),
		at("no seed", "success, rd_gateway_seed_odd", &gateway{seed: &empty}),
		at("a longer seed", "success, rd_gateway_seed_odd", &gateway{seed: &long}),
		at("the path is not there", "status/not_there, rd_gateway_not_there", front(func(*http.Request) string { return nginx("404 Not Found") })),
		at("the transport is gone (410)", "status/no_transport, rd_gateway_no_transport", &gateway{entry: byHTTPSys("410 Gone", "", "")}),
		at("nothing is there after the logon (404)", "status/no_transport, rd_gateway_no_transport", &gateway{entry: byHTTPSys("404 Not Found", "", "")}),
		at("a filter knows no verb but GET", "status/verb_refused, rd_gateway_verb_refused", front(func(r *http.Request) string {
			if r.Method != http.MethodGet {
				return byHTTPSys("405 Method Not Allowed", "", "")
			}
			return ""
		})),
		at("a box refuses the verb that goes in", "status/verb_refused, rd_gateway_verb_refused", front(func(r *http.Request) string {
			if r.Method == "RDG_IN_DATA" {
				return nginx("405 Not Allowed")
			}
			return ""
		})),
		at("a box refuses a request in chunks", "status/verb_refused, answered_by_middlebox", front(func(r *http.Request) string {
			if r.ContentLength < 0 {
				return nginx("411 Length Required")
			}
			return ""
		})),
		at("a filter refuses the path", "status/verb_refused", front(func(*http.Request) string { return byHTTPSys("403 Forbidden", "", "") })),
		at("a proxy has no server", "status/server_error, answered_by_middlebox", front(func(*http.Request) string { return nginx("502 Bad Gateway") })),
		at("a web site's page", "status/not_gateway", front(func(*http.Request) string {
			return script.Responds("200 OK", "Content-Type: text/html\r\n", "<html>It works</html>")
		})),
		at("a portal asks for a logon", "status/logon_page, answered_by_middlebox", front(func(*http.Request) string {
			return script.Responds("302 Found", "Location: /my.policy\r\n", "")
		})),
		at("a status of nobody's", "status/unexpected_status", front(func(*http.Request) string { return byHTTPSys("409 Conflict", "", "") })),
		at("EWS that lets in whoever asks", "status/not_gateway, ews_answers_without_logon", front(func(*http.Request) string { return script.Sized(script.Folder) })),
		at("the connection ends behind the channels", "receive/closed, rd_gateway_packets_held", &gateway{does: func(c net.Conn) error { return c.Close() }}),
		at("a gateway that hangs up on who has logged on", "receive/closed", &gateway{entry: cuts}),
		loggedOn("the same by NTLM", "auth/connection_closed", &gateway{entry: cuts}, "username: '"+lab.Username+"', password: "+lab.Password+", schemes: [ntlm]"),
		loggedOn("the logon is refused", "auth/refused", &gateway{}, "username: '"+lab.Username+"', password: not-the-one-of-this-lab, schemes: [basic]"),
		loggedOn("a box refuses who has logged on", "status/verb_refused", &gateway{entry: byHTTPSys("400 Bad Request", "", "")}, basic),
	}
}

// at is a gateway that a module with a logon asks.
func at(name, reports string, g *gateway, keys ...string) lab.Case {
	return loggedOn(name, reports, g, basic, keys...)
}

// loggedOn is a gateway that a module with this auth asks.
func loggedOn(name, reports string, g *gateway, logon string, keys ...string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		running := g.start()
		server := lab.ServeTLS(t, script.TLS(t), running.step)
		p := script.Peer(server)
		p.Server, p.Hostname = server.Addr(), lab.Service
		p.Logon, p.Keys, p.Cost = logon, append([]string{"timeout: 8s"}, keys...), running.meter.Read
		return p
	}}
}
