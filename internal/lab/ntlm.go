package lab

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // MS-NLMP is made of it
	"crypto/rand"
	"crypto/rc4" //nolint:gosec // see above
	"crypto/subtle"
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:gosec,staticcheck // MS-NLMP is made of it
)

// Protection is what IIS calls extendedProtection tokenChecking.
type Protection int

// The values, as IIS names them.
const (
	ProtectionOff     Protection = iota // None: bindings are not looked at
	ProtectionAllow                     // Allow: a binding must be right where there is one
	ProtectionRequire                   // Require: there must be one, and it must be right
)

const ntlmSignature = "NTLMSSP\x00"

// acceptor is the server's side of NTLM (MS-NLMP) on one connection. It really verifies NTLMv2's response; NTLMv1 and
// LM are refused.
type acceptor struct {
	computer   string // NetBIOS name, "EX01"
	password   string // of Username
	protection Protection
	binding    []byte // what a right client sends as its channel binding

	challenge [8]byte
	asked     bool   // a challenge is out
	said      []byte // NEGOTIATE and CHALLENGE, one behind the other
}

// challengeFor answers NEGOTIATE with CHALLENGE (MS-NLMP §2.2.1.2); nil when the message is no NEGOTIATE. Like
// gss-ntlmssp it wants the 40 bytes of the specification, and like that it tells of itself only when it is asked to.
func (a *acceptor) challengeFor(negotiate []byte) []byte {
	if messageType(negotiate) != 1 || len(negotiate) < 32 {
		return nil
	}
	_, _ = rand.Read(a.challenge[:]) // never fails
	a.asked = true
	const unicodeText, ntlm, alwaysSign, targetServer, extended, targetInfo, version = 1 << 0, 1 << 9, 1 << 15, 1 << 17, 1 << 19, 1 << 23, 1 << 25
	info := slicesOf(
		pair(2, wide("CONTOSO")), pair(1, wide(a.computer)), pair(4, wide("contoso.test")),
		pair(3, wide(strings.ToLower(a.computer)+".contoso.test")), pair(7, fileTime(time.Now())), pair(0, nil))
	name := wide("CONTOSO")
	const fixed = 56
	m := binary.LittleEndian.AppendUint32([]byte(ntlmSignature), 2)
	m = appendField(m, len(name), fixed)
	m = binary.LittleEndian.AppendUint32(m, unicodeText|ntlm|alwaysSign|targetServer|extended|targetInfo|version|flagsOf(negotiate, 12)&keyExchange)
	m = append(m, a.challenge[:]...)
	m = append(m, make([]byte, 8)...)
	m = appendField(m, len(info), fixed+len(name))
	m = append(m, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15) // Windows Server 2022: 10.0.20348
	m = slicesOf(m, name, info)
	a.said = slicesOf(negotiate, m)
	return m
}

