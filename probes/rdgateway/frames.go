package rdgateway

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 names it
	"encoding/base64"
	"encoding/binary"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Opcodes of websocket frames (RFC 6455 section 5.2).
const (
	opContinuation = 0
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// maxFrames is how many frames may come before the answer is whole.
const maxFrames = 64

// newKey is a Sec-WebSocket-Key, and the Sec-WebSocket-Accept that answers it (RFC 6455 section 4.2.2).
func newKey() (key, accept string) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key = base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	return key, base64.StdEncoding.EncodeToString(sum[:])
}

// frame is a client's, whole and masked (RFC 6455 section 5.3), of at most 125 bytes.
func frame(opcode byte, payload []byte) []byte {
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // never fails
	b := append([]byte{0x80 | opcode, 0x80 | byte(len(payload))}, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// carrier is what frames go over: wire.Packets.
type carrier interface {
	filler
	Send(packet []byte, text string) error
	String() string
}

// frames read what a server's frames carry, as one stream: a packet may lie in several, and several in one.
type frames struct {
	carrier
	left    uint64 // of the data frame that is being read
	message bool   // one has begun, and goes on in the next frame
	count   int
}

// Fill reads on until payload has n bytes, however they are framed, and gives it with what came by then. Of a frame that is longer
// nothing more is read.
func (f *frames) Fill(payload []byte, n int) ([]byte, error) {
	for len(payload) < n {
		for f.left == 0 {
			if err := f.next(); err != nil {
				return payload, err
			}
		}
		had := len(payload)
		take := int(min(f.left, uint64(n-had))) //nolint:gosec // of n
		var err error
		payload, err = f.carrier.Fill(payload, had+take)
		f.left -= uint64(len(payload) - had) //nolint:gosec // it only grows
		if err != nil {
			return payload, err
		}
	}
	return payload, nil
}

// next reads the head of a frame, and all of one that controls.
func (f *frames) next() error {
	if f.count++; f.count > maxFrames {
		return f.malformed("%s sent %d frames and no packet", f, maxFrames)
	}
	head, err := f.carrier.Fill(nil, 2)
	if err != nil {
		return err
	}
	final, opcode, length := head[0]&0x80 != 0, head[0]&0x0f, uint64(head[1]&0x7f)
	switch {
	case head[0]&0x70 != 0:
		return f.malformed("%s set bits of a websocket frame that nobody has agreed on", f)
	case head[1]&0x80 != 0:
		return f.malformed("%s masked a websocket frame, which clients alone do (RFC 6455 section 5.1)", f)
	case opcode >= opClose:
		return f.control(opcode, final, int(length)) //nolint:gosec // of seven bits
	case opcode != opContinuation && opcode != opBinary:
		return f.malformed("%s sent a websocket frame of the type %d, where packets come in binary ones", f, opcode)
	case (opcode == opContinuation) != f.message:
		return f.malformed("%s sent a part of a websocket message that does not follow on the one before", f)
	}
	f.message = !final
	f.left, err = f.length(length)
	return err
}

// length is a frame's, whose short form is known.
func (f *frames) length(short uint64) (uint64, error) {
	if short < 126 {
		return short, nil
	}
	size := 2
	if short == 127 {
		size = 8
	}
	raw, err := f.carrier.Fill(nil, size)
	switch {
	case err != nil:
		return 0, err
	case size == 2:
		return uint64(binary.BigEndian.Uint16(raw)), nil
	case raw[0]&0x80 != 0:
		return 0, f.malformed("%s sent a websocket frame of more than 63 bits of length", f)
	}
	return binary.BigEndian.Uint64(raw), nil
}

// control takes a frame that controls: a ping is answered, and a close is the end.
func (f *frames) control(opcode byte, final bool, length int) error {
	if !final || length > 125 {
		return f.malformed("%s sent a websocket frame that controls in parts, or with more than 125 bytes (RFC 6455 section 5.5)", f)
	}
	payload, err := f.carrier.Fill(nil, length)
	switch {
	case err != nil:
		return err
	case opcode == opClose && len(payload) >= 2:
		return failure.New(failure.Receive, "closed", "%s closed the websocket with the code %d where a packet is due", f, binary.BigEndian.Uint16(payload))
	case opcode == opClose:
		return failure.New(failure.Receive, "closed", "%s closed the websocket where a packet is due", f)
	case opcode == opPing:
		return f.Send(frame(opPong, payload), "Pong")
	case opcode != opPong:
		return f.malformed("%s sent a websocket frame of the type %d, which nobody knows", f, opcode)
	}
	return nil
}

func (f *frames) malformed(format string, args ...any) error {
	return failure.New(failure.Receive, "malformed", format, args...)
}
