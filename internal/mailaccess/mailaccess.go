// Package mailaccess is the client's side of IMAP (RFC 3501, RFC 9051) and POP3 (RFC 1939) as far as a probe goes: greeting,
// capabilities, STARTTLS and STLS, one logon, good-bye. It reads no mail, and believes nothing that somebody may have put into the
// clear text before TLS.
package mailaccess

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// Lines is the connection that is spoken over; *wire.Lines is one.
type Lines interface {
	smtp.Lines
	Confide(line, shown string) error // says a line that holds a secret
}

// Dialogue is one under way. After a handshake it goes on with the same lines.
type Dialogue interface {
	// Greeting reads the greeting. The error is a failure of stage status (greeting_refused), or one of reading.
	Greeting() (string, error)
	// Capabilities asks what is offered; nil without an error where the server does not know the question, as old ones of
	// POP3. The error is a failure of stage status (capabilities_refused), or one of sending or reading.
	Capabilities() (Capabilities, error)
	// StartTLS brings the server to where the handshake begins. The error is a failure of stage tls (starttls_not_offered,
	// starttls_refused, starttls_malformed), or one of sending or reading.
	StartTLS() error
	// ClearLogons are the ways that are offered to log on by the password itself; the first is the one that LogOn takes.
	ClearLogons(offered Capabilities) []string
	// LogOn logs on in one of these ways. The error is one of sending or reading; there is no answer then.
	LogOn(way, username, password string) (Answer, error)
	// Quit says good-bye.
	Quit()
	// Last is what the server said last.
	Last() string
}

// Reasons for which a dialogue fails, beside those of sending, receiving and STARTTLS, which are those of package smtp.
var (
	GreetingRefused     = failure.Reason{Stage: failure.Status, Reason: "greeting_refused", Help: "The server greets with a refusal (BYE, -ERR): it does not want to talk to this client, or now."}
	CapabilitiesRefused = failure.Reason{Stage: failure.Status, Reason: "capabilities_refused", Help: "The server refused to say what it offers."}
	LogonUnavailable    = failure.Reason{Stage: failure.Status, Reason: "logon_unavailable", Help: "The server says that it cannot judge a logon now, so that nothing is known of the secret."}
)

// Capabilities are what a server offers, each as it came: a word of IMAP ("AUTH=PLAIN"), a line of POP3 ("SASL PLAIN NTLM").
type Capabilities []string

// Has tells whether a capability is offered, by its first word, without regard to case.
func (c Capabilities) Has(name string) bool {
	_, ok := c.params(name)
	return ok
}

// params are the words behind the first one of a capability.
func (c Capabilities) params(name string) ([]string, bool) {
	for _, one := range c {
		if words := strings.Fields(one); len(words) > 0 && strings.EqualFold(words[0], name) {
			return words[1:], true
		}
	}
	return nil, false
}

// String lists them for a person.
func (c Capabilities) String() string {
	if len(c) == 0 {
		return "nothing"
	}
	return plain.Cut(strings.Join(c, ", "), maxQuoted)
}

// Answer is what a server said to a logon.
type Answer struct {
	OK   bool
	Code string // its response code (RFC 5530, RFC 2449, RFC 3206), in capitals: "AUTHENTICATIONFAILED"; empty without
	Text string // the line, as it came
	// Unsent tells that it came before the password was sent: this way is not taken, or not for this user.
	Unsent bool
}

// Says is what an answer says of a logon.
type Says int

// What it says.
const (
	Refused   Says = iota // it was refused, and nothing says why
	Accepted              // it was accepted
	Wrong                 // user name or password are wrong
	NotJudged             // it could not be judged now
	NoSuchWay             // this way to log on is not taken
)

// BadPassword is the code that stands for Exchange's words, which come without one.
const BadPassword = "BAD-PASSWORD" // #nosec G101 -- a word

// wrong and notJudged are the response codes that say so: RFC 5530 section 3, RFC 3206 section 4, RFC 2449 section 8.
var (
	wrong     = map[string]bool{"AUTHENTICATIONFAILED": true, "AUTH": true, BadPassword: true}
	notJudged = map[string]bool{
		"UNAVAILABLE": true, "SERVERBUG": true, "LIMIT": true, "INUSE": true, "PRIVACYREQUIRED": true, "CONTACTADMIN": true,
		"SYS/TEMP": true, "SYS/PERM": true, "LOGIN-DELAY": true, "IN-USE": true,
	}
)

// Reads says what the answer says.
func (a Answer) Reads() Says {
	switch {
	case a.OK:
		return Accepted
	case strings.Contains(strings.ToLower(a.Text), "mechanism"): // Dovecot gives it the code of wrong credentials
		return NoSuchWay
	case wrong[a.Code]:
		return Wrong
	case notJudged[a.Code]:
		return NotJudged
	}
	return Refused
}

// answer reads a refusal's or a consent's text, behind OK or -ERR.
func answer(ok bool, line, text string) Answer {
	a := Answer{OK: ok, Text: line}
	if inner, found := strings.CutPrefix(strings.TrimSpace(text), "["); found {
		code, _, closed := strings.Cut(inner, "]")
		if words := strings.Fields(code); closed && len(words) > 0 {
			// Capitals may be longer: what is no UTF-8 becomes a character of three bytes.
			if capitals := strings.ToUpper(words[0]); len(capitals) <= maxCode {
				a.Code = capitals
			}
		}
	}
	if a.Code == "" && strings.Contains(strings.ToLower(text), "unknown user name or bad password") { // Windows' words for error 1326
		a.Code = BadPassword
	}
	return a
}

// Bounds of what is read. A line is bounded by who reads it from the wire: 4 KiB.
const (
	maxLines  = 100 // in one answer
	maxQuoted = 200 // bytes of what a peer said that go into a message
	maxCode   = 32  // bytes of a response code
	maxWords  = 200 // capabilities that are kept
)

// dialogue is what both protocols share.
type dialogue struct {
	lines Lines
	last  string
}

// Last implements Dialogue.
func (d *dialogue) Last() string { return d.last }

// hear reads a line, and refuses one that no mail server says.
func (d *dialogue) hear() (string, error) {
	line, err := d.lines.Hear()
	if err != nil {
		return "", err
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "", malformed("%q from %s holds control characters", quoted(line), d.lines)
	}
	d.last = line
	return line, nil
}

// nothingBefore holds that nothing came in clear text before STARTTLS is asked for: it would be taken for the answer.
func (d *dialogue) nothingBefore() error {
	if n := d.lines.Unread(); n > 0 {
		return fail(smtp.Injected, "%s sent %d bytes in clear text before anything was asked", d.lines, n)
	}
	return nil
}

// nothingMore holds that nothing came in clear text where only TLS may follow: somebody may have put it there.
func (d *dialogue) nothingMore() error {
	if n := d.lines.Unread(); n > 0 {
		return fail(smtp.Injected, "%s sent %d bytes in clear text after its answer, where only TLS may follow", d.lines, n)
	}
	return nil
}

func quoted(line string) string { return plain.Cut(line, maxQuoted) }

func malformed(format string, args ...any) error {
	return &smtp.MalformedError{Cause: failure.New(failure.Receive, "malformed", format, args...)}
}

func fail(reason failure.Reason, format string, args ...any) error {
	return failure.New(reason.Stage, reason.Reason, format, args...)
}
