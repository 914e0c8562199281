// Package lab is what the prober brings to the simulated site: VPN servers, and what stands in front of them.
package lab

import (
	"net"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

const module = "sstp"

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober:    "sstp",
		Modules:   []lab.Module{{Name: module, Keys: []string{"timeout: 8s"}}},
		Scenarios: scenarios(),
		Faults: []lab.Fault{
			{Module: module, At: "sstp-length-refused", Alert: "EwsServiceFailing", Says: []string{"status/http_error", "sstp_length_refused"}, Panels: true},
			{Module: module, At: "sstp-healthy", Panels: true},
			{Module: module, At: "sstp-sha1", Panels: true},
		},
		Loads:   []lab.Load{{About: "as it comes", At: "sstp-healthy"}, {About: "where no 200 comes", At: "sstp-length-refused", Fails: true}},
		Least:   []string{"sstp: {revocation: false}"},
		Most:    []string{"sstp: {thumbprints: ['" + strings.Repeat("00", 20) + "']}"},
		Good:    acknowledges(3),
		Cases:   cases(),
		Odd:     true, // no length of 64 bits passes them
		Meets:   meets(),
		Hostile: []lab.Group{lies()},
	}
}

// long tells whether a request announces the length of SSTP's clients.
func (a asked) long() bool { return len(a.length) > 18 }

// badRequest is nginx's own page for a length that it cannot read.
var badRequest = script.Responds("400 Bad Request", "Server: nginx\r\nContent-Type: text/html\r\nConnection: close\r\n",
	"<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")

// scenarios are the simulated VPN servers.
func scenarios() []lab.Scenario {
	at := func(name, about, outcome, reports string, s server) lab.Scenario {
		want := lab.Reports(reports)
		want.Module, want.Outcome = module, outcome
		return lab.Scenario{Name: name, Description: about, Verdicts: []lab.Verdict{want}, Serve: s.dialogue}
	}
	all := []lab.Scenario{
		at("sstp-healthy", "A VPN server that takes calls by SSTP.", "connected", "success", server{}),
		at("sstp-length-refused", "A web proxy in front of the VPN server that refuses the length which every SSTP client announces.", "http_error",
			"status/http_error, sstp_length_refused, answered_by_middlebox", server{front: func(a asked) string {
				if a.long() {
					return badRequest
				}
				return ""
			}}),
		at("sstp-length-awaited", "A proxy that waits for as many bytes as the client announces, before it asks the VPN server.", "silent",
			"receive/timeout, sstp_length_refused", server{front: func(a asked) string {
				if a.long() {
					return keeps
				}
				return ""
			}}),
		at("sstp-verb-refused", "A filter in front of the VPN server that lets only methods pass which it knows.", "http_error",
			"status/http_error, sstp_verb_refused", server{front: func(a asked) string {
				if a.method != "GET" {
					return script.Responds("405 Method Not Allowed", "Connection: keep-alive\r\n", "Not allowed")
				}
				return ""
			}}),
		at("sstp-not-served", "A Windows server on which Routing and Remote Access does not run: http.sys answers for it.", "http_error",
			"status/not_served, sstp_not_served", server{front: func(asked) string { return byHTTPSys("404 Not Found", "Not Found") }}),
		at("sstp-no-port", "A VPN server whose ports for SSTP are all taken: it refuses the call by HTTP.", "http_error",
			"status/http_error", server{front: func(a asked) string {
				if a.method == "SSTP_DUPLEX_POST" {
					return byHTTPSys("503 Service Unavailable", "Service Unavailable")
				}
				return ""
			}}),
		at("sstp-silent", "A VPN server that takes the request and hangs: nothing follows its 200.", "silent",
			"receive/timeout", server{answer: []string{}}),
		at("sstp-nak", "A VPN server that refuses the call.", "nak", "status/nak", server{answer: []string{refuses}}),
		at("sstp-aborted", "A VPN server that ends the call in place of an answer.", "aborted", "status/aborted", server{answer: []string{aborts}}),
		at("sstp-closed", "Something that takes the request and ends the connection behind the 200.", "closed", "receive/closed", server{does: func(net.Conn) error { return net.ErrClosed }}),
		at("sstp-reframed", "A proxy that puts the VPN server's stream into chunks.", "malformed", "receive/malformed, sstp_reframed", inChunks),
		at("sstp-sha1", "An old VPN server that knows SHA-1 alone.", "connected", "success, sstp_hash_old", server{answer: []string{acknowledges(1)}}),
	}
	all[1].Try = "A proxy in front of a VPN server that cannot bear SSTP's length"
	return all
}

