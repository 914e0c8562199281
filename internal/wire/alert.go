package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Alert is a TLS alert (RFC 8446 section 6). Zero, close_notify, stands for none.
type Alert uint8

// The alerts that tell something of the server.
const (
	HandshakeFailure     Alert = 40  // nothing in common: cipher suites, curves, signatures; or no certificate at all
	UnrecognizedName     Alert = 112 // there is nothing for the name in server_name
	InternalError        Alert = 80
	InsufficientSecurity Alert = 71
	IllegalParameter     Alert = 47
	BadCertificate       Alert = 42
	CertificateUnknown   Alert = 46
	AccessDenied         Alert = 49
	CertificateRequired  Alert = 116
)

var alertNames = map[Alert]string{
	10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", HandshakeFailure: "handshake_failure", BadCertificate: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", CertificateUnknown: "certificate_unknown",
	IllegalParameter: "illegal_parameter", 48: "unknown_ca", AccessDenied: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
	InsufficientSecurity: "insufficient_security", InternalError: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension",
	110: "unsupported_extension", UnrecognizedName: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity",
	CertificateRequired: "certificate_required", 120: "no_application_protocol",
}

// String is the alert's name and number.
func (a Alert) String() string {
	if name, ok := alertNames[a]; ok {
		return fmt.Sprintf("%s (%d)", name, a)
	}
	return fmt.Sprintf("alert %d", a)
}

// alertIn finds the peer's alert in an error of crypto/tls, which has no exported type for it: a number beneath, which the
// verb %d shows. Zero when there is none.
func alertIn(err error) Alert {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0
	}
	n, err := strconv.ParseUint(fmt.Sprintf("%d", op.Err), 10, 8)
	if err != nil {
		return 0
	}
	return Alert(n)
}

// shakeFailure makes a failure of what ended a handshake, certificates apart, and says what it means.
func (c *Conn) shakeFailure(err error, opts *TLS) *failure.Failure {
	c.peer.Alert = alertIn(err)
	if f := c.ownFailure(failure.TLS, "TLS handshake with "+c.String(), err); f != nil {
		return f
	}
	reason := handshakeReason(err)
	if f := c.ledNowhere(reason, err); f != nil {
		return f
	}
	if came := c.raw.received - c.clear; hungUp[reason] && came >= recordHead {
		return failure.New(failure.TLS, reasonInterrupted, "TLS handshake with %s: %w after %d bytes of the server's side of it, so it had begun to speak TLS", c, err, came)
	}
	return failure.New(failure.TLS, reason, "TLS handshake with %s: %w%s", c, err, c.meaning(reason, err, opts))
}

// reasonInterrupted is that of stage tls where the connection ended in the midst of the server's side of the handshake. That is no
// missing certificate: who has none to show says nothing, or an alert.
const reasonInterrupted = "interrupted"

// recordHead is the length of a record's head (RFC 8446 section 5.1): what is longer and no TLS is told by it.
const recordHead = 5

// meaning explains what ended a handshake; it begins with a semicolon, or is empty where the error says it all.
func (c *Conn) meaning(reason string, err error, opts *TLS) string {
	switch {
	case reason == "certificate_unsupported":
		return "; the exporter's TLS, as every program's that is written in Go, does not take this certificate. A probe of the bindings reads it, and says who else refuses it"
	case c.peer.Alert == HandshakeFailure:
		return "; the alert handshake_failure says that there is no cipher suite, curve or signature algorithm in common, or no certificate to show. A probe of the bindings shows what the server has"
	case c.peer.Alert == UnrecognizedName:
		return "; the alert unrecognized_name says that the server has nothing for the name " + c.Record.Secure.ServerName
	case reason == "version":
		return fmt.Sprintf("; offered were %s%s. tls_config.min_version sets the oldest", offered(opts), serverVersion(err))
	}
	return c.before()
}

// offered are the TLS versions that a handshake offers.
func offered(opts *TLS) string {
	least, most := leastVersion(opts), opts.MaxVersion
	switch {
	case most == 0:
		return tls.VersionName(least) + " and newer"
	case least == most:
		return tls.VersionName(least) + " alone"
	}
	return tls.VersionName(least) + " to " + tls.VersionName(most)
}

// serverVersion says which version the server chose, where crypto/tls tells.
func serverVersion(err error) string {
	_, text, found := strings.Cut(err.Error(), "selected unsupported protocol version ")
	version, bad := strconv.ParseUint(text, 16, 16)
	if !found || bad != nil {
		return ""
	}
	return ", and the server chose " + tls.VersionName(uint16(version))
}
