package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// NTLMChallenge is what the CHALLENGE message of NTLM tells of the server that made it, decoded for people. It comes
// before any proof, so it is only what the server says of itself. Empty where the server says nothing.
type NTLMChallenge struct {
	Computer    string // NetBIOS name of the computer that answered, "EX01"
	DNSComputer string // "ex01.contoso.com"
	Domain      string // NetBIOS name of its domain
	DNSDomain   string
	Version     string // of Windows: "10.0.20348"

	raw   []byte
	pairs []avPair
}

// avPair is an AV_PAIR (MS-NLMP §2.2.2.1).
type avPair struct {
	id    uint16
	value []byte
}

// The ids of AV_PAIRs that are used here.
const (
	avEOL = iota
	avComputer
	avDomain
	avDNSComputer
	avDNSDomain
	avChannelBindings = 10
)

// The places of CHALLENGE's fields (MS-NLMP §2.2.1.2).
const (
	challengeFlags   = 20
	challengeInfo    = 40 // length, room, and offset of the target information
	challengeVersion = 48
	challengeLeast   = 48
	challengeMost    = 64 << 10
)

// ReadNTLM decodes what a challenge tells, be it plain or within SPNEGO; ok is false when it carries no CHALLENGE.
func ReadNTLM(challenge Challenge) (c NTLMChallenge, ok bool) {
	token, err := base64.StdEncoding.DecodeString(challenge.Token68)
	if err != nil {
		return c, false
	}
	// SPNEGO carries the message as it is, at its end or before a checksum, so the signature finds it.
	at := bytes.Index(token, []byte(ntlmSignature))
	if at < 0 {
		return c, false
	}
	c, err = parseNTLM(token[at:])
	return c, err == nil
}

// parseNTLM reads a CHALLENGE message.
func parseNTLM(m []byte) (NTLMChallenge, error) {
	if len(m) < challengeLeast || len(m) > challengeMost || !bytes.HasPrefix(m, []byte(ntlmSignature)) || binary.LittleEndian.Uint32(m[8:]) != 2 {
		return NTLMChallenge{}, failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge is malformed: %d bytes that are no CHALLENGE message", len(m))
	}
	c := NTLMChallenge{raw: m}
	flags := binary.LittleEndian.Uint32(m[challengeFlags:])
	if flags&flagVersion != 0 && len(m) >= challengeVersion+8 {
		c.Version = fmt.Sprintf("%d.%d.%d", m[challengeVersion], m[challengeVersion+1], binary.LittleEndian.Uint16(m[challengeVersion+2:]))
	}
	if flags&flagTargetInfo == 0 {
		return c, nil
	}
	length, offset := int(binary.LittleEndian.Uint16(m[challengeInfo:])), int(binary.LittleEndian.Uint32(m[challengeInfo+4:]))
	if offset > len(m) || length > len(m)-offset {
		return NTLMChallenge{}, failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge is malformed: its target information lies outside of the message")
	}
	return c, c.readPairs(m[offset : offset+length])
}

func (c *NTLMChallenge) readPairs(info []byte) error {
	texts := map[uint16]*string{avComputer: &c.Computer, avDomain: &c.Domain, avDNSComputer: &c.DNSComputer, avDNSDomain: &c.DNSDomain}
	for len(info) > 0 {
		if len(info) < 4 {
			return failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge is malformed: its target information is cut short")
		}
		id, length := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if id == avEOL {
			return nil
		}
		if length > len(info)-4 {
			return failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge is malformed: its target information is cut short")
		}
		value := info[4 : 4+length]
		c.pairs = append(c.pairs, avPair{id, value})
		if text := texts[id]; text != nil {
			*text = fromUTF16(value)
		}
		info = info[4+length:]
	}
	return nil
}

// bound gives the message with the binding in its target information; nil leaves bindings out. An all-zero binding
// would not do for none: it means "this client knows of bindings and has none" (MS-NLMP §3.1.5.1.2), and a server that
// allows unbound clients refuses it.
func (c NTLMChallenge) bound(binding []byte) []byte {
	if len(c.pairs) == 0 {
		return c.raw
	}
	var info []byte
	add := func(id uint16, value []byte) {
		info = binary.LittleEndian.AppendUint16(info, id)
		info = binary.LittleEndian.AppendUint16(info, uint16(len(value))) //nolint:gosec // it was read from 16 bits, or is 16 bytes
		info = append(info, value...)
	}
	for _, p := range c.pairs {
		if p.id != avChannelBindings {
			add(p.id, p.value)
		}
	}
	if binding != nil {
		add(avChannelBindings, binding)
	}
	add(avEOL, nil)
	m := append(bytes.Clone(c.raw), info...)
	binary.LittleEndian.PutUint16(m[challengeInfo:], uint16(len(info)))    //nolint:gosec // below challengeMost
	binary.LittleEndian.PutUint16(m[challengeInfo+2:], uint16(len(info)))  //nolint:gosec // below challengeMost
	binary.LittleEndian.PutUint32(m[challengeInfo+4:], uint32(len(c.raw))) //nolint:gosec // below challengeMost
	return m
}

// fromUTF16 decodes UTF-16LE; what is no text gives replacement characters.
func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// String is one line for a person: who answered, as it says itself.
func (c NTLMChallenge) String() string {
	name := c.DNSComputer
	if name == "" {
		name = c.Computer
	}
	var parts []string
	if name != "" {
		parts = append(parts, "computer "+name)
	}
	if c.Domain != "" {
		parts = append(parts, "domain "+c.Domain)
	}
	if c.Version != "" {
		parts = append(parts, "Windows version "+c.Version)
	}
	if len(parts) == 0 {
		return "a server that does not name itself"
	}
	return strings.Join(parts, ", ")
}
