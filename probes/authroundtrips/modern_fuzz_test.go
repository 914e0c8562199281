package authroundtrips

import (
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// FuzzModern: whatever WWW-Authenticate holds, an answer of the closed set comes of it, and an authority only where it is an
// https address by a host's name, which a label can hold.
func FuzzModern(f *testing.F) {
	for _, seed := range []string{
		"", "Bearer", "bearer", "Negotiate, NTLM", `Bearer client_id="a", trusted_issuers="b@c, ,d"`,
		`Bearer authorization_uri="https://login.windows.net/common/oauth2/authorize"`, `Bearer authorization_uri="https://sts.a.test/adfs/x"`,
		`Bearer authorization_uri="https://a@b.test/"`, `Bearer authorization_uri="https://[fe80::1%25eth0]/"`, `Bearer authorization_uri="https:opaque"`,
		`Bearer, Bearer authorization_uri="https://A.Test:1/"`, `Bearer authorization_uri="https://%41/"`, "Bearer \x00=\"\x1b\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		final := &wire.Response{Status: 401, Header: []origin.Field{{Name: "WWW-Authenticate", Value: value}}}
		m := readModern(&result.Conversation{HTTP: &wire.Exchange{Final: final}})
		if !slices.Contains(modernAnswers, m.came) || (m.came == modernOffered) != (m.url != nil) {
			t.Fatalf("%q: %s with %v", value, m.came, m.url)
		}
		if m.url == nil {
			return
		}
		if host := m.host(); len(host) > 253 || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || m.url.Scheme != "https" {
			t.Errorf("%q: %s at %q", value, m.url.Scheme, host)
		}
	})
}
