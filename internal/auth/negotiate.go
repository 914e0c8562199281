package auth

import (
	"context"
	"encoding/base64"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	gokrb5 "github.com/jcmturner/gokrb5/v8/spnego"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
)

// negotiate is the scheme Negotiate with the one mechanism that the auth is set up for: Kerberos when it has that, else
// NTLM.
func negotiate(s Setting) Scheme {
	if s.Login.Kerberos != nil {
		return &ticket{setting: s}
	}
	return &spnego{inner: &ntlm{setting: s, signs: true}}
}

// ticket is Negotiate around Kerberos: one leg.
type ticket struct {
	setting Setting
	done    bool
}

// Proves is false: the server gets a ticket, which says nothing of whether the password is right. That is between this
// program and the KDC, where the gate is asked.
func (*ticket) Proves() bool { return false }

func (t *ticket) Next(ctx context.Context, _ Challenge) (string, bool, error) {
	if t.done {
		return "", true, failure.New(failure.Auth, Refused, "the server refused the Kerberos ticket")
	}
	s := t.setting
	binding, err := s.binding()
	if err != nil {
		return "", false, err
	}
	message, err := s.Login.Kerberos.Token(ctx, s.Login.account(), s.Host, binding, func(ctx context.Context) (kerberos.Verdict, error) {
		return s.Begin(ctx)
	})
	if err != nil {
		return "", false, err
	}
	token, err := initToken(gssapi.OIDKRB5.OID(), message)
	if err != nil {
		return "", false, failure.New(failure.Auth, SecretUnusable, "the Negotiate token cannot be made: %w", err)
	}
	t.done = true
	return "Negotiate " + base64.StdEncoding.EncodeToString(token), true, nil
}

// KerberosError reads why a server refused a ticket, where its last challenge tells (RFC 4121 §4.1): the error's number,
// and what that stands for. ok is false where it does not.
func KerberosError(challenge Challenge) (code int32, text string, ok bool) {
	defer func() {
		if recover() != nil { // gokrb5 trusts what it decodes
			ok = false
		}
	}()
	token, err := base64.StdEncoding.DecodeString(challenge.Token68)
	if err != nil || len(token) == 0 {
		return 0, "", false
	}
	if message, err := responseToken(token); err == nil {
		token = message
	}
	var inner gokrb5.KRB5Token
	if inner.Unmarshal(token) != nil || !inner.IsKRBError() {
		return 0, "", false
	}
	code = inner.KRBError.ErrorCode
	return code, errorcode.Lookup(code), true
}
