package rdgateway

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Packets (MS-TSGU section 2.2.10): type, two bytes that are 0, and the length of the whole, all little-endian.
const (
	headerSize   = 8
	responseSize = 18
	usualSeed    = 10  // bytes before the first packet of the channel out, which mean nothing (MS-TSGU section 3.3.5.1)
	mostSeed     = 256 // that are passed over
)

// handshake asks for version 1.0 of the protocol and no further authentication (HTTP_HANDSHAKE_REQUEST_PACKET). Its answer opens
// nothing: that would be the tunnel, which follows.
var handshake = []byte{1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0}

// responseHeader begins a handshake response.
var responseHeader = []byte{2, 0, 0, 0, responseSize, 0, 0, 0}

// kinds are the types that there are.
var kinds = map[uint16]string{
	1: "handshake request", 2: "handshake response", 3: "extended authentication", 4: "tunnel create", 5: "tunnel response", 6: "tunnel authorization",
	7: "tunnel authorization response", 8: "channel create", 9: "channel response", 10: "data", 11: "service message", 12: "reauthentication",
	13: "keep-alive", 16: "close channel", 17: "close channel response",
}

// answer is a handshake response (HTTP_HANDSHAKE_RESPONSE_PACKET), and how many bytes stood before it.
type answer struct {
	code         uint32 // 0: no error
	major, minor byte
	extended     uint16 // the further authentication that the gateway offers: a mask
	seed         int
}

// begins tells where the first packet begins in what has come: behind a seed of the usual length where one begins there, else
// where a handshake response does. It is -1 while neither shows.
func begins(raw []byte, seed int) int {
	if len(raw) >= seed+4 {
		_, known := kinds[binary.LittleEndian.Uint16(raw[seed:])]
		if known && raw[seed+2] == 0 && raw[seed+3] == 0 {
			return seed
		}
	}
	return bytes.Index(raw, responseHeader)
}

// wanted says of what has come to how many bytes it has to be read on before more can be said; that is its own length once it
// holds a whole response. seed is how many bytes stand before the first packet as a rule. An error says why it is none.
func wanted(raw []byte, seed int) (int, error) {
	if len(raw) < seed+headerSize {
		return seed + headerSize, nil
	}
	at := begins(raw, seed)
	switch {
	case at < 0 && seed == 0:
		return 0, errors.New("it is no packet of RD Gateway's")
	case at < 0 && len(raw) >= mostSeed+headerSize:
		return 0, fmt.Errorf("no packet of RD Gateway's begins within %d bytes", mostSeed)
	case at < 0:
		return len(raw) + 1, nil
	case len(raw) < at+headerSize:
		return at + headerSize, nil
	}
	kind, length := binary.LittleEndian.Uint16(raw[at:]), binary.LittleEndian.Uint32(raw[at+4:])
	switch {
	case kind != 2:
		return 0, fmt.Errorf("it is a %s, where a handshake response is due", kinds[kind])
	case length != responseSize:
		return 0, fmt.Errorf("it says that it has %d bytes, and a handshake response has %d", length, responseSize)
	}
	return at + responseSize, nil
}

// parse reads a whole response, by wanted.
func parse(raw []byte, seed int) answer {
	at := begins(raw, seed)
	p := raw[at:]
	return answer{
		code: binary.LittleEndian.Uint32(p[8:]), major: p[12], minor: p[13],
		extended: binary.LittleEndian.Uint16(p[16:]), seed: at,
	}
}

// codeNames are the codes that MS-TSGU defines (2.2.6) and a gateway may answer with here.
var codeNames = map[uint32]string{
	0x800759d8: "E_PROXY_INTERNALERROR",
	0x800759da: "E_PROXY_RAP_ACCESSDENIED",
	0x800759db: "E_PROXY_NAP_ACCESSDENIED",
	0x800759e9: "E_PROXY_CAPABILITYMISMATCH",
	0x800759ed: "E_PROXY_QUARANTINE_ACCESSDENIED",
	0x800759ee: "E_PROXY_NOCERTAVAILABLE",
	0x800759f7: "E_PROXY_COOKIE_BADPACKET",
	0x800759f8: "E_PROXY_COOKIE_AUTHENTICATION_ACCESS_DENIED",
	0x800759f9: "E_PROXY_UNSUPPORTED_AUTHENTICATION_METHOD",
}

// String is the response in words.
func (a answer) String() string {
	text := fmt.Sprintf("Handshake Response, version %d.%d", a.major, a.minor)
	if a.code != 0 {
		text += fmt.Sprintf(", error 0x%08x", a.code)
		if name := codeNames[a.code]; name != "" {
			text += " (" + name + ")"
		}
	}
	if a.extended != 0 {
		text += ", extended authentication 0x" + strconv.FormatUint(uint64(a.extended), 16)
	}
	return text
}
