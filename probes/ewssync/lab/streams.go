package lab

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// message is EWS's answer to an operation: success, and what is in it. Nobody logs on here; the space before the class's sign
// of equality keeps the probe from finding that EWS answers without a logon, which is another case's.
func message(operation, content string) string {
	return answer(operation, "Success", "<ResponseCode>NoError</ResponseCode>"+content)
}

// answer is EWS's answer to an operation, of a class.
func answer(operation, class, content string) string {
	return envelope(`<` + operation + `Response xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"><ResponseMessages><` + operation +
		`ResponseMessage ResponseClass ="` + class + `">` + content + `</` + operation + `ResponseMessage></ResponseMessages></` + operation + `Response>`)
}

func envelope(body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
}

// streaming are servers that make a subscription, and open its stream on the second connection in their own way.
func streaming() lab.Group {
	status := message("GetStreamingEvents", "<ConnectionStatus>OK</ConnectionStatus>")
	const open = script.OK + "\r\n" // until the connection ends
	begun := lab.Write(open + status)
	const silent, cut = "content/ews_stream_silent, ews_stream_silent", "content/ews_stream_cut, ews_stream_cut"
	return lab.Group{Title: "Streams", Who: "the peer", Cases: []lab.Case{
		stream("holds the stream open, and says what is due", "success", begun, lab.Hang),
		stream("answers the request for a stream with nothing", silent, lab.Hang),
		stream("opens the stream, and says nothing", silent, lab.Write(open), lab.Hang),
		stream("sends a document byte by byte", silent, lab.Write(open), script.Dripping("<a>")),
		stream("ends the stream at once", cut, begun),
		stream("resets the stream", cut, begun, lab.Reset),
		flooding(stream("sends documents without end", "content/malformed_xml", begun, script.Endless(status))),
		flooding(stream("sends spaces without end", "content/malformed_xml", begun, script.Endless(" "))),
		flooding(stream("sends one document without end", "content/malformed_xml", begun, lab.Write("<s:Envelope><s:Body>"), script.Endless("<a>text</a>"))),
		flooding(stream("nests elements in the stream without end", "content/malformed_xml", begun, script.Endless("<a>"))),
		stream("goes on with a page for people", "content/html", begun, lab.Write("<!DOCTYPE html><html><body>Log on</body></html>"), lab.Hang),
		stream("goes on with the answer to another question", "content/wrong_operation", begun, lab.Write(message("GetFolder", "")), lab.Hang),
		flooding(stream("says a chunk's size without end in the stream", "receive/malformed", lab.Write(script.OK+"Transfer-Encoding: chunked\r\n\r\n"), script.Endless("0"))),
	}}
}

func stream(does, reports string, steps ...lab.Step) lab.Case {
	return lab.Case{Name: does, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		first := []lab.Step{
			script.Request(lab.Write(script.Sized(message("Subscribe", "<SubscriptionId>a</SubscriptionId>")))),
			script.Request(lab.Write(script.Sized(message("Unsubscribe", "")))), lab.Hang,
		}
		p := script.Peer(lab.ServeEach(t, script.TLS(t), first, []lab.Step{script.Request(steps...)}))
		p.Keys = []string{"ews_sync: {operations: [stream], stream_hold: 1s}"}
		return p
	}}
}

// flooding is a case whose peer sends more than a stream may bring. It gets time for that on a busy machine.
func flooding(c lab.Case) lab.Case {
	c.Floods = true
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.Keys = []string{"ews_sync: {operations: [stream], stream_hold: 6s}"}
		return p
	}
	return c
}
