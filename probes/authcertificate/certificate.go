package authcertificate

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // Windows and the document name certificates by it; nothing is trusted by it
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// certificate is one of the document's.
type certificate struct {
	entry
	*x509.Certificate // nil where it cannot be read
	thumbprint        string
	problem           error // why it cannot be read
}

// signs tells whether tokens are signed by the key. One whose use is not said may be used for anything (RFC 7517 section 4.2).
func (c *certificate) signs() bool { return c.usage == "" || strings.EqualFold(c.usage, "signing") }

// read reads the certificate of a key, one too that crypto/x509 refuses: all that matters here is when it ends.
func read(e entry) *certificate {
	c := &certificate{entry: e}
	if e.kind != "" && !strings.EqualFold(e.kind, "x509certificate") {
		c.problem = errors.New("it is no certificate, but a key of another type")
		return c
	}
	der, err := decode(e.value)
	if err != nil {
		c.problem = errors.New("its value is not base64")
		return c
	}
	if c.Certificate, _ = wire.ReadCertificate(der); c.Certificate == nil {
		c.problem = errors.New("its value is no certificate in DER")
		return c
	}
	sum := sha1.Sum(c.Raw) //nolint:gosec // as above
	c.thumbprint = strings.ToUpper(hex.EncodeToString(sum[:]))
	return c
}

// decode reads base64 in either alphabet, with or without padding and line breaks.
func decode(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/", "=", "", "\r", "", "\n", "", " ", "").Replace(text)
	return base64.RawStdEncoding.DecodeString(text)
}

// misnamed tells whether the document calls the certificate by another thumbprint than it has.
func (c *certificate) misnamed() bool {
	if c.Certificate == nil || c.x5t == "" || strings.EqualFold(c.x5t, c.thumbprint) {
		return false
	}
	named, err := decode(c.x5t)
	return err != nil || !strings.EqualFold(hex.EncodeToString(named), c.thumbprint)
}

// signing are those that sign and can be read, the one that lasts longest first; without doubles.
func signing(all []*certificate) (list []*certificate) {
	for _, c := range all {
		double := func(o *certificate) bool { return o.thumbprint == c.thumbprint }
		if c.signs() && c.Certificate != nil && !slices.ContainsFunc(list, double) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *certificate) int {
		return cmp.Or(b.NotAfter.Compare(a.NotAfter), strings.Compare(a.thumbprint, b.thumbprint))
	})
	return list
}

// left is how long the certificate is valid still; negative where it has ended.
func (c *certificate) left(now time.Time) time.Duration { return c.NotAfter.Sub(now) }
