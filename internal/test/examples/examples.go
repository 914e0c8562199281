// Package examples holds hand-made Results, one of each sort, for the tests of what shows Results.
package examples

import (
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const url = "https://mail.contoso.com/EWS/Exchange.asmx"

var (
	start   = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	outcome = &result.Metric{
		Name: "probe_dialogue_outcome", Help: "1 for what happened, 0 for the rest.", Labels: []string{"outcome"}, Own: []string{"outcome"},
	}
	address = netip.MustParseAddrPort("192.0.2.10:443")
	frontEX = origin.Origin{
		Kind: origin.Exchange, Frontend: "EX01", Backend: "EX02", Server: "Microsoft-IIS/10.0", Version: "15.2.1748.10",
		Rule: "x-feserver", Evidence: "header X-FEServer: EX01",
	}
	kemp = origin.Origin{Kind: origin.Middlebox, Product: "kemp", Rule: "kemp-invalid-request", Evidence: `status line "501 Invalid Request"`}
)

func at(s wire.Seconds) *wire.Seconds { return &s }

func span(start, end wire.Seconds) *wire.Span { return &wire.Span{Start: start, End: end} }

func base() *result.Result {
	return &result.Result{
		ID: "01HRXK", Module: "dialogue", Prober: "dialogue", Target: "mail.contoso.com",
		Name: "mail.contoso.com", Auth: "monitor", Start: start, Limit: 14.5,
	}
}

func connection(id int) *wire.Connection {
	return &wire.Connection{
		ID: id, Name: "mail.contoso.com", Address: address,
		Resolve: span(0.001, 0.013), Connect: span(0.013, 0.033), TLS: span(0.033, 0.093), State: wire.Open,
		Secure: &wire.Secure{
			ServerName: "mail.contoso.com", Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			ALPN: "http/1.1", Verified: true, PathExpires: new(start.AddDate(0, 3, 0)),
			Chain: []wire.Certificate{
				{
					Subject: "CN=mail.contoso.com", Issuer: "CN=Contoso Issuing CA",
					Names: []string{"mail.contoso.com", "autodiscover.contoso.com"}, NotAfter: start.AddDate(0, 6, 0),
				},
				{Subject: "CN=Contoso Issuing CA", Issuer: "CN=Contoso Root CA", NotAfter: start.AddDate(0, 3, 0)},
			},
		},
	}
}

func response(at wire.Seconds, status int, reason string) *wire.Response {
	return &wire.Response{First: at - 0.0005, At: at, Proto: "HTTP/1.1", Status: status, Reason: reason}
}

// Continue is a healthy site: 100 at once, then 200 from Exchange.
func Continue() *result.Result {
	r := base()
	c := connection(1)
	x := &result.Conversation{Step: "dialogue.wait", Origin: frontEX, Protocol: result.HTTPProtocol, Connection: 1, HTTP: &wire.Exchange{
		Method: "POST", URL: url, BodyLength: 1270,
		Head: span(0.093, 0.094), First: at(0.104), Body: span(0.105, 0.106), End: at(0.156),
		Interim: []*wire.Response{response(0.105, 100, "Continue")}, Final: response(0.155, 200, "OK"),
	}}
	r.Duration = 0.157
	r.Connections, r.Conversations = []*wire.Connection{c}, []*result.Conversation{x}
	r.Deciding, r.DecidingConnection = x, c
	r.Steps = []*result.Step{{Name: "dialogue.wait", Start: 0, End: 0.157, Connection: 1, Steps: opening(1)}}
	r.Add(outcome, 1, "continue")
	r.Add(outcome, 0, "ignored_then_error")
	return r
}

func opening(id int) []*result.Step {
	return []*result.Step{
		{Name: "resolve", Start: 0.001, End: 0.013, Detail: "mail.contoso.com: 192.0.2.10"},
		{Name: "connect", Start: 0.013, End: 0.033, Connection: id},
		{Name: "tls", Start: 0.033, End: 0.093, Connection: id},
	}
}

// Mail is a healthy mail server, of another protocol than HTTP: what each side said, before and after TLS.
func Mail() *result.Result {
	r := base()
	r.Module, r.Prober, r.Decides = "mail", "mail", result.ByTLS
	c := connection(1)
	talk := &wire.Talk{Span: wire.Span{Start: 0.033, End: 0.156}, Heard: at(0.04), Outcome: "250 ex01.contoso.com Hello", Sent: 58, Received: 120}
	for _, line := range []wire.Line{
		{At: 0.041, From: wire.Server, Text: "220 ex01.contoso.com Microsoft ESMTP MAIL Service ready"},
		{At: 0.042, From: wire.Client, Text: "EHLO monitor.contoso.com"},
		{At: 0.044, From: wire.Server, Text: "250-ex01.contoso.com Hello"},
		{At: 0.044, From: wire.Server, Text: "250 STARTTLS"},
		{At: 0.045, From: wire.Client, Text: "STARTTLS"},
		{At: 0.05, From: wire.Server, Text: "220 2.0.0 SMTP server ready"},
		{At: 0.15, From: wire.Client, Text: "EHLO monitor.contoso.com", TLS: true},
		{At: 0.156, From: wire.Server, Text: "250 X-ANONYMOUSTLS", TLS: true},
	} {
		talk.Add(line)
	}
	x := &result.Conversation{Step: "dialogue", Origin: origin.Origin{Kind: origin.Exchange, Evidence: "keyword X-ANONYMOUSTLS"}, Protocol: result.SMTP, Connection: 1, Talk: talk}
	r.Duration = 0.157
	r.Connections, r.Conversations = []*wire.Connection{c}, []*result.Conversation{x}
	r.Deciding, r.DecidingConnection = x, c
	r.Steps = []*result.Step{{Name: "dialogue", Start: 0, End: 0.157, Connection: 1, Steps: opening(1)}}
	return r
}

// Kemp is the load balancer that swallows the 100 and takes the late body for a new request.
func Kemp() *result.Result {
	r := base()
	waiting, plain := connection(1), connection(2)
	wait := &result.Conversation{Step: "dialogue.wait", Origin: kemp, Protocol: result.HTTPProtocol, Connection: 1, HTTP: &wire.Exchange{
		Method: "POST", URL: url, BodyLength: 1270,
		Head: span(0.093, 0.094), First: at(5.118), Body: span(5.094, 5.095), End: at(5.12),
		Final: response(5.119, 501, "Invalid Request"),
	}}
	without := &result.Conversation{Step: "dialogue.no_expect", Origin: frontEX, Protocol: result.HTTPProtocol, Connection: 2, HTTP: &wire.Exchange{
		Method: "POST", URL: url, BodyLength: 1270,
		Head: span(0.093, 0.094), First: at(0.154), Body: span(0.093, 0.094), End: at(0.156), Final: response(0.155, 200, "OK"),
	}}
	failed := failure.New(failure.Status, "http_501", "POST %s: 501 Invalid Request 0.024 s after the body, which was sent 5.000 s late because no 100 Continue came", url)
	r.Duration = 5.221
	r.Fail(failed)
	r.Findings = []result.Finding{
		{
			Code: "late_body_rejected", Severity: result.Error, Origin: origin.Middlebox, Product: "kemp",
			Sentence: "A Kemp LoadMaster in front of Exchange never passed on 100 Continue (waited 5.000 s), and answered 501 0.024 s after the body; the same request without Expect got 200 from Exchange server EX01.",
		},
		{Code: "answered_by_middlebox", Severity: result.Info, Origin: origin.Middlebox, Product: "kemp", Sentence: "The 501 was made by the load balancer."},
	}
	r.Verdict = &result.Verdict{
		Fault:   result.Fault{Owner: advice.Middlebox, Certainty: advice.Sure, Advice: "continue_withheld"},
		AtFault: "a box in front of the server (Kemp LoadMaster)", When: advice.Now, Suffers: "Mailbox moves and hybrid services.",
		On: "in a terminal", First: "ews_exporter probe dialogue mail.contoso.com --direct EX01", Then: "Let it pass Expect on.", Risk: advice.Change,
		Places:    advice.Places{{Product: "kemp", Setting: "100-Continue Handling: RFC-7231 Compliant"}},
		Separates: "If it works there: the box.",
		Proof:     []string{"HTTP/1.1 501 Invalid Request from 192.0.2.10:443, 5.03 s after the request's head", "body: none"},
	}
	r.Connections = []*wire.Connection{waiting, plain}
	r.Conversations = []*result.Conversation{wait, without}
	r.Deciding, r.DecidingConnection = wait, waiting
	r.Steps = []*result.Step{
		{Name: "dialogue.wait", Start: 0, End: 5.221, Connection: 1, Failure: failed, Steps: opening(1)},
		{Name: "dialogue.no_expect", Start: 0.001, End: 0.157, Connection: 2},
	}
	r.Add(outcome, 0, "continue")
	r.Add(outcome, 1, "ignored_then_error")
	return r
}

// Unresolved is a name that does not exist.
func Unresolved() *result.Result {
	r := base()
	r.Duration = 0.031
	failed := failure.New(failure.Resolve, "not_found", "resolve mail.contoso.com: the name does not exist or has no address")
	r.Fail(failed)
	r.DecidingConnection = &wire.Connection{Name: "mail.contoso.com", Resolve: span(0.001, 0.031)}
	r.Steps = []*result.Step{{Name: "resolve", Start: 0.001, End: 0.031, Failure: failed}}
	r.Planned = []string{"resolve", "dialogue.wait"}
	return r
}

// Refused is a server with an expired certificate.
func Refused() *result.Result {
	r := base()
	r.Duration = 0.094
	failed := failure.New(failure.TLS, "certificate_expired", "TLS handshake with 192.0.2.10:443 (mail.contoso.com): the certificate CN=mail.contoso.com expired on 2026-03-01")
	r.Fail(failed)
	c := connection(1)
	c.State = ""
	c.Secure.Verified, c.Secure.VerifyError = false, "the certificate has expired"
	c.Secure.Chain = c.Secure.Chain[:1]
	c.Secure.Chain[0].NotAfter = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c.Secure.PathExpires = &c.Secure.Chain[0].NotAfter
	r.Connections, r.DecidingConnection = []*wire.Connection{c}, c
	r.Steps = opening(1)
	r.Steps[2].Failure = failed
	return r
}
