package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jcmturner/gofork/encoding/asn1"
	gokrb5 "github.com/jcmturner/gokrb5/v8/spnego"
	"golang.org/x/crypto/md4" //nolint:gosec,staticcheck // MS-NLMP is made of it

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

func wide(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func avPairs(pairs ...avPair) (info []byte) {
	for _, p := range append(pairs, avPair{avEOL, nil}) {
		info = binary.LittleEndian.AppendUint16(info, p.id)
		info = binary.LittleEndian.AppendUint16(info, uint16(len(p.value)))
		info = append(info, p.value...)
	}
	return info
}

// challengeMessage is a CHALLENGE with this target information.
func challengeMessage(info []byte) []byte {
	m := binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 2)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint32(m, flagUnicode|flagNTLM|flagTargetInfo|flagVersion)
	m = append(m, "challeng"...)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint16(m, uint16(len(info)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(info)))
	m = binary.LittleEndian.AppendUint32(m, 56)
	return append(append(m, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15), info...)
}

var goodChallenge = challengeMessage(avPairs(avPair{avDomain, wide("CONTOSO")}, avPair{avComputer, wide("EX01")}, avPair{avDNSComputer, wide("ex01.contoso.com")}))

func ntlmSetting() Setting {
	return Setting{Login: Login{Username: `CONTOSO\svc`, Secret: secret.New("hunter2")}, Binding: Right,
		Leaf: &x509.Certificate{Raw: []byte("leaf"), SignatureAlgorithm: x509.SHA256WithRSA}}
}

// TestNegotiateMessageIsWhole: gss-ntlmssp refuses one of under 40 bytes, and leaves the target information out of its
// challenge unless it is asked for.
func TestNegotiateMessageIsWhole(t *testing.T) {
	t.Parallel()
	m := negotiateMessage(false)
	if flags := binary.LittleEndian.Uint32(m[12:]); len(m) != 40 || flags&flagRequestTarget == 0 || flags&flagTargetInfo == 0 {
		t.Errorf("%d bytes with flags %#x", len(m), flags)
	}
}

// TestBinding holds which hash a certificate is bound by (RFC 5929 §4.1), and what is never bound.
func TestBinding(t *testing.T) {
	t.Parallel()
	leaf := func(a x509.SignatureAlgorithm) *x509.Certificate {
		return &x509.Certificate{Raw: []byte("leaf"), SignatureAlgorithm: a}
	}
	right := Right.hash(leaf(x509.SHA256WithRSA))
	if len(right) != 16 {
		t.Fatalf("%d bytes", len(right))
	}
	if sha1 := Right.hash(leaf(x509.SHA1WithRSA)); !bytes.Equal(sha1, right) {
		t.Error("a certificate signed with SHA-1 is not bound by its SHA-256 (RFC 5929 §4.1)")
	}
	if sha384 := Right.hash(leaf(x509.ECDSAWithSHA384)); bytes.Equal(sha384, right) {
		t.Error("a certificate signed with SHA-384 is not bound by that")
	}
	if wrong := Wrong.hash(leaf(x509.SHA256WithRSA)); len(wrong) != 16 || bytes.Equal(wrong, right) {
		t.Error("the wrong binding is not wrong")
	}
	for name, none := range map[string][]byte{
		"none": None.hash(leaf(x509.SHA256WithRSA)), "without TLS": Right.hash(nil), "Ed25519": Right.hash(leaf(x509.PureEd25519)),
	} {
		if none != nil {
			t.Errorf("%s: bound to %x", name, none)
		}
	}
}

func TestReadNTLM(t *testing.T) {
	t.Parallel()
	resp := gokrb5.NegTokenResp{NegState: asn1.Enumerated(gokrb5.NegStateAcceptIncomplete), ResponseToken: goodChallenge}
	wrapped, err := resp.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for scheme, token := range map[string][]byte{"NTLM": goodChallenge, "Negotiate": wrapped} {
		c, ok := ReadNTLM(Challenge{Scheme: scheme, Token68: base64.StdEncoding.EncodeToString(token)})
		if want := "computer ex01.contoso.com, domain CONTOSO, Windows version 10.0.20348"; !ok || c.String() != want || c.Computer != "EX01" {
			t.Errorf("%s: %v, %q, want %q", scheme, ok, c, want)
		}
	}
}

