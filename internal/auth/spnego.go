package auth

import (
	"context"
	"encoding/base64"

	"github.com/jcmturner/gofork/encoding/asn1"
	gokrb5 "github.com/jcmturner/gokrb5/v8/spnego"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// ntlmOID names NTLM within SPNEGO (MS-SPNG §1.9).
var ntlmOID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}

// spnego is the scheme Negotiate (RFC 4559) around NTLM: SPNEGO (RFC 4178) with NTLM as the only mechanism on offer, so
// that nothing else is ever agreed on.
type spnego struct {
	inner *ntlm
	begun bool
}

func (s *spnego) Proves() bool { return s.inner.Proves() }

func (s *spnego) Next(_ context.Context, challenge Challenge) (string, bool, error) {
	message, err := ntlmMessage(challenge)
	if err != nil {
		return "", false, err
	}
	answer, complete, err := s.inner.answer(message)
	if err != nil {
		return "", false, err
	}
	token, err := s.wrap(answer)
	if err != nil {
		return "", false, failure.New(failure.Auth, SecretUnusable, "the Negotiate token cannot be made: %w", err)
	}
	return "Negotiate " + base64.StdEncoding.EncodeToString(token), complete, nil
}

// wrap puts the first message into a NegTokenInit and later ones into a NegTokenResp. Where a key was agreed on, that
// proves that nobody has changed the mechanisms on offer (RFC 4178 §5): Samba's servers want it with each message
// integrity code.
func (s *spnego) wrap(message []byte) ([]byte, error) {
	if s.begun {
		resp := gokrb5.NegTokenResp{NegState: asn1.Enumerated(gokrb5.NegStateAcceptIncomplete), ResponseToken: message}
		if s.inner.sign != nil {
			offer, err := asn1.Marshal([]asn1.ObjectIdentifier{ntlmOID})
			if err != nil {
				return nil, err
			}
			resp.MechListMIC = signature(s.inner.sign, offer)
		}
		return resp.Marshal()
	}
	s.begun = true
	return initToken(ntlmOID, message)
}

// initToken is a complete SPNEGO token that offers one mechanism, with its first message.
func initToken(mechanism asn1.ObjectIdentifier, message []byte) ([]byte, error) {
	init := gokrb5.SPNEGOToken{Init: true, NegTokenInit: gokrb5.NegTokenInit{
		MechTypes: []asn1.ObjectIdentifier{mechanism}, MechTokenBytes: message,
	}}
	return init.Marshal()
}

// responseToken takes the mechanism's message out of the server's NegTokenResp; nil when there is none.
func responseToken(token []byte) ([]byte, error) {
	isInit, parsed, err := gokrb5.UnmarshalNegToken(token)
	resp, ok := parsed.(gokrb5.NegTokenResp)
	if err != nil || isInit || !ok {
		return nil, failure.New(failure.Auth, ChallengeMalformed, "the server's Negotiate challenge is malformed: %d bytes that are no answer of SPNEGO", len(token))
	}
	if gokrb5.NegState(resp.NegState) == gokrb5.NegStateReject {
		return nil, failure.New(failure.Auth, HandshakeBroken, "the server rejected the mechanism that the Negotiate logon offered: it takes none of NTLM and Kerberos that this auth can give")
	}
	return resp.ResponseToken, nil
}