// verify tells whether an AUTHENTICATE message (MS-NLMP §2.2.1.3) proves the password, answers this very challenge, is
// the one that its sender made of what was said, and is bound to the channel as far as Extended Protection asks.
func (a *acceptor) verify(authenticate []byte) bool {
	asked := a.asked
	a.asked = false // a challenge serves once
	if !asked || messageType(authenticate) != 3 {
		return false
	}
	response, domain, user := field(authenticate, 20), field(authenticate, 28), field(authenticate, 36)
	const fixedBlob = 28
	if len(response) < 16+fixedBlob || !knows(narrow(domain)+`\`+narrow(user)) {
		return false
	}
	proof, blob := response[:16], response[16:]
	hash := md4.New() //nolint:gosec // see the import
	_, _ = hash.Write(wide(a.password))
	key := hmacMD5(hash.Sum(nil), wide(strings.ToUpper(narrow(user))+narrow(domain)))
	if subtle.ConstantTimeCompare(proof, hmacMD5(key, a.challenge[:], blob)) != 1 {
		return false
	}
	return a.integrates(authenticate, hmacMD5(key, proof), blob[fixedBlob:]) && a.protects(avPair(blob[fixedBlob:], avBindings))
}

// integrates checks the message integrity code, which a client owes to a server that sends its time, as this one does
// (MS-NLMP §3.1.5.1.2).
func (a *acceptor) integrates(authenticate, key, pairs []byte) bool {
	const integrity, at, length = 2, 72, 16
	flags := avPair(pairs, avFlags)
	if len(flags) != 4 || flags[0]&integrity == 0 || len(authenticate) < at+length {
		return false
	}
	if flagsOf(authenticate, 60)&keyExchange != 0 { // the client chose another key, and sends it by the common one
		exchanged := field(authenticate, 52)
		cipher, err := rc4.NewCipher(key) //nolint:gosec // MS-NLMP §3.1.5.1.2
		if err != nil || len(exchanged) != length {
			return false
		}
		key = make([]byte, length)
		cipher.XORKeyStream(key, exchanged)
	}
	bare := bytes.Clone(authenticate)
	clear(bare[at : at+length])
	return subtle.ConstantTimeCompare(authenticate[at:at+length], hmacMD5(key, a.said, bare)) == 1
}

// keyExchange is NTLMSSP_NEGOTIATE_KEY_EXCH (MS-NLMP §2.2.2.5).
const keyExchange = 1 << 30

// flagsOf are a message's, which stand there; 0 where it is too short.
func flagsOf(message []byte, at int) uint32 {
	if len(message) < at+4 {
		return 0
	}
	return binary.LittleEndian.Uint32(message[at:])
}

// protects tells whether Extended Protection lets a logon with this binding pass; nil is none.
func (a *acceptor) protects(binding []byte) bool {
	switch {
	case a.protection == ProtectionOff:
		return true
	case binding == nil:
		return a.protection == ProtectionAllow
	}
	return bytes.Equal(binding, a.binding)
}

// The ids of AV_PAIRs (MS-NLMP §2.2.2.1) that a client adds.
const avFlags, avBindings = 6, 10

// avPair finds the value of an AV_PAIR; nil when there is none.
func avPair(pairs []byte, wanted uint16) []byte {
	for len(pairs) >= 4 {
		id, length := binary.LittleEndian.Uint16(pairs), int(binary.LittleEndian.Uint16(pairs[2:]))
		if id == 0 || length > len(pairs)-4 {
			return nil
		}
		if id == wanted {
			return pairs[4 : 4+length]
		}
		pairs = pairs[4+length:]
	}
	return nil
}

func messageType(m []byte) uint32 {
	if len(m) < 12 || !bytes.HasPrefix(m, []byte(ntlmSignature)) {
		return 0
	}
	return binary.LittleEndian.Uint32(m[8:])
}

// field is the content of the field that is described at the offset; empty when it lies outside of the message.
func field(m []byte, at int) []byte {
	if len(m) < at+8 {
		return nil
	}
	length, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
	if offset > len(m) || length > len(m)-offset {
		return nil
	}
	return m[offset : offset+length]
}

func appendField(m []byte, length, offset int) []byte {
	m = binary.LittleEndian.AppendUint16(m, uint16(length))    //nolint:gosec // the lab's own names
	m = binary.LittleEndian.AppendUint16(m, uint16(length))    //nolint:gosec // the lab's own names
	return binary.LittleEndian.AppendUint32(m, uint32(offset)) //nolint:gosec // the lab's own names
}

func pair(id uint16, value []byte) []byte {
	m := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(m, uint16(len(value))), value...) //nolint:gosec // the lab's own names
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// fileTime is a time as Windows counts it: 100 ns since 1601.
func fileTime(t time.Time) []byte {
	const to1970 = 116444736000000000
	return binary.LittleEndian.AppendUint64(nil, uint64(t.UnixNano()/100)+to1970) //nolint:gosec // after 1970
}

// wide is a text in UTF-16LE.
func wide(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func narrow(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(md5.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