// TestReadNTLMShowsWhatIsAnswered: what would not be answered is not shown as the server's either, though there is a
// message somewhere in it.
func TestReadNTLMShowsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	behind := gokrb5.NegTokenResp{NegState: asn1.Enumerated(gokrb5.NegStateAcceptIncomplete), MechListMIC: goodChallenge}
	aside, err := behind.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		scheme string
		token  []byte
	}{
		"behind something else":   {"NTLM", append([]byte("something"), goodChallenge...)},
		"within SPNEGO's own":     {"Negotiate", aside},
		"plain, where SPNEGO is":  {"Negotiate", goodChallenge},
		"one that contradicts it": {"NTLM", withoutFlag(bytes.Clone(goodChallenge))},
	} {
		challenge := Challenge{Scheme: c.scheme, Token68: base64.StdEncoding.EncodeToString(c.token)}
		if said, ok := ReadNTLM(challenge); ok {
			t.Errorf("%s: shown as %s", name, said)
		}
		scheme, err := NewScheme(strings.ToLower(c.scheme), ntlmSetting())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := scheme.Next(t.Context(), Challenge{Scheme: c.scheme}); err != nil {
			t.Fatal(err)
		}
		if answer, _, err := scheme.Next(t.Context(), challenge); answer != "" || err == nil {
			t.Errorf("%s: answered", name)
		}
	}
}

// legs runs a scheme against a server's tokens until it is complete or fails.
func legs(t *testing.T, name string, tokens ...[]byte) (last string, complete bool, err error) {
	t.Helper()
	scheme, err := NewScheme(name, ntlmSetting())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		challenge := Challenge{Scheme: name}
		if i > 0 {
			challenge.Token68 = base64.StdEncoding.EncodeToString(tokens[i-1])
		}
		if proves := scheme.Proves(); proves != (i > 0) {
			t.Errorf("leg %d proves the secret: %v", i, proves)
		}
		last, complete, err = scheme.Next(t.Context(), challenge)
		if err != nil || i == len(tokens) {
			return last, complete, err
		}
	}
}

// answered is what a server reads in AUTHENTICATE (MS-NLMP §2.2.1.3), as such a one reads it and not this package.
type answered struct {
	flags    uint32
	response []byte
	pairs    []avPair
}

func readAnswer(t *testing.T, m []byte) answered {
	t.Helper()
	content := func(at int) []byte {
		length, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
		return m[offset : offset+length]
	}
	a := answered{flags: binary.LittleEndian.Uint32(m[60:]), response: content(20)}
	const proof, fixed = 16, 28
	for info := a.response[proof+fixed:]; len(info) >= 4; {
		id, length := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		if id == avEOL {
			return a
		}
		a.pairs, info = append(a.pairs, avPair{id, info[4 : 4+length]}), info[4+length:]
	}
	if binary.LittleEndian.Uint32(m[60:])&flagTargetInfo != 0 {
		t.Errorf("the pairs of %x have no end", a.response)
	}
	return a
}

// values are those of an id.
func (a answered) values(id uint16) (values [][]byte) {
	for _, p := range a.pairs {
		if p.id == id {
			values = append(values, p.value)
		}
	}
	return values
}

// TestNTLMBindsItsAnswer: the answer carries the binding, or none, and of what the server said what an answer repeats.
func TestNTLMBindsItsAnswer(t *testing.T) {
	t.Parallel()
	names := []avPair{{avDomain, wide("CONTOSO")}, {avComputer, wide("EX01")}}
	stamp := avPair{avTimestamp, []byte("a moment")}
	for name, info := range map[string][]byte{
		"names": avPairs(names...), "with a time": avPairs(append(names, stamp)...), "empty": avPairs(),
		"a constrained account": avPairs(append(names, avPair{avFlags, []byte{avConstrained, 0, 0, 0}})...),
		"a machine's own":       avPairs(append(names, avPair{avSingleHost, make([]byte, 48)})...),
		"nobody knows what":     avPairs(append(names, avPair{77, []byte{avChannelBindings, 0, 16, 0}})...),
		"filled up with zeros":  append(avPairs(names...), make([]byte, 4)...),
	} {
		for _, binding := range []Binding{Right, Wrong, None} {
			setting := ntlmSetting()
			setting.Binding = binding
			n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
			m, complete, err := n.answer(challengeMessage(info))
			if err != nil || !complete {
				t.Fatal(name, complete, err)
			}
			a, want := readAnswer(t, m), [][]byte{}
			if binding != None {
				want = append(want, binding.hash(setting.Leaf))
			}
			if got := a.values(avChannelBindings); !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%s, %s: bound to %x, want %x", name, binding, got, want)
			}
			if a.values(avSingleHost) != nil || a.values(77) != nil || (a.values(avDomain) == nil) != (name == "empty") {
				t.Errorf("%s: the answer repeats %v", name, a.pairs)
			}
		}
	}
}

