package hostile

import (
	"fmt"
	"strings"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// offering is a site that wants a logon by a scheme, and is content with any; the auth goes on with these keys.
func offering(w world, scheme, auth string) lab.Peer {
	p := script.HTTPS(w, lab.Branch(func(head string) []lab.Step {
		return append(script.Received(head), script.Unauthorized(scheme), healthy(w))
	}))
	p.Logon, p.Files = auth, map[string]string{"secret": "correct-horse-battery\n"}
	return p
}

// realm is an auth by Kerberos with one KDC.
func realm(kdc string) string {
	return account("negotiate") + fmt.Sprintf(", kerberos: {realm: CONTOSO.TEST, kdcs: [%q]}", kdc)
}

// byKDC is a KDC, which a logon by Kerberos asks for a ticket.
func byKDC(steps ...lab.Step) peer {
	return func(w world) lab.Peer {
		kdc := lab.Serve(w, append([]lab.Step{lab.Await}, steps...)...)
		return offering(w, "Negotiate", realm(kdc.Addr()))
	}
}

// byTokenURL is a token endpoint.
func byTokenURL(steps ...lab.Step) peer {
	return func(w world) lab.Peer {
		endpoint := lab.ServeTLS(w, script.TLS(w), steps...)
		return offering(w, "Bearer", fmt.Sprintf("schemes: [bearer], oauth2: {client_id: probe, client_secret_file: secret, token_url: %q, ca_file: ca.pem}", "https://"+endpoint.Addr()+"/token"))
	}
}

// inJSON answers with JSON.
func inJSON(status, body string) lab.Step {
	return script.Ends("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
}

// kdcError is a KDC that answers with an error.
func kdcError(code int32, reports, says string) Behaviour {
	return Behaviour{Does: fmt.Sprintf("(KDC) says %s (error %d)", says, code), Reports: reports, peer: byKDC(script.KDCSays(script.KDCError(code)), lab.Hang)}
}

func tokens() Group {
	token := func(text string) string { return `{"token_type":"Bearer","access_token":"` + text + `"}` }
	return Group{"Tickets and tokens", "who gives them", []Behaviour{
		{Does: "(KDC) refuses the connection", Reports: "auth/kdc_unreachable", peer: func(w world) lab.Peer {
			return offering(w, "Negotiate", realm(strings.Replace(script.Closed(w).Target, lab.Service, "127.0.0.1", 1)))
		}},
		{Does: "(KDC) never answers", Reports: "auth/kdc_no_answer", Hangs: true, peer: byKDC(lab.Hang)},
		{Does: "(KDC) closes in place of an answer", Reports: "auth/kdc_no_answer", peer: byKDC()},
		{Does: "(KDC) says that it answers with 4 GB", Reports: "auth/kdc_malformed", Floods: true, peer: byKDC(script.Endless("\xff"))},
		{Does: "(KDC) answers byte by byte", Reports: "auth/kdc_no_answer", Hangs: true, peer: byKDC(lab.Write("\x00\x00\x10\x00"), script.Dripping("\x30"))},
		{Does: "(KDC) answers with garbage", Reports: "auth/kdc_malformed", peer: byKDC(lab.Write("\x00\x00\x00\x08garbage!"), lab.Hang)},
		{Does: "(KDC) answers with a structure nested without end", Reports: "auth/kdc_malformed", Floods: true, peer: byKDC(lab.Write("\x00\x03\xff\xff"+strings.Repeat("\x30\x80", 1<<17)), lab.Hang)},
		{Does: "(KDC) asks for 4,000,000,000 rounds to make the key", Reports: "auth/kdc_malformed", peer: byKDC(script.KDCSays(script.KDCAsks([]byte{0xee, 0x6b, 0x28, 0x00})), lab.Hang)},
		kdcError(6, "auth/kdc_unknown_account", "that there is no such account"),
		kdcError(7, "auth/unknown_service", "that it does not know the service"),
		kdcError(12, "auth/kdc_policy", "that policy does not let the account log on"),
		kdcError(14, "auth/kdc_no_encryption", "that the account has no key of a kind that is good"),
		kdcError(18, "auth/kdc_account_revoked", "that the account is locked"),
		kdcError(23, "auth/password_expired", "that the password has expired"),
		kdcError(32, "auth/ticket_expired", "that a ticket has expired"),
		kdcError(37, "auth/clock_skew", "that the clocks differ"),
		kdcError(60, "auth/kdc_error", "no more than that it fails"),
		{Does: "(KDC) refuses the password (error 24)", Reports: "auth/kdc_wrong_password", peer: func(w world) lab.Peer {
			asks, refuses := script.KDCSays(script.KDCAsks(nil)), script.KDCSays(script.KDCError(errorcode.KDC_ERR_PREAUTH_FAILED))
			kdc := lab.ServeEach(w, nil, []lab.Step{lab.Await, asks, lab.Hang}, []lab.Step{lab.Await, refuses, lab.Hang})
			return offering(w, "Negotiate", realm(kdc.Addr()))
		}},
		{Does: "(token URL) gives a token that the server refuses", Reports: "auth/bearer_refused", peer: func(w world) lab.Peer {
			p := byTokenURL(inJSON("200 OK", token("a-token")))(w)
			refusing := script.HTTPS(w, script.Each(script.Request(script.Unauthorized("Bearer"))))
			refusing.Logon, refusing.Files = p.Logon, p.Files
			return refusing
		}},
		{Does: "(token URL) never answers", Reports: "auth/token_unreachable", Hangs: true, peer: byTokenURL(script.Request(lab.Hang))},
		{Does: "(token URL) closes in place of an answer", Reports: "auth/token_unreachable", peer: byTokenURL(script.Request())},
		{Does: "(token URL) sends headers without end", Reports: "auth/token_unreachable", Floods: true, peer: byTokenURL(script.Floods("HTTP/1.1 200 OK\r\n", "X: y\r\n"))},
		{Does: "(token URL) sends interim responses without end", Reports: "auth/token_unreachable", Floods: true, peer: byTokenURL(script.Floods("", "HTTP/1.1 103 Early Hints\r\n\r\n"))},
		{Does: "(token URL) sends a body without end", Reports: "auth/token_malformed", Floods: true, peer: byTokenURL(script.Floods("HTTP/1.1 200 OK\r\n\r\n"+`{"access_token":"`, "x"))},
		{Does: "(token URL) sends a page for people", Reports: "auth/token_malformed", peer: byTokenURL(inJSON("200 OK", "<html>Log on</html>"))},
		{Does: "(token URL) sends a token that would make two headers", Reports: "auth/token_malformed", peer: byTokenURL(inJSON("200 OK", token(`a\r\nX: y`)))},
		{Does: "(token URL) sends a token of 60 kB", Reports: "success", Floods: true, peer: byTokenURL(inJSON("200 OK", token(strings.Repeat("a", 60<<10))))},
		{Does: "(token URL) redirects", Reports: "auth/token_error", peer: byTokenURL(script.Ends("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://mail.fabrikam.test/\r\nConnection: close\r\n\r\n"))},
		{Does: "(token URL) fails", Reports: "auth/token_error", peer: byTokenURL(inJSON("500 Oops", "{"))},
		{Does: "(token URL) refuses the client", Reports: "auth/token_refused", peer: byTokenURL(inJSON("400 Bad Request", `{"error":"invalid_client"}`))},
	}}
}
