package wire

import (
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// TestRequest_smuggling: what a server gave, a redirect's path or a cookie, cannot make two requests of one.
func TestRequest_smuggling(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*Request){
		"a line end in the path":         func(r *Request) { r.Target = "/a HTTP/1.1\r\nX: y" },
		"a space in the path":            func(r *Request) { r.Target = "/a b" },
		"a line end in the host":         func(r *Request) { r.Host = "a\r\nX: y" },
		"a line end in a header's value": func(r *Request) { r.Header = []origin.Field{{Name: "Cookie", Value: "a\nb"}} },
		"a NUL in a header's value":      func(r *Request) { r.Header = []origin.Field{{Name: "Cookie", Value: "a\x00b"}} },
		"a colon in a header's name":     func(r *Request) { r.Header = []origin.Field{{Name: "A: b\r\nC", Value: "d"}} },
		"a header without a name":        func(r *Request) { r.Header = []origin.Field{{Value: "d"}} },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := *get
			spoil(&req)
			c := connect(t, serve(t, nil, func(p *peer) { p.hang() }), 10*time.Second)
			x, _, err := c.Do(&req, 10)
			wantFailure(t, err, failure.Send, "invalid")
			if x.Record.BytesSent != 0 {
				t.Errorf("%d bytes were sent all the same", x.Record.BytesSent)
			}
		})
	}
}
