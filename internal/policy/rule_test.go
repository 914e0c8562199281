package policy

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want, problem string
	}{
		{name: "a name in lower case without trailing dot", in: "Mail.Contoso.COM.", want: "mail.contoso.com"},
		{name: "an internationalised name as A-labels", in: "bücher.example", want: "xn--bcher-kva.example"},
		{name: "a glob", in: "*.Contoso.com", want: "*.contoso.com"},
		{name: "a glob over an internationalised domain", in: "*.bücher.example", want: "*.xn--bcher-kva.example"},
		{name: "a glob within a label", in: "EX*.contoso.com.", want: "ex*.contoso.com"},
		{name: "a glob with two asterisks", in: "*.ex*.contoso.com", want: "*.ex*.contoso.com"},
		{name: "an IPv4 address", in: "192.0.2.1", want: "192.0.2.1"},
		{name: "an IPv6 address", in: "2001:DB8:0::1", want: "2001:db8::1"},
		{name: "an IPv4-mapped address", in: "::ffff:192.0.2.1", want: "192.0.2.1"},
		{name: "a network", in: "192.0.2.0/24", want: "192.0.2.0/24"},
		{name: "a network of one address", in: "192.0.2.1/32", want: "192.0.2.1"},
		{name: "everything in IPv4", in: "0.0.0.0/0", want: "0.0.0.0/0"},

		{name: "empty", in: "", problem: "empty"},
		{name: "a URL", in: "https://mail.contoso.com", problem: "is a URL"},
		{name: "a port", in: "mail.contoso.com:443", problem: "port"},
		{name: "host bits", in: "192.0.2.1/24", problem: "write 192.0.2.0/24"},
		{name: "a mapped network", in: "::ffff:192.0.2.0/120", problem: "as an IPv4 network"},
		{name: "a length too long", in: "192.0.2.0/33", problem: "CIDR"},
		{name: "a zone", in: "fe80::1%eth0", problem: "zone"},
		{name: "an asterisk alone", in: "*", problem: "names no domain"},
		{name: "only asterisks", in: "*.*.", problem: "names no domain"},
		{name: "a glob over an address", in: "*.192.0.2.1", problem: "CIDR"},
		{name: "a glob in an internationalised label", in: "bü*.example", problem: "ASCII"},
		{name: "a short address", in: "127.1", problem: "unusual spelling"},
		{name: "a bad character", in: "mail!.contoso.com", problem: "holds"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got Rule
			check(t, got.UnmarshalText([]byte(test.in)), test.problem)
			if got.String() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// check fails the test when the error is not one that holds the text, or when there is one and none was expected.
func check(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case err == nil && text != "":
		t.Fatalf("no error, want one that says %q", text)
	case err != nil && (text == "" || !strings.Contains(err.Error(), text)):
		t.Fatalf("error %q, want one that says %q", err, text)
	}
}

func TestRuleMatchesNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, name string
		want       bool
	}{
		{"mail.contoso.com", "mail.contoso.com", true},
		{"mail.contoso.com", "xmail.contoso.com", false},
		{"*.contoso.com", "mail.contoso.com", true},
		{"*.contoso.com", "mail.emea.contoso.com", true},
		{"*.contoso.com", "contoso.com", false},
		{"*.contoso.com", "mail.notcontoso.com", false},
		{"*.contoso.com", "mail.contoso.com.evil.example", false},
		{"ex*.contoso.com", "ex01.contoso.com", true},
		{"ex*.contoso.com", "ex.contoso.com", true},
		{"ex*.contoso.com", "ex01.lab.contoso.com", false},
		{"ex*.contoso.com", "a.ex01.contoso.com", false},
		{"ex.*.contoso.com", "ex.emea.contoso.com", true},
		{"ex.*.contoso.com", "ex.contoso.com", false},
		{"192.0.2.1", "192.0.2.1", false},
	}
	for _, test := range tests {
		r := mustRule(t, test.rule)
		if got := r.MatchName(test.name); got != test.want {
			t.Errorf("%s matches %s: %v, want %v", test.rule, test.name, got, test.want)
		}
	}
	if (Rule{}).MatchName("") || (Rule{}).matchAddr(netip.Addr{}) {
		t.Error("the zero rule matches something")
	}
}

func mustRule(t *testing.T, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"mail.contoso.com", "*.contoso.com", "ex*.contoso.com", "192.0.2.0/24", "::1", "bücher.example", "*.xn--bcher-kva.example", "１２７.0.0.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		again, err := ParseRule(r.String())
		if err != nil || again != r {
			t.Fatalf("%q became %q, which became %q (%v)", s, r, again, err)
		}
	})
}
