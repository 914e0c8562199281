package auth

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type params = map[string]string

func TestParseChallenges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		values []string
		want   []Challenge
	}{
		{"none", nil, nil},
		{"what Exchange sends by default", []string{"Negotiate", "NTLM"}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}}},
		{"several in one line", []string{`Negotiate, NTLM, Basic realm="mail.contoso.com"`}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}, {Scheme: "Basic", Params: params{"realm": "mail.contoso.com"}}}},
		{"an empty realm", []string{`Basic Realm=""`}, []Challenge{{Scheme: "Basic", Params: params{"realm": ""}}}},
		{"commas and schemes within quotes", []string{`Basic realm="a, NTLM, b", NTLM`}, []Challenge{{Scheme: "Basic", Params: params{"realm": "a, NTLM, b"}}, {Scheme: "NTLM"}}},
		{"escapes within quotes", []string{`Basic realm="a\"b\\", NTLM`}, []Challenge{{Scheme: "Basic", Params: params{"realm": `a"b\`}}, {Scheme: "NTLM"}}},
		{"a token", []string{"NTLM TlRMTVNTUAACAAAA=="}, []Challenge{{Scheme: "NTLM", Token68: "TlRMTVNTUAACAAAA=="}}},
		{"a token and another challenge", []string{`Negotiate oYG2+/8= , Basic realm=x`}, []Challenge{{Scheme: "Negotiate", Token68: "oYG2+/8="}, {Scheme: "Basic", Params: params{"realm": "x"}}}},
		{
			"Bearer as Exchange sends it, with the others",
			[]string{`Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="a@*", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize"`, "Negotiate", "NTLM"},
			[]Challenge{{Scheme: "Bearer", Params: params{"client_id": "00000002-0000-0ff1-ce00-000000000000", "trusted_issuers": "a@*", "token_types": "app_asserted_user_v1 service_asserted_app_v1", "authorization_uri": "https://login.windows.net/common/oauth2/authorize"}}, {Scheme: "Negotiate"}, {Scheme: "NTLM"}},
		},
		{"blanks around the equals sign", []string{"Digest realm = \"x\"\t, qop\t=auth ,NTLM"}, []Challenge{{Scheme: "Digest", Params: params{"realm": "x", "qop": "auth"}}, {Scheme: "NTLM"}}},
		{"empty elements", []string{", ,Negotiate,, NTLM,"}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}}},
		{"a parameter twice", []string{`Basic realm="a", REALM="b"`}, []Challenge{{Scheme: "Basic", Params: params{"realm": "a"}}}},
		{"a quote never closed", []string{`Basic realm="a, NTLM`, "Negotiate"}, []Challenge{{Scheme: "Basic", Params: params{"realm": "a, NTLM"}}, {Scheme: "Negotiate"}}},
		{"rubbish before a good one", []string{`@@@ "x, y", NTLM`}, []Challenge{{Scheme: "NTLM"}}},
		{"rubbish after a value", []string{`Basic realm="a" b c, NTLM`}, []Challenge{{Scheme: "Basic", Params: params{"realm": "a"}}, {Scheme: "NTLM"}}},
		{"a parameter without challenge", []string{`realm="x", NTLM`}, []Challenge{{Scheme: "NTLM"}}},
		{"a parameter does not cross lines", []string{"Basic", `realm="x"`}, []Challenge{{Scheme: "Basic"}}},
		{"a value too long is passed over", []string{"Negotiate " + strings.Repeat("A", maxValue), "NTLM"}, []Challenge{{Scheme: "NTLM"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, ParseChallenges(test.values)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseChallengesIsBounded(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]string{strings.Repeat("NTLM,", 1000)}, 50)
	if n := len(ParseChallenges(many)); n != maxChallenges {
		t.Errorf("%d challenges, want %d", n, maxChallenges)
	}
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(", p" + strconv.Itoa(i) + "=x")
	}
	got := ParseChallenges([]string{"Digest a=b" + b.String()})
	if len(got) != 1 || len(got[0].Params) != maxParams {
		t.Errorf("got %d challenges", len(got))
	}
}

// written writes a challenge in the one way that always reads back the same.
func written(c Challenge) string {
	if c.Token68 != "" {
		return c.Scheme + " " + c.Token68
	}
	text := c.Scheme
	before := " "
	for name, value := range c.Params {
		value = strings.ReplaceAll(strings.ReplaceAll(value, `\`, `\\`), `"`, `\"`)
		text += before + name + `="` + value + `"`
		before = ", "
	}
	return text
}

func FuzzParseChallenges(f *testing.F) {
	for _, s := range []string{
		"Negotiate", `Basic realm="a, b", NTLM`, "NTLM TlRMTVNTUAAC==", `Digest a="\"", b = c,, d`, `Bearer a="`, `=,="x" y`, "Negotiate a= b=",
	} {
		f.Add(s, "NTLM")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, c := range ParseChallenges([]string{first, second}) {
			if c.Scheme == "" || c.Token68 != "" && c.Params == nil && strings.ContainsAny(c.Token68, ", \"") {
				t.Fatalf("%q gave %+v", first, c)
			}
			if c.Token68 != "" && c.Params != nil || len(written(c)) > maxValue {
				continue
			}
			if diff := cmp.Diff([]Challenge{c}, ParseChallenges([]string{written(c)})); diff != "" {
				t.Fatalf("%q gave %+v, which does not read back: %s", first, c, diff)
			}
		}
	})
}
