package prober

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Correlation is a new client-request-id, and the wish to see it again: Exchange writes it into its logs, so that they can
// be joined with the report (Exchange Web Services Managed API, ExchangeServiceBase.cs). All legs of a request share one.
func Correlation() []origin.Field {
	return []origin.Field{{Name: "client-request-id", Value: NewGUID()}, {Name: "return-client-request-id", Value: "true"}}
}

// NewGUID is a random GUID (RFC 9562 section 5.4).
func NewGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := make([]byte, 0, 36)
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
