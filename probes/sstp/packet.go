package sstp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Control packets and their attributes ([MS-SSTP] sections 2.2.2 to 2.2.16).
const (
	connectRequest = 1
	connectAck     = 2
	connectNak     = 3
	callAbort      = 5
	callDisconnect = 6
	disconnectAck  = 7
	echoRequest    = 8

	protocolID = 1
	statusInfo = 2
	bindingAsk = 4

	version    = 0x10 // 1.0
	control    = 0x01 // the bit C: a control packet, and no data
	headerSize = 4
	ackSize    = 48 // a Call Connect Acknowledge has one attribute, of 40 bytes
)

// What a probe sends.
var (
	request    = []byte{version, control, 0, 14, 0, connectRequest, 0, 1, 0, protocolID, 0, 6, 0, 1} // to carry PPP
	disconnect = []byte{version, control, 0, 20, 0, callDisconnect, 0, 1, 0, statusInfo, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}
	abort      = []byte{version, control, 0, 8, 0, callAbort, 0, 0}
)

// packet is a control packet as it is read.
type packet struct {
	kind   uint16
	hashes byte     // of a Call Connect Acknowledge: a mask, 1 for SHA-1, 2 for SHA-256
	status []status // what a refusal is about
}

// status is a Status Info attribute.
type status struct {
	attribute byte // that it is about; 0 for none
	code      uint32
}

// errLonger is a length that its own packet contradicts.
var errLonger = errors.New("its length is not that of its attributes")

// wanted says of the beginning of a packet to which length it has to be read before more can be said; that is its own length
// once it is whole. So a length that cannot be right is known before it is waited for. An error says why it is no packet.
func wanted(raw []byte) (int, error) {
	if len(raw) > 0 && raw[0] != version {
		return 0, notVersion(raw)
	}
	if len(raw) < headerSize {
		return headerSize, nil
	}
	length := int(binary.BigEndian.Uint16(raw[2:]) & 0x0fff) // the four bits before it are reserved, and ignored
	switch {
	case raw[1]&control == 0:
		return 0, errors.New("it carries data, and nothing was agreed on yet")
	case length < 2*headerSize:
		return 0, fmt.Errorf("it says that it has %d bytes, and the least is 8", length)
	case len(raw) < 2*headerSize:
		return 2 * headerSize, nil
	case binary.BigEndian.Uint16(raw[4:]) == connectAck && length != ackSize:
		return 0, fmt.Errorf("a Call Connect Acknowledge has %d bytes, and this one says %d", ackSize, length)
	}
	return attributes(raw, length)
}

// notVersion says what stands in place of a packet.
func notVersion(raw []byte) error {
	if raw[0] > ' ' && raw[0] < 0x7f || raw[0] == '\r' || raw[0] == '\n' {
		return errors.New("it is text")
	}
	return fmt.Errorf("it is of version %d.%d, and SSTP has 1.0 alone", raw[0]>>4, raw[0]&0x0f)
}

// attributes goes through those that have come.
func attributes(raw []byte, length int) (int, error) {
	at := 2 * headerSize
	for range binary.BigEndian.Uint16(raw[6:]) {
		switch {
		case at+4 > length:
			return 0, errLonger
		case at+4 > len(raw):
			return at + 4, nil
		}
		size := int(binary.BigEndian.Uint16(raw[at+2:]) & 0x0fff)
		if at += size; size < 4 || at > length {
			return 0, errLonger
		}
	}
	if at != length {
		return 0, errLonger
	}
	return length, nil
}

// parse reads a whole packet, by wanted.
func parse(raw []byte) (packet, error) {
	p := packet{kind: binary.BigEndian.Uint16(raw[4:])}
	for at := 2 * headerSize; at < len(raw); {
		size := int(binary.BigEndian.Uint16(raw[at+2:]) & 0x0fff)
		value := raw[at+4 : at+size]
		switch kind := raw[at+1]; {
		case kind == bindingAsk && p.kind == connectAck && len(value) == 36:
			p.hashes = value[3]
		case kind == statusInfo && len(value) >= 8:
			p.status = append(p.status, status{value[3], binary.BigEndian.Uint32(value[4:])})
		}
		at += size
	}
	if p.kind == connectAck && p.hashes == 0 {
		return p, errors.New("it is a Call Connect Acknowledge that offers no hash")
	}
	return p, nil
}

var kinds = map[uint16]string{
	connectRequest: "Call Connect Request", connectAck: "Call Connect Acknowledge", connectNak: "Call Connect Negative Acknowledge",
	4: "Call Connected", callAbort: "Call Abort", callDisconnect: "Call Disconnect", disconnectAck: "Call Disconnect Acknowledge",
	echoRequest: "Echo Request", 9: "Echo Response",
}

// String is the packet in words.
func (p packet) String() string {
	text, ok := kinds[p.kind]
	if !ok {
		text = fmt.Sprintf("a packet of the unknown type %d", p.kind)
	}
	if p.kind == connectAck {
		text += ", offers " + strings.Join(p.offers(), " and ")
	}
	for _, s := range p.status {
		text += ", " + s.String()
	}
	return text
}

// offers are the hashes that the server takes for the proof of the certificate.
func (p packet) offers() (all []string) {
	for i, hash := range hashes {
		if p.hashes&(1<<i) != 0 {
			all = append(all, hash)
		}
	}
	if len(all) == 0 {
		all = []string{"none that is known"}
	}
	return all
}

// codes are the statuses that two independent implementations agree on.
var codes = map[uint32]string{
	0: "no error", 4: "value not supported", 5: "unaccepted frame", 6: "retry count exceeded", 8: "negotiation timeout", 10: "required attribute missing",
}

// names are the attributes that a server may say something about ([MS-SSTP] section 2.2.4).
var names = map[byte]string{1: "the protocol inside, PPP", 3: "the proof of the certificate", 4: "the request for that proof"}

func (s status) String() string {
	text := fmt.Sprintf("status %d", s.code)
	if meaning := codes[s.code]; meaning != "" {
		text += " (" + meaning + ")"
	}
	if s.attribute != 0 {
		text += fmt.Sprintf(" of attribute %d", s.attribute)
	}
	if meaning := names[s.attribute]; meaning != "" {
		text += " (" + meaning + ")"
	}
	return text
}
