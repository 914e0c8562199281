package conformance

import (
	"bytes"
	"crypto/md5" //nolint:gosec // MS-NLMP names it
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// relayed is what a box got that clients trust, and that would carry their logons on to a server behind another certificate.
type relayed struct {
	own    []byte // what a logon carries that is bound to the certificate which the box showed
	forged bool   // its challenge is none that a server makes

	mu     sync.Mutex
	proofs [][]byte // AUTHENTICATE messages (MS-NLMP section 2.2.1.3)
}

// theirs is what a logon carries that is bound to the certificate of the server which the box carries logons on to.
const theirs = "another binding!"

// challenge is what such a box makes of a server's challenge.
type challenge struct {
	does   string
	forged bool
	make   func() string // NTLM's second message, in base64 behind the scheme
}

// challenges are the ways in which a relay could have a proof that is bound to the server's certificate, or to none.
func challenges() []challenge {
	const binding = "\x0a\x00\x10\x00" + theirs // MsvAvChannelBindings
	return []challenge{
		{"as it came", false, func() string { return script.Challenge(script.Computers) }},
		{"with the server's binding in it", true, func() string { return script.Challenge(binding + script.Computers) }},
		{"with the server's binding, which its flags deny", true, func() string { return uninformed(script.Challenge(binding + script.Computers)) }},
		{"without a place for a binding", true, func() string { return uninformed(script.Challenge("")) }},
	}
}

// uninformed is a challenge whose flags say that it has no target information.
func uninformed(challenge string) string {
	scheme, token, _ := strings.Cut(challenge, " ")
	m, _ := base64.StdEncoding.DecodeString(token)
	m[22] &^= 0x80 // NTLMSSP_NEGOTIATE_TARGET_INFO
	return scheme + " " + base64.StdEncoding.EncodeToString(m)
}

// relays are plays at boxes that ask for a logon by Windows' schemes; none for a prober that cannot make one.
func (x *Examination) relays() (plays []play) {
	settings := x.Definition.New()
	if x.Definition.NoLogon {
		return nil
	}
	for _, scheme := range []string{"NTLM", "Negotiate"} {
		if l, ok := settings.(prober.LogonLimiter); ok {
			if _, problem := l.LogonProblem([]string{strings.ToLower(scheme)}); problem != "" {
				continue
			}
		}
		for _, c := range challenges() {
			where := fmt.Sprintf("relay of %s that passes the server's challenge on %s", scheme, c.does)
			plays = append(plays, play{where: where, run: func(s *stage) *Observation {
				secure := script.TLS(s)
				r := &relayed{own: bindingOf(secure.Certificates[0]), forged: c.forged}
				p := x.least(script.Peer(lab.ServeTLS(s, secure, script.Asking(r.answer(scheme, c.make())))))
				p.Logon = `username: 'CONTOSO\probe', password: correct-horse-battery, schemes: [` + strings.ToLower(scheme) + `]`
				o := x.meet(s, p, brief, false, 1)
				o.Relayed, o.Begun, o.Reached = r, true, true
				return o
			}})
		}
	}
	return plays
}

// answer asks for a logon, answers the first message with the challenge, and keeps what answers that.
func (r *relayed) answer(scheme, challenge string) func(authorization string) []lab.Step {
	if scheme == "Negotiate" {
		challenge = wrapped(challenge)
	}
	return func(authorization string) []lab.Step {
		_, token, _ := strings.Cut(authorization, " ")
		raw, _ := base64.StdEncoding.DecodeString(token)
		at := bytes.Index(raw, []byte("NTLMSSP\x00")) // as it is, or within SPNEGO
		switch {
		case at < 0 || len(raw) < at+9:
			return []lab.Step{script.Unauthorized(scheme)}
		case raw[at+8] == 1:
			return []lab.Step{script.Unauthorized(challenge)}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.proofs = append(r.proofs, raw[at:])
		return []lab.Step{script.Unauthorized(scheme)}
	}
}

// wrapped is a challenge of NTLM's in an answer of SPNEGO (RFC 4178 section 4.2.2).
func wrapped(challenge string) string {
	_, token, _ := strings.Cut(challenge, " ")
	m, _ := base64.StdEncoding.DecodeString(token)
	answer, err := (&spnego.NegTokenResp{
		NegState: asn1.Enumerated(spnego.NegStateAcceptIncomplete), SupportedMech: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}, ResponseToken: m,
	}).Marshal()
	if err != nil {
		panic(err)
	}
	return "Negotiate " + base64.StdEncoding.EncodeToString(answer)
}

// bindingOf is what a logon carries that is bound to a certificate (RFC 5929 section 4.1, MS-NLMP section 2.2.2.1).
func bindingOf(pair tls.Certificate) []byte {
	digest := sha256.Sum256(pair.Certificate[0])
	data := append([]byte("tls-server-end-point:"), digest[:]...)
	sum := md5.Sum(append(binary.LittleEndian.AppendUint32(make([]byte, 16), uint32(len(data))), data...)) //nolint:gosec // see the import
	return sum[:]
}

// bindings are those that a proof carries.
func bindings(proof []byte) (all [][]byte) {
	const field, before = 20, 16 + 28 // the response's, and what it holds before its pairs (MS-NLMP section 2.2.2.7)
	if len(proof) < field+8 {
		return nil
	}
	length, at := int(binary.LittleEndian.Uint16(proof[field:])), int(binary.LittleEndian.Uint32(proof[field+4:]))
	if length < before || at+length > len(proof) {
		return nil
	}
	pairs := proof[at+before : at+length]
	for len(pairs) >= 4 {
		id, n := binary.LittleEndian.Uint16(pairs), 4+int(binary.LittleEndian.Uint16(pairs[2:]))
		if id == 0 || n > len(pairs) {
			break
		}
		if id == 10 { // MsvAvChannelBindings
			all = append(all, pairs[4:n])
		}
		pairs = pairs[n:]
	}
	return all
}

// bindsItsLogons holds that a box which clients trust cannot carry a logon on to a server behind another certificate.
func bindsItsLogons(x *Examination, complain complain) {
	for _, o := range x.Seen {
		r := o.Relayed
		if r == nil {
			continue
		}
		r.mu.Lock()
		proofs := r.proofs
		r.mu.Unlock()
		switch {
		case r.forged && len(proofs) > 0:
			complain("%s: it is answered, which no forged challenge may be: log on by Session.LogOn", o.Where)
		case !r.forged && len(proofs) == 0:
			complain("%s: no logon came (%s), so that nothing shows whether it is bound", o.Where, o.failure())
		}
		for _, proof := range proofs {
			if b := bindings(proof); !r.forged && (len(b) != 1 || !bytes.Equal(b[0], r.own)) {
				complain("%s: the logon is bound to %q, and not to the certificate that was seen: log on by Session.LogOn", o.Where, b)
			}
		}
	}
}
