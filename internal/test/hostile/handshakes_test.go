package hostile

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// downgraded is a ServerHello of TLS 1.2 whose random ends with RFC 8446's mark (section 4.1.3): I could do TLS 1.3, and
// was not asked to.
func downgraded() string {
	body := "\x03\x03" + strings.Repeat("r", 24) + "DOWNGRD\x01" + "\x00" + "\xc0\x2b" + "\x00"
	message := "\x02\x00\x00" + string([]byte{byte(len(body))}) + body
	return "\x16\x03\x03\x00" + string([]byte{byte(len(message))}) + message
}

// old speaks nothing newer than TLS 1.1.
func old(t *testing.T) site {
	c := secure(t)
	c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	return at(listen(t, c, healthy))
}

// wantsCertificate asks the client for a certificate in the handshake.
func wantsCertificate(most uint16) func(*testing.T) site {
	return func(t *testing.T) site {
		c := secure(t)
		c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, most
		return at(listen(t, c, healthy))
	}
}

func handshakes() group {
	// After the client's first words, so that they do not cross.
	says := func(text string) func(*testing.T) site { return raw(lab.Await, lab.Write(text), lab.Hang) }
	return group{"TLS handshakes", "the peer", []fault{
		{does: "speaks plain HTTP", peer: says("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), reports: everywhere("tls/not_tls")},
		{does: "greets as a mail server does", peer: says("220 mail.contoso.test ESMTP\r\n"), reports: everywhere("tls/not_tls")},
		{does: "sends garbage", peer: says("\x00\xff\x00\xff\x00\xff\x00\xff"), reports: everywhere("tls/not_tls")},
		{does: "sends garbage in a record of TLS", peer: says("\x16\x03\x03\x00\x08garbage!"), reports: everywhere("tls/handshake")},
		{does: "sends garbage without end", peer: raw(lab.Await, endless("\x00\xff")), reports: everywhere("tls/not_tls"), floods: true},
		{does: "sends records of the largest size without end", peer: raw(lab.Await, endless("\x16\x03\x03\x40\x00"+strings.Repeat("\x02\xff\xff\xff", 1<<12))), reports: everywhere("tls/handshake"), floods: true},
		{does: "sends empty records without end", peer: raw(lab.Await, endless("\x16\x03\x03\x00\x00")), reports: everywhere("tls/handshake"), floods: true},
		{does: "sends warnings without end", peer: raw(lab.Await, endless("\x15\x03\x03\x00\x02\x01\x5a")), reports: everywhere("tls/handshake"), floods: true},
		{does: "refuses with an alert (handshake_failure)", peer: says("\x15\x03\x03\x00\x02\x02\x28"), reports: everywhere("tls/alert").but(sslBinding, "tls/alert, tls_handshake_refused")},
		{does: "does not know the name (unrecognized_name)", peer: says("\x15\x03\x03\x00\x02\x02\x70"), reports: everywhere("tls/alert").but(sslBinding, "tls/alert, binding_missing")},
		{does: "refuses the version with an alert", peer: says("\x15\x03\x03\x00\x02\x02\x46"), reports: everywhere("tls/version")},
		{does: "speaks TLS 1.1 at most", peer: old, reports: everywhere("tls/version").but(sslBinding, "success, tls_version_old")},
		{does: "was kept from TLS 1.3 by somebody in between (downgrade)", peer: says(downgraded()), reports: everywhere("tls/handshake")},
		{does: "closes after the client's first words", peer: raw(lab.Await), reports: everywhere("tls/closed").but(sslBinding, "tls/closed, binding_missing")},
		{does: "resets after the client's first words", peer: raw(lab.Await, lab.Reset), reports: everywhere("tls/reset").but(sslBinding, "tls/reset, binding_missing")},
		{does: "sends its handshake byte by byte", peer: raw(lab.Await, lab.Write("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"), dripping("\x03")), reports: everywhere("tls/timeout"), hangs: true},
		{does: "wants a certificate of the client (TLS 1.3)", peer: wantsCertificate(0), reports: overHTTP("receive/client_certificate").but(sslBinding, "success, tls_client_certificate")},
		{does: "wants a certificate of the client (TLS 1.2)", peer: wantsCertificate(tls.VersionTLS12), reports: overHTTP("tls/client_certificate").but(sslBinding, "success, tls_client_certificate")},
		{does: "wants to negotiate anew after the request (TLS 1.2)", peer: renegotiates, reports: overHTTP("receive/renegotiation")},
	}}
}