// TestNTLMIntegrity: with its time a server asks for a message integrity code, and gets one over all that was said.
// That gss-ntlmssp finds it right is what TestNTLMIntegrityJudgedByGSSAPI holds.
func TestNTLMIntegrity(t *testing.T) {
	t.Parallel()
	for _, settings := range []byte{0, avConstrained} {
		pairs := []avPair{{avComputer, wide("EX01")}, {avTimestamp, []byte("a moment")}, {avFlags, []byte{settings, 0, 0, 0}}}
		for stamped, challenge := range map[bool][]byte{true: challengeMessage(avPairs(pairs...)), false: challengeMessage(avPairs(pairs[0], pairs[2]))} {
			n := &ntlm{setting: ntlmSetting(), negotiate: negotiateMessage(false)}
			m, _, err := n.answer(challenge)
			if err != nil {
				t.Fatal(err)
			}
			var flags uint32
			for _, v := range readAnswer(t, m).values(avFlags) {
				flags |= binary.LittleEndian.Uint32(v)
			}
			if (flags&avIntegrity != 0) != stamped || flags&avConstrained != uint32(settings) {
				t.Errorf("stamped %t, the server's flags %d: flags %d", stamped, settings, flags)
			}
			if stamped && !integrates(n, m, challenge) {
				t.Error("the code is not that of the messages")
			}
		}
	}
}

// integrates tells whether the message integrity code in m is that of the three messages.
func integrates(n *ntlm, m, challenge []byte) bool {
	const at, length = 72, 16
	bare := bytes.Clone(m)
	clear(bare[at : at+length])
	return bytes.Equal(m[at:at+length], hmacMD5(sessionKey(m, n.setting.Login.Secret.Reveal()), n.negotiate, challenge, bare))
}

// TestLogonsThatCannotBeBound: what is to be bound, and cannot be, is not sent, neither by NTLM nor by Kerberos.
func TestLogonsThatCannotBeBound(t *testing.T) {
	t.Parallel()
	setting := ntlmSetting()
	setting.Leaf = &x509.Certificate{Raw: []byte("leaf"), SignatureAlgorithm: x509.PureEd25519}
	setting.Login.Kerberos = kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST"})
	for name, answer := range map[string]func() (string, bool, error){
		"ntlm": func() (string, bool, error) {
			n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
			return n.Next(t.Context(), Challenge{Scheme: "NTLM", Token68: base64.StdEncoding.EncodeToString(goodChallenge)})
		},
		"kerberos": func() (string, bool, error) {
			return negotiate(setting).Next(t.Context(), Challenge{Scheme: "Negotiate"})
		},
	} {
		if token, complete, err := answer(); token != "" || complete || !failure.Is(err, failure.Auth, BindingUndefined) {
			t.Errorf("%s: %q, %t, %v", name, token, complete, err)
		}
	}
}

// BenchmarkNTLM is a logon's share of the exporter: the challenge read, and answered with the server's certificate bound.
func BenchmarkNTLM(b *testing.B) {
	setting := ntlmSetting()
	b.ReportAllocs()
	for b.Loop() {
		n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
		if _, _, err := n.answer(goodChallenge); err != nil {
			b.Fatal(err)
		}
	}
}

// changed is the good challenge with other bytes at a place.
func changed(at int, value ...byte) []byte {
	m := bytes.Clone(goodChallenge)
	copy(m[at:], value)
	return m
}

// flagged is the good challenge with these flags more, and those less.
func flagged(more, less uint32) []byte {
	flags := binary.LittleEndian.Uint32(goodChallenge[challengeFlags:])
	return changed(challengeFlags, binary.LittleEndian.AppendUint32(nil, flags&^less|more)...)
}

// informed is a challenge with a computer's name, and these pairs behind it.
func informed(pairs ...avPair) []byte {
	return challengeMessage(avPairs(append([]avPair{{avComputer, wide("EX01")}}, pairs...)...))
}

