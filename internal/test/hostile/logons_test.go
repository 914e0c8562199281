package hostile

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// account is an auth with one scheme.
func account(scheme string) string {
	return `username: 'CONTOSO\probe', password_file: secret, schemes: [` + scheme + `]`
}

// logon is a row's peer of a module with an auth: it answers by what the Authorization field holds, request by request.
func logon(scheme string, answer func(authorization string) []lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		s := https(asking(answer))(t)
		s.auth = account(scheme)
		return s
	}
}

func asking(answer func(authorization string) []lab.Step) lab.Step {
	step := lab.Branch(func(head string) []lab.Step {
		_, rest, _ := strings.Cut(head, "\r\nAuthorization: ")
		authorization, _, _ := strings.Cut(rest, "\r\n")
		return append(received(head), answer(authorization)...)
	})
	return func(c *lab.Conn) error {
		for {
			if err := step(c); err != nil {
				return err
			}
		}
	}
}

// unauthorized is a 401 with these challenges.
func unauthorized(challenges ...string) lab.Step {
	var b strings.Builder
	b.WriteString("HTTP/1.1 401 Unauthorized\r\n")
	for _, c := range challenges {
		b.WriteString("WWW-Authenticate: " + c + "\r\n")
	}
	return lab.Write(b.String() + "Content-Length: 0\r\n\r\n")
}

// always answers every request with the same steps.
func always(steps ...lab.Step) func(string) []lab.Step {
	return func(string) []lab.Step { return steps }
}

// challenge is NTLM's second message (MS-NLMP section 2.2.1.2), with this much target information.
func challenge(info string) string {
	m := make([]byte, 48, 48+len(info))
	copy(m, "NTLMSSP\x00\x02")
	binary.LittleEndian.PutUint32(m[20:], 0xa2898205)
	copy(m[24:], "nonsense")
	binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
	binary.LittleEndian.PutUint16(m[42:], uint16(len(info)))
	binary.LittleEndian.PutUint32(m[44:], 48)
	return "NTLM " + base64.StdEncoding.EncodeToString(append(m, info...))
}

// names are pairs of target information: the computer's and the domain's.
const computers = "\x01\x00\x08\x00E\x00X\x000\x001\x00\x02\x00\x08\x00C\x00O\x00N\x00T\x00\x00\x00\x00\x00"

// legs answers each leg of an NTLM logon in its own way: without credentials, after the first message, after the last.
func legs(second, third []lab.Step) func(string) []lab.Step {
	return func(authorization string) []lab.Step {
		switch {
		case strings.HasPrefix(authorization, "NTLM TlRMTVNTUAAB"):
			return second
		case authorization != "":
			return third
		}
		return []lab.Step{unauthorized("NTLM")}
	}
}

func one(step lab.Step) []lab.Step { return []lab.Step{step} }

