// Package secret keeps secrets from being shown: a type that prints itself as <secret>, a source that reads a secret
// from a file each time it is wanted, and a redactor that finds a secret by its value wherever it turns up.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// Mask is what stands wherever a secret would have been shown.
const Mask = "<secret>"

// Secret is a text that no way of printing or encoding shows. Reveal is the only way to it. The zero Secret is empty.
type Secret struct {
	// A pointer, because fmt does not call the methods of an unexported field: it prints what lies below, and of a
	// pointer below the top that is an address.
	value *string
}

// New makes a Secret of s.
func New(s string) Secret { return Secret{value: &s} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String gives Mask, as do GoString, Format, LogValue, and all the Marshal methods.
func (s Secret) String() string { return Mask }

// GoString gives Mask.
func (s Secret) GoString() string { return Mask }

// Format writes Mask for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mask) }

// LogValue gives Mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Mask) }

// MarshalJSON gives Mask.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Mask + `"`), nil }

// MarshalText gives Mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// MarshalYAML gives Mask.
func (s Secret) MarshalYAML() (any, error) { return Mask, nil }

// UnmarshalText takes the text as the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}

// fingerprintKey is made anew in each process, so that a fingerprint says nothing outside of it.
var fingerprintKey = sync.OnceValue(func() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
})

// Fingerprint tells two secrets apart without holding either: it is a keyed hash in hex, and the key lasts as long as
// the process.
func (s Secret) Fingerprint() string {
	mac := hmac.New(sha256.New, fingerprintKey())
	mac.Write([]byte(s.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}
