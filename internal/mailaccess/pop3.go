package mailaccess

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// pop3 is a dialogue in POP3.
type pop3 struct{ dialogue }

// POP3 begins one over lines.
func POP3(lines Lines) Dialogue { return &pop3{dialogue{lines: lines}} }

// Greeting implements Dialogue (RFC 1939 section 4).
func (p *pop3) Greeting() (string, error) {
	line, ok, err := p.status()
	if err == nil && !ok {
		return line, fail(GreetingRefused, "%s greets with %q", p.lines, quoted(line))
	}
	return line, err
}

// status reads a line that says yes or no.
func (p *pop3) status() (line string, ok bool, err error) {
	if line, err = p.hear(); err != nil {
		return "", false, err
	}
	switch strings.ToUpper(word(line)) {
	case "+OK":
		return line, true, nil
	case "-ERR":
		return line, false, nil
	}
	return line, false, malformed("%q from %s is no answer of POP3", quoted(line), p.lines)
}

func (p *pop3) ask(command string) (line string, ok bool, err error) {
	if err := p.lines.Say(command); err != nil {
		return "", false, err
	}
	return p.status()
}

// Capabilities implements Dialogue (RFC 2449 section 5).
func (p *pop3) Capabilities() (Capabilities, error) {
	said, ok, err := p.ask("CAPA")
	if err != nil || !ok { // a server from before 1998 does not know it
		return nil, err
	}
	all := Capabilities{}
	for range maxLines {
		line, err := p.hear()
		if err != nil {
			return nil, err
		}
		if line == "." {
			p.last = said
			return all, nil
		}
		all = append(all, strings.TrimPrefix(line, "."))
	}
	return nil, malformed("%s sent %d lines of capabilities, and no end", p.lines, maxLines)
}

// StartTLS implements Dialogue (RFC 2595 section 4). It need not be known that it is offered: the answer says that.
func (p *pop3) StartTLS() error {
	if err := p.nothingBefore(); err != nil {
		return err
	}
	line, ok, err := p.ask("STLS")
	switch {
	case err != nil:
		return err
	case ok:
		return p.nothingMore()
	}
	return fail(smtp.NotOffered, "%s does not start TLS: it answered STLS with %q. Let its POP3 service offer TLS, which in Exchange needs a certificate that is enabled for POP (Enable-ExchangeCertificate)", p.lines, quoted(line))
}

// The ways to log on.
const (
	pop3User  = "USER"
	pop3Plain = "AUTH PLAIN"
)

// ClearLogons implements Dialogue. A server that does not say what it offers has USER (RFC 1939 section 7).
func (p *pop3) ClearLogons(offered Capabilities) []string {
	var ways []string
	if offered == nil || offered.Has("USER") {
		ways = append(ways, pop3User)
	}
	if mechanisms, _ := offered.params("SASL"); slices.ContainsFunc(mechanisms, func(m string) bool { return strings.EqualFold(m, "PLAIN") }) {
		ways = append(ways, pop3Plain)
	}
	return ways
}

// LogOn implements Dialogue (RFC 1939 section 7, RFC 5034).
func (p *pop3) LogOn(way, username, password string) (Answer, error) {
	first, second := "USER "+username, "PASS "+password
	if way == pop3Plain {
		first, second = pop3Plain, base64.StdEncoding.EncodeToString([]byte("\x00"+username+"\x00"+password))
	}
	if err := p.lines.Say(first); err != nil {
		return Answer{}, err
	}
	line, err := p.hear()
	if err != nil {
		return Answer{}, err
	}
	if asks := strings.ToUpper(word(line)); asks != "+OK" && asks != "+" {
		if asks != "-ERR" {
			return Answer{}, malformed("%q from %s is no answer of POP3", quoted(line), p.lines)
		}
		a := answer(false, line, line[len("-ERR"):])
		a.Unsent = true
		return a, nil
	}
	shown := "PASS <secret>"
	if way == pop3Plain {
		shown = "<secret>"
	}
	if err := p.lines.Confide(second, shown); err != nil {
		return Answer{}, err
	}
	line, ok, err := p.status()
	if err != nil {
		return Answer{}, err
	}
	return answer(ok, line, line[len(word(line)):]), nil
}

// Quit implements Dialogue.
func (p *pop3) Quit() { _, _, _ = p.ask("QUIT") }
