package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// bomb is what a gigabyte of zeros makes when it is compressed.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 16 { // what the others would add is more of the same
		_, _ = z.Write(zeros) // a Buffer does not fail
	}
	_ = z.Close()
	return strings.Repeat(b.String(), 64) // gzip's members follow one another (RFC 1952 section 2.2)
})

func bodies() Group {
	const chunked = script.OK + "Transfer-Encoding: chunked\r\n\r\n"
	measured := func(n int) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n", script.OK, n) }
	coded := func(how string) string { return script.OK + "Content-Encoding: " + how + "\r\n" }
	return Group{"Responses: bodies", "the peer", []Behaviour{
		{Does: "sends a body without end", Reports: "success", Floods: true, peer: https(script.Floods(script.OK+"\r\n", "x"))},
		{Does: "sends 100 MB, as it said", Reports: "success", Floods: true, peer: https(script.Request(lab.Write(measured(100<<20)), script.Many("x", 100<<20), lab.Hang))},
		{Does: "sends a body byte by byte", Reports: "success", Hangs: true, peer: https(script.Drips(script.OK+"\r\n", "x"))},
		{Does: "sends less than it said, and closes", Reports: "success", peer: https(script.Ends(measured(1000) + "<s:Envelope"))},
		{Does: "sends less than it said, and waits", Reports: "success", Hangs: true, peer: https(script.Answers(measured(1000) + "<s:Envelope"))},
		{Does: "says no length, and closes without ending TLS", Reports: "success", peer: suited(func(d string) string { return script.OK + "\r\n" + d }, lab.Cut)},
		{Does: "sends more than it said", Reports: "success, bytes_after_response", peer: suited(func(d string) string { return script.Sized(d) + "and more" }, lab.Hang)},
		{Does: "sends a second response behind the first (smuggled)", Reports: "success, bytes_after_response", peer: suited(func(d string) string { return script.Sized(d) + script.Sized(d) }, lab.Hang)},
		{Does: "sends a good answer, and less of it than it said", Reports: "success", peer: suited(func(d string) string { return measured(len(d)+100) + d }, lab.Cut)},
		{Does: "sends a good answer without its last chunk", Reports: "success", peer: suited(func(d string) string { return fmt.Sprintf("%s%x\r\n%s\r\n", chunked, len(d), d) }, lab.Cut)},
		{Does: "says that a plain answer is deflated", Reports: "success", peer: suited(func(d string) string { return coded("deflate") + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(d)) + d }, lab.Hang)},
		{Does: "says two different lengths", Reports: "receive/malformed", peer: https(script.Answers(script.OK + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"))},
		{Does: "says a negative length", Reports: "receive/malformed", peer: https(script.Answers(script.OK + "Content-Length: -5\r\n\r\n"))},
		{Does: "says a length beyond 64 bits", Reports: "receive/malformed", peer: https(script.Answers(script.OK + "Content-Length: 18446744073709551621\r\n\r\nhello"))},
		{Does: "says a length, and sends chunks", Reports: "success", peer: suited(func(d string) string {
			return fmt.Sprintf("%sContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", script.OK, len(d), d)
		}, lab.Hang)},
		{Does: "says a chunk's size without end", Reports: "receive/malformed", Floods: true, peer: https(script.Floods(chunked, "0"))},
		{Does: "extends a chunk's size without end", Reports: "receive/malformed", Floods: true, peer: https(script.Floods(chunked+"5;", "x"))},
		{Does: "sends trailers without end", Reports: "receive/malformed", Floods: true, peer: https(script.Floods(chunked+"0\r\n", "X: y\r\n"))},
		{Does: "sends chunks of one byte without end", Reports: "success", Floods: true, peer: https(script.Floods(chunked, "1\r\nx\r\n"))},
		{Does: "says a negative chunk size", Reports: "receive/malformed", peer: https(script.Answers(chunked + "-5\r\nhello\r\n0\r\n\r\n"))},
		{Does: "says a chunk size beyond 64 bits", Reports: "receive/malformed", peer: https(script.Answers(chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n"))},
		{Does: "sends a chunk that is longer than its size", Reports: "receive/malformed", peer: https(script.Answers(chunked + "5\r\nhello, world\r\n0\r\n\r\n"))},
		{Does: "closes before the last chunk", Reports: "success", peer: https(script.Ends(chunked + "5\r\nhello\r\n"))},
		{Does: "sends a compressed bomb, unasked", Reports: "success", Floods: true, peer: func(w world) lab.Peer {
			b := bomb()
			return https(script.Request(lab.Write(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", script.OK, len(b))), lab.Write(b), lab.Hang))(w)
		}},
		{Does: "sends a body that only its own codec could read", Reports: "success", peer: https(script.Ends(script.OK + "Transfer-Encoding: gzip\r\n\r\nx"))},
	}}
}
