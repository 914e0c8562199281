package lab

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func TestHeadWithout(t *testing.T) {
	t.Parallel()
	h, err := readHead(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nexpect: 100-Continue\r\nX-A: b\r\n\r\nbody")))
	if err != nil {
		t.Fatal(err)
	}
	if !h.expects() || h.method() != "POST" || string(h.without("Expect")) != "POST / HTTP/1.1\r\nX-A: b\r\n\r\n" {
		t.Errorf("head %+v, without Expect %q", h, h.without("Expect"))
	}
}

func FuzzReadHead(f *testing.F) {
	f.Add([]byte("POST /EWS/Exchange.asmx HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n12345"))
	f.Add([]byte("HTTP/1.1 501 Invalid Request\r\nConnection: close\r\n\r\n"))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte("GET\r\n:\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHead(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if len(h.raw) > maxHead || h.length < 0 || h.length > maxBody {
			t.Errorf("a head of %d bytes with a body of %d passed", len(h.raw), h.length)
		}
		if !bytes.HasPrefix(data, h.raw) || !bytes.HasSuffix(h.without("Expect"), []byte("\r\n")) {
			t.Errorf("the head %q was not kept as it came", h.raw)
		}
		_, _, _ = h.status(), h.method(), h.closes()
	})
}
