package hostile

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// downgraded is a ServerHello of TLS 1.2 whose random ends with RFC 8446's mark (section 4.1.3): I could do TLS 1.3, and
// was not asked to.
func downgraded() string {
	body := "\x03\x03" + strings.Repeat("r", 24) + "DOWNGRD\x01" + "\x00" + "\xc0\x2b" + "\x00"
	message := "\x02\x00\x00" + string([]byte{byte(len(body))}) + body
	return "\x16\x03\x03\x00" + string([]byte{byte(len(message))}) + message
}

// old speaks nothing newer than TLS 1.1.
func old(w world) lab.Peer {
	c := script.TLS(w)
	c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	return script.Peer(lab.ServeTLS(w, c, healthy(w)))
}

// wantsCertificate asks the client for a certificate in the handshake.
func wantsCertificate(most uint16) peer {
	return func(w world) lab.Peer {
		c := script.TLS(w)
		c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, most
		return script.Peer(lab.ServeTLS(w, c, healthy(w)))
	}
}

// settle lets what was written arrive, before a reset would overtake it.
func settle(*lab.Conn) error {
	time.Sleep(100 * time.Millisecond)
	return nil
}

func handshakes() Group {
	// After the client's first words, so that they do not cross.
	says := func(text string) peer { return raw(lab.Await, lab.Write(text), lab.Hang) }
	return Group{"TLS handshakes", "the peer", []Behaviour{
		{Does: "speaks plain HTTP", Reports: "tls/not_tls", peer: says("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")},
		{Does: "greets as a mail server does", Reports: "tls/not_tls", peer: says("220 mail.contoso.test ESMTP\r\n")},
		{Does: "sends garbage", Reports: "tls/not_tls", peer: says("\x00\xff\x00\xff\x00\xff\x00\xff")},
		{Does: "sends garbage in a record of TLS", Reports: "tls/handshake", peer: says("\x16\x03\x03\x00\x08garbage!")},
		{Does: "sends garbage without end", Reports: "tls/not_tls", Floods: true, peer: raw(lab.Await, script.Endless("\x00\xff"))},
		{Does: "sends records of the largest size without end", Reports: "tls/handshake", Floods: true, peer: raw(lab.Await, script.Endless("\x16\x03\x03\x40\x00"+strings.Repeat("\x02\xff\xff\xff", 1<<12)))},
		{Does: "sends empty records without end", Reports: "tls/handshake", Floods: true, peer: raw(lab.Await, script.Endless("\x16\x03\x03\x00\x00"))},
		{Does: "sends warnings without end", Reports: "tls/handshake", Floods: true, peer: raw(lab.Await, script.Endless("\x15\x03\x03\x00\x02\x01\x5a"))},
		{Does: "refuses with an alert (handshake_failure)", Reports: "tls/alert", peer: says("\x15\x03\x03\x00\x02\x02\x28")},
		{Does: "does not know the name (unrecognized_name)", Reports: "tls/alert", peer: says("\x15\x03\x03\x00\x02\x02\x70")},
		{Does: "refuses the version with an alert", Reports: "tls/version", peer: says("\x15\x03\x03\x00\x02\x02\x46")},
		{Does: "speaks TLS 1.1 at most", Reports: "tls/version", peer: old},
		{Does: "was kept from TLS 1.3 by somebody in between (downgrade)", Reports: "tls/handshake", peer: says(downgraded())},
		{Does: "closes after the client's first words", Reports: "tls/closed", peer: raw(lab.Await)},
		{Does: "resets after the client's first words", Reports: "tls/reset", peer: raw(lab.Await, lab.Reset)},
		{Does: "closes in the midst of its handshake", Reports: "tls/interrupted", peer: raw(lab.Await, lab.Write("\x16\x03\x03\x02\x00\x02\x00\x01\xfc\x03\x03"+strings.Repeat("r", 300)))},
		{Does: "resets in the midst of its handshake", Reports: "tls/interrupted", peer: raw(lab.Await, lab.Write("\x16\x03\x03\x02\x00\x02\x00\x01\xfc\x03\x03"+strings.Repeat("r", 300)), settle, lab.Reset)},
		{Does: "sends its handshake byte by byte", Reports: "tls/timeout", Hangs: true, peer: raw(lab.Await, lab.Write("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"), script.Dripping("\x03"))},
		{Does: "wants a certificate of the client (TLS 1.3)", Reports: "receive/client_certificate", peer: wantsCertificate(0)},
		{Does: "wants a certificate of the client (TLS 1.2)", Reports: "tls/client_certificate", peer: wantsCertificate(tls.VersionTLS12)},
		{Does: "ends TLS with an alert after the request (TLS 1.2)", Reports: "receive/alert", peer: alerts},
		{Does: "wants to negotiate anew after the request (TLS 1.2)", Reports: "receive/renegotiation", peer: renegotiates},
	}}
}
