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
	asked   bool // NEGOTIATE is out
	done    bool
}

func (n *ntlm) Proves() bool { return n.asked }

func (n *ntlm) Next(_ context.Context, challenge Challenge) (string, bool, error) {
	var token []byte
	if challenge.Token68 != "" {
		var err error
		if token, err = decodeToken(challenge.Token68); err != nil {
			return "", false, err
		}
	}
	answer, complete, err := n.answer(token)
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
	case !n.asked:
		n.asked = true
		return negotiateMessage(), false, nil
	case message == nil:
		return nil, false, failure.New(failure.Auth, HandshakeBroken,
			"the server answered the first message of the NTLM logon with another 401 and no challenge: a box in between spreads one connection's requests over several, or the server begins anew")
	}
	c, err := parseNTLM(message)
	if err != nil {
		return nil, false, err
	}
	login := n.setting.Login
	n.done = true
	// The library copies the challenge's target information into its answer, and with it the binding.
	answer, err = ntlmssp.NewAuthenticateMessage(c.bound(n.setting.Binding.hash(n.setting.Leaf)), login.Username, login.Secret.Reveal(), nil)
	if err != nil {
		return nil, false, failure.New(failure.Auth, ChallengeMalformed, "the server's NTLM challenge cannot be answered: %w", err)
	}
	return answer, true, nil
}

// The flags of NTLM that are used here (MS-NLMP §2.2.2.5).
const (
	flagUnicode          = 1 << 0
	flagRequestTarget    = 1 << 2
	flagNTLM             = 1 << 9
	flagAlwaysSign       = 1 << 15
	flagExtendedSecurity = 1 << 19
	flagTargetInfo       = 1 << 23
	flagVersion          = 1 << 25
	flag128              = 1 << 29
	flag56               = 1 << 31
)

const ntlmSignature = "NTLMSSP\x00"

// negotiateMessage is NEGOTIATE with its 40 bytes (MS-NLMP §2.2.1.1). It asks for the target's information, without
// which a binding has no place in the answer; the library's own does not.
func negotiateMessage() []byte {
	const flags = flagUnicode | flagRequestTarget | flagNTLM | flagAlwaysSign | flagExtendedSecurity | flagTargetInfo | flag128 | flag56
	m := binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 1)
	m = binary.LittleEndian.AppendUint32(m, flags)
	return append(m, make([]byte, 24)...) // neither domain, nor workstation, nor version
}

// decodeToken decodes a challenge's token. Its size is bounded by what ParseChallenges reads.
func decodeToken(token68 string) ([]byte, error) {
	token, err := base64.StdEncoding.DecodeString(token68)
	if err != nil {
		return nil, failure.New(failure.Auth, ChallengeMalformed, "the server's challenge is not base64")
	}
	return token, nil
}
