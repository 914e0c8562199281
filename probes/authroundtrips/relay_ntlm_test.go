package authroundtrips_test

import (
	"bytes"
	"crypto/md5" // #nosec G501 -- MS-NLMP names it
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// Where CHALLENGE has its flags and its fields (MS-NLMP section 2.2.1.2), and which flag says that it has target
// information.
const (
	nameAt, flagsAt, infoAt = 12, 20, 40
	targetInformation       = 1 << 23
)

// The AV_PAIRs (MS-NLMP section 2.2.2.1) that an attacker has a use for.
const avEnd, avFlags, avStamp, avTarget, avBinding = 0, 6, 7, 9, 10

func avPair(id uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}

// pairsOf splits target information; the end is not among them.
func pairsOf(info []byte) (pairs [][]byte) {
	for len(info) >= 4 && binary.LittleEndian.Uint16(info) != avEnd {
		n := 4 + int(binary.LittleEndian.Uint16(info[2:]))
		if n > len(info) {
			break
		}
		pairs, info = append(pairs, info[:n]), info[n:]
	}
	return pairs
}

func idOf(pair []byte) uint16 { return binary.LittleEndian.Uint16(pair) }

func without(pairs [][]byte, id uint16) [][]byte {
	return slices.DeleteFunc(slices.Clone(pairs), func(p []byte) bool { return idOf(p) == id })
}

// part is what a field at this place says; empty when it lies outside of the message.
func part(m []byte, at int) []byte {
	n, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
	if n+offset > len(m) {
		return nil
	}
	return m[offset : offset+n]
}

// with is the challenge with other target information; flag says whether the challenge admits to it.
func with(challenge []byte, flag bool, info ...[]byte) []byte {
	all := bytes.Join(info, nil)
	m := append(bytes.Clone(challenge), all...)
	binary.LittleEndian.PutUint16(m[infoAt:], uint16(len(all)))
	binary.LittleEndian.PutUint16(m[infoAt+2:], uint16(len(all)))
	binary.LittleEndian.PutUint32(m[infoAt+4:], uint32(len(challenge)))
	flags := binary.LittleEndian.Uint32(m[flagsAt:]) &^ targetInformation
	if flag {
		flags |= targetInformation
	}
	binary.LittleEndian.PutUint32(m[flagsAt:], flags)
	return m
}

// channel is what a logon that is bound to this certificate carries (RFC 5929, MS-NLMP section 2.2.2.1).
func channel(leaf tls.Certificate) []byte {
	digest := sha256.Sum256(leaf.Certificate[0])
	data := append([]byte("tls-server-end-point:"), digest[:]...)
	sum := md5.Sum(append(binary.LittleEndian.AppendUint32(make([]byte, 16), uint32(len(data))), data...)) // #nosec G401 -- see the import
	return sum[:]
}

// forgery is what a relay makes of the server's challenge, so that the proof be bound to the server's certificate, or
// to none.
type forgery struct {
	name string
	// make gives the challenge; pairs are those that the server sent, and theirs is the server's own binding.
	make    func(challenge []byte, pairs [][]byte, theirs []byte) []byte
	answers answers
}

// answers says who answers a challenge: nobody what no server makes, and a client that binds its logons none that
// leaves the binding no place.
type answers int

const (
	nobody answers = iota
	unboundClients
	allClients
)

var end = avPair(avEnd, nil)

// forgeries are all ways of flag, field, stamp and binding that somebody thought of.
func forgeries() (list []forgery) {
	for _, flag := range []bool{true, false} {
		honest, bare := allClients, nobody
		if !flag {
			honest, bare = nobody, unboundClients
		}
		add := func(name string, who answers, info func(pairs [][]byte, theirs []byte) []byte) {
			list = append(list, forgery{fmt.Sprintf("%s, flag %t", name, flag), func(challenge []byte, pairs [][]byte, theirs []byte) []byte {
				return with(challenge, flag, info(pairs, theirs))
			}, who})
		}
		for name, kept := range map[string]func([][]byte) []byte{
			"stamped":   func(pairs [][]byte) []byte { return bytes.Join(pairs, nil) },
			"unstamped": func(pairs [][]byte) []byte { return bytes.Join(without(pairs, avStamp), nil) },
		} {
			add(name, honest, func(pairs [][]byte, _ []byte) []byte { return slices.Concat(kept(pairs), end) })
			add(name+", no end", nobody, func(pairs [][]byte, _ []byte) []byte { return kept(pairs) })
			add(name+", binding last", nobody, func(pairs [][]byte, theirs []byte) []byte {
				return slices.Concat(kept(pairs), avPair(avBinding, theirs), end)
			})
			add(name+", binding first", nobody, func(pairs [][]byte, theirs []byte) []byte {
				return slices.Concat(avPair(avBinding, theirs), kept(pairs), end)
			})
			add(name+", binding behind the end", nobody, func(pairs [][]byte, theirs []byte) []byte {
				return slices.Concat(kept(pairs), end, avPair(avBinding, theirs), end)
			})
			add(name+", binding and no end", nobody, func(pairs [][]byte, theirs []byte) []byte {
				return slices.Concat(kept(pairs), avPair(avBinding, theirs))
			})
		}
		add("no target information", bare, func([][]byte, []byte) []byte { return nil })
		add("an end alone", honest, func([][]byte, []byte) []byte { return end })
		add("binding alone", nobody, func(_ [][]byte, theirs []byte) []byte { return slices.Concat(avPair(avBinding, theirs), end) })
		add("binding within the stamp", nobody, func(pairs [][]byte, theirs []byte) []byte {
			// Behind the eight bytes of a time come the client's eight and four of zeros, and then the verifier's pairs.
			return slices.Concat(avPair(avStamp, slices.Concat(make([]byte, 8+8+4), bytes.Join(without(pairs, avStamp), nil), avPair(avBinding, theirs), end)), end)
		})
	}
	return append(list, oddities()...)
}

// oddities are challenges that contradict themselves, or say what a client alone says.
func oddities() (list []forgery) {
	add := func(name string, pair []byte) {
		list = append(list, forgery{name, func(challenge []byte, pairs [][]byte, _ []byte) []byte {
			return with(challenge, true, bytes.Join(pairs, nil), pair, end)
		}, nobody})
	}
	add("two stamps", avPair(avStamp, make([]byte, 8)))
	add("a message integrity code that nobody made", avPair(avFlags, []byte{2, 0, 0, 0}))
	add("the client's target name", avPair(avTarget, []byte("H\x00T\x00T\x00P\x00")))
	return append(list, forgery{"information that is also the name", func(challenge []byte, pairs [][]byte, _ []byte) []byte {
		m := with(challenge, true, bytes.Join(pairs, nil), end)
		copy(m[nameAt:nameAt+8], m[infoAt:infoAt+8])
		return m
	}, nobody}, forgery{"information within the head", func(challenge []byte, _ [][]byte, _ []byte) []byte {
		const reserved = 32 // zeros, which read as an end
		m := with(challenge, true, end)
		binary.LittleEndian.PutUint32(m[infoAt+4:], reserved)
		return m
	}, nobody})
}

// TestNTLMCannotBeCarriedOn: a box that clients trust, which carries their logons to a server behind another
// certificate, gets none that gss-ntlmssp takes for bound to that, and from a client that binds its logons no other
// than one that is bound to the box's own certificate.
func TestNTLMCannotBeCarriedOn(t *testing.T) {
	t.Parallel()
	theirs, _ := certificate(t)
	ours, dir := certificate(t)
	judge := servers.GSSAPI{Certificate: theirs, Users: map[string]string{"CONTOSO:probe": password}}.StartJudge(t)
	for _, offer := range []string{"NTLM", "Negotiate"} {
		for _, binding := range []string{"right", "none"} {
			for _, f := range forgeries() {
				t.Run(fmt.Sprintf("%s, %s: %s", offer, binding, f.name), func(t *testing.T) {
					t.Parallel()
					r := &relay{to: judge, offer: offer, answer: admit, challenge: func(m []byte) []byte {
						return f.make(m, pairsOf(part(m, infoAt)), channel(theirs))
					}}
					res := probeServer(t, dir, r.start(t, ours), ntlmAuth(offer, binding), "method: GET, objects: 1")
					r.judge(t, binding, channel(ours))
					answered := len(r.proofs) > 0
					if want := f.answers == allClients || f.answers == unboundClients && binding == "none"; answered != want {
						t.Errorf("answered: %t", answered)
					}
					if !answered && reason(res) != "challenge_malformed" {
						t.Errorf("failure %v", res.Failure)
					}
				})
			}
		}
	}
}

func ntlmAuth(scheme, binding string) string {
	return fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [%s], channel_binding: %s", password, strings.ToLower(scheme), binding)
}

// TestNTLMIntegrityJudgedByGSSAPI: a server that sends the time gets a message integrity code, which gss-ntlmssp checks
// against all that it sent and received. So nobody can change a message in between, be the logon bound or not.
func TestNTLMIntegrityJudgedByGSSAPI(t *testing.T) {
	t.Parallel()
	theirs, _ := certificate(t)
	ours, dir := certificate(t)
	judge := servers.GSSAPI{Certificate: theirs, Users: map[string]string{"CONTOSO:probe": password}}.StartJudge(t)
	const reservedAt = 32 // of CHALLENGE, which nobody reads
	reserved := func(m []byte) []byte { m[reservedAt] ^= 1; return m }
	const answerFlags, answerVersion = 60, 64 // of AUTHENTICATE
	for _, offer := range []string{"NTLM", "Negotiate"} {
		for _, tt := range []struct {
			name              string
			challenge, answer func([]byte) []byte
			accepted          bool
		}{
			{"nothing changed", nil, nil, true},
			{"the challenge changed where nobody reads it", reserved, nil, false},
			{"the answer's flags changed", nil, func(m []byte) []byte { m[answerFlags+3] ^= 0x20; return m }, false},
			{"the answer's version changed", nil, func(m []byte) []byte { m[answerVersion] ^= 1; return m }, false},
		} {
			t.Run(offer+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				r := &relay{to: judge, offer: offer, challenge: tt.challenge, answer: tt.answer}
				res := probeServer(t, dir, r.start(t, ours), ntlmAuth(offer, "none"), "method: GET, objects: 1")
				r.judge(t, "none", nil)
				if len(r.proofs) != 1 || res.Success() != tt.accepted {
					t.Errorf("%d answers, failure %v", len(r.proofs), res.Failure)
				}
			})
		}
	}
}

