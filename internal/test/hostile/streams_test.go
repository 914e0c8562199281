package hostile

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// message is EWS's answer to an operation: success, and what is in it.
func message(operation, content string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + `Response xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"><ResponseMessages><` + operation +
		`ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>` + content + `</` + operation + `ResponseMessage></ResponseMessages></` +
		operation + `Response></s:Body></s:Envelope>`
}

// streaming is a row's site that makes a subscription, and opens its stream on the second connection in this way.
func streaming(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		first := []lab.Step{
			request(lab.Write(sized(message("Subscribe", "<SubscriptionId>a</SubscriptionId>")))),
			request(lab.Write(sized(message("Unsubscribe", "")))), lab.Hang,
		}
		s := at(listenEach(t, secure(t), first, []lab.Step{request(steps...)}))
		s.settings = map[string]string{ewsSync: "operations: [stream], stream_hold: 1s"}
		return s
	}
}

func streams() group {
	status := message("GetStreamingEvents", "<ConnectionStatus>OK</ConnectionStatus>")
	const open = ok + "\r\n" // until the connection ends
	begun := lab.Write(open + status)
	says := func(verdict string) verdicts { return verdicts{ewsSync: verdict} }
	silent, cut := says("content/ews_stream_silent, ews_stream_silent"), says("content/ews_stream_cut, ews_stream_cut")
	return group{"Streams", "the peer", []fault{
		{does: "holds the stream open, and says what is due", peer: streaming(begun, lab.Hang), reports: says("success")},
		{does: "answers the request for a stream with nothing", peer: streaming(lab.Hang), reports: silent},
		{does: "opens the stream, and says nothing", peer: streaming(lab.Write(open), lab.Hang), reports: silent},
		{does: "sends a document byte by byte", peer: streaming(lab.Write(open), dripping("<a>")), reports: silent},
		{does: "ends the stream at once", peer: streaming(begun), reports: cut},
		{does: "resets the stream", peer: streaming(begun, lab.Reset), reports: cut},
		{does: "sends documents without end", peer: streaming(begun, endless(status)), reports: says("content/malformed_xml"), floods: true},
		{does: "sends spaces without end", peer: streaming(begun, endless(" ")), reports: says("content/malformed_xml"), floods: true},
		{does: "sends one document without end", peer: streaming(begun, lab.Write("<s:Envelope><s:Body>"), endless("<a>text</a>")), reports: says("content/malformed_xml"), floods: true},
		{does: "nests elements in the stream without end", peer: streaming(begun, endless("<a>")), reports: says("content/malformed_xml"), floods: true},
		{does: "goes on with a page for people", peer: streaming(begun, lab.Write("<!DOCTYPE html><html><body>Log on</body></html>"), lab.Hang), reports: says("content/html")},
		{does: "goes on with the answer to another question", peer: streaming(begun, lab.Write(message("GetFolder", "")), lab.Hang), reports: says("content/wrong_operation")},
		{does: "says a chunk's size without end in the stream", peer: streaming(lab.Write(ok+"Transfer-Encoding: chunked\r\n\r\n"), endless("0")), reports: says("receive/malformed"), floods: true},
	}}
}
