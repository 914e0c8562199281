// Package mailservice is Exchange's services for IMAP and POP3 on the simulated site, and what is wrong with them.
package mailservice

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// server is a simulated front end. What it says and offers is what is known of Exchange: passwords over TLS alone (LoginType
// SecureLogin), and refusals without a code.
type server struct {
	pop      bool
	implicit bool              // TLS from the start
	noTLS    bool              // it offers no TLS
	clear    bool              // it takes passwords in clear text (PlainTextLogin)
	greeting string            // in place of the usual one
	answers  map[string]string // in place of the usual ones, by verb; less the tag
}

// session is one client's connection.
type session struct {
	*server
	conn   net.Conn
	in     *bufio.Reader
	secure bool
	user   string // POP3's, once it was said
}

const idle = 30 * time.Second // how long a client may say nothing

// serve has the dialogue on one connection.
func (m *server) serve(conn net.Conn, config *tls.Config, request func()) {
	config.NextProtos = nil
	s := &session{server: m}
	s.over(conn, m.implicit, config)
	defer func() { lab.End(s.conn, s.in) }()
	greeting := m.greeting
	if greeting == "" {
		greeting = m.choose("* OK The Microsoft Exchange IMAP4 service is ready.", "+OK The Microsoft Exchange POP3 service is ready.")
	}
	if s.say(greeting) != nil || m.greeting != "" {
		return
	}
	for {
		line, err := s.hear()
		if err != nil {
			return
		}
		request()
		tag, command := "", line
		if !m.pop {
			tag, command, _ = strings.Cut(line, " ")
			tag += " "
		}
		verb, rest, _ := strings.Cut(command, " ")
		verb = strings.ToUpper(verb)
		if s.answer(tag, verb, rest) != nil || verb == "LOGOUT" || verb == "QUIT" {
			return
		}
		if (verb == "STARTTLS" || verb == "STLS") && !m.noTLS && !s.secure {
			s.over(s.conn, true, config)
		}
	}
}

func (m *server) choose(imap, pop string) string {
	if m.pop {
		return pop
	}
	return imap
}

// over makes conn what is spoken over, within TLS or not.
func (s *session) over(conn net.Conn, secure bool, config *tls.Config) {
	if secure {
		conn = tls.Server(conn, config)
	}
	s.conn, s.in, s.secure = conn, bufio.NewReaderSize(conn, 1024), secure
}

func (s *session) hear() (string, error) {
	if err := s.conn.SetDeadline(time.Now().Add(idle)); err != nil {
		return "", err
	}
	raw, err := s.in.ReadSlice('\n')
	return strings.TrimRight(string(raw), "\r\n"), err
}

func (s *session) say(lines ...string) error {
	_, err := io.WriteString(s.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err
}

func (s *session) answer(tag, verb, rest string) error {
	if text, ok := s.answers[verb]; ok {
		return s.say(tag + text)
	}
	if s.pop {
		return s.answerPOP3(verb, rest)
	}
	return s.answerIMAP(tag, verb)
}

// answerIMAP answers in IMAP. LOGIN is told from AUTHENTICATE by the offer alone, which has no LOGIN before TLS.
func (s *session) answerIMAP(tag, verb string) error {
	switch verb {
	case "CAPABILITY":
		return s.say("* CAPABILITY IMAP4 IMAP4rev1 AUTH=NTLM AUTH=GSSAPI"+s.offers(" AUTH=PLAIN", " LOGINDISABLED", " STARTTLS")+" UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+", tag+"OK CAPABILITY completed.")
	case "STARTTLS":
		if s.noTLS || s.secure {
			return s.say(tag + "BAD Command received in Invalid state.")
		}
		return s.say(tag + "OK Begin TLS negotiation now.")
	case "AUTHENTICATE":
		if err := s.say("+ "); err != nil {
			return err
		}
		token, err := s.hear()
		if err != nil {
			return err
		}
		if s.known(token) {
			return s.say(tag + "OK AUTHENTICATE completed.")
		}
		return s.say(tag + "NO AUTHENTICATE failed.")
	case "LOGOUT":
		return s.say("* BYE Microsoft Exchange Server IMAP4 server signing off.", tag+"OK LOGOUT completed.")
	}
	return s.say(tag + "BAD Command Error.")
}

// known tells whether a token of PLAIN is that of the probe's account; the site's password is not held against it.
func (s *session) known(token string) bool {
	plain, err := base64.StdEncoding.DecodeString(token)
	parts := strings.Split(string(plain), "\x00")
	return err == nil && len(parts) == 3 && strings.EqualFold(parts[1], lab.Username) && parts[2] != ""
}

func (s *session) offers(passwords, none, upgrade string) string {
	offers := none
	if s.secure || s.clear {
		offers = passwords
	}
	if !s.secure && !s.noTLS {
		offers += upgrade
	}
	return offers
}

func (s *session) answerPOP3(verb, rest string) error {
	switch verb {
	case "CAPA":
		lines := append([]string{"+OK", "TOP", "UIDL"}, strings.Fields(s.offers(" USER", "", " STLS"))...)
		sasl := "SASL NTLM GSSAPI"
		if s.secure || s.clear {
			sasl += " PLAIN"
		}
		return s.say(append(lines, sasl, ".")...)
	case "STLS":
		if s.noTLS || s.secure {
			return s.say("-ERR Command is not valid in this state.")
		}
		return s.say("+OK Begin TLS negotiation.")
	case "USER":
		s.user = rest
		return s.say("+OK")
	case "PASS":
		if strings.EqualFold(s.user, lab.Username) && rest != "" {
			return s.say("+OK User successfully logged on.")
		}
		return s.say("-ERR Logon failure: unknown user name or bad password.")
	case "QUIT":
		return s.say("+OK Microsoft Exchange Server POP3 server signing off.")
	}
	return s.say("-ERR Protocol error. 14")
}
