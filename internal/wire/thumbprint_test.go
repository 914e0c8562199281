package wire

import "testing"

// TestParseThumbprint reads what people paste: from Windows' dialogue, from netsh, from openssl.
func TestParseThumbprint(t *testing.T) {
	t.Parallel()
	const want = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"
	for _, text := range []string{
		"\u200ea1 b2 c3 d4 e5 f6 07 18 29 3a 4b 5c 6d 7e 8f 90 01 12 23 34",
		"A1B2C3D4E5F60718293A4B5C6D7E8F9001122334",
		"A1:B2:C3:D4:E5:F6:07:18:29:3A:4B:5C:6D:7E:8F:90:01:12:23:34",
		want,
	} {
		if got, err := ParseThumbprint(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "AB CD", want + "00", "not a thumbprint"} {
		if got, err := ParseThumbprint(text); err == nil {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}
