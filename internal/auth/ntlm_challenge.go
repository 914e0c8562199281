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

	flags    uint32
	nonce    [8]byte  // that the proof answers
	informed bool     // there is target information
	pairs    []avPair // of it, those that the answer repeats
	settings uint32   // of MsvAvFlags, those that are the server's to say
	stamped  bool     // with its time the server asks for a message integrity code
}

// avPair is an AV_PAIR (MS-NLMP §2.2.2.1).
type avPair struct {
	id    uint16
	value []byte
}

// The ids of AV_PAIRs.
const (
	avEOL = iota
	avComputer
	avDomain
	avDNSComputer
	avDNSDomain
	avDNSTree
	avFlags
	avTimestamp
	avSingleHost
	avTargetName
	avChannelBindings
	avKnown // how many there are
)

// The bits of MsvAvFlags.
const (
	avConstrained = 1 << iota // the server: the account is constrained
	avIntegrity               // the client: there is a message integrity code
	avUntrusted               // the client: its target name is from a source that is not trusted
)

// The places of CHALLENGE's fields (MS-NLMP §2.2.1.2). A field is a length, a room that nobody reads, and an offset.
const (
	challengeName    = 12
	challengeFlags   = 20
	challengeNonce   = 24
	challengeInfo    = 40
	challengeVersion = 48
	challengeLeast   = 48
	challengeMost    = 64 << 10
)

// maxAvText bounds a name, in bytes: DNS has none of more than 255 characters. With it the answer's own lengths, of 16
// bits, cannot overflow.
const maxAvText = 1 << 10

// ReadNTLM decodes what a challenge tells, be it plain or within SPNEGO; ok is false when it carries no CHALLENGE, or
// one that would not be answered.
func ReadNTLM(challenge Challenge) (c NTLMChallenge, ok bool) {
	message, err := ntlmMessage(challenge)
	if err != nil || message == nil {
		return c, false
	}
	c, err = parseNTLM(message)
	return c, err == nil
}

// ntlmMessage takes NTLM's message out of a challenge, as its scheme carries it; nil when it has none.
func ntlmMessage(challenge Challenge) ([]byte, error) {
	if challenge.Token68 == "" {
		return nil, nil
	}
	// Its size is bounded by what ParseChallenges reads.
	token, err := base64.StdEncoding.DecodeString(challenge.Token68)
	if err != nil {
		return nil, failure.New(failure.Auth, ChallengeMalformed, "the server's challenge is not base64")
	}
	if strings.EqualFold(challenge.Scheme, "Negotiate") {
		return responseToken(token)
	}
	return token, nil
}

// odd is a challenge that no server makes. It is not answered: a box that carries logons on to another server would
// change what that said, so that the answer is not bound to the certificate, or to one of the box's choice.
func odd(format string, args ...any) *failure.Failure {
	return failure.New(failure.Auth, ChallengeMalformed,
		"the server's NTLM challenge is malformed: %s; it was not answered, because a box that carries the logon on to another server would change it so: ask the server directly, past the boxes, to learn who does", fmt.Sprintf(format, args...))
}

// parseNTLM reads a CHALLENGE message. What it gives is all that the answer is made of (see rewritten): nobody else reads
// the message, so nobody can find something else in it.
func parseNTLM(m []byte) (NTLMChallenge, error) {
	if len(m) < challengeLeast || len(m) > challengeMost || !bytes.HasPrefix(m, []byte(ntlmSignature)) || binary.LittleEndian.Uint32(m[8:]) != 2 {
		return NTLMChallenge{}, failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge is malformed: %d bytes that are no CHALLENGE message", len(m))
	}
	c := NTLMChallenge{flags: binary.LittleEndian.Uint32(m[challengeFlags:]), nonce: [8]byte(m[challengeNonce:])}
	if err := c.checkFlags(); err != nil {
		return NTLMChallenge{}, err
	}
	name, err := fieldAt(m, challengeName, "name")
	if err != nil {
		return NTLMChallenge{}, err
	}
	info, err := fieldAt(m, challengeInfo, "target information")
	if err != nil {
		return NTLMChallenge{}, err
	}
	c.informed = info.length() > 0
	switch admits := c.flags&flagTargetInfo != 0; {
	case admits && !c.informed:
		return NTLMChallenge{}, odd("its flags say that it has target information, and it has none")
	case !admits && c.informed:
		return NTLMChallenge{}, odd("its flags say that it has no target information, and it has %d bytes", info.length())
	case name.length() > 0 && c.informed && name.from < info.to && info.from < name.to:
		return NTLMChallenge{}, odd("its target information and its name lie over each other")
	}
	if c.informed {
		if err := c.readPairs(m[info.from:info.to]); err != nil {
			return NTLMChallenge{}, err
		}
	}
	if behind := challengeVersion + 8; c.flags&flagVersion != 0 && len(m) >= behind && name.after(behind) && info.after(behind) {
		c.Version = fmt.Sprintf("%d.%d.%d", m[challengeVersion], m[challengeVersion+1], binary.LittleEndian.Uint16(m[challengeVersion+2:]))
	}
	return c, nil
}