// admit turns on in the third message what the relay turned off in the second.
func admit(m []byte) []byte {
	const flags = 60 // MS-NLMP section 2.2.1.3
	binary.LittleEndian.PutUint32(m[flags:], binary.LittleEndian.Uint32(m[flags:])|targetInformation)
	return m
}

// judge says what the relay must not have got.
func (r *relay) judge(t *testing.T, binding string, ours []byte) {
	t.Helper()
	if slices.Contains(r.bound, "yes") {
		t.Error("GSSAPI takes a logon to the relay for one that is bound to the server's certificate")
	}
	if binding == "right" && len(r.bound) > 0 {
		t.Error("GSSAPI accepts a logon that is bound to the relay's certificate")
	}
	for _, m := range r.proofs {
		const response, fixed = 20, 16 + 28 // MS-NLMP section 2.2.2.7: the proof, and what comes before the pairs
		var bindings [][]byte
		for _, p := range pairsOf(part(m, response)[fixed:]) {
			if idOf(p) == avBinding {
				bindings = append(bindings, p[4:])
			}
		}
		switch {
		case binding == "none" && len(bindings) > 0:
			t.Errorf("a logon that is not to be bound is bound to %x", bindings)
		case binding == "right" && (len(bindings) != 1 || !bytes.Equal(bindings[0], ours)):
			t.Errorf("bound to %x, and not to %x", bindings, ours)
		}
	}
}
