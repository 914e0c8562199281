package wire

import (
	"crypto/tls"
	"net"
	"time"
)

// curves are crypto/tls's without ML-KEM, whose key share makes the hello larger than a packet. Boxes that read a hello's
// first packet only (https://tldr.fail) would refuse the probe, and let clients with a small one through. It also saves a
// third of a handshake's processor time.
var curves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

func (t *TLS) curves() []tls.CurveID {
	if t.MLKEM {
		return append([]tls.CurveID{tls.X25519MLKEM768}, curves...)
	}
	return curves
}

// carrier is what a handshake is written to and read from.
func (t *TLS) carrier(raw net.Conn) net.Conn {
	if t.Split {
		return &splitter{Conn: raw}
	}
	return raw
}

// splitter sends the first of what is written, the hello, in two segments. Its middle is beyond where the name stands in
// crypto/tls's hellos only by chance, so a box must put both together before it reads the name.
type splitter struct {
	net.Conn
	done bool
}

// between is the pause between the two segments: long enough for a box that does not wait to act on the first.
const between = 200 * time.Millisecond

func (s *splitter) Write(p []byte) (int, error) {
	if s.done || len(p) < splitAt*2 {
		return s.Conn.Write(p)
	}
	s.done = true
	n, err := s.Conn.Write(p[:splitAt])
	if err != nil {
		return n, err
	}
	time.Sleep(between)
	m, err := s.Conn.Write(p[splitAt:])
	return n + m, err
}

// splitAt is how much of the hello goes first: the header of the record and of the message, the version, the random bytes, so
// that it is known for a hello and neither its name nor its end is there.
const splitAt = 5 + 4 + 2 + 32
