package hostile

import (
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// offered is a mail server up to its answer to STARTTLS. What the client says fits into one packet each.
func offered(then ...lab.Step) peer {
	return raw(append([]lab.Step{
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
func secured(then ...lab.Step) peer {
	return func(w world) lab.Peer {
		steps := []lab.Step{lab.Write("220 go ahead\r\n"), lab.Secure(script.TLS(w))}
		return offered(append(steps, then...)...)(w)
	}
}

// drops is a mail server that greets in pieces.
func drops(text string, pause time.Duration) peer {
	return raw(lab.Drip(text, pause), lab.Hang)
}

func mail() Group {
	const hello = "250-mail.contoso.test\r\n"
	return Group{"Mail servers (SMTP)", "the mail server", []Behaviour{
		{Does: "never greets", Reports: "", Hangs: true, peer: raw(lab.Hang)},
		{Does: "ends the connection in place of a greeting", Reports: "", peer: raw()},
		{Does: "resets the connection in place of a greeting", Reports: "", peer: raw(lab.Wait(50*time.Millisecond), lab.Reset)},
		{Does: "greets in another protocol", Reports: "", peer: raw(lab.Write("HTTP/1.1 400 Bad Request\r\n\r\n"), lab.Hang)},
		{Does: "greets in binary", Reports: "", peer: raw(lab.Write("220 \x00\x01\x02\xff\r\n"), lab.Hang)},
		{Does: "greets with an escape sequence for terminals", Reports: "", peer: raw(lab.Write("220 mail \x1b[2J\r\n"), lab.Hang)},
		{Does: "greets in single bytes, and never ends the line", Reports: "", Hangs: true, peer: drops("220 mail.contoso.test "+strings.Repeat("x", 1000), 100*time.Millisecond)},
		{Does: "greets with a line without end", Reports: "", Floods: true, peer: raw(script.Endless("2"))},
		{Does: "greets with lines without end", Reports: "", Floods: true, peer: raw(script.Endless("220-hello\r\n"))},
		{Does: "greets with codes that differ from line to line", Reports: "", peer: raw(lab.Write("220-hello\r\n250 hello\r\n"), lab.Hang)},
		{Does: "does not want to talk (554)", Reports: "", peer: raw(lab.Write("554 no\r\n"), lab.Hang)},
		{Does: "is in maintenance (421 4.3.2)", Reports: "", peer: raw(lab.Write("421 4.3.2 Service not active\r\n"))},
		{Does: "is short of resources (421 4.3.1)", Reports: "", peer: raw(lab.Write("421 4.3.1 Insufficient system resources\r\n"))},
		{Does: "closes after the greeting", Reports: "", peer: raw(lab.Write("220 hello\r\n"))},
		{Does: "reads EHLO, and says nothing", Reports: "", Hangs: true, peer: raw(lab.Write("220 hello\r\n"), line, lab.Hang)},
		{Does: "refuses EHLO (500)", Reports: "", peer: raw(lab.Write("220 hello\r\n"), line, lab.Write("500 what?\r\n"), lab.Hang)},
		{Does: "answers EHLO with 10,000 lines", Reports: "", Floods: true, peer: raw(lab.Write("220 hello\r\n"), line, lab.Write(strings.Repeat(hello, 10_000)), lab.Hang)},
		{Does: "ends in the middle of its answer to EHLO", Reports: "", peer: raw(lab.Write("220 hello\r\n"), line, lab.Write(hello))},
		{Does: "does not offer STARTTLS", Reports: "", peer: raw(lab.Write("220 hello\r\n"), line, lab.Write("250 SIZE\r\n"), lab.Hang)},
		{Does: "offers it behind a firewall that crosses it out", Reports: "", peer: raw(lab.Write("220 hello\r\n"), line, lab.Write("250-hello\r\n250 XXXXXXXA\r\n"), lab.Hang)},
		{Does: "refuses it (454)", Reports: "", peer: offered(lab.Write("454 TLS not available\r\n"), lab.Hang)},
		{Does: "answers it before it was asked (injection)", Reports: "", peer: raw(lab.Write("220 hello\r\n"), line, lab.Write(hello+"250 STARTTLS\r\n220 go ahead\r\n"), lab.Hang)},
		{Does: "sends clear text behind its consent (injection)", Reports: "", peer: offered(lab.Write("220 go ahead\r\n250 OK\r\n"), lab.Hang)},
		{Does: "goes on in clear text", Reports: "", peer: offered(lab.Write("220 go ahead\r\n"), lab.Await, lab.Write(strings.Repeat("250 OK\r\n", 3)), lab.Hang)},
		{Does: "ends in place of the handshake", Reports: "", peer: offered(lab.Write("220 go ahead\r\n"), lab.Await)},
		{Does: "says nothing in place of the handshake", Reports: "", Hangs: true, peer: offered(lab.Write("220 go ahead\r\n"), lab.Hang)},
		{Does: "is in maintenance once TLS is there", Reports: "", peer: secured(lab.ReadLine, lab.Write("421 4.3.2 Service not active\r\n"))},
		{Does: "ends once TLS is there", Reports: "", peer: secured(lab.ReadLine)},
		{Does: "sends lines without end over TLS", Reports: "", Floods: true, peer: secured(lab.ReadLine, script.Endless(hello))},
		{Does: "never answers QUIT", Reports: "", peer: secured(lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.Hang)},
		{Does: "answers QUIT in single bytes", Reports: "", peer: secured(lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.ReadLine, script.Dripping("2"))},
	}}
}
