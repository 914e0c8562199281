package rpchttp

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// FuzzEcho: an echo has its 20 bytes, its type and its flag, and comes with a 200.
func FuzzEcho(f *testing.F) {
	f.Add(200, []byte(lab.RPCEcho))
	f.Add(200, []byte(lab.RPCEcho)[:19])
	f.Add(503, []byte(lab.RPCEcho))
	f.Add(200, append([]byte(lab.RPCEcho), 0))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if !isEcho(&wire.Response{Status: status}, body) {
			if status == 200 && string(body) == lab.RPCEcho {
				t.Error("the echo is none")
			}
			return
		}
		if status != 200 || len(body) != 20 || body[2] != 20 || body[16]&0x40 == 0 {
			t.Errorf("%d with %x is an echo", status, body)
		}
	})
}