// checkFlags refuses what negotiateMessage did not offer, where it would make another answer.
func (c *NTLMChallenge) checkFlags() error {
	switch {
	case c.flags&flagUnicode == 0:
		return odd("it is not in Unicode, which alone was offered")
	case c.flags&flagLMKey != 0:
		return odd("it wants an answer of NTLM's first version, which was not offered")
	case c.flags&flagKeyExchange != 0:
		return odd("it wants a key exchanged, which was not offered")
	case c.flags&flagDatagram != 0:
		return odd("it is one of the protocol without a connection, which was not offered")
	}
	return nil
}

// span is where a field's content lies.
type span struct{ from, to int }

func (s span) length() int { return s.to - s.from }

// after tells whether nothing of it lies before the place.
func (s span) after(place int) bool { return s.length() == 0 || s.from >= place }

// fieldAt gives where the content of the field at this place lies. Without content the offset means nothing.
func fieldAt(m []byte, at int, what string) (span, error) {
	length, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
	switch {
	case length == 0:
		return span{}, nil
	case offset > len(m) || length > len(m)-offset:
		return span{}, odd("its %s lies outside of it", what)
	case offset < challengeLeast:
		return span{}, odd("its %s lies in its head", what)
	}
	return span{offset, offset + length}, nil
}

// readPairs reads target information: pairs, each at most once, and their end.
func (c *NTLMChallenge) readPairs(info []byte) error {
	var seen [avKnown]bool
	for len(info) >= 4 {
		id, length := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if length > len(info)-4 {
			return odd("its target information is cut short")
		}
		value, rest := info[4:4+length], info[4+length:]
		switch {
		case id == avEOL && (length > 0 || len(bytes.Trim(rest, "\x00")) > 0):
			return odd("its target information goes on behind its end")
		case id == avEOL:
			return nil
		case id < avKnown && seen[id]:
			return odd("its target information says twice what it says of number %d", id)
		case id < avKnown:
			seen[id] = true
		}
		if err := c.readPair(id, value); err != nil {
			return err
		}
		info = rest
	}
	return odd("its target information has no end")
}

// readPair takes over what the answer repeats. What only a client says is refused, and what nobody knows, as well as
// MsvAvSingleHost, which concerns one machine alone, is left out of the answer.
func (c *NTLMChallenge) readPair(id uint16, value []byte) error {
	texts := map[uint16]*string{avComputer: &c.Computer, avDomain: &c.Domain, avDNSComputer: &c.DNSComputer, avDNSDomain: &c.DNSDomain}
	switch id {
	case avComputer, avDomain, avDNSComputer, avDNSDomain, avDNSTree:
		if len(value)%2 != 0 || len(value) > maxAvText {
			return odd("a name in its target information has %d bytes", len(value))
		}
		if text := texts[id]; text != nil {
			*text = fromUTF16(value)
		}
	case avFlags:
		if len(value) != 4 {
			return odd("the flags in its target information have %d bytes, and not 4", len(value))
		}
		flags := binary.LittleEndian.Uint32(value)
		if flags&(avIntegrity|avUntrusted) != 0 {
			return odd("the flags in its target information say what a client alone can say")
		}
		c.settings = flags & avConstrained
		return nil
	case avTimestamp:
		// One of another length would move what follows it in the answer, and with it bring pairs of its own.
		if len(value) != 8 {
			return odd("the time in its target information has %d bytes, and not 8", len(value))
		}
		c.stamped = true
	case avTargetName:
		return odd("its target information has a target name, which a client alone gives")
	case avChannelBindings:
		return odd("its target information has a channel binding, which a client alone gives")
	default:
		return nil
	}
	c.pairs = append(c.pairs, avPair{id, value})
	return nil
}

// rewritten is the challenge written anew, with what was understood of it, the binding (nil: none), and whether the
// answer has a message integrity code. An all-zero binding would not do for none: it means "this client knows of
// bindings and has none" (MS-NLMP §3.1.5.1.2), and a server that allows unbound clients refuses it.
func (c NTLMChallenge) rewritten(binding []byte, integrity bool) []byte {
	const infoAt = challengeLeast
	var info []byte
	if c.informed {
		info = c.information(binding, integrity)
	}
	m := make([]byte, infoAt, infoAt+len(info))
	copy(m, ntlmSignature)
	m[8] = 2
	binary.LittleEndian.PutUint32(m[challengeFlags:], c.flags&(offered|flagSign))
	copy(m[challengeNonce:], c.nonce[:])
	binary.LittleEndian.PutUint16(m[challengeInfo:], uint16(len(info)))   //nolint:gosec // at most 5 names of maxAvText and some bytes
	binary.LittleEndian.PutUint16(m[challengeInfo+2:], uint16(len(info))) //nolint:gosec // see above
	binary.LittleEndian.PutUint32(m[challengeInfo+4:], infoAt)
	return append(m, info...)
}

func (c NTLMChallenge) information(binding []byte, integrity bool) (info []byte) {
	add := func(id uint16, value []byte) {
		info = binary.LittleEndian.AppendUint16(info, id)
		info = binary.LittleEndian.AppendUint16(info, uint16(len(value))) //nolint:gosec // at most maxAvText
		info = append(info, value...)
	}
	for _, p := range c.pairs {
		add(p.id, p.value)
	}
	flags := c.settings
	if integrity {
		flags |= avIntegrity
	}
	if flags != 0 {
		add(avFlags, binary.LittleEndian.AppendUint32(nil, flags))
	}
	if binding != nil {
		add(avChannelBindings, binding)
	}
	add(avEOL, nil)
	return info
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
