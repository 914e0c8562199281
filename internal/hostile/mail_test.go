package hostile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// smtp is a row's peer whose port speaks SMTP before TLS.
func smtp(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		s := raw(steps...)(t)
		s.settings = map[string]string{sslBinding: fmt.Sprintf("min_days: 0, starttls: [%s]", s.peers[0].port())}
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

func mail() group {
	says := func(verdict string) verdicts { return verdicts{sslBinding: verdict} }
	return group{"Mail servers (STARTTLS)", "the mail server", []fault{
		{does: "never greets", peer: smtp(lab.Hang), reports: says("receive/timeout"), hangs: true},
		{does: "greets in another protocol", peer: smtp(lab.Write("HTTP/1.1 400 Bad Request\r\n\r\n"), lab.Hang), reports: says("tls/starttls_malformed")},
		{does: "greets with a line without end", peer: smtp(endless("2")), reports: says("receive/malformed"), floods: true},
		{does: "greets with lines without end", peer: smtp(endless("220-hello\r\n")), reports: says("tls/starttls_malformed"), floods: true},
		{does: "does not want to talk (554)", peer: smtp(lab.Write("554 no\r\n"), lab.Hang), reports: says("tls/starttls_refused")},
		{does: "closes after the greeting", peer: smtp(lab.Write("220 hello\r\n")), reports: says("receive/closed")},
		{does: "does not offer STARTTLS", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write("250 SIZE\r\n"), lab.Hang), reports: says("tls/starttls_not_offered")},
		{does: "offers it behind a firewall that crosses it out", peer: smtp(lab.Write("220 hello\r\n"), line, lab.Write("250-hello\r\n250 XXXXXXXA\r\n"), lab.Hang), reports: says("tls/starttls_not_offered")},
		{does: "refuses it (454)", peer: offered(lab.Write("454 TLS not available\r\n"), lab.Hang), reports: says("tls/starttls_refused")},
		{does: "sends clear text behind its consent (injection)", peer: offered(lab.Write("220 go ahead\r\n250 OK\r\n"), lab.Hang), reports: says("tls/starttls_malformed")},
		{does: "goes on in clear text", peer: offered(lab.Write("220 go ahead\r\n"), lab.Await, lab.Write(strings.Repeat("250 OK\r\n", 3)), lab.Hang), reports: says("tls/not_tls")},
	}}
}
