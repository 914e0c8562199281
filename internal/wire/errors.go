package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || (errors.As(err, &ne) && ne.Timeout())
}

func isReset(err error) bool {
	for _, errno := range resetErrors {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// connectReason names why a TCP connection could not be made.
func connectReason(err error) string {
	switch {
	case isTimeout(err):
		return "timeout"
	case isAny(err, refusedErrors):
		return "refused"
	case isAny(err, unreachableErrors):
		return "unreachable"
	case isReset(err):
		return "reset"
	}
	return "error"
}

func isAny(err error, errnos []syscall.Errno) bool {
	for _, errno := range errnos {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// streamReason names why reading or writing ended.
func streamReason(err error) string {
	switch {
	case isTimeout(err):
		return "timeout"
	case isReset(err):
		return "reset"
	case isClosed(err):
		return "closed"
	case isAlert(err):
		return "alert"
	case strings.Contains(err.Error(), "no renegotiation"): // crypto/tls has no type for its refusal
		return "renegotiation"
	}
	return "error"
}

// isAlert tells the peer's TLS alert. With TLS 1.3 the refusal of a missing client certificate comes as one only after
// the handshake (RFC 8446 section 4.4.2.4), with the first read.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// handshakeReason names why a TLS handshake did not complete, certificates apart.
func handshakeReason(err error) string {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return "not_tls"
	case strings.Contains(err.Error(), "protocol version"): // crypto/tls has no type for its refusal, nor for alert 70
		return "version"
	case unsupported(err):
		return "certificate_unsupported"
	}
	if reason := streamReason(err); reason != "error" {
		return reason
	}
	return "handshake"
}

// silence says how a wait in vain was: what had come of what was waited for, "" for nothing, and how long ago either side had said
// its last.
func (c *Conn) silence(unfinished string) string {
	switch quiet := c.quiet(); {
	case unfinished != "":
		return fmt.Sprintf("the time limit was over after %s, %.1f s after the last byte", unfinished, quiet)
	case c.plain == 0:
		return fmt.Sprintf("nothing came for %.1f s, until the time limit", quiet)
	default:
		return fmt.Sprintf("nothing more came for %.1f s, until the time limit", quiet)
	}
}

// partOf says what had come of something that did not end, in bytes; empty for nothing.
func partOf(what string, came int) string {
	if came == 0 {
		return ""
	}
	return fmt.Sprintf("%d bytes of a %s that did not end", came, what)
}

// after is the same as the end of a sentence that says how reading ended.
func after(unfinished string) string {
	if unfinished == "" {
		return ""
	}
	return " after " + unfinished
}

// quiet is for how long nothing has come that is said above TLS, nor gone.
func (c *Conn) quiet() Seconds { return c.dialer.now() - max(c.heard, c.raw.wrote) }

// unsupported tells whether crypto/tls does not take the certificate as such: it has no types for that.
func unsupported(err error) bool {
	for _, words := range []string{"failed to parse certificate", "containing RSA key larger", "unsupported type of public key", "unsupported public key", "unsupported certificate curve"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// hungUp are the reasons of a peer that ended the connection.
var hungUp = map[string]bool{"closed": true, "reset": true}

// receiveFailure says what was being waited for when reading ended, and what had come of that by then, "" for nothing.
func (c *Conn) receiveFailure(doing, unfinished string, err error) *failure.Failure {
	var f *failure.Failure
	if errors.As(err, &f) {
		return f
	}
	if f := c.ownFailure(failure.Receive, doing+" from "+c.String(), err); f != nil {
		return f
	}
	reason := streamReason(err)
	if f := c.ledNowhere(reason, err); f != nil {
		return f
	}
	what := map[string]string{
		"timeout": c.silence(unfinished),
		"reset":   "the peer reset the connection",
		"closed":  "the peer closed the connection",

		"renegotiation": "the peer wants to negotiate TLS anew, as IIS does where one path asks for a client's certificate, and the exporter does so only with a client certificate for it, and once",
	}[reason]
	if what == "" {
		return failure.New(failure.Receive, reason, "%s from %s: %w%s", doing, c, err, after(unfinished))
	}
	if reason != "timeout" {
		what += after(unfinished)
	}
	if c.plain == 0 && hungUp[reason] {
		what += c.before()
	}
	return failure.New(failure.Receive, reason, "%s from %s: %s", doing, c, what)
}

// connectError says in words how connecting failed, and after how long.
type connectError struct {
	cause error
	after Seconds
}

func (e *connectError) Error() string {
	said := map[string]string{
		"refused":     "the connection was refused",
		"timeout":     "nothing answered",
		"unreachable": "there is no route to it",
		"reset":       "the connection was reset",
	}[connectReason(e.cause)]
	if said == "" {
		said = e.cause.Error()
	}
	return fmt.Sprintf("%s (after %.3f s)", said, float64(e.after))
}

func (e *connectError) Unwrap() error { return e.cause }
