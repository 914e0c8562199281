package mailservice

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// afterPassword is a server that answers so once it has heard the password.
func (m *server) afterPassword(text string) func(net.Conn, *tls.Config, func()) {
	return func(conn net.Conn, config *tls.Config, _ func()) {
		s := &session{server: m}
		s.over(conn, true, config)
		defer func() { lab.End(s.conn, s.in) }()
		replies := []string{"* OK ready", "* CAPABILITY IMAP4rev1 AUTH=PLAIN LOGINDISABLED\r\news1 OK", "+ ", "ews2 " + text, "* BYE\r\news3 OK"}
		for i, reply := range replies {
			if i > 0 {
				if _, err := s.hear(); err != nil {
					return
				}
			}
			if s.say(reply) != nil {
				return
			}
		}
	}
}

// peer is a server of its own, with TLS under the service's name.
func (k Kind) peer(t lab.TB, logon, security string, serve func(net.Conn, *tls.Config, func())) lab.Peer {
	t.Helper()
	p := script.Plain(t, func(c *lab.Conn) error {
		serve(c.Conn, script.TLS(t).Clone(), func() {})
		return context.Canceled // it has ended the connection
	})
	p.Keys, p.Logon = []string{k.keys(security)}, logon
	return p
}

// hostile are peers that are broken, or mean harm, on a port that begins in clear text.
func (k Kind) hostile() lab.Group {
	const malformed = "receive/malformed"
	greets := lab.Write(k.choose("* OK ready\r\n", "+OK ready\r\n"))
	offered := k.choose("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\news1 OK\r\n", "+OK\r\nSTLS\r\n.\r\n")
	consent := k.choose("ews2 OK go ahead\r\n", "+OK go ahead\r\n")
	one := k.plays
	flood := func(name, reports string, steps ...lab.Step) lab.Case {
		c := one(name, reports, steps...)
		c.Floods = true
		return c
	}
	hangs := func(name, reports string, steps ...lab.Step) lab.Case {
		c := one(name, reports, steps...)
		c.Hangs = true
		return c
	}
	all := []lab.Case{
		hangs("never greets", "receive/timeout", lab.Hang),
		one("ends the connection in place of a greeting", "receive/closed"),
		one("resets the connection in place of a greeting", "receive/reset", lab.Wait(50*time.Millisecond), lab.Reset),
		one("greets in another protocol", malformed, lab.Write("220 mail.contoso.test ESMTP\r\n"), lab.Hang),
		one("greets with an escape sequence for terminals", malformed, lab.Write(k.choose("* OK \x1b[2J\r\n", "+OK \x1b[2J\r\n")), lab.Hang),
		hangs("greets in single bytes, and never ends the line", "receive/timeout", lab.Drip(strings.Repeat("*", 1000), 100*time.Millisecond), lab.Hang),
		flood("greets with a line without end", malformed, script.Endless("*")),
		flood("greets without end", malformed, script.Endless(k.choose("* OK ready\r\n", "+OK ready\r\n"))),
		hangs("says nothing to the question what it offers", "receive/timeout", greets, line, lab.Hang),
		flood("offers without end", malformed, greets, line, lab.Write(k.choose("", "+OK\r\n")), script.Endless("* CAPABILITY A B C\r\n")),
		one("ends in the middle of what it offers", "receive/closed", greets, line, lab.Write(k.choose("* CAPABILITY STARTTLS\r\n", "+OK\r\nSTLS\r\n"))),
		one("answers the wish for TLS before it was uttered (injection)", "tls/starttls_malformed", greets, line, lab.Write(offered+consent), lab.Hang),
		one("sends clear text behind its consent (injection)", "tls/starttls_malformed", greets, line, lab.Write(offered), line, lab.Write(consent+k.choose("* CAPABILITY LOGIN\r\n", "+OK\r\n")), lab.Hang),
		one("goes on in clear text", "tls/not_tls", greets, line, lab.Write(offered), line, lab.Write(consent), lab.Await, lab.Write(strings.Repeat("* OK\r\n", 3)), lab.Hang),
		one("ends in place of the handshake", "tls/closed", greets, line, lab.Write(offered), line, lab.Write(consent), lab.Await),
		flood("sends lines without end over TLS", malformed, greets, line, lab.Write(offered), line, lab.Write(consent), secure, lab.ReadLine, lab.Write(k.choose("", "+OK\r\n")), script.Endless("* X\r\n")),
		one("offers what reads otherwise than it is", "success", greets, line, lab.Write(k.choose("* CAPABILITY IMAP4rev1 \u202eSLTTRATS\u2066 STARTTLS LOGINDISABLED \u200bX\r\news1 OK \u2028\r\n", "+OK \u2028\r\nSTLS\r\n\u202eRESU\r\n.\r\n")),
			line, lab.Write(consent), secure, lab.ReadLine, lab.Write(k.choose("* CAPABILITY \u202eNIALP\r\news3 OK \u2029\r\n", "+OK\r\n\u202eRESU\r\n.\r\n")), lab.Hang),
		one("never answers the good-bye", "success", greets, line, lab.Write(offered), line, lab.Write(consent), secure, lab.ReadLine, lab.Write(k.choose("ews3 OK\r\n", "+OK\r\n.\r\n")), lab.Hang),
	}
	if !k.POP3 {
		all = append(all,
			one("announces a literal of 4 GiB in its greeting", malformed, lab.Write("* OK {4294967295}\r\n"), lab.Hang),
			one("announces a literal of 4 GiB among its capabilities", malformed, greets, line, lab.Write("* CAPABILITY {4294967295}\r\n"), lab.Hang),
			one("answers another command than the one that was given", malformed, greets, line, lab.Write("a7 OK done\r\n"), lab.Hang),
		)
	}
	return lab.Group{Title: "Mail servers (" + k.Title + ")", Who: "the mail server", Cases: all}
}

// secure goes on over TLS under the service's name.
func secure(c *lab.Conn) error {
	config, err := script.Authority().ServerConfig()
	if err != nil {
		return err
	}
	return lab.Secure(config)(c)
}
