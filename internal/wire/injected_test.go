package wire

import (
	"crypto/tls"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestClearTextEndsBeforeTLS: what came in clear text and nobody has read is never read as said under TLS, whoever forgot to look.
func TestClearTextEndsBeforeTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	secure := serverConfig(ca.leaf(t, "mail.contoso.com"))
	for name, tt := range map[string]struct{ behind, reason string }{
		"nothing": {"", ""},
		"a reply": {"250 AUTH PLAIN\r\n", "starttls_malformed"},
		"a byte":  {"\x16", "starttls_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, serve(t, nil, func(p *peer) {
				p.send("220 go\r\n" + tt.behind)
				if conn := tls.Server(p.Conn, secure); conn.HandshakeContext(t.Context()) == nil {
					_, _ = conn.Write([]byte("250 over TLS\r\n"))
				}
				p.hang()
			}), testLimit)
			lines := c.Lines()
			_, err := lines.Hear()
			wantFailure(t, err, "", "")
			err = c.Handshake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool()})
			if tt.reason != "" {
				wantFailure(t, err, failure.TLS, tt.reason)
				return
			}
			wantFailure(t, err, "", "")
			if line, err := lines.Hear(); line != "250 over TLS" {
				t.Errorf("%q, %v", line, err)
			}
		})
	}
}
