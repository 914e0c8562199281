package sslbinding

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// lines is the part of a connection that SMTP needs before TLS.
type lines interface {
	Hear() (string, error)
	Say(line string) error
	Unread() int
	String() string
}

// hello is how the probe names itself: a name that can be no other host's (RFC 6761 section 6.4).
const hello = "EHLO ews-exporter.invalid"

// startTLS brings an SMTP connection to where the handshake begins (RFC 3207 section 4). Errors are failures of stage
// tls (starttls_not_offered, starttls_refused, starttls_malformed), or those of sending and receiving.
func startTLS(c lines) error {
	if _, err := expect(c, "the greeting", "220"); err != nil {
		return err
	}
	if err := c.Say(hello); err != nil {
		return err
	}
	offered, err := expect(c, "the answer to EHLO", "250")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(offered, func(line string) bool { return strings.EqualFold(strings.TrimSpace(line), "STARTTLS") }) {
		return failure.New(failure.TLS, reasonNoStartTLS, "%s does not offer STARTTLS; it offers %s. %s", c, list(offered[1:]), tampered(offered))
	}
	if err := c.Say("STARTTLS"); err != nil {
		return err
	}
	if _, err := expect(c, "the answer to STARTTLS", "220"); err != nil {
		return err
	}
	if n := c.Unread(); n > 0 {
		return failure.New(failure.TLS, reasonSMTPMalformed, "%s sent %d bytes in clear text after its answer to STARTTLS, where only TLS may follow", c, n)
	}
	return nil
}

// tampered says what to look at when STARTTLS is missing. Firewalls that inspect SMTP overwrite what they do not like
// with X (Cisco, "ESMTP inspection"), length kept.
func tampered(offered []string) string {
	if slices.ContainsFunc(offered, func(line string) bool { return len(line) >= 4 && strings.Trim(line, "X") == "" }) {
		return "A firewall that inspects SMTP has overwritten what the server offers: turn that inspection off"
	}
	return "Bind a certificate to the SMTP service (Enable-ExchangeCertificate), and let the Receive connector offer TLS"
}

// expect reads a reply and holds its code against the one wanted.
func expect(c lines, what, code string) ([]string, error) {
	got, texts, err := readReply(c.Hear)
	if err != nil {
		return nil, err
	}
	if got != code {
		return nil, failure.New(failure.TLS, reasonStartTLSRefused, "%s from %s was %s %s, not %s", what, c, got, list(texts), code)
	}
	return texts, nil
}

// maxReply is how many lines a reply may have; Exchange's longest has about twenty.
const maxReply = 100

// readReply reads one reply (RFC 5321 section 4.2): lines that begin with the same three digits, all but the last with a
// hyphen behind. It gives the code and each line's text, at least one.
func readReply(hear func() (string, error)) (code string, texts []string, err error) {
	for range maxReply {
		line, err := hear()
		if err != nil {
			return "", nil, err
		}
		if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" || code != "" && line[:3] != code {
			return "", nil, failure.New(failure.TLS, reasonSMTPMalformed, "%q is no line of an SMTP reply", plain.Cut(line, maxQuoted))
		}
		code = line[:3]
		rest := line[3:]
		switch {
		case rest == "":
			return code, append(texts, ""), nil
		case rest[0] == ' ':
			return code, append(texts, rest[1:]), nil
		case rest[0] != '-':
			return "", nil, failure.New(failure.TLS, reasonSMTPMalformed, "%q is no line of an SMTP reply", plain.Cut(line, maxQuoted))
		}
		texts = append(texts, rest[1:])
	}
	return "", nil, failure.New(failure.TLS, reasonSMTPMalformed, "an SMTP reply had more than %d lines", maxReply)
}

// maxQuoted is how much of what a peer said goes into a message.
const maxQuoted = 200

// list joins the lines of a reply for a person.
func list(texts []string) string {
	if len(texts) == 0 {
		return "nothing"
	}
	return plain.Cut(strings.Join(texts, ", "), maxQuoted)
}
