package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// modernCases are of answers to an empty Bearer. The module has no auth, so each fails for that.
func modernCases() []lab.Case {
	bearer := func(parameters string) lab.Step { return script.Unauthorized("Negotiate", "Bearer "+parameters) }
	many := strings.TrimSuffix(strings.Repeat("00000001-0000-0000-c000-000000000000@contoso.test,", 2000), ",")
	return []lab.Case{
		toBearer("AD FS as the authority", "modern_auth_offered", bearer(`client_id="x", authorization_uri="https://sts.contoso.test/adfs/oauth2/authorize"`)),
		toBearer("an authority that nobody knows", "modern_auth_offered", bearer(`authorization_uri="https://sts.fabrikam.test:8443/authorize"`)),
		toBearer("thousands of issuers", "modern_auth_not_offered", bearer(`trusted_issuers="`+many+`"`)),
		toBearer("Bearer for servers alone", "modern_auth_not_offered", bearer(`client_id="x", trusted_issuers="y@z", token_types="t"`)),
		toBearer("no Bearer", "modern_auth_not_offered", script.Unauthorized("Negotiate", "NTLM")),
		toBearer("Bearer without any parameter", "modern_auth_broken", bearer("")),
		toBearer("an authority over plain http", "modern_auth_broken", bearer(`authorization_uri="http://login.contoso.test/"`)),
		toBearer("an authority with a user name in it", "modern_auth_broken", bearer(`authorization_uri="https://login.windows.net@evil.test/"`)),
		toBearer("an authority of control characters", "modern_auth_broken", bearer("authorization_uri=\"https://a\x1b[31mb/<script>\"")),
		toBearer("an authority of 20,000 characters", "modern_auth_broken", bearer(`authorization_uri="https://`+strings.Repeat("a", 20000)+`/"`)),
		toBearer("a refusal of Bearer", "modern_auth_unclear", lab.Write(script.Responds("403 Forbidden", "x-ms-diagnostics: 2000003;reason=\"x\"\r\n", ""))),
		toBearer("no answer to Bearer", "modern_auth_unclear", lab.Cut),
	}
}

// toBearer answers an empty Bearer so, and asks everybody else for a logon.
func toBearer(name, finding string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports("auth/logon_required, " + finding), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Asking(func(authorization string) []lab.Step {
			if authorization == "Bearer" {
				return []lab.Step{answer}
			}
			return []lab.Step{script.Unauthorized("Negotiate", "NTLM")}
		}))
		p.Keys = []string{"auth_roundtrips: {objects: 1, modern_auth: true}"}
		return p
	}}
}

// unasked is a peer that is gone before Bearer's turn.
func unasked() lab.Case {
	return lab.Case{Name: "nobody to ask by Bearer", Want: lab.Reports("connect/refused"), Start: func(t lab.TB) lab.Peer {
		p := script.Closed(t)
		p.Keys = []string{"auth_roundtrips: {objects: 1, modern_auth: true}"}
		return p
	}}
}
