package hostile

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// account is an auth with one scheme.
func account(scheme string) string {
	return `username: 'CONTOSO\probe', password: correct-horse-battery, schemes: [` + scheme + `]`
}

// logon is a peer of a module with an auth: it answers by what the Authorization field holds, request by request.
func logon(scheme string, answer func(authorization string) []lab.Step) peer {
	return func(w world) lab.Peer {
		p := script.HTTPS(w, script.Asking(answer))
		p.Logon = account(scheme)
		return p
	}
}

// always answers every request with the same steps.
func always(steps ...lab.Step) func(string) []lab.Step {
	return func(string) []lab.Step { return steps }
}

func one(step lab.Step) []lab.Step { return []lab.Step{step} }

func logons() Group {
	refused := one(script.Unauthorized("NTLM"))
	asked := func(token string) peer {
		return logon("ntlm", script.Legs(one(script.Unauthorized(token)), refused))
	}
	basic := func(then ...lab.Step) peer {
		return logon("basic", func(authorization string) []lab.Step {
			if authorization == "" {
				return one(script.Unauthorized("Basic realm=x"))
			}
			return then
		})
	}
	return Group{"Logons", "the peer", []Behaviour{
		{Does: "answers every request with 401 (Basic)", Reports: "auth/refused", peer: logon("basic", always(script.Unauthorized("Basic realm=x")))},
		{Does: "answers every leg with the same 401 (NTLM)", Reports: "auth/handshake_broken", peer: logon("ntlm", always(script.Unauthorized("NTLM")))},
		{Does: "answers every leg with a challenge (NTLM)", Reports: "auth/handshake_broken", peer: logon("ntlm", always(script.Unauthorized("NTLM", script.Challenge(script.Computers))))},
		{Does: "refuses the last leg (NTLM)", Reports: "auth/refused", peer: asked(script.Challenge(script.Computers))},
		{Does: "asks for a logon, and does not say which", Reports: "auth/scheme_not_offered", peer: logon("ntlm", always(script.Unauthorized()))},
		{Does: "offers schemes that nobody knows", Reports: "auth/scheme_not_offered", peer: logon("ntlm", always(script.Unauthorized("Hoba", "Digest realm=x", `X x="`)))},
		{Does: "sends a challenge that is no base64", Reports: "auth/handshake_broken", peer: asked("NTLM %%%")},
		{Does: "sends a challenge of garbage", Reports: "auth/challenge_malformed", peer: asked("NTLM " + base64.StdEncoding.EncodeToString([]byte("garbage")))},
		{Does: "sends a challenge whose parts lie outside of it", Reports: "auth/challenge_malformed", peer: asked(outside())},
		{Does: "sends a challenge with a channel binding of its own", Reports: "auth/challenge_malformed", peer: asked(script.Challenge(binding + script.Computers))},
		{Does: "sends a challenge whose flags deny what it carries", Reports: "auth/challenge_malformed", peer: asked(denied())},
		{Does: "sends a challenge whose time carries a channel binding", Reports: "auth/challenge_malformed", peer: asked(script.Challenge("\x07\x00\x2c\x00" + strings.Repeat("\x00", 20) + binding + "\x00\x00\x00\x00" + script.Computers))},
		{Does: "sends a challenge that leaves a channel binding no place", Reports: "auth/challenge_malformed", peer: asked(bare())},
		{Does: "sends a challenge of 700 kB", Reports: "auth/handshake_broken", Floods: true, peer: asked("NTLM " + base64.StdEncoding.EncodeToString(make([]byte, 512<<10)))},
		{Does: "sends 900 challenges of 1 kB", Reports: "auth/scheme_not_offered", Floods: true, peer: logon("ntlm", always(script.Unauthorized(many401()...)))},
		{Does: "sends 100,000 challenges in one field", Reports: "auth/scheme_not_offered", Floods: true, peer: logon("ntlm", always(script.Unauthorized(strings.Repeat("X a=b,", 100_000))))},
		{Does: "shows a certificate to which no logon can be bound", Reports: "auth/binding_undefined", peer: unbound},
		{Does: "answers 200 in the midst of the logon", Reports: "auth/handshake_broken", peer: logon("ntlm", script.Legs(one(lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")), refused))},
		{Does: "closes in the midst of the logon", Reports: "auth/connection_closed", peer: logon("ntlm", script.Legs(one(lab.Cut), refused))},
		{Does: "says nothing in the midst of the logon", Reports: "receive/timeout", Hangs: true, peer: logon("ntlm", script.Legs(one(lab.Hang), refused))},
		{Does: "resets after the last leg", Reports: "auth/connection_closed", peer: logon("ntlm", script.Legs(one(script.Unauthorized(script.Challenge(script.Computers))), one(lab.Reset)))},
		{Does: "says nothing after the logon (Basic)", Reports: "receive/timeout", Hangs: true, peer: basic(lab.Hang)},
		{Does: "sends who has logged on elsewhere", Reports: "success", peer: basic(lab.Write("HTTP/1.1 302 Found\r\nLocation: https://mail.fabrikam.test/autodiscover/autodiscover.xml\r\nContent-Length: 0\r\n\r\n"))},
	}}
}

// unbound is a peer whose certificate was signed by Ed25519, for which RFC 5929 defines no binding.
func unbound(w world) lab.Peer {
	pair := script.BelowEd25519(script.Authority())
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	p := script.Peer(lab.ServeTLS(w, config, script.Asking(script.Legs(one(script.Unauthorized(script.Challenge(script.Computers))), one(script.Unauthorized("NTLM"))))))
	p.Logon = account("ntlm")
	return p
}

// binding is a pair that binds a logon to a certificate, which no server sends.
const binding = "\x0a\x00\x10\x00another binding!"

// denied is a challenge whose flags say that it has no target information, and which has.
func denied() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(script.Challenge(binding+script.Computers), "NTLM "))
	m[22] &^= 0x80 // NTLMSSP_NEGOTIATE_TARGET_INFO
	return "NTLM " + base64.StdEncoding.EncodeToString(m)
}

// bare is a challenge without target information, as servers without Extended Protection may send it.
func bare() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(script.Challenge(""), "NTLM "))
	m[22] &^= 0x80
	return "NTLM " + base64.StdEncoding.EncodeToString(m)
}

// outside is a challenge whose target information begins beyond its end.
func outside() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(script.Challenge(script.Computers), "NTLM "))
	binary.LittleEndian.PutUint32(m[44:], 0xfffffff0)
	return "NTLM " + base64.StdEncoding.EncodeToString(m)
}

// many401 are challenges of a scheme that nobody knows, each with a token of its own.
func many401() []string {
	var all []string
	for i := range 900 {
		all = append(all, fmt.Sprintf("X %d%s", i, strings.Repeat("a", 1000)))
	}
	return all
}
