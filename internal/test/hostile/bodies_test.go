package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
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

func bodies() group {
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	measured := func(n int) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n", ok, n) }
	coded := func(how string) string { return ok + "Content-Encoding: " + how + "\r\n" }
	return group{"Responses: bodies", "the peer", []fault{
		{does: "sends a body without end", peer: https(floods(ok+"\r\n", "x")), reports: overHTTP("success").but(ewsSync, "content/not_soap").but(autodiscover, "content/not_autodiscover"), floods: true},
		{does: "sends 100 MB, as it said", peer: https(request(lab.Write(measured(100<<20)), many("x", 100<<20), lab.Hang)), reports: overHTTP("success").but(ewsSync, "content/not_soap").but(autodiscover, "content/not_autodiscover"), floods: true},
		{does: "sends a body byte by byte", peer: https(drips(ok+"\r\n", "x")), reports: overHTTP("receive/timeout").but(expectContinue, "success"), hangs: true},
		{does: "sends less than it said, and closes", peer: https(ends(measured(1000) + "<s:Envelope")), reports: overHTTP("receive/closed").but(expectContinue, "success").but(autodiscover, "content/truncated")},
		{does: "sends less than it said, and waits", peer: https(answers(measured(1000) + "<s:Envelope")), reports: overHTTP("receive/timeout").but(expectContinue, "success"), hangs: true},
		{does: "says no length, and closes without ending TLS", peer: https(suited(func(d string) string { return ok + "\r\n" + d }, lab.Cut)), reports: overHTTP("success")},
		{does: "sends more than it said", peer: https(suited(func(d string) string { return sized(d) + "and more" }, lab.Hang)), reports: overHTTP("success, bytes_after_response")},
		{does: "sends a second response behind the first (smuggled)", peer: https(suited(func(d string) string { return sized(d) + sized(d) }, lab.Hang)), reports: overHTTP("success, bytes_after_response")},
		{does: "sends a good answer, and less of it than it said", peer: https(suited(func(d string) string { return measured(len(d)+100) + d }, lab.Cut)), reports: overHTTP("receive/closed").but(expectContinue, "success")},
		{does: "sends a good answer without its last chunk", peer: https(suited(func(d string) string { return fmt.Sprintf("%s%x\r\n%s\r\n", chunked, len(d), d) }, lab.Cut)), reports: overHTTP("receive/closed").but(expectContinue, "success")},
		{does: "says that a plain answer is deflated", peer: https(suited(func(d string) string { return coded("deflate") + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(d)) + d }, lab.Hang)), reports: overHTTP("success").but(ewsSync, "content/malformed_xml").but(autodiscover, "content/malformed")},
		{does: "says two different lengths", peer: https(answers(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")), reports: overHTTP("receive/malformed")},
		{does: "says a negative length", peer: https(answers(ok + "Content-Length: -5\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "says a length beyond 64 bits", peer: https(answers(ok + "Content-Length: 18446744073709551621\r\n\r\nhello")), reports: overHTTP("receive/malformed")},
		{does: "says a length, and sends chunks", peer: https(suited(func(d string) string {
			return fmt.Sprintf("%sContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", ok, len(d), d)
		}, lab.Hang)), reports: overHTTP("success")},
		{does: "says a chunk's size without end", peer: https(floods(chunked, "0")), reports: overHTTP("receive/malformed"), floods: true},
		{does: "extends a chunk's size without end", peer: https(floods(chunked+"5;", "x")), reports: overHTTP("receive/malformed"), floods: true},
		{does: "sends trailers without end", peer: https(floods(chunked+"0\r\n", "X: y\r\n")), reports: overHTTP("receive/malformed"), floods: true},
		{does: "sends chunks of one byte without end", peer: https(floods(chunked, "1\r\nx\r\n")), reports: overHTTP("success").but(ewsSync, "content/not_soap").but(autodiscover, "content/not_autodiscover"), floods: true},
		{does: "says a negative chunk size", peer: https(answers(chunked + "-5\r\nhello\r\n0\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "says a chunk size beyond 64 bits", peer: https(answers(chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "sends a chunk that is longer than its size", peer: https(answers(chunked + "5\r\nhello, world\r\n0\r\n\r\n")), reports: overHTTP("receive/malformed")},
		{does: "closes before the last chunk", peer: https(ends(chunked + "5\r\nhello\r\n")), reports: overHTTP("receive/closed").but(expectContinue, "success").but(autodiscover, "content/not_autodiscover")},
		{does: "sends a compressed bomb, unasked", peer: func(t *testing.T) site {
			b := bomb()
			return https(request(lab.Write(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", ok, len(b))), lab.Write(b), lab.Hang))(t)
		}, reports: overHTTP("success").but(ewsSync, "content/malformed_xml").but(autodiscover, "content/malformed"), floods: true},
		{does: "sends a body that only its own codec could read", peer: https(ends(ok + "Transfer-Encoding: gzip\r\n\r\nx")), reports: overHTTP("success").but(ewsSync, "content/not_soap").but(autodiscover, "content/not_autodiscover")},
	}}
}
