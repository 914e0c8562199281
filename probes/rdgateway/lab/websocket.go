package lab

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6455 names it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// webSocket takes packets and answers them, each in a frame of its own.
func (g *gateway) webSocket(client net.Conn, in *bufio.Reader, key string) error {
	accept := g.accept
	if accept == "" {
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 section 4.2.2
		accept = base64.StdEncoding.EncodeToString(sum[:])
	}
	head := "HTTP/1.1 101 Switching Protocols\r\nServer: Microsoft-HTTPAPI/2.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n"
	if _, err := io.WriteString(client, head); err != nil {
		return err
	}
	for {
		opcode, payload, err := readFrame(in)
		if err != nil || opcode != 2 { // whatever else comes is the end
			return err
		}
		if g.holds {
			continue
		}
		kind, err := readPacket(bytes.NewReader(payload))
		if err != nil {
			return err
		}
		if err := g.answer(client, kind, binaryFrame); err != nil {
			return err
		}
	}
}

// readFrame reads a client's frame, which is masked and whole (RFC 6455 section 5.2). Longer ones than 125 bytes nobody sends here.
func readFrame(in io.Reader) (opcode byte, payload []byte, err error) {
	var header [6]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, nil, err
	}
	length := header[1] & 0x7f
	if header[0]&0xf0 != 0x80 || header[1]&0x80 == 0 || length > 125 {
		return 0, nil, errors.New("no frame of a client's")
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(in, payload)
	for i := range payload {
		payload[i] ^= header[2+i%4]
	}
	return header[0] & 0x0f, payload, err
}

// frame is a server's, with these first eight bits.
func frame(first byte, payload string) string {
	if len(payload) > 125 {
		return string([]byte{first, 126}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(payload)))) + payload //nolint:gosec // the lab's own
	}
	return string([]byte{first, byte(len(payload))}) + payload
}

// binaryFrame is a whole one.
func binaryFrame(payload string) string { return frame(0x82, payload) }
