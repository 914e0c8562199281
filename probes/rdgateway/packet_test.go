package rdgateway

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// response is what FreeRDP and two gateways take for an answer to the handshake.
const response = "\x02\x00\x00\x00\x12\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"

// take reads a response as far as it comes: n tells how much was looked at when the verdict fell.
func take(raw []byte, seed int) (a answer, n int, err error) {
	for {
		next, err := wanted(raw[:n], seed)
		if err != nil || next > len(raw) {
			return a, n, err
		}
		if next == n {
			return parse(raw[:n], seed), n, nil
		}
		n = next
	}
}

func TestPackets(t *testing.T) {
	t.Parallel()
	usual := strings.Repeat("\xab\xcd", 5)
	for name, tt := range map[string]struct {
		raw  string
		seed int // that is usual
		want string
		had  int    // bytes before the packet
		err  string // why it is none; with want empty too, more has to come
	}{
		"behind the usual seed":     {usual + response, usualSeed, "Handshake Response, version 1.0", 10, ""},
		"behind no seed":            {response, usualSeed, "Handshake Response, version 1.0", 0, ""},
		"behind a seed of 100":      {strings.Repeat("\xab\xcd", 50) + response, usualSeed, "Handshake Response, version 1.0", 100, ""},
		"behind a seed of zeros":    {strings.Repeat("\x00", 10) + response, usualSeed, "Handshake Response, version 1.0", 10, ""},
		"in a frame":                {response, 0, "Handshake Response, version 1.0", 0, ""},
		"with an error":             {usual + response[:8] + "\xd8\x59\x07\x80" + response[12:], usualSeed, "Handshake Response, version 1.0, error 0x800759d8 (E_PROXY_INTERNALERROR)", 10, ""},
		"with more to authenticate": {usual + response[:16] + "\x02\x00", usualSeed, "Handshake Response, version 1.0, extended authentication 0x2", 10, ""},
		"cut short":                 {usual + response[:17], usualSeed, "", 0, ""},
		"a seed without end":        {strings.Repeat("\xab\xcd", 200), usualSeed, "", 0, "no packet of RD Gateway's begins within 256 bytes"},
		"a length of 0":             {usual + response[:4] + "\x00\x00\x00\x00" + response[8:], usualSeed, "", 0, "says that it has 0 bytes"},
		"a length of 4095":          {usual + response[:4] + "\xff\x0f\x00\x00" + response[8:], usualSeed, "", 0, "says that it has 4095 bytes"},
		"another packet":            {usual + "\x0d\x00\x00\x00\x08\x00\x00\x00", usualSeed, "", 0, "it is a keep-alive"},
		"no packet in a frame":      {"\x17\x00\x00\x00\x12\x00\x00\x00", 0, "", 0, "no packet of RD Gateway's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, n, err := take([]byte(tt.raw), tt.seed)
			switch {
			case tt.want != "" && (err != nil || a.String() != tt.want || a.seed != tt.had):
				t.Errorf("%q behind %d bytes, %v, want %q behind %d", a, a.seed, err, tt.want, tt.had)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%v, want %q", err, tt.err)
			case tt.want == "" && tt.err == "" && (err != nil || n == len(tt.raw) && a != (answer{})):
				t.Errorf("%q, %v after %d bytes, and more has to come", a, err, n)
			}
		})
	}
}

// FuzzPackets: whatever comes, it is read on by steps that end, within bounds, and what is taken for a response is one.
func FuzzPackets(f *testing.F) {
	f.Add([]byte(strings.Repeat("\xab\xcd", 5)+response), true)
	f.Add([]byte(response), false)
	f.Add([]byte(response[:9]), true)
	f.Add(bytes.Repeat([]byte{2, 0, 0, 0}, 100), true)
	f.Fuzz(func(t *testing.T, raw []byte, behindSeed bool) {
		seed := 0
		if behindSeed {
			seed = usualSeed
		}
		n := 0
		for {
			next, err := wanted(raw[:n], seed)
			switch {
			case err != nil || next > len(raw):
				return
			case next < n || next > mostSeed+headerSize+responseSize:
				t.Fatalf("after %d bytes it wants %d", n, next)
			case next == n:
				a := parse(raw[:n], seed)
				if !bytes.Equal(raw[a.seed:a.seed+headerSize], responseHeader) || a.seed+responseSize != n {
					t.Fatalf("% x is taken for %s", raw[:n], a)
				}
				return
			}
			n = next
		}
	})
}

// TestFrames: a client's frame is masked, and what it carries comes out as it went in (RFC 6455 section 5.3).
func TestFrames(t *testing.T) {
	t.Parallel()
	raw := frame(opBinary, handshake)
	if raw[0] != 0x82 || raw[1] != 0x80|byte(len(handshake)) {
		t.Fatalf("% x", raw[:2])
	}
	mask, payload := raw[2:6], bytes.Clone(raw[6:])
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	if !bytes.Equal(payload, handshake) {
		t.Errorf("it carries % x", payload)
	}
}

// wireOf gives what has come, and nothing more.
type wireOf struct{ in *bytes.Reader }

func (w wireOf) Fill(had []byte, n int) ([]byte, error) {
	at := len(had)
	had = append(had, make([]byte, n-at)...)
	read, err := io.ReadFull(w.in, had[at:])
	return had[:at+read], err
}

func (wireOf) Send([]byte, string) error { return nil }
func (wireOf) String() string            { return "a server" }

// FuzzFrames: whatever a server sends, no more comes out of it than was asked for and went in, and what is whole comes out as it was.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x82\x12"+response), 18)
	f.Add([]byte("\x02\x01a\x89\x00\x80\x01b"), 2)
	f.Add([]byte("\x82\x7e\x00\x02ab\x88\x02\x03\xe8"), 3)
	f.Add([]byte("\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00abc"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		n = max(0, min(n, 1000))
		got, err := (&frames{carrier: wireOf{bytes.NewReader(raw)}}).Fill(nil, n)
		if len(got) > n || len(got) > len(raw) || err == nil && len(got) != n {
			t.Fatalf("%d bytes of %d, and %d came: %v", len(got), n, len(raw), err)
		}
		whole := append([]byte{0x82, 126, byte(len(raw) >> 8), byte(len(raw))}, raw...)
		if back, err := (&frames{carrier: wireOf{bytes.NewReader(whole)}}).Fill(nil, len(raw)); len(raw) < 1<<16 && (err != nil || !bytes.Equal(back, raw)) {
			t.Fatalf("% x comes out as % x: %v", raw, back, err)
		}
	})
}