func logons() group {
	refused := one(unauthorized("NTLM"))
	asked := func(token string) func(*testing.T) site {
		return logon("ntlm", legs(one(unauthorized(token)), refused))
	}
	basic := func(then ...lab.Step) func(*testing.T) site {
		return logon("basic", func(authorization string) []lab.Step {
			if authorization == "" {
				return one(unauthorized("Basic realm=x"))
			}
			return then
		})
	}
	return group{"Logons", "the peer", []fault{
		{does: "answers every request with 401 (Basic)", peer: logon("basic", always(unauthorized("Basic realm=x"))), reports: overHTTP("auth/refused").but(authRoundtrips, "auth/refused, auth_only_basic")},
		{does: "answers every leg with the same 401 (NTLM)", peer: logon("ntlm", always(unauthorized("NTLM"))), reports: overHTTP("auth/handshake_broken")},
		{does: "answers every leg with a challenge (NTLM)", peer: logon("ntlm", always(unauthorized("NTLM", challenge(computers)))), reports: overHTTP("auth/handshake_broken")},
		{does: "refuses the last leg (NTLM)", peer: asked(challenge(computers)), reports: overHTTP("auth/refused")},
		{does: "asks for a logon, and does not say which", peer: logon("ntlm", always(unauthorized())), reports: overHTTP("auth/scheme_not_offered")},
		{does: "offers schemes that nobody knows", peer: logon("ntlm", always(unauthorized("Hoba", "Digest realm=x", `X x="`))), reports: overHTTP("auth/scheme_not_offered")},
		{does: "sends a challenge that is no base64", peer: asked("NTLM %%%"), reports: overHTTP("auth/handshake_broken")},
		{does: "sends a challenge of garbage", peer: asked("NTLM " + base64.StdEncoding.EncodeToString([]byte("garbage"))), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge whose parts lie outside of it", peer: asked(outside()), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge with a channel binding of its own", peer: asked(challenge(binding + computers)), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge whose flags deny what it carries", peer: asked(denied()), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge whose time carries a channel binding", peer: asked(challenge("\x07\x00\x2c\x00" + strings.Repeat("\x00", 20) + binding + "\x00\x00\x00\x00" + computers)), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge that leaves a channel binding no place", peer: asked(bare()), reports: overHTTP("auth/challenge_malformed")},
		{does: "sends a challenge of 700 kB", peer: asked("NTLM " + base64.StdEncoding.EncodeToString(make([]byte, 512<<10))), reports: overHTTP("auth/handshake_broken"), floods: true},
		{does: "sends 900 challenges of 1 kB", peer: logon("ntlm", always(unauthorized(many401()...))), reports: overHTTP("auth/scheme_not_offered"), floods: true},
		{does: "sends 100,000 challenges in one field", peer: logon("ntlm", always(unauthorized(strings.Repeat("X a=b,", 100_000)))), reports: overHTTP("auth/scheme_not_offered"), floods: true},
		{does: "answers 200 in the midst of the logon", peer: logon("ntlm", legs(one(lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")), refused)), reports: overHTTP("auth/handshake_broken")},
		{does: "closes in the midst of the logon", peer: logon("ntlm", legs(one(lab.Cut), refused)), reports: overHTTP("auth/connection_closed")},
		{does: "says nothing in the midst of the logon", peer: logon("ntlm", legs(one(lab.Hang), refused)), reports: overHTTP("receive/timeout"), hangs: true},
		{does: "resets after the last leg", peer: logon("ntlm", legs(one(unauthorized(challenge(computers))), one(lab.Reset))), reports: overHTTP("auth/connection_closed")},
		{does: "says nothing after the logon (Basic)", peer: basic(lab.Hang), reports: overHTTP("receive/timeout").but(authRoundtrips, "receive/timeout, auth_only_basic"), hangs: true},
		{does: "sends who has logged on elsewhere", peer: basic(lab.Write("HTTP/1.1 302 Found\r\nLocation: https://mail.fabrikam.test/autodiscover/autodiscover.xml\r\nContent-Length: 0\r\n\r\n")),
			reports: overHTTP("success").but(ewsSync, "status/redirected").but(authRoundtrips, "status/not_fetched, auth_only_basic").
				but(autodiscover, "policy/redirect_not_allowed, autodiscover_redirect_not_allowed")},
	}}
}

// binding is a pair that binds a logon to a certificate, which no server sends.
const binding = "\x0a\x00\x10\x00another binding!"

// denied is a challenge whose flags say that it has no target information, and which has.
func denied() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(challenge(binding+computers), "NTLM "))
	m[22] &^= 0x80 // NTLMSSP_NEGOTIATE_TARGET_INFO
	return "NTLM " + base64.StdEncoding.EncodeToString(m)
}

// bare is a challenge without target information, as servers without Extended Protection may send it.
func bare() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(challenge(""), "NTLM "))
	m[22] &^= 0x80
	return "NTLM " + base64.StdEncoding.EncodeToString(m)
}

// outside is a challenge whose target information begins beyond its end.
func outside() string {
	m, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(challenge(computers), "NTLM "))
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
