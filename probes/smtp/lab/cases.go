package lab

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// What servers say.
const (
	greets = "220 mail.contoso.test ESMTP"
	offers = "250-mail.contoso.test Hello\n250-SIZE\n250 STARTTLS"
	plain  = "smtp: {security: none, ehlo: probe.contoso.test}"
	bye    = "221 bye"
)

// cases are servers that differ from a good one in what the settings ask for.
func cases() []lab.Case {
	return []lab.Case{
		talk("a capability that is expected, and not offered", "content/capability_missing, smtp_capability_missing",
			`smtp: {security: none, expected_capabilities: [size, x-exps]}`, greets, offers, bye),
		talk("a name that is expected, and nowhere announced", "content/name_missing, smtp_name_missing",
			`smtp: {security: none, expected_names: [mail.contoso.test, mx.contoso.test]}`, greets, offers, bye),
		talk("a mail that is refused", "status/mail_refused", "smtp: {security: none, mail_from: true}", greets, offers, "550 5.7.1 no", bye),
		relaying(talk("a relay that takes mail for strangers", "content/relays, smtp_open_relay", plain,
			greets, offers, "250 2.1.0 Sender OK", "250 2.1.5 Recipient OK", "250 2.0.0 Resetting", bye)),
		{
			Name: "Exchange's own certificate, between servers", Want: lab.Reports("success, smtp_certificate_self_signed"),
			Start: func(t lab.TB) lab.Peer {
				const hello = "250-EX01 Hello\n250 STARTTLS"
				steps := append(says("220 EX01 Microsoft ESMTP MAIL Service ready", hello, "220 go"), lab.Secure(selfSigned()), lab.ReadLine)
				server := lab.ServeAt(t, "127.0.0.25:2525", nil, append(steps, append(says(hello), lab.ReadLine, lab.Write(bye+"\r\n"))...))
				return lab.Peer{Target: server.Addr(), Cost: server.Cost}
			},
		},
	}
}

// talk is a server that says these replies one after the other, the first one unasked.
func talk(name, reports, keys string, replies ...string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.Plain(t, says(replies...)...)
		p.Keys = []string{"targets: [" + lab.Service + "]", keys}
		return p
	}}
}

// relaying has it checked whether the server takes mail for strangers.
func relaying(c lab.Case) lab.Case {
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.RelayCheck = true
		return p
	}
	return c
}

// says has each of these said in answer to a line, the first one unasked.
func says(replies ...string) []lab.Step {
	var steps []lab.Step
	for i, r := range replies {
		if i > 0 {
			steps = append(steps, lab.ReadLine)
		}
		steps = append(steps, lab.Write(strings.ReplaceAll(r, "\n", "\r\n")+"\r\n"))
	}
	return steps
}

// selfSigned is what Exchange shows by itself on ports between servers.
func selfSigned() *tls.Config {
	pair := script.Signed(tls.Certificate{}, script.Key(), func(c *x509.Certificate) {
		c.Subject, c.DNSNames = pkix.Name{CommonName: "EX01"}, []string{"EX01"}
	})
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}
