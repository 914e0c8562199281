package auth

import (
	"encoding/base64"
	"encoding/hex"
	"testing"
)

// FuzzKerberosError: a server's answer to a ticket is told in a documented word, or is none.
func FuzzKerberosError(f *testing.F) {
	for _, text := range []string{
		"", "a1073005a0030a0102", "60060601020300", "606b06092a864886f71201020203007e5c305aa003020105a10302011ea411180f32303236303130313030303030305aa50502030d15e9a60302012529",
		"a18201023081ffa0030a0102a281f70481f4", "7e80", "3080",
	} {
		token, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		code, text, ok := KerberosError(Challenge{Scheme: "Negotiate", Token68: base64.StdEncoding.EncodeToString(token)})
		if ok != (text != "") || !ok && code != 0 || len(text) > 300 {
			t.Errorf("%d, %q, %t", code, text, ok)
		}
	})
}