// TestNTLMMalformedChallenges: what no server makes is not answered, whatever is to be bound.
func TestNTLMMalformedChallenges(t *testing.T) {
	t.Parallel()
	binding := make([]byte, 16)
	zero := []byte{0, 0, 0, 0}
	tests := map[string][]byte{
		"empty":                           {},
		"another protocol's":              []byte("HELO mail.contoso.com"),
		"cut in the head":                 goodChallenge[:20],
		"cut in the target information":   goodChallenge[:70],
		"target information outside":      changed(challengeInfo+4, 0xf0, 0xff, 0xff, 0xff),
		"target information in the head":  changed(challengeInfo+4, 24, 0, 0, 0),
		"a pair longer than all":          challengeMessage([]byte{avComputer, 0, 0xff, 0xff, 'E'}),
		"huge":                            append(bytes.Clone(goodChallenge), make([]byte, challengeMost)...),
		"an answer instead of a question": append(binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 3), make([]byte, 60)...),

		"key exchange nobody asked for":          flagged(flagKeyExchange, 0),
		"the key of LM":                          flagged(flagLMKey, 0),
		"without a connection":                   flagged(flagDatagram, 0),
		"not in Unicode":                         flagged(0, flagUnicode),
		"a flag for information, and none":       changed(challengeInfo, 0, 0, 0, 0),
		"information, and no flag for it":        flagged(0, flagTargetInfo),
		"name and information over each other":   changed(challengeName, 4, 0, 4, 0, 60, 0, 0, 0),
		"a name outside":                         changed(challengeName, 4, 0, 4, 0, 0xff, 0xff, 0, 0),
		"a name in the head":                     changed(challengeName, 4, 0, 4, 0, 0, 0, 0, 0),
		"no end":                                 challengeMessage([]byte{avComputer, 0, 2, 0, 'E', 0}),
		"an end with something in it":            challengeMessage([]byte{avEOL, 0, 2, 0, 'E', 0}),
		"something behind the end":               challengeMessage(append(avPairs(), 1, 0, 2, 0)),
		"a binding":                              informed(avPair{avChannelBindings, binding}),
		"a binding alone":                        challengeMessage(avPairs(avPair{avChannelBindings, binding})),
		"a binding, and no flag for information": withoutFlag(informed(avPair{avChannelBindings, binding})),
		"a binding of nothing":                   informed(avPair{avChannelBindings, nil}),
		"a target name":                          informed(avPair{avTargetName, wide("HTTP/mail")}),
		"flags of a client":                      informed(avPair{avFlags, []byte{avIntegrity, 0, 0, 0}}),
		"an untrusted name's flag":               informed(avPair{avFlags, []byte{avUntrusted, 0, 0, 0}}),
		"short flags":                            informed(avPair{avFlags, zero[:2]}),
		"a time of none":                         informed(avPair{avTimestamp, nil}),
		"a time with pairs behind it":            informed(avPair{avTimestamp, append(make([]byte, 20), avPairs(avPair{avChannelBindings, binding})...)}),
		"two times":                              informed(avPair{avTimestamp, make([]byte, 8)}, avPair{avTimestamp, make([]byte, 8)}),
		"two names":                              informed(avPair{avComputer, wide("EX02")}),
		"half a letter":                          challengeMessage(avPairs(avPair{avDomain, []byte("CON")})),
		"a name longer than any":                 informed(avPair{avDNSTree, make([]byte, maxAvText+2)}),
	}
	for name, token := range tests {
		for _, binding := range []Binding{Right, None} {
			t.Run(name+", "+string(binding), func(t *testing.T) {
				t.Parallel()
				setting := ntlmSetting()
				setting.Binding = binding
				n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
				answer, complete, err := n.Next(t.Context(), Challenge{Scheme: "NTLM", Token68: base64.StdEncoding.EncodeToString(token)})
				if answer != "" || complete || !failure.Is(err, failure.Auth, ChallengeMalformed, HandshakeBroken) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %q, %t, %v", answer, complete, err)
				}
			})
		}
	}
}

func withoutFlag(m []byte) []byte {
	binary.LittleEndian.PutUint32(m[challengeFlags:], binary.LittleEndian.Uint32(m[challengeFlags:])&^flagTargetInfo)
	return m
}

// TestNTLMWithoutTargetInformation: where a binding has no place in the answer, none is given, and what to do is said.
// An auth that binds nothing logs on.
func TestNTLMWithoutTargetInformation(t *testing.T) {
	t.Parallel()
	bare := withoutFlag(challengeMessage(nil))
	for _, binding := range []Binding{Right, Wrong} {
		setting := ntlmSetting()
		setting.Binding = binding
		n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
		if answer, complete, err := n.answer(bare); answer != nil || complete || !failure.Is(err, failure.Auth, ChallengeMalformed) || !strings.Contains(err.Error(), "channel_binding: none") {
			t.Errorf("%s: %x, %t, %v", binding, answer, complete, err)
		}
	}
	setting := ntlmSetting()
	setting.Binding = None
	n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
	if answer, complete, err := n.answer(bare); answer == nil || !complete || err != nil {
		t.Errorf("none: %t, %v", complete, err)
	}
}

