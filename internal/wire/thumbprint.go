package wire

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// ParseThumbprint reads a certificate's SHA-1 or SHA-256 thumbprint in hex, and gives it in lower case. Windows' certificate
// dialogue parts the bytes by spaces, and what is copied from it begins with an invisible mark (U+200E); openssl parts them by
// colons.
func ParseThumbprint(text string) (string, error) {
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '\u200e' {
			return -1
		}
		return r
	}, text)
	if sum, err := hex.DecodeString(text); err != nil || len(sum) != 20 && len(sum) != 32 {
		return "", fmt.Errorf("%.80q is not a thumbprint: SHA-1 has 40 hexadecimal digits, SHA-256 has 64", text)
	}
	return strings.ToLower(text), nil
}

// Among tells whether one of the thumbprints, as ParseThumbprint gives them, is the certificate's.
func (c *Certificate) Among(thumbprints []string) bool {
	return slices.Contains(thumbprints, c.SHA256) || slices.Contains(thumbprints, strings.ToLower(c.SHA1))
}
