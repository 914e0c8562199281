package hostile

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// under gives a good answer under another status.
func under(status string) peer {
	return suited(func(d string) string { return strings.Replace(script.Sized(d), "200 OK", status, 1) }, lab.Hang)
}

func heads() Group {
	const status = "HTTP/1.1 200 OK\r\n"
	return Group{"Responses: heads", "the peer", []Behaviour{
		{Does: "reads the request, and says nothing", Reports: "receive/timeout", Hangs: true, peer: https(script.Request(lab.Hang))},
		{Does: "closes in place of an answer", Reports: "receive/closed", peer: https(script.Request())},
		{Does: "closes without ending TLS (no close_notify)", Reports: "receive/closed", peer: https(script.Request(lab.Cut))},
		{Does: "resets in place of an answer", Reports: "receive/reset", peer: https(script.Request(lab.Reset))},
		{Does: "closes within the head", Reports: "receive/closed", peer: https(script.Ends(status + "Server: Micro"))},
		{Does: "sends a header byte by byte", Reports: "receive/timeout", Hangs: true, peer: https(script.Drips(status+"X: ", "x"))},
		{Does: "sends header lines one by one", Reports: "receive/timeout", Hangs: true, peer: https(script.Drips(status, "X: y\r\n"))},
		{Does: "sends interim responses one by one", Reports: "receive/timeout", Hangs: true, peer: https(script.Drips("", "HTTP/1.1 103 Early Hints\r\n\r\n"))},
		{Does: "sends a header line without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods(status+"X: ", "x"))},
		{Does: "sends header lines without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods(status, "X: y\r\n"))},
		{Does: "folds a header line without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods(status+"X: y\r\n", " z\r\n"))},
		{Does: "sends a reason phrase without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods("HTTP/1.1 200 ", "x"))},
		{Does: "sends empty lines without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods("", "\r\n"))},
		{Does: "sends 100 Continue without end", Reports: "receive/malformed", Floods: true, peer: https(script.Floods("", "HTTP/1.1 100 Continue\r\n\r\n"))},
		{Does: "sends interim responses with large heads without end", Reports: "receive/too_large", Floods: true, peer: https(script.Floods("", "HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 60<<10)+"\r\n\r\n"))},
		{Does: "sends 2,000 header fields", Reports: "receive/malformed", peer: https(script.Answers(status + strings.Repeat("X: y\r\n", 2000) + "\r\n"))},
		{Does: "puts a NUL into a header", Reports: "receive/malformed", peer: https(script.Answers(status + "X: a\x00b\r\n\r\n"))},
		{Does: "puts a NUL into the status line", Reports: "receive/malformed", peer: https(script.Answers("HTTP/1.1 200 O\x00K\r\n\r\n"))},
		{Does: "puts a bare CR into a header", Reports: "receive/malformed", peer: https(script.Answers(status + "X: a\rSet-Cookie: b=c\r\n\r\n"))},
		{Does: "sends a header without a colon", Reports: "receive/malformed", peer: https(script.Answers(status + "nonsense\r\n\r\n"))},
		{Does: "puts a space into a header's name", Reports: "receive/malformed", peer: https(script.Answers(status + "Content Length: 5\r\n\r\n"))},
		{Does: "sends a status of four digits", Reports: "receive/malformed", peer: https(script.Answers("HTTP/1.1 2000 OK\r\n\r\n"))},
		{Does: "answers in HTTP/2", Reports: "receive/malformed", peer: https(script.Answers("\x00\x00\x12\x04\x00\x00\x00\x00\x00"))},
		{Does: "answers in another protocol", Reports: "receive/malformed", peer: https(script.Answers("220 mail.contoso.test ESMTP\r\n"))},
		{Does: "sends a page without a head (HTTP/0.9)", Reports: "receive/malformed", peer: https(script.Ends("<html></html>"))},
		{Does: "changes to another protocol (101)", Reports: "success, bytes_after_response", peer: https(script.Answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00"))},
		{Does: "gives a good answer the status 201", Reports: "success", peer: under("201 Created")},
		{Does: "gives a good answer the status 202", Reports: "success", peer: under("202 Accepted")},
		{Does: "gives a good answer the status 203, as a proxy that changed it", Reports: "success", peer: under("203 Non-Authoritative Information")},
		{Does: "gives a good answer the status 206, as a part", Reports: "success", peer: under("206 Partial Content")},
		{Does: "gives a good answer the status 500", Reports: "status/server_error", peer: under("500 Internal Server Error")},
		{Does: "hands out 1,000 cookies", Reports: "success", peer: suited(func(document string) string {
			return strings.Replace(script.Sized(document), "\r\n", "\r\n"+strings.Repeat("Set-Cookie: a=a-value-that-is-long\r\n", 900), 1)
		})},
		{Does: "sends fields of 60 kB in words of two letters", Reports: "success", Floods: true, peer: suited(func(document string) string {
			return strings.Replace(script.Sized(document), "\r\n", "\r\n"+wordy(), 1)
		})},
	}}
}

// wordy are fields that are taken apart at commas, semicolons, blanks and equals signs, as long as a head may be.
func wordy() string {
	var b strings.Builder
	for _, name := range []string{"Cache-Control", "Set-Cookie", "WWW-Authenticate", "Via", "Server", "X-DiagInfo", "Vary", "Strict-Transport-Security"} {
		b.WriteString(name + ": ")
		for i := range 16_000 {
			b.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + ",;= "[i%4:i%4+1] + "q=1, "[:i%3])
		}
		b.WriteString("\r\n")
	}
	return b.String()
}
