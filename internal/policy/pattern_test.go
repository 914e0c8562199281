package policy

import "testing"

func TestParseTargetPattern(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want, problem string
	}{
		{name: "a host", in: "Mail.Contoso.com.", want: "mail.contoso.com"},
		{name: "the default port is not written", in: "mail.contoso.com:443", want: "mail.contoso.com"},
		{name: "a port", in: "mail.contoso.com:8443", want: "mail.contoso.com:8443"},
		{name: "a wildcard", in: "*.contoso.com", want: "*.contoso.com"},
		{name: "a wildcard and a port", in: "*.contoso.com:444", want: "*.contoso.com:444"},
		{name: "a wildcard in a domain of one label that is no public one", in: "*.contoso", want: "*.contoso"},
		{name: "IPv4", in: "192.0.2.1", want: "192.0.2.1"},
		{name: "IPv4 and a port", in: "192.0.2.1:8443", want: "192.0.2.1:8443"},
		{name: "IPv6", in: "2001:db8::1", want: "2001:db8::1"},
		{name: "IPv6 in brackets", in: "[2001:db8::1]", want: "2001:db8::1"},
		{name: "IPv6 and a port", in: "[2001:db8::1]:8443", want: "[2001:db8::1]:8443"},

		{name: "empty", in: "", problem: "empty"},
		{name: "a URL", in: "https://mail.contoso.com", problem: "host alone"},
		{name: "a path", in: "mail.contoso.com/EWS", problem: "host alone"},
		{name: "a network", in: "192.0.2.0/24", problem: "host alone"},
		{name: "port 0", in: "mail.contoso.com:0", problem: "port"},
		{name: "a port too large", in: "mail.contoso.com:65536", problem: "port"},
		{name: "no port after the colon", in: "mail.contoso.com:", problem: "port"},
		{name: "an asterisk alone", in: "*", problem: "first label"},
		{name: "an asterisk within a label", in: "ex*.contoso.com", problem: "first label"},
		{name: "two asterisks", in: "*.*.contoso.com", problem: "first label"},
		{name: "a wildcard over a top-level domain", in: "*.com", problem: "anybody"},
		{name: "a wildcard over a public suffix", in: "*.co.uk", problem: "anybody"},
		{name: "a wildcard over a provider's domain", in: "*.azurewebsites.net", problem: "anybody"},
		{name: "a wildcard over an address", in: "*.192.0.2.1", problem: "one by one"},
		{name: "an empty wildcard", in: "*.", problem: "empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got TargetPattern
			check(t, got.UnmarshalText([]byte(test.in)), test.problem)
			if got.String() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTargetPatternMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		port          uint16
		want          bool
	}{
		{"mail.contoso.com", "mail.contoso.com", 443, true},
		{"mail.contoso.com", "mail.contoso.com", 8443, false},
		{"mail.contoso.com", "a.mail.contoso.com", 443, false},
		{"mail.contoso.com:8443", "mail.contoso.com", 8443, true},
		{"mail.contoso.com:8443", "mail.contoso.com", 443, false},
		{"*.contoso.com", "mail.contoso.com", 443, true},
		{"*.contoso.com", "a.mail.contoso.com", 443, false},
		{"*.contoso.com", "contoso.com", 443, false},
		{"*.contoso.com", ".contoso.com", 443, false},
		{"*.contoso.com", "mail.contoso.com.evil.example", 443, false},
		{"192.0.2.1", "192.0.2.1", 443, true},
		{"[2001:db8::1]:444", "2001:db8::1", 444, true},
	}
	for _, test := range tests {
		p, err := ParseTargetPattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(test.name, test.port); got != test.want {
			t.Errorf("%s matches %s:%d: %v, want %v", test.pattern, test.name, test.port, got, test.want)
		}
	}
	if (TargetPattern{}).Match("", 0) {
		t.Error("the zero pattern matches something")
	}
}

func FuzzParseTargetPattern(f *testing.F) {
	for _, s := range []string{"mail.contoso.com", "*.contoso.com:8443", "[2001:db8::1]:444", "192.0.2.1:80", "bücher.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseTargetPattern(s)
		if err != nil {
			return
		}
		again, err := ParseTargetPattern(p.String())
		if err != nil || again != p {
			t.Fatalf("%q became %q, which became %q (%v)", s, p, again, err)
		}
	})
}
