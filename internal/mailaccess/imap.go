package mailaccess

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// imap is a dialogue in IMAP.
type imap struct {
	dialogue
	said int // commands
}

// IMAP begins one over lines.
func IMAP(lines Lines) Dialogue { return &imap{dialogue: dialogue{lines: lines}} }

// Greeting implements Dialogue (RFC 9051 section 7.1).
func (i *imap) Greeting() (string, error) {
	line, err := i.hear()
	if err != nil {
		return "", err
	}
	if literal.MatchString(line) {
		return line, i.noLiteral(line)
	}
	switch strings.ToUpper(word(strings.TrimPrefix(line, "* "))) {
	case "OK", "PREAUTH":
		if strings.HasPrefix(line, "* ") {
			return line, nil
		}
	case "BYE":
		return line, fail(GreetingRefused, "%s greets with %q", i.lines, quoted(line))
	}
	return line, malformed("%q from %s is no greeting of IMAP", quoted(line), i.lines)
}

// Capabilities implements Dialogue (RFC 9051 section 6.1.1).
func (i *imap) Capabilities() (Capabilities, error) {
	var all Capabilities
	reply, err := i.ask("CAPABILITY", "", func(data string) {
		if words := strings.Fields(data); len(words) > 0 && strings.EqualFold(words[0], "CAPABILITY") {
			all = append(all, words[1:]...)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case reply.status != "OK":
		return nil, fail(CapabilitiesRefused, "%s refused CAPABILITY: it answered %q", i.lines, quoted(reply.line))
	}
	return all[:min(len(all), maxWords)], nil
}

// StartTLS implements Dialogue (RFC 9051 section 6.2.1). It need not be known that it is offered: the answer says that.
func (i *imap) StartTLS() error {
	if err := i.nothingBefore(); err != nil {
		return err
	}
	reply, err := i.ask("STARTTLS", "", nil)
	switch {
	case err != nil:
		return err
	case reply.status == "OK":
		return i.nothingMore()
	case reply.status == "BAD":
		return fail(smtp.NotOffered, "%s does not know STARTTLS: it answered %q. Let its IMAP service offer TLS, which in Exchange needs a certificate that is enabled for IMAP (Enable-ExchangeCertificate)", i.lines, quoted(reply.line))
	}
	return fail(smtp.StartTLSRefused, "%s refused STARTTLS: it answered %q", i.lines, quoted(reply.line))
}

// ClearLogons implements Dialogue: AUTHENTICATE carries what LOGIN cannot, such as letters beyond ASCII.
func (i *imap) ClearLogons(offered Capabilities) []string {
	var ways []string
	if offered.Has("AUTH=PLAIN") {
		ways = append(ways, imapPlain)
	}
	if !offered.Has("LOGINDISABLED") {
		ways = append(ways, imapLogin)
	}
	return ways
}

// The ways to log on.
const (
	imapPlain = "AUTHENTICATE PLAIN"
	imapLogin = "LOGIN"
)

// LogOn implements Dialogue (RFC 9051 sections 6.2.2 and 6.2.3, RFC 4616).
func (i *imap) LogOn(way, username, password string) (Answer, error) {
	command, shown, secret := way, way, ""
	if way == imapPlain {
		secret = base64.StdEncoding.EncodeToString([]byte("\x00" + username + "\x00" + password))
	} else {
		shown = way + " " + imapQuoted(username)
		command, shown = shown+" "+imapQuoted(password), shown+" <secret>"
	}
	reply, err := i.confide(command, shown, secret, nil)
	if err != nil {
		return Answer{}, err
	}
	a := answer(reply.status == "OK", reply.line, reply.text)
	a.Unsent = way == imapPlain && !reply.confided
	return a, nil
}

// imapQuoted is a quoted string (RFC 9051 section 4.3).
func imapQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Quit implements Dialogue.
func (i *imap) Quit() { _, _ = i.ask("LOGOUT", "", nil) }

// reply is the line that ends an answer.
type reply struct {
	status, text, line string
	confided           bool // the secret that was to be said when the server asks was said
}

func (i *imap) ask(command, secret string, data func(string)) (reply, error) {
	return i.confide(command, command, secret, data)
}

// literal announces that bytes follow which are no line (RFC 9051 section 4.3). None has its place before a logon.
var literal = regexp.MustCompile(`\{\d+\+?\}$`)

func (i *imap) noLiteral(line string) error {
	return malformed("%q from %s announces a literal, which has no place here", quoted(line), i.lines)
}

// confide says a command, whose shown form is recorded in its place where it holds a secret, and reads its answer. Once the server
// asks it to go on, secret is said; data is told of each line that answers nothing.
func (i *imap) confide(command, shown, secret string, data func(string)) (reply, error) {
	i.said++
	tag := fmt.Sprintf("ews%d ", i.said)
	if err := i.lines.Confide(tag+command, tag+shown); err != nil {
		return reply{}, err
	}
	confided := false
	for range maxLines {
		line, err := i.hear()
		if err != nil {
			return reply{}, err
		}
		text, tagged := strings.CutPrefix(line, tag)
		untagged, plainly := strings.CutPrefix(line, "* ")
		switch {
		case literal.MatchString(line):
			return reply{}, i.noLiteral(line)
		case tagged:
			status := word(text)
			return reply{strings.ToUpper(status), text[len(status):], line, confided}, nil
		case plainly:
			if data != nil {
				data(untagged)
			}
		case strings.HasPrefix(line, "+") && secret != "" && !confided:
			if err := i.lines.Confide(secret, "<secret>"); err != nil {
				return reply{}, err
			}
			confided = true
		default:
			return reply{}, malformed("%q from %s answers nothing that was asked", quoted(line), i.lines)
		}
	}
	return reply{}, malformed("%s sent %d lines, and no answer to %s", i.lines, maxLines, word(command))
}

// word is the first word of a text.
func word(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}
