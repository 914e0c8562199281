package lab

import (
	"net"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// overWebSocket are the keys of a module that asks by websocket alone.
const overWebSocket = "rd_gateway: {transports: [websocket]}"

// packets are answers to the handshake that are none, on the channel out.
func packets() lab.Group {
	const none = "receive/malformed"
	ok := answers(0)
	random := strings.Repeat("\x17", 300)
	return lab.Group{Title: "RD Gateway packets", Who: "the gateway", Cases: []lab.Case{
		at("sends the packet in single bytes", "success", &gateway{reply: strings.Split(ok, ""), pause: 5 * time.Millisecond}),
		at("says a length of 0", none, &gateway{reply: []string{ok[:4] + "\x00\x00\x00\x00" + ok[8:]}}),
		at("says a length of 4095", none, &gateway{reply: []string{ok[:4] + "\xff\x0f\x00\x00" + ok[8:]}}),
		at("says a length of 4 GiB", none, &gateway{reply: []string{ok[:4] + "\xff\xff\xff\xff" + ok[8:]}}),
		hangs(at("sends less than it said, and waits", none, &gateway{reply: []string{ok[:12]}})),
		at("sends less than it said, and closes", "receive/closed, rd_gateway_packets_held", &gateway{does: func(c net.Conn) error {
			_, err := c.Write([]byte(ok[:12]))
			if err == nil {
				err = c.Close()
			}
			return err
		}}),
		at("sends the client's own packet back", none, &gateway{reply: []string{"\x01\x00\x00\x00\x0e\x00\x00\x00\x01\x00\x00\x00\x00\x00"}}),
		at("sends text", none, &gateway{seed: &random, reply: []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}}),
		at("sends a seed without end", none, &gateway{seed: new(strings.Repeat("\xab\xcd", 500)), reply: []string{ok}}),
		hangs(at("says nothing behind the 200", "receive/timeout, rd_gateway_packets_held", &gateway{seed: new(""), reply: []string{}})),
		hangs(at("sends the seed, and nothing more", "receive/timeout, rd_gateway_packets_held", &gateway{reply: []string{}})),
		hangs(at("drips its answer in chunks", "receive/timeout, rd_gateway_packets_held", &gateway{
			head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", seed: new("1\r\n\xab\r\n"), reply: strings.Split(strings.Repeat("1\r\n\xab\r\n", 4), ""), pause: 100 * time.Millisecond,
		})),
		at("ends its answer in chunks where a packet is due", "receive/closed, rd_gateway_packets_held", &gateway{
			head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", seed: new("a\r\n" + usualSeed + "\r\n"), reply: []string{"0\r\n\r\n"},
		}),
		at("cuts its answer into chunks that are none", none, &gateway{
			head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", seed: new("a\r\n" + usualSeed + "\r\n"), reply: []string{"zz\r\n"},
		}),
		floods(at("sends packets of other types without end", none, &gateway{does: forever("\x0d\x00\x00\x00\x08\x00\x00\x00")})),
	}}
}

