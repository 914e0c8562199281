package prober

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// evidence is what the body of an answer says of the logon that it came to.
type evidence int

const (
	saysNothing       evidence = iota
	hintsAtLogon               // a SOAP fault that bears no mark of EWS, which a gateway for XML may make as well
	deniesCertificate          // it is about the client's certificate, which is looked at before any logon
	provesLogon                // EWS itself answered, and it answers nobody who is not logged on
)

// Read looks into the body of the answer to the logon, before Judge, for what only the service itself says: in a store's
// outage EWS answers with a fault, and the logon got in all the same. It gives l.
func (l *Logon) Read(final *wire.Response, body []byte) *Logon {
	if !l.handed || final == nil || final.Status/100 == 2 || final.Status == 401 || len(body) == 0 {
		return l
	}
	switch r := ews.Parse(Document(l.ctx, final, body)); {
	case r.OwnWords():
		l.body = provesLogon
	case r.Kind == ews.Faulted:
		l.body = hintsAtLogon
	case origin.Certificate(&origin.Response{Status: final.Status, Body: body}) != "":
		l.body = deniesCertificate
	}
	return l
}

// let tells whether the answer is one that only who is logged on gets.
func (l *Logon) let(final *wire.Response, who origin.Origin) bool {
	if who.Portal != "" || l.body == deniesCertificate { // a page to log on by, or of the handshake, whoever shows it
		return l.body == provesLogon
	}
	switch who.Kind {
	case origin.Exchange:
		return true
	case origin.IIS:
		// As a gateway (Application Request Routing), IIS answers these by itself when the server behind it does not answer.
		return l.body == provesLogon || final.Status < 502 || final.Status > 504
	case origin.Middlebox:
		return l.body == provesLogon
	}
	return l.body == provesLogon || granted(final.Status)
}

// granted tells a success. http.sys itself gives none, so one that bears its name is of a service that listens by it.
func granted(status int) bool { return status == 101 || status/100 == 2 }

// refused is a 401 to a complete logon.
func (l *Logon) refused(final *wire.Response, who origin.Origin) error {
	meaning, why := l.why(final, who)
	l.settle(func(a *auth.Attempt) { a.RefusedFor(meaning) })
	return failure.New(failure.Auth, auth.Refused, "%s refused the %s logon of auth %s with 401: %s; %s",
		named(who), l.scheme, l.secrets.credential.Name, why, l.secrets.Outlook())
}

// why is what a refusal of a complete answer means. A server that did not make the challenge refuses any answer to it.
func (l *Logon) why(final *wire.Response, who origin.Origin) (auth.Meaning, string) {
	provenAt, at := l.attempt.ProvenAt()
	switch {
	case l.scheme == "bearer":
		_, challenge, _ := auth.Choose([]string{l.scheme}, auth.ParseChallenges(final.Values("WWW-Authenticate")))
		return auth.Token, sentence("the token has expired, is for another resource, or lacks the right%s", said(challenge, final))
	case l.challenger != "" && who.Frontend != "" && l.challenger != who.Frontend:
		return auth.Split, sentence("the challenge had come from another server, %s, over the same connection, so that no password gets in: the box in front of them balances requests, and not connections", l.challenger)
	case provenAt != "":
		return auth.Here, sentence("%s accepted the same secret at %s UTC, so that it is hardly the secret; %s",
			provenAt, at.UTC().Format("15:04:05"), l.besideSecret(final, who))
	case l.scheme == "basic":
		return auth.Secret, sentence("the user name or password is wrong, or the account may not log on, or not by Basic, as an authentication policy of Exchange may have it")
	}
	if mark := ProxyMark(final, who); mark != "" {
		return auth.Connection, sentence("a proxy is in between (%s), and perhaps it uses another server connection for each request, which lets no NTLM logon in, whatever the password; or the user name or password is wrong, or %s. "+toTell, mark, l.orAccount())
	}
	return auth.Connection, sentence("the user name or password is wrong, or %s; or a box in between uses another server connection for each request, which lets no NTLM logon in, whatever the password. "+toTell, l.orAccount())
}

// sentence is a part of a message; its fixed words are this program's own.
func sentence(format string, args ...any) string {
	secret.Own(format)
	return fmt.Sprintf(format, args...)
}

// besideSecret is for what a server refuses a logon with a secret that is right.
func (l *Logon) besideSecret(final *wire.Response, who origin.Origin) string {
	if l.scheme == "basic" {
		return sentence("the account may not log on here, or not by Basic, or somebody else decides here than there")
	}
	proxy := ""
	if mark := ProxyMark(final, who); mark != "" {
		proxy = " (there is a proxy: " + mark + ")"
	}
	return sentence("a box in between uses another server connection for each request, which lets no NTLM logon in%s, or %s", proxy, l.orAccount())
}

// orAccount is what else has a right password refused, where nothing is in between.
func (l *Logon) orAccount() string { return sentence("the account may not log on") + l.orBinding() }

// toTell separates a wrong password from a box that takes NTLM's legs apart: the answers to both are the same, and only the
// server's own log tells. To ask a server directly tells too, and costs one more logon.
const toTell = "Before you change the password, read in the servers' Security log why it was refused (event 4625)"

// ProxyMark is what an answer of Exchange's shows of a proxy that it came through; empty where nothing does.
func ProxyMark(final *wire.Response, who origin.Origin) string {
	switch via := final.Get("Via"); {
	case via != "":
		return "Via: " + plain.Cut(plain.Escape(via), 64)
	case who.Frontend != "" && who.Server != "" && !strings.HasPrefix(strings.ToLower(who.Server), "microsoft-"):
		return fmt.Sprintf("Server: %s beside Exchange's X-FEServer", plain.Cut(plain.Escape(who.Server), 64))
	case final.Proto == "HTTP/1.0":
		return "it answers in HTTP/1.0"
	}
	return ""
}

// said is what a refusal of a bearer token says of why: in its challenge (RFC 6750 §3.1), and where Exchange tells more.
func said(challenge auth.Challenge, final *wire.Response) string {
	var text string
	if e := challenge.Params["error"]; e != "" {
		text = ", error " + plain.Cut(plain.Escape(e), 64)
	}
	if d := final.Get("x-ms-diagnostics"); d != "" {
		text += " (x-ms-diagnostics: " + plain.Cut(plain.Escape(d), 300) + ")"
	}
	return text
}
