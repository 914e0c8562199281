package sstp

import (
	"bytes"
	"strings"
	"testing"
)

// acknowledgement is what two public servers send, less their nonces.
var acknowledgement = append([]byte("\x10\x01\x00\x30\x00\x02\x00\x01\x00\x04\x00\x28\x00\x00\x00\x03"), bytes.Repeat([]byte{7}, 32)...)

// read reads a packet as far as it comes: n tells how much of it was looked at when the verdict fell.
func read(raw []byte) (p packet, n int, err error) {
	for {
		next, err := wanted(raw[:n])
		if err != nil || next > len(raw) {
			return p, n, err
		}
		if next == n {
			p, err = parse(raw[:n])
			return p, n, err
		}
		n = next
	}
}

func TestPacket(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw   string
		says  string // the packet in words; empty for none
		err   string
		after int // bytes, at most, of which it is known
	}{
		"acknowledgement":    {string(acknowledgement), "Call Connect Acknowledge, offers sha1 and sha256", "", 48},
		"refusal":            {"\x10\x01\x00\x14\x00\x03\x00\x01\x00\x02\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x04", "Call Connect Negative Acknowledge, status 4 (value not supported) of attribute 1 (the protocol inside, PPP)", "", 20},
		"abort":              {string(abort), "Call Abort", "", 8},
		"disconnect":         {string(disconnect), "Call Disconnect, status 0 (no error)", "", 20},
		"reserved bits":      {"\x10\xff\xf0\x08\x00\x05\x00\x00", "Call Abort", "", 8},
		"a type of tomorrow": {"\x10\x01\x00\x08\x00\x63\x00\x00", "a packet of the unknown type 99", "", 8},

		"text":                    {"HTTP/1.1 400 Bad Request", "", "it is text", 4},
		"another version":         {"\x20\x01\x00\x08\x00\x05\x00\x00", "", "version 2.0", 4},
		"data":                    {"\x10\x00\x00\x08\x00\x00\x00\x00", "", "carries data", 4},
		"a length of 0":           {"\x10\x01\x00\x00" + strings.Repeat("\x00", 44), "", "says that it has 0 bytes", 4},
		"a length of 7":           {"\x10\x01\x00\x07\x00\x05\x00\x00", "", "says that it has 7 bytes", 4},
		"a length of 4095":        {"\x10\x01\x0f\xff\x00\x02\x00\x01", "", "this one says 4095", 8},
		"a refusal of 4095 bytes": {"\x10\x01\x0f\xff\x00\x03\x00\x01\x00\x02\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x04", "", "not that of its attributes", 12},
		"too many attributes":     {"\x10\x01\x00\x08\x00\x05\xff\xff", "", "not that of its attributes", 8},
		"an attribute of 3 bytes": {"\x10\x01\x00\x0c\x00\x05\x00\x01\x00\x02\x00\x03", "", "not that of its attributes", 12},
		"no hash":                 {strings.Replace(string(acknowledgement), "\x03", "\x00", 1), "", "offers no hash", 48},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, n, err := read([]byte(tt.raw))
			switch {
			case tt.err == "" && (err != nil || p.String() != tt.says):
				t.Errorf("%q, %v, want %q", p, err, tt.says)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%q, %v, want %q", p, err, tt.err)
			case n > tt.after:
				t.Errorf("known after %d bytes, and it shows in %d", n, tt.after)
			}
		})
	}
}

// FuzzPacket: what is wanted grows until it is all there or is none, is never more than a packet's 4095 bytes, and is the same
// whatever follows.
func FuzzPacket(f *testing.F) {
	for _, seed := range [][]byte{acknowledgement, request, disconnect, abort, []byte("HTTP/1.1 200 OK\r\n"), {version, control, 0x0f, 0xff, 0, connectNak, 0, 9}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, n, err := read(raw)
		if n > 4095 || n > len(raw) {
			t.Fatalf("%d bytes of %d", n, len(raw))
		}
		again, m, errAgain := read(append(raw[:n:n], "and more"...))
		whole, _ := wanted(raw[:n])
		if err == nil && whole == n && (m != n || again.String() != p.String() || errAgain != nil) {
			t.Errorf("%s of %d bytes; with more behind it %s of %d bytes, %v", p, n, again, m, errAgain)
		}
		if len(p.String()) > 64<<10 {
			t.Errorf("said in %d bytes", len(p.String()))
		}
	})
}