// frames are answers by websocket that are none.
func frames() lab.Group {
	const none = "receive/malformed"
	ok := answers(0)
	by := func(name, reports string, g *gateway) lab.Case {
		g.raw = true
		return at(name, reports, g, overWebSocket)
	}
	return lab.Group{Title: "RD Gateway websockets", Who: "the gateway", Cases: []lab.Case{
		by("sends the packet in one frame", "success", &gateway{reply: []string{binaryFrame(ok)}}),
		by("sends the packet in fragments", "success", &gateway{reply: []string{frame(0x02, ok[:5]), frame(0x00, ok[5:9]), frame(0x80, ok[9:])}}),
		by("sends the packet in two messages", "success", &gateway{reply: []string{binaryFrame(ok[:5]), binaryFrame(ok[5:])}}),
		by("sends pings in between", "success", &gateway{reply: []string{frame(0x89, "are you there?"), frame(0x02, ok[:5]), frame(0x89, ""), frame(0x80, ok[5:])}}),
		by("sends frames in single bytes", "success", &gateway{reply: strings.Split(binaryFrame(ok), ""), pause: 5 * time.Millisecond}),
		by("masks its frames", none, &gateway{reply: []string{"\x82\x92\x00\x00\x00\x00" + ok}}),
		by("sends text", none, &gateway{reply: []string{frame(0x81, "hello")}}),
		by("sets reserved bits", none, &gateway{reply: []string{frame(0xc2, ok)}}),
		by("begins a message within another", none, &gateway{reply: []string{frame(0x02, ok[:5]), frame(0x82, ok[5:])}}),
		by("goes on with a message that has not begun", none, &gateway{reply: []string{frame(0x80, ok)}}),
		by("says a frame of 2^62 bytes, and sends the packet first", "success", &gateway{reply: []string{"\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00" + ok}}),
		by("says a frame of 2^63 bytes", none, &gateway{reply: []string{"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00" + ok}}),
		floods(by("sends a frame without end", none, &gateway{does: func(c net.Conn) error {
			if _, err := c.Write([]byte("\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00")); err != nil {
				return err
			}
			return forever(strings.Repeat("x", 4096))(c)
		}})),
		floods(by("sends empty fragments without end", none, &gateway{does: func(c net.Conn) error {
			if _, err := c.Write([]byte(frame(0x02, ""))); err != nil {
				return err
			}
			return forever(frame(0x00, ""))(c)
		}})),
		floods(by("sends pings without end", none, &gateway{does: forever(frame(0x89, "x"))})),
		by("says a length of 4095", none, &gateway{reply: []string{binaryFrame(ok[:4] + "\xff\x0f\x00\x00" + ok[8:])}}),
		by("sends a ping of 200 bytes", none, &gateway{reply: []string{frame(0x89, strings.Repeat("x", 200))}}),
		by("sends a frame of a type that nobody knows", none, &gateway{reply: []string{frame(0x8b, "")}}),
		hangs(by("sends half a frame, and waits", none, &gateway{reply: []string{binaryFrame(ok)[:12]}})),
		hangs(by("says nothing behind the 101", "receive/timeout, rd_gateway_packets_held", &gateway{reply: []string{}})),
		by("closes the websocket", "receive/closed, rd_gateway_packets_held", &gateway{reply: []string{frame(0x88, "\x03\xf0")}}),
		by("answers the key of somebody else", none, &gateway{accept: "c29tZWJvZHkgZWxzZSdzIGtleQ=="}),
	}}
}

func hangs(c lab.Case) lab.Case {
	c.Hangs = true
	return c
}

func floods(c lab.Case) lab.Case {
	c.Floods = true
	return c
}

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them: whatever
// answers with something good is no gateway.
func meets() []lab.Meeting {
	const none, stray = "status/not_gateway", "status/not_gateway, bytes_after_response"
	as := func(reports string, peers ...string) map[string]string {
		all := map[string]string{}
		for _, p := range peers {
			all[p] = reports
		}
		return all
	}
	heads := as(none,
		"gives a good answer the status 201",
		"gives a good answer the status 202",
		"gives a good answer the status 203, as a proxy that changed it",
		"gives a good answer the status 206, as a part",
		"hands out 1,000 cookies",
		"sends fields of 60 kB in words of two letters",
	)
	heads["changes to another protocol (101)"] = "status/unexpected_status, bytes_after_response"
	bodies := as(none,
		"sends a body without end",
		"sends 100 MB, as it said",
		"sends a body byte by byte",
		"sends less than it said, and closes",
		"sends less than it said, and waits",
		"says no length, and closes without ending TLS",
		"sends a good answer, and less of it than it said",
		"sends a good answer without its last chunk",
		"says that a plain answer is deflated",
		"says a length, and sends chunks",
		"sends chunks of one byte without end",
		"closes before the last chunk",
		"sends a compressed bomb, unasked",
		"sends a body that only its own codec could read",
	)
	bodies["sends more than it said"], bodies["sends a second response behind the first (smuggled)"] = stray, stray
	return []lab.Meeting{
		{Group: "Names", But: as(none, "gives 1,000 addresses")},
		{Group: "Connections"},
		{Group: "Proxies on the way out", But: as(none, "does what it is asked")}, // what is behind it is no gateway
		{Group: "TLS handshakes"},
		{Group: "Certificates", But: as(none, "shows one with 2,000 names", "sends 100 certificates behind its own")},
		{Group: "Responses: heads", But: heads},
		{Group: "Responses: bodies", But: bodies},
		{Group: "Logons", But: map[string]string{
			"sends who has logged on elsewhere":    none,
			"says nothing after the logon (Basic)": "receive/timeout, rd_gateway_packets_held",
		}},
		{Group: "Tickets and tokens", But: as(none, "(token URL) sends a token of 60 kB")},
		{Group: "Redirects", Usual: none},
	}
}
