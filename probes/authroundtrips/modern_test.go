package authroundtrips_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/report"
)

// askedByBearer probes a site that answers an empty Bearer with these challenges, by an auth with Basic, and gives the heads of the
// requests that had come, the report, and what an outcome's metric is.
func askedByBearer(t *testing.T, options string, challenges ...string) (heads []string, text string, outcome func(string) float64) {
	t.Helper()
	var mu sync.Mutex
	p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
		mu.Lock()
		defer mu.Unlock()
		heads = append(heads, head)
		answer := script.Unauthorized(`Basic realm="x"`)
		switch {
		case strings.Contains(head, "\r\nAuthorization: Bearer\r\n"):
			answer = script.Unauthorized(challenges...)
		case strings.Contains(head, "\r\nAuthorization: Basic "):
			answer = lab.Write(script.Responds("200 OK", "Set-Cookie: a=a-cookie-of-the-logon\r\n", ""))
		}
		return append(script.Received(head), answer)
	})))
	_, port, _ := strings.Cut(p.Target, ":")
	res := named(t, port, fmt.Sprintf("username: probe, password: %q, schemes: [basic]", password), options)
	var b bytes.Buffer
	if err := report.Text(&b, res, report.Options{}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !res.Success() {
		t.Errorf("the probe failed for it: %v", res.Failure)
	}
	return heads, b.String(), func(name string) float64 { return value(res, "probe_auth_modern_answer", name) }
}

// TestModernAuthShowsNoSecret: the request by which the authority is asked for has the scheme alone: no token, no secret, no
// cookie, no body; it comes once, and only where the module says so. The authority is not asked.
func TestModernAuthShowsNoSecret(t *testing.T) {
	t.Parallel()
	authority := script.HTTPS(t, script.Each(script.Request(script.Unauthorized("Bearer"))))
	offer := `Bearer client_id="x", authorization_uri="https://` + authority.Target + `/authorize"`
	heads, _, outcome := askedByBearer(t, "objects: 2, modern_auth: true", offer)
	var bearers []string
	for _, head := range heads {
		if strings.Contains(head, "Bearer") {
			bearers = append(bearers, head)
		}
	}
	if len(bearers) != 1 || outcome("offered") != 1 {
		t.Fatalf("%d requests by Bearer; offered: %v", len(bearers), outcome("offered"))
	}
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte("probe:" + password)), "Basic", "Cookie", "a-cookie", "Expect"} {
		if strings.Contains(bearers[0], secret) {
			t.Errorf("the request holds %q:\n%s", secret, bearers[0])
		}
	}
	if !strings.Contains(bearers[0], "\r\nContent-Length: 0\r\n") {
		t.Errorf("the request has a body:\n%s", bearers[0])
	}
	if n := authority.Cost().Connections; n != 0 {
		t.Errorf("the authority was asked, over %d connections", n)
	}
	heads, _, outcome = askedByBearer(t, "objects: 2", offer)
	if strings.Contains(strings.Join(heads, ""), "Bearer") || outcome("offered") != -1 {
		t.Error("Bearer was asked for, though no setting says so")
	}
}

// TestHostileChallengesOfBearer: whatever the challenge holds, the report shows it escaped and within bounds, and no label holds
// but a host name.
func TestHostileChallengesOfBearer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20000)
	for name, tt := range map[string]struct{ challenge, outcome string }{
		"escapes":            {"Bearer authorization_uri=\"https://a.test/\x1b[31m\", trusted_issuers=\"\x1b]0;owned\x07\"", "broken"},
		"escapes in issuers": {"Bearer authorization_uri=\"https://a.test/\", trusted_issuers=\"<script>\u202eevil\x9b31m\"", "offered"},
		"a long authority":   {`Bearer authorization_uri="https://a.test/` + long + `"`, "broken"},
		"a long host":        {`Bearer authorization_uri="https://` + strings.Repeat("a.", 200) + `test/"`, "broken"},
		"a long issuer":      {`Bearer authorization_uri="https://a.test/", trusted_issuers="` + long + `"`, "offered"},
		"many issuers":       {`Bearer authorization_uri="https://a.test/", trusted_issuers="` + strings.Repeat("a@b,", 5000) + `"`, "offered"},
		"an address":         {`Bearer authorization_uri="https://[::1]/"`, "broken"},
		"a script":           {`Bearer authorization_uri="javascript:alert(1)"`, "broken"},
		"no closing quote":   {`Bearer authorization_uri="https://a.test/`, "offered"},
		"several":            {`Bearer, Bearer trusted_issuers="a@b", Bearer authorization_uri="https://a.test/"`, "offered"},
		"a token":            {`Bearer ` + strings.Repeat("a", 40), "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, text, outcome := askedByBearer(t, "objects: 1, modern_auth: true", tt.challenge)
			if outcome(tt.outcome) != 1 {
				t.Errorf("it is not %s:\n%s", tt.outcome, text)
			}
			for _, raw := range []string{"\x1b", "\x07", "\u202e", "\x9b", long[:500]} {
				if strings.Contains(text, raw) {
					t.Errorf("the report holds %q", raw)
				}
			}
			if len(text) > 16<<10 {
				t.Errorf("the report has %d bytes", len(text))
			}
		})
	}
}
