package kerberos

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// The bounds of asking a KDC.
const (
	connectTimeout = 3 * time.Second
	answerTimeout  = 10 * time.Second
	maxReply       = 256 << 10 // a ticket of Windows has at most 48 000 bytes
)

// exchange asks a KDC of the realm over TCP (RFC 4120 §7.2.2). Another one is asked only while none could be
// connected to: what was sent once may have been counted. The answer is a reply or a KRB_ERROR. sent tells whether
// anything may have reached a KDC.
func (c *Client) exchange(ctx context.Context, realm string, request []byte) (reply []byte, refusal *messages.KRBError, sent bool, err error) {
	kdcs := c.settings.KDCs[realm]
	if len(kdcs) == 0 {
		return nil, nil, false, failure.New(failure.Auth, Unreachable, "no KDC of the realm %s is configured; a KDC referred to it", realm)
	}
	conn, err := connect(ctx, realm, kdcs)
	if err != nil {
		return nil, nil, false, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	reply, err = converse(conn, request)
	if err != nil {
		return nil, nil, true, unanswered(realm, conn.RemoteAddr(), err)
	}
	var krb messages.KRBError
	if krb.Unmarshal(reply) == nil {
		return nil, &krb, true, nil
	}
	return reply, nil, true, nil
}

func connect(ctx context.Context, realm string, kdcs []string) (net.Conn, error) {
	var troubles []string
	var last error
	for _, kdc := range kdcs {
		dialer := net.Dialer{Timeout: connectTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", kdc)
		if err == nil {
			return conn, nil
		}
		troubles, last = append(troubles, err.Error()), err
		if ctx.Err() != nil {
			break
		}
	}
	if failure.Shortage(last) != "" {
		return nil, failure.New(failure.Auth, Unreachable, "ask a KDC of %s: %w", realm, last)
	}
	return nil, failure.New(failure.Auth, Unreachable, "no KDC of %s can be reached: %s", realm, strings.Join(troubles, "; "))
}

// errTooLong is an answer beyond the bound.
var errTooLong = errors.New("its answer is longer than any ticket")

func converse(conn net.Conn, request []byte) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...) //nolint:gosec // our own, some KiB
	if _, err := conn.Write(framed); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxReply {
		return nil, errTooLong
	}
	reply := make([]byte, n)
	_, err := io.ReadFull(conn, reply)
	return reply, err
}

func unanswered(realm string, kdc net.Addr, err error) *failure.Failure {
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLong):
		return failure.New(failure.Auth, Malformed, "the KDC %s of %s: %w", kdc, realm, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return failure.New(failure.Auth, NoAnswer, "the KDC %s of %s took the request and gave no answer in time", kdc, realm)
	}
	return failure.New(failure.Auth, NoAnswer, "the KDC %s of %s took the request and gave no answer: %w", kdc, realm, err)
}

// refused names a KDC's error, and draws the verdict from it: verdict is nil where no secret was at stake.
func (c *Client) refused(e *messages.KRBError, about string, verdict Verdict) *failure.Failure {
	at := "the KDC of " + c.settings.Realm
	reason, text, definite := KDCError, "", false
	switch e.ErrorCode {
	case errorcode.KDC_ERR_PREAUTH_FAILED:
		reason, text, definite = WrongPassword, "the password of "+about+" is wrong, or the keytab is older than it", true
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		reason, text, definite = UnknownAccount, "there is no account "+about, true
	case errorcode.KDC_ERR_CLIENT_REVOKED, errorcode.KDC_ERR_NAME_EXP:
		reason, text, definite = Revoked, "the account "+about+" is locked, disabled or expired", true
	case errorcode.KDC_ERR_KEY_EXPIRED:
		reason, text, definite = PasswordExpired, "the password of "+about+" has expired", true
	case errorcode.KDC_ERR_POLICY:
		reason, text, definite = Policy, "policy does not let "+about+" log on, by its hours or from here", true
	case errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN:
		reason, text = UnknownService, "there is no service principal "+about+": register it (setspn -S) for the account that the site runs as, or name the right one as kerberos.spn"
	case errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE:
		text = "more than one account is " + about
		if verdict == nil {
			reason, text = SharedService, "more than one account has the service principal "+about+": take it from those that the site does not run as (setspn -X lists them)"
		}
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		reason, text = NoEncryption, "there is no AES key for "+about
	case errorcode.KRB_AP_ERR_SKEW:
		reason, text = ClockSkew, skew(e)
	case errorcode.KRB_AP_ERR_TKT_EXPIRED:
		reason, text = TicketExpired, "the ticket has expired"
	default:
		text = errorcode.Lookup(e.ErrorCode)
	}
	if definite && verdict != nil {
		verdict.Refused(true)
	}
	return failure.New(failure.Auth, reason, "%s refused with error %d: %s", at, e.ErrorCode, text)
}

// skew says how far the clocks are apart, as far as the error's own time tells.
func skew(e *messages.KRBError) string {
	if e.STime.IsZero() {
		return "the clocks differ by more than it allows, 5 minutes as a rule"
	}
	apart := time.Since(e.STime).Round(time.Second)
	if apart < 0 {
		return "its clock is " + (-apart).String() + " ahead of this machine's"
	}
	return "its clock is " + apart.String() + " behind this machine's"
}
