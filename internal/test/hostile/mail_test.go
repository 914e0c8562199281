package hostile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// smtp is a row's peer whose port speaks SMTP before TLS.
func smtp(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		s := raw(steps...)(t)
		s.settings = map[string]string{
			sslBinding: fmt.Sprintf("min_days: 0, starttls: [%s]", s.peers[0].port()),
			smtpProber: "security: starttls",
		}
		return s
	}
}

// offered is a mail server up to its answer to STARTTLS. What the client says fits into one packet each.
func offered(then ...lab.Step) func(*testing.T) site {
	return smtp(append([]lab.Step{
		lab.Write("220 mail.contoso.test\r\n"), line, lab.Write("250-mail.contoso.test\r\n250 STARTTLS\r\n"), line,
	}, then...)...)
}

// line reads one line.
func line(c *lab.Conn) error {
	one := make([]byte, 1)
	for one[0] != '\n' {
		if _, err := c.Read(one); err != nil {
			return err
		}
	}
	return nil
}

// secured is a mail server up to the handshake.
func secured(then ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		steps := []lab.Step{lab.Write("220 go ahead\r\n"), lab.Secure(secure(t))}
		return offered(append(steps, then...)...)(t)
	}
}

// drops is a mail server that greets in pieces.
func drops(text string, pause time.Duration) func(*testing.T) site {
	return smtp(lab.Drip(text, pause), lab.Hang)
}

func mail() group {
	// both is what the two that speak SMTP report: ssl_binding goes no further than the handshake.
	both := func(binding, dialogue string) verdicts { return verdicts{sslBinding: binding, smtpProber: dialogue} }
	over := func(verdict string) verdicts { return verdicts{smtpProber: verdict} }
	const hello = "250-mail.contoso.test\r\n"
	return group{"Mail servers (SMTP)", "the mail server", []fault{
		{does: "never greets", peer: smtp(lab.Hang), reports: both("receive/timeout", "receive/timeout, smtp_no_greeting"), hangs: true},
		{does: "ends the connection in place of a greeting", peer: smtp(), reports: both("receive/closed", "receive/closed, smtp_no_greeting")},
		{does: "resets the connection in place of a greeting", peer: smtp(lab.Wait(50*time.Millisecond), lab.Reset), reports: both("receive/reset", "receive/reset, smtp_no_greeting")},
		{does: "greets in another protocol", peer: smtp(lab.Write("HTTP/1.1 400 Bad Request\r\n\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "receive/malformed")},
		{does: "greets in binary", peer: smtp(lab.Write("220 \x00\x01\x02\xff\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "receive/malformed")},
		{does: "greets with an escape sequence for terminals", peer: smtp(lab.Write("220 mail \x1b[2J\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "receive/malformed")},
		{does: "greets in single bytes, and never ends the line", peer: drops("220 mail.contoso.test "+strings.Repeat("x", 1000), 100*time.Millisecond), reports: both("receive/timeout", "receive/timeout"), hangs: true},
		{does: "greets with a line without end", peer: smtp(endless("2")), reports: both("receive/malformed", "receive/malformed"), floods: true},
		{does: "greets with lines without end", peer: smtp(endless("220-hello\r\n")), reports: both("tls/starttls_malformed", "receive/malformed"), floods: true},
		{does: "greets with codes that differ from line to line", peer: smtp(lab.Write("220-hello\r\n250 hello\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "receive/malformed")},
		{does: "does not want to talk (554)", peer: smtp(lab.Write("554 no\r\n"), lab.Hang), reports: both("tls/starttls_refused", "status/greeting_refused")},
		{does: "is in maintenance (421 4.3.2)", peer: smtp(lab.Write("421 4.3.2 Service not active\r\n")), reports: both("tls/starttls_refused", "status/service_inactive, smtp_service_inactive")},
		{does: "is short of resources (421 4.3.1)", peer: smtp(lab.Write("421 4.3.1 Insufficient system resources\r\n")), reports: both("tls/starttls_refused", "status/insufficient_resources, smtp_back_pressure")},
		{does: "closes after the greeting", peer: smtp(lab.Write("220 hello\r\n")), reports: both("receive/closed", "receive/closed")},
		{does: "reads EHLO, and says nothing", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Hang), reports: both("receive/timeout", "receive/timeout"), hangs: true},
		{does: "refuses EHLO (500)", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write("500 what?\r\n"), lab.Hang), reports: both("tls/starttls_refused", "status/ehlo_refused")},
		{does: "answers EHLO with 10,000 lines", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write(strings.Repeat(hello, 10_000)), lab.Hang), reports: both("tls/starttls_malformed", "receive/malformed"), floods: true},
		{does: "ends in the middle of its answer to EHLO", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write(hello)), reports: both("receive/closed", "receive/closed")},
		{does: "does not offer STARTTLS", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write("250 SIZE\r\n"), lab.Hang), reports: both("tls/starttls_not_offered", "tls/starttls_not_offered, smtp_starttls_missing")},
		{does: "offers it behind a firewall that crosses it out", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write("250-hello\r\n250 XXXXXXXA\r\n"), lab.Hang), reports: both("tls/starttls_not_offered", "tls/starttls_not_offered, smtp_inspected, smtp_starttls_missing")},
		{does: "refuses it (454)", peer: offered(lab.Write("454 TLS not available\r\n"), lab.Hang), reports: both("tls/starttls_refused", "tls/starttls_refused")},
		{does: "answers it before it was asked (injection)", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write(hello+"250 STARTTLS\r\n220 go ahead\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "tls/starttls_malformed")},
		{does: "sends clear text behind its consent (injection)", peer: offered(lab.Write("220 go ahead\r\n250 OK\r\n"), lab.Hang), reports: both("tls/starttls_malformed", "tls/starttls_malformed")},
		{does: "goes on in clear text", peer: offered(lab.Write("220 go ahead\r\n"), lab.Await, lab.Write(strings.Repeat("250 OK\r\n", 3)), lab.Hang), reports: both("tls/not_tls", "tls/not_tls")},
		{does: "ends in place of the handshake", peer: offered(lab.Write("220 go ahead\r\n"), lab.Await), reports: both("tls/closed, binding_missing", "tls/closed")},
		{does: "says nothing in place of the handshake", peer: offered(lab.Write("220 go ahead\r\n"), lab.Hang), reports: both("tls/timeout", "tls/timeout"), hangs: true},
		{does: "is in maintenance once TLS is there", peer: secured(lab.ReadLine, lab.Write("421 4.3.2 Service not active\r\n")), reports: over("status/service_inactive, smtp_service_inactive")},
		{does: "ends once TLS is there", peer: secured(lab.ReadLine), reports: over("receive/closed")},
		{does: "sends lines without end over TLS", peer: secured(lab.ReadLine, endless(hello)), reports: over("receive/malformed"), floods: true},
		{does: "never answers QUIT", peer: secured(lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.Hang), reports: over("success")},
		{does: "answers QUIT in single bytes", peer: secured(lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.ReadLine, dripping("2")), reports: over("success")},
	}}
}