// lies are answers to Call Connect Request that are none.
func lies() lab.Group {
	const none = "receive/malformed"
	ack := acknowledges(3)
	bytewise := strings.Split(ack, "")
	return lab.Group{Title: "SSTP packets", Who: "the VPN server", Cases: []lab.Case{
		says("sends the packet in single bytes", "success", server{answer: bytewise, pause: 5 * time.Millisecond}),
		says("sends an Echo Request first", "success", server{answer: []string{echo, ack}}),
		says("sends Echo Requests without end", none, server{does: forever(echo)}),
		says("says a length of 0", none, server{answer: []string{"\x10\x01\x00\x00" + ack[4:]}}),
		says("says a length of 4095", none, server{answer: []string{"\x10\x01\x0f\xff" + ack[4:]}}),
		says("says a length of 4095 in a refusal", none, server{answer: []string{"\x10\x01\x0f\xff" + refuses[4:]}}),
		says("says more attributes than fit", none, server{answer: []string{refuses[:6] + "\xff\xff" + refuses[8:]}}),
		says("says an attribute of length 0", none, server{answer: []string{refuses[:10] + "\x00\x00" + refuses[12:]}}),
		hangs(says("sends half a packet, and waits", none, server{answer: []string{ack[:20]}})),
		says("sends half a packet, and closes", "receive/closed", server{does: func(c net.Conn) error {
			_, err := c.Write([]byte(ack[:20]))
			if err == nil {
				err = net.ErrClosed
			}
			return err
		}}),
		says("closes behind the 200", "receive/closed", server{does: func(net.Conn) error { return net.ErrClosed }}),
		says("speaks version 2.0", none, server{answer: []string{"\x20" + ack[1:]}}),
		says("sends text", none, server{answer: []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}}),
		hangs(says("sends one letter", none, server{answer: []string{"H"}})),
		says("sends data before anything is agreed on", none, server{answer: []string{"\x10\x00\x00\x08\x00\x00\x00\x00"}}),
		says("sends the client's own packet back", none, server{answer: []string{"\x10\x01\x00\x0e\x00\x01\x00\x01\x00\x01\x00\x06\x00\x01"}}),
		says("sends a packet of a type that nobody knows", none, server{answer: []string{"\x10\x01\x00\x08\x00\x63\x00\x00"}}),
		says("offers no hash", none, server{answer: []string{acknowledges(0)}}),
		says("disconnects in place of an answer", "status/aborted", server{answer: []string{disconnects}}),
		says("never acknowledges the end", "success", server{does: func(c net.Conn) error {
			_, err := c.Write([]byte(ack))
			time.Sleep(2 * time.Second)
			return err
		}}),
		hangs(says("drips its answer in chunks", "receive/malformed, sstp_reframed", server{
			head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", answer: strings.Split("1\r\n\x10\r\n1\r\n\x01\r\n", ""), pause: 100 * time.Millisecond,
		})),
	}}
}

// says is a VPN server of a kind.
func says(name, reports string, s server) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, s.step)
		p.Keys = []string{"sstp: {revocation: false}"}
		return p
	}}
}

func hangs(c lab.Case) lab.Case {
	c.Hangs = true
	return c
}

func forever(packet string) func(net.Conn) error {
	return func(c net.Conn) error {
		for {
			if _, err := c.Write([]byte(packet)); err != nil {
				return err
			}
		}
	}
}
