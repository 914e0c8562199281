// Package lab is what the prober brings to the simulated site: Receive connectors, and what stands in front of them.
package lab

import (
	"io"
	"net"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "smtp",
		Modules: []lab.Module{
			{Name: module, Keys: []string{"timeout: 8s"}},
			{Name: beginning, About: "begins a mail without a sender, and gives it up", Keys: []string{
				"timeout: 8s", `targets: ["127.0.0.0/8"]`, "smtp: {mail_from: true}",
			}},
		},
		Scenarios: scenarios(),
		Faults: []lab.Fault{
			{Module: module, At: "smtp-masked", Alert: "EwsServiceFailing", Says: []string{"content/inspected"}, Panels: true}, // a firewall rewrites
			{Module: module, At: "smtp-healthy", Panels: true},
		},
		Loads: loads(),
		Least: []string{"smtp: {security: implicit}"}, // so that it meets the same handshakes as others do
		Most:  []string{`targets: ["127.0.0.0/8"]`, "smtp: {mail_from: true}"},
		Cases: cases(),
		Meets: meets(),
	}
}

// The modules: one that asks what is offered, and one that begins a mail.
const module, beginning = "smtp", "smtp_mail"

// scenarios are the simulated mail servers.
func scenarios() []lab.Scenario {
	return []lab.Scenario{
		{
			Name: "smtp-healthy", Description: "A Receive connector as Exchange has it: it greets, offers its extensions, and starts TLS.",
			Verdicts: []lab.Verdict{{Module: module, Failure: lab.None}},
			Serve:    (&mailServer{}).dialogue,
		},
		{
			Name: "smtp-inspected", Description: "A firewall that inspects SMTP: asterisks over the greeting, X over extensions that it does not know, and STARTTLS taken out.",
			Try:      "A firewall that overwrites what a mail server says",
			Verdicts: []lab.Verdict{{Module: module, Failure: "tls/starttls_not_offered", Finding: "smtp_inspected, smtp_starttls_missing"}},
			Serve:    (&mailServer{firewall: &firewall{line: crossOut(false)}}).dialogue,
		},
		{
			Name: "smtp-masked", Description: "The same firewall, told to let TLS through: the extensions that Exchange servers need among themselves are gone before TLS.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "content/inspected", Finding: "smtp_inspected"}},
			Serve:    (&mailServer{firewall: &firewall{line: crossOut(true)}}).dialogue,
		},
		{
			Name: "smtp-mailguard", Description: "An old firewall that knows no EHLO: it writes X over the command, and the server answers 500.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "status/ehlo_refused", Finding: "smtp_inspected"}},
			Serve:    (&mailServer{firewall: &firewall{command: guard, line: crossOut(false)}}).dialogue,
		},
		{
			Name: "smtp-starttls-stripped", Description: "Somebody on the way takes STARTTLS out, and leaves no other trace.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "tls/starttls_not_offered", Finding: "smtp_starttls_missing"}},
			Serve:    (&mailServer{firewall: &firewall{line: takeOutTLS}}).dialogue,
		},
		{
			Name: "smtp-inactive", Description: "A server in maintenance: its component is inactive.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "status/service_inactive", Finding: "smtp_service_inactive"}},
			Serve:    (&mailServer{answers: map[string]string{"": "421 4.3.2 Service not active"}}).dialogue,
		},
		{
			Name: "smtp-back-pressure", Description: "A server whose disk is full, or its memory: it takes no mail.",
			Verdicts: []lab.Verdict{{Module: beginning, Failure: lab.None, Finding: "smtp_back_pressure"}},
			Serve:    (&mailServer{answers: map[string]string{"MAIL": "452 4.3.1 Insufficient system resources"}}).dialogue,
		},
		{
			Name: "smtp-silent", Description: "Something accepts the connection, and nobody greets.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "receive/timeout", Finding: "smtp_no_greeting"}},
			Serve:    (&mailServer{serve: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }}).dialogue,
		},
		{
			Name: "smtp-closed", Description: "Something accepts the connection and ends it: a balancer without a server, or a server that does not want this client.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "receive/closed", Finding: "smtp_no_greeting"}},
			Serve:    (&mailServer{serve: func(net.Conn) {}}).dialogue,
		},
		{
			Name: "smtp-names-differ", Description: "A connector that announces the machine's name, while the certificate has the name that others use.",
			Verdicts: []lab.Verdict{{Module: module, Failure: lab.None, Finding: "smtp_names_differ"}},
			Serve:    (&mailServer{name: lab.Service, hello: "EX01.contoso.test"}).dialogue,
		},
		{
			Name: "smtp-tls-from-start", Description: "A port that speaks TLS from the start, asked as one that begins in clear text.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "receive/timeout"}},
			Serve:    (&mailServer{implicit: true}).dialogue,
		},
	}
}
