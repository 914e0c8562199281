package auth

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // MS-NLMP is made of it
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //nolint:gosec,staticcheck // MS-NLMP is made of it
)

// The places of AUTHENTICATE's fields (MS-NLMP §2.2.1.3), as go-ntlmssp writes it: without version and code.
const (
	authenticateFields   = 12 // six of 8 bytes: LM, NTLM, domain, user, workstation, session key
	authenticateResponse = 20
	authenticateDomain   = 28
	authenticateUser     = 36
	authenticatePayload  = 64
	versionLength        = 8
	integrityLength      = 16
	proofLength          = 16 // NTProofStr, which the response begins with
)

// sessionKey is the key that both sides have after NTLMv2, which no exchange replaces: SessionBaseKey, and so
// ExportedSessionKey (MS-NLMP §3.3.2, §3.4.5.1, §3.1.5.1.2). m is AUTHENTICATE as the library made it.
func sessionKey(m []byte, password string) []byte {
	hash := md4.New() //nolint:gosec // see the import
	_, _ = hash.Write(toUTF16(password))
	user, domain := strings.ToUpper(fromUTF16(authenticateField(m, authenticateUser))), authenticateField(m, authenticateDomain)
	response := hmacMD5(hash.Sum(nil), toUTF16(user), domain)
	return hmacMD5(response, authenticateField(m, authenticateResponse)[:proofLength])
}

// withIntegrity puts the message integrity code into AUTHENTICATE (MS-NLMP §3.1.5.1.2): over the three messages as they
// were sent and received, so that nobody in between can have changed one. Its place is behind the version, which is
// left empty, and everything after moves on.
func withIntegrity(m, key, negotiate, challenge []byte) []byte {
	const more = versionLength + integrityLength
	sealed := make([]byte, 0, len(m)+more)
	sealed = append(sealed, m[:authenticatePayload]...)
	sealed = append(sealed, make([]byte, more)...)
	sealed = append(sealed, m[authenticatePayload:]...)
	for at := authenticateFields + 4; at < authenticateFields+6*8; at += 8 {
		if offset := binary.LittleEndian.Uint32(sealed[at:]); offset >= authenticatePayload {
			binary.LittleEndian.PutUint32(sealed[at:], offset+more)
		}
	}
	copy(sealed[authenticatePayload+versionLength:], hmacMD5(key, negotiate, challenge, sealed))
	return sealed
}

// signature signs the first message of a session (MS-NLMP §3.4.4.2, without an exchange of keys).
func signature(key, message []byte) []byte {
	sum := md5.Sum(append(append([]byte{}, key...), "session key to client-to-server signing key magic constant\x00"...)) //nolint:gosec // see the import
	const version, sequence = 1, 0
	s := binary.LittleEndian.AppendUint32(nil, version)
	s = append(s, hmacMD5(sum[:], make([]byte, 4), message)[:8]...)
	return binary.LittleEndian.AppendUint32(s, sequence)
}

// authenticateField is the content of a field of our own message.
func authenticateField(m []byte, at int) []byte {
	length, offset := int(binary.LittleEndian.Uint16(m[at:])), int(binary.LittleEndian.Uint32(m[at+4:]))
	return m[offset : offset+length]
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(md5.New, key)
	for _, p := range parts {
		_, _ = mac.Write(p)
	}
	return mac.Sum(nil)
}

// toUTF16 encodes as UTF-16LE.
func toUTF16(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