func TestHandshakeThatEnds(t *testing.T) {
	t.Parallel()
	reject, _ := hex.DecodeString("a1073005a0030a0102")
	if _, _, err := legs(t, "negotiate", reject); !failure.Is(err, failure.Auth, HandshakeBroken) {
		t.Errorf("SPNEGO's reject gave %v", err)
	}
	if _, _, err := legs(t, "ntlm", goodChallenge, goodChallenge); !failure.Is(err, failure.Auth, Refused) {
		t.Errorf("a challenge after the answer gave %v", err)
	}
}

// FuzzReadNTLM: whatever challenge comes, an AUTHENTICATE message carries exactly our binding and no other, answers that
// challenge's nonce, agrees to nothing that was not offered, and brings along nothing that was not understood.
func FuzzReadNTLM(f *testing.F) {
	stamped := informed(avPair{avTimestamp, make([]byte, 8)})
	for _, seed := range [][]byte{
		goodChallenge, goodChallenge[:60], stamped, withoutFlag(challengeMessage(nil)), withoutFlag(bytes.Clone(stamped)), challengeMessage(avPairs()),
		informed(avPair{avChannelBindings, make([]byte, 16)}), informed(avPair{avTimestamp, append(make([]byte, 20), avPairs(avPair{avChannelBindings, make([]byte, 16)})...)}),
		informed(avPair{avFlags, []byte{1, 0, 0, 0}}, avPair{77, nil}), flagged(flagSign, flagTargetInfo),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		c, err := parseNTLM(token)
		_ = c.String()
		for _, binding := range []Binding{Right, None} {
			setting := ntlmSetting()
			setting.Binding = binding
			n := &ntlm{setting: setting, negotiate: negotiateMessage(false)}
			m, complete, answerErr := n.answer(token)
			if complete != (answerErr == nil) || err != nil && answerErr == nil || len(m) > challengeMost {
				t.Fatalf("%d bytes, %t, %v after %v", len(m), complete, answerErr, err)
			}
			if complete {
				checkAnswer(t, n, c, token, m)
			}
		}
	})
}

// checkAnswer checks what FuzzReadNTLM promises of one answer.
func checkAnswer(t *testing.T, n *ntlm, c NTLMChallenge, challenge, m []byte) {
	t.Helper()
	a, want := readAnswer(t, m), [][]byte{}
	if n.setting.Binding != None {
		want = append(want, n.setting.Binding.hash(n.setting.Leaf))
	}
	if got := a.values(avChannelBindings); !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("bound to %x, want %x", got, want)
	}
	if a.flags&^(offered|flagSign) != 0 {
		t.Errorf("agrees to flags %#x", a.flags)
	}
	hash := md4.New() //nolint:gosec // MS-NLMP is made of it
	_, _ = hash.Write(wide("hunter2"))
	key := hmacMD5(hash.Sum(nil), wide("SVCCONTOSO"))
	if !bytes.Equal(a.response[:16], hmacMD5(key, challenge[challengeNonce:challengeNonce+8], a.response[16:])) {
		t.Error("answers another nonce")
	}
	for _, p := range a.pairs {
		known := slices.ContainsFunc(c.pairs, func(q avPair) bool { return p.id == q.id && bytes.Equal(p.value, q.value) })
		if !known && p.id != avFlags && p.id != avChannelBindings {
			t.Errorf("brings along %d, %x", p.id, p.value)
		}
	}
	if c.stamped && !integrates(n, m, challenge) {
		t.Error("the message integrity code is not that of the messages")
	}
}

// FuzzSPNEGO: of a token within SPNEGO the message that is shown is the one that is answered, or neither is.
func FuzzSPNEGO(f *testing.F) {
	f.Add([]byte{0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2})
	for _, resp := range []gokrb5.NegTokenResp{
		{NegState: asn1.Enumerated(gokrb5.NegStateAcceptIncomplete), ResponseToken: goodChallenge},
		{NegState: asn1.Enumerated(gokrb5.NegStateAcceptIncomplete), MechListMIC: goodChallenge},
	} {
		token, err := resp.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		challenge := Challenge{Scheme: "Negotiate", Token68: base64.StdEncoding.EncodeToString(token)}
		_, shown := ReadNTLM(challenge)
		setting := ntlmSetting()
		setting.Binding = None
		s := negotiate(setting)
		if _, _, err := s.Next(t.Context(), Challenge{Scheme: "Negotiate"}); err != nil {
			t.Fatal(err)
		}
		answer, complete, err := s.Next(t.Context(), challenge)
		if complete != shown || (answer == "") != (err != nil) {
			t.Errorf("shown %t, answered %t, %v", shown, complete, err)
		}
	})
}
