package hostile

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// under gives a good answer under another status.
func under(status string) func(*testing.T) site {
	return https(suited(func(d string) string { return strings.Replace(sized(d), "200 OK", status, 1) }, lab.Hang))
}

// elsewise is what is reported of a success that is not 200. To expect_continue it is an answer, of which nothing is decided.
func elsewise() verdicts {
	return verdicts{expectContinue: "success", ewsSync: "status/unexpected", autodiscover: "status/unexpected_status", authRoundtrips: "status/not_fetched"}
}

func heads() group {
	const status = "HTTP/1.1 200 OK\r\n"
	return group{"Responses: heads", "the peer", []fault{
		{does: "reads the request, and says nothing", peer: https(request(lab.Hang)), reports: overHTTP("receive/timeout"), hangs: true},
		{does: "closes in place of an answer", peer: https(request()), reports: overHTTP("receive/closed")},
		{does: "closes without ending TLS (no close_notify)", peer: https(request(lab.Cut)), reports: overHTTP("receive/closed")},
		{does: "resets in place of an answer", peer: https(request(lab.Reset)), reports: overHTTP("receive/reset")},
		{does: "closes within the head", peer: https(ends(status + "Server: Micro")), reports: overHTTP("receive/closed")},
		{does: "sends a header byte by byte", peer: https(drips(status+"X: ", "x")), reports: overHTTP("receive/timeout"), hangs: true},
		{does: "sends header lines one by one", peer: https(drips(status, "X: y\r\n")), reports: overHTTP("receive/timeout"), hangs: true},
		{does: "sends interim responses one by one", peer: https(drips("", "HTTP/1.1 103 Early Hints\r\n\r\n")), reports: overHTTP("receive/timeout"), hangs: true},
		{does: "sends a header line without end", peer: https(floods(status+"X: ", "x")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "sends header lines without end", peer: https(floods(status, "X: y\r\n")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "folds a header line without end", peer: https(floods(status+"X: y\r\n", " z\r\n")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "sends a reason phrase without end", peer: https(floods("HTTP/1.1 200 ", "x")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "sends empty lines without end", peer: https(floods("", "\r\n")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "sends 100 Continue without end", peer: https(floods("", "HTTP/1.1 100 Continue\r\n\r\n")), reports: overHTTP("receive/malformed"), floods: true},
		{does: "sends interim responses with large heads without end", peer: https(floods("", "HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 60<<10)+"\r\n\r\n")), reports: overHTTP("receive/too_large"), floods: true},
		{does: "sends 2,000 header fields", peer: https(answers(status + strings.Repeat("X: y\r\n", 2000) + "\r\n")), reports: overHTTP("receive/malformed")},
		{does: "puts a NUL into a header", peer: https(answers(status + "X: a\x00b\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "puts a NUL into the status line", peer: https(answers("HTTP/1.1 200 O\x00K\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "puts a bare CR into a header", peer: https(answers(status + "X: a\rSet-Cookie: b=c\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "sends a header without a colon", peer: https(answers(status + "nonsense\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "puts a space into a header's name", peer: https(answers(status + "Content Length: 5\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "sends a status of four digits", peer: https(answers("HTTP/1.1 2000 OK\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "answers in HTTP/2", peer: https(answers("\x00\x00\x12\x04\x00\x00\x00\x00\x00")), reports: overHTTP("receive/malformed")},
		{does: "answers in another protocol", peer: https(answers("220 mail.contoso.test ESMTP\r\n")), reports: overHTTP("receive/malformed")},
		{does: "sends a page without a head (HTTP/0.9)", peer: https(ends("<html></html>")), reports: overHTTP("receive/malformed")},
		{does: "changes to another protocol (101)", peer: https(answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00")), reports: overHTTP("success, bytes_after_response").but(authRoundtrips, "status/not_fetched, bytes_after_response").but(ewsSync, "status/unexpected, bytes_after_response").but(autodiscover, "status/unexpected_status, bytes_after_response")},
		{does: "gives a good answer the status 201", peer: under("201 Created"), reports: elsewise()},
		{does: "gives a good answer the status 202", peer: under("202 Accepted"), reports: elsewise()},
		{does: "gives a good answer the status 203, as a proxy that changed it", peer: under("203 Non-Authoritative Information"), reports: elsewise()},
		{does: "gives a good answer the status 206, as a part", peer: under("206 Partial Content"), reports: elsewise()},
		{does: "gives a good answer the status 500", peer: under("500 Internal Server Error"), reports: verdicts{ewsSync: "status/server_error", autodiscover: "status/unexpected_status", authRoundtrips: "status/not_fetched"}},
		{does: "hands out 1,000 cookies", peer: https(suited(func(document string) string {
			return strings.Replace(sized(document), "\r\n", "\r\n"+strings.Repeat("Set-Cookie: a=a-value-that-is-long\r\n", 900), 1)
		})), reports: overHTTP("success")},
	}}
}
