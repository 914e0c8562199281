package auth

import (
	"context"
	"encoding/base64"
	"encoding/binary"

	"github.com/Azure/go-ntlmssp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// ntlm is NTLMv2 over one connection (MS-NTHT, MS-NLMP): NEGOTIATE, the server's CHALLENGE, AUTHENTICATE.
type ntlm struct {
	setting Setting
	signs   bool // the session's key is to sign what is around it, as SPNEGO does

	negotiate []byte // that is out; nil before
	done      bool
	sign      []byte // the key to sign with; nil where none was agreed on
}

func (n *ntlm) Proves() bool { return n.negotiate != nil }

func (n *ntlm) Next(_ context.Context, challenge Challenge) (string, bool, error) {
	message, err := ntlmMessage(challenge)
	if err != nil {
		return "", false, err
	}
	answer, complete, err := n.answer(message)
	if err != nil {
		return "", false, err
	}
	return "NTLM " + base64.StdEncoding.EncodeToString(answer), complete, nil
}

// answer gives the message that follows the server's; nil stands for none yet.
func (n *ntlm) answer(message []byte) (answer []byte, complete bool, err error) {
	switch {
	case n.done:
		return nil, true, failure.New(failure.Auth, Refused, "the server refused the user name or the password of the NTLM logon")
	case n.negotiate == nil:
		n.negotiate = negotiateMessage(n.signs)
		return n.negotiate, false, nil
	case message == nil:
		return nil, false, failure.New(failure.Auth, HandshakeBroken,
			"the server answered the first message of the NTLM logon with another 401 and no challenge: a box in between spreads one connection's requests over several, or the server begins anew")
	}
	c, err := parseNTLM(message)
	if err != nil {
		return nil, false, err
	}
	binding, err := n.setting.binding()
	if err != nil {
		return nil, false, err
	}
	if binding != nil && !c.informed {
		return nil, false, failure.New(failure.Auth, ChallengeMalformed,
			"the server's NTLM challenge has no target information, so that the answer cannot be bound to the certificate; it was not answered, because a box that carries the logon on to another server would leave that out: ask the server directly, past the boxes, to learn who does. If it is the server itself, an old one, set channel_binding: none for an auth of its own")
	}
	if answer, err = n.authenticate(c, binding, message); err != nil {
		return nil, false, err
	}
	n.done = true
	return answer, true, nil
}

// authenticate makes AUTHENTICATE. The library, which copies target information into the proof, is given only what was
// understood of the server's challenge, written anew.
func (n *ntlm) authenticate(c NTLMChallenge, binding, challenge []byte) ([]byte, error) {
	login := n.setting.Login
	m, err := ntlmssp.NewAuthenticateMessage(c.rewritten(binding, c.stamped), login.Username, login.Secret.Reveal(), nil)
	if err != nil {
		return nil, failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge cannot be answered: %w", err)
	}
	key := sessionKey(m, login.Secret.Reveal())
	if c.flags&(flagSign|flagExtendedSecurity) == flagSign|flagExtendedSecurity && n.signs {
		n.sign = key
	}
	if !c.stamped {
		return m, nil
	}
	return withIntegrity(m, key, n.negotiate, challenge), nil
}

// The flags of NTLM that are used here (MS-NLMP §2.2.2.5).
const (
	flagUnicode          = 1 << 0
	flagRequestTarget    = 1 << 2
	flagSign             = 1 << 4
	flagDatagram         = 1 << 6
	flagLMKey            = 1 << 7
	flagNTLM             = 1 << 9
	flagAlwaysSign       = 1 << 15
	flagExtendedSecurity = 1 << 19
	flagTargetInfo       = 1 << 23
	flagVersion          = 1 << 25
	flag128              = 1 << 29
	flagKeyExchange      = 1 << 30
	flag56               = 1 << 31

	// offered is what NEGOTIATE always offers, and all that AUTHENTICATE can agree to, but for flagSign.
	offered = flagUnicode | flagRequestTarget | flagNTLM | flagAlwaysSign | flagExtendedSecurity | flagTargetInfo | flag128 | flag56
)

const ntlmSignature = "NTLMSSP\x00"

// negotiateMessage is NEGOTIATE with its 40 bytes (MS-NLMP §2.2.1.1). It asks for the target's information, without
// which a binding has no place in the answer; the library's own does not.
func negotiateMessage(sign bool) []byte {
	flags := uint32(offered)
	if sign {
		flags |= flagSign
	}
	m := binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 1)
	m = binary.LittleEndian.AppendUint32(m, flags)
	return append(m, make([]byte, 24)...) // neither domain, nor workstation, nor version
}
