package lab

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// mailServer is a simulated Receive connector of Exchange, and what stands in front of it. What it offers is what
// Microsoft Learn shows ("Use Telnet to test SMTP communication on Exchange servers"), and a logon by AUTH LOGIN only once
// TLS is there.
type mailServer struct {
	name     string            // in the greeting; empty for lab.Service
	hello    string            // in the answer to EHLO; empty for name
	answers  map[string]string // replies in place of the usual ones, by verb; "" is the greeting
	noTLS    bool              // no certificate fits the connector's name, so STARTTLS is not offered
	implicit bool              // TLS from the start
	firewall *firewall         // nil for none
	serve    func(net.Conn)    // in place of all this; nil for a connector
}

// firewall inspects what goes over it in clear text, line by line.
type firewall struct {
	command func(line string) string // what of a command gets through
	line    func(line string) string // what of a line of a reply does; "" takes it out
}

var (
	mailOffers = []string{
		"SIZE 37748736", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "X-ANONYMOUSTLS", "AUTH NTLM",
		"X-EXPS GSSAPI NTLM", "8BITMIME", "BINARYMIME", "CHUNKING", "XRDST",
	}
	mailOffersOverTLS = []string{
		"SIZE 37748736", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "AUTH NTLM LOGIN", "X-EXPS GSSAPI NTLM", "8BITMIME", "BINARYMIME",
		"CHUNKING", "XRDST",
	}
)

// mailAnswers are a connector's replies to anonymous clients.
var mailAnswers = map[string]string{
	"HELO": "250 Hello", "NOOP": "250 2.0.0 OK", "MAIL": "250 2.1.0 Sender OK", "RCPT": "550 5.7.1 Unable to relay",
	"RSET": "250 2.0.0 Resetting", "QUIT": "221 2.0.0 Service closing transmission channel", "STARTTLS": "220 2.0.0 SMTP server ready",
}

// mailSession is one client's connection to a mail server.
type mailSession struct {
	*mailServer
	conn   net.Conn
	in     *bufio.Reader
	secure bool
}

// mailIdle is how long a client may say nothing, and maxCommand how much at once (RFC 5321 section 4.5.3.1.4).
const (
	mailIdle   = 30 * time.Second
	maxCommand = 512
)

// dialogue is what the server has on one connection.
func (m *mailServer) dialogue(conn net.Conn, config *tls.Config, request func()) {
	config.NextProtos = nil
	session := &mailSession{mailServer: m}
	session.over(conn, m.implicit, config)
	defer func() { lab.End(session.conn, session.in) }()
	if m.serve != nil {
		m.serve(conn)
		return
	}
	if session.greet() != nil {
		return
	}
	for {
		line, err := session.command()
		if err != nil {
			return
		}
		request()
		verb := strings.ToUpper(firstWord(line))
		if session.answer(verb) != nil || verb == "QUIT" {
			return
		}
		if verb == "STARTTLS" && !session.noTLS && !session.secure {
			session.over(session.conn, true, config)
		}
	}
}

// over makes conn what is spoken over, within TLS or not.
func (c *mailSession) over(conn net.Conn, secure bool, config *tls.Config) {
	if secure {
		conn = tls.Server(conn, config)
	}
	c.conn, c.in, c.secure = conn, bufio.NewReaderSize(conn, maxCommand), secure
}

func (c *mailSession) greet() error {
	if text, ok := c.answers[""]; ok {
		return c.reply(text)
	}
	ready := time.Now().UTC().Format("Mon, 2 Jan 2006 15:04:05 -0700")
	return c.reply("220 " + c.called() + " Microsoft ESMTP MAIL Service ready at " + ready)
}

func (c *mailSession) called() string {
	if c.name != "" {
		return c.name
	}
	return lab.Service
}

// command reads one, as far as it comes through.
func (c *mailSession) command() (string, error) {
	if err := c.conn.SetDeadline(time.Now().Add(mailIdle)); err != nil {
		return "", err
	}
	raw, err := c.in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(raw), "\r\n")
	if c.firewall != nil && c.firewall.command != nil && !c.secure {
		line = c.firewall.command(line)
	}
	return line, nil
}

func (c *mailSession) answer(verb string) error {
	text, ok := c.answers[verb]
	if !ok {
		text, ok = mailAnswers[verb]
	}
	switch {
	case verb == "EHLO" && !ok:
		text = c.offer()
	case !ok, verb == "STARTTLS" && (c.noTLS || c.secure):
		text = "500 5.3.3 Unrecognized command"
	}
	return c.reply(text)
}

// offer is the answer to EHLO.
func (c *mailSession) offer() string {
	called := c.called()
	if c.hello != "" {
		called = c.hello
	}
	host, _, _ := net.SplitHostPort(c.conn.RemoteAddr().String())
	lines := []string{fmt.Sprintf("%s Hello [%s]", called, host)}
	offers := mailOffers
	if c.secure {
		offers = mailOffersOverTLS
	}
	for _, o := range offers {
		if o != "STARTTLS" || !c.noTLS {
			lines = append(lines, o)
		}
	}
	return "250-" + strings.Join(lines[:len(lines)-1], "\n250-") + "\n250 " + lines[len(lines)-1]
}

// reply sends the lines of a reply, as far as they come through. What is taken out of its end leaves a last line all the same.
func (c *mailSession) reply(text string) error {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if c.firewall != nil && c.firewall.line != nil && !c.secure {
			line = c.firewall.line(line)
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	last := len(lines) - 1
	lines[last] = lines[last][:3] + " " + lines[last][min(4, len(lines[last])):]
	_, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// stars writes asterisks over a greeting, but for the characters that the firewall leaves: 2, 0 and blanks.
func stars(line string) string {
	return line[:4] + regexp.MustCompile(`[^20 ]`).ReplaceAllString(line[4:], "*")
}

// known are the extensions that a firewall of the nineties lets through.
var known = []string{"SIZE", "DSN", "8BITMIME", "PIPELINING"}

// crossOut writes X over the extensions that it does not know, and takes STARTTLS out where that is not to pass.
func crossOut(passTLS bool) func(line string) string {
	return func(line string) string {
		switch text := line[min(4, len(line)):]; {
		case strings.HasPrefix(line, "220") && strings.Contains(text, "ESMTP"):
			return stars(line)
		case !strings.HasPrefix(line, "250") || strings.Contains(text, " Hello ") || passes(text) || strings.HasPrefix(text, "2."):
			return line
		case firstWord(text) == "STARTTLS" && passTLS:
			return line
		case firstWord(text) == "STARTTLS":
			return ""
		default:
			return line[:4] + strings.Repeat("X", max(4, len(text)-1)) + "A"
		}
	}
}

func passes(text string) bool {
	for _, name := range known {
		if firstWord(text) == name {
			return true
		}
	}
	return false
}

// takeOutTLS takes STARTTLS out and leaves no other trace.
func takeOutTLS(line string) string {
	if strings.HasSuffix(line, "STARTTLS") {
		return ""
	}
	return line
}

// minimal are the commands that pass Mailguard, which knows nothing of extensions.
var minimal = map[string]bool{"HELO": true, "MAIL": true, "RCPT": true, "DATA": true, "RSET": true, "NOOP": true, "QUIT": true}

// guard overwrites the commands that Mailguard does not know, so that it is the server that refuses them.
func guard(line string) string {
	if !minimal[strings.ToUpper(firstWord(line))] {
		return strings.Repeat("X", len(line))
	}
	return line
}
