package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jcmturner/gofork/encoding/asn1"
	gokrb5 "github.com/jcmturner/gokrb5/v8/spnego"

	"github.com/ews-exporter/ews_exporter/internal/failure"
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
	m := negotiateMessage()
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
	for name, token := range map[string][]byte{"plain": goodChallenge, "within SPNEGO": wrapped} {
		c, ok := ReadNTLM(Challenge{Token68: base64.StdEncoding.EncodeToString(token)})
		if want := "computer ex01.contoso.com, domain CONTOSO, Windows version 10.0.20348"; !ok || c.String() != want || c.Computer != "EX01" {
			t.Errorf("%s: %v, %q, want %q", name, ok, c, want)
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

func TestNTLMBindsItsAnswer(t *testing.T) {
	t.Parallel()
	for _, binding := range []Binding{Right, None} {
		setting := ntlmSetting()
		setting.Binding = binding
		n := &ntlm{setting: setting, asked: true}
		// What a server sends by itself under this id must not survive.
		answer, complete, err := n.answer(challengeMessage(avPairs(avPair{avComputer, wide("EX01")}, avPair{avChannelBindings, make([]byte, 16)})))
		if err != nil || !complete {
			t.Fatal(complete, err)
		}
		pair := append([]byte{avChannelBindings, 0, 16, 0}, Right.hash(setting.Leaf)...)
		if has := bytes.Contains(answer, pair); has != (binding == Right) {
			t.Errorf("%s: the answer has the binding: %v", binding, has)
		}
		if bytes.Contains(answer, append([]byte{avChannelBindings, 0, 16, 0}, make([]byte, 16)...)) {
			t.Errorf("%s: the answer has a binding of zeros", binding)
		}
	}
}

// BenchmarkNTLM is a logon's share of the exporter: the challenge read, and answered with the server's certificate bound.
func BenchmarkNTLM(b *testing.B) {
	setting := ntlmSetting()
	b.ReportAllocs()
	for b.Loop() {
		n := &ntlm{setting: setting, asked: true}
		if _, _, err := n.answer(goodChallenge); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNTLMMalformedChallenges(t *testing.T) {
	t.Parallel()
	outside := bytes.Clone(goodChallenge)
	binary.LittleEndian.PutUint32(outside[challengeInfo+4:], 0xfffffff0)
	keyExchange := bytes.Clone(goodChallenge)
	binary.LittleEndian.PutUint32(keyExchange[challengeFlags:], flagUnicode|flagTargetInfo|1<<30)
	tests := map[string][]byte{
		"empty":                           {},
		"another protocol's":              []byte("HELO mail.contoso.com"),
		"cut in the head":                 goodChallenge[:20],
		"cut in the target information":   goodChallenge[:70],
		"target information outside":      outside,
		"a pair longer than all":          challengeMessage([]byte{avComputer, 0, 0xff, 0xff, 'E'}),
		"huge":                            append(bytes.Clone(goodChallenge), make([]byte, challengeMost)...),
		"an answer instead of a question": append(binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 3), make([]byte, 60)...),
		"key exchange nobody asked for":   keyExchange,
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := legs(t, "ntlm", token)
			if !failure.Is(err, failure.Auth, ChallengeMalformed, HandshakeBroken) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
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

func FuzzReadNTLM(f *testing.F) {
	f.Add(goodChallenge)
	f.Add(goodChallenge[:60])
	f.Fuzz(func(t *testing.T, token []byte) {
		if c, err := parseNTLM(token); err == nil {
			_ = c.String()
			n := &ntlm{setting: ntlmSetting(), asked: true}
			if answer, _, err := n.answer(token); err == nil && len(answer) > 3*challengeMost {
				t.Errorf("%d bytes", len(answer))
			}
		}
	})
}

func FuzzSPNEGO(f *testing.F) {
	f.Add([]byte{0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2})
	f.Fuzz(func(_ *testing.T, token []byte) { _, _ = responseToken(token) })
}
