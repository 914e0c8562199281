package target

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr
	tests := []struct {
		name, raw, hostname string
		want                Target
	}{
		{"a host", "Mail.Contoso.com.", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 443}},
		{"a single label", "ex01", "", Target{Scheme: "https", Host: "ex01", Port: 443}},
		{"an underscore", "ex_01.contoso.com", "", Target{Scheme: "https", Host: "ex_01.contoso.com", Port: 443}},
		{"hyphens in the third and fourth place", "r3---ex.contoso.com", "", Target{Scheme: "https", Host: "r3---ex.contoso.com", Port: 443}},
		{"an internationalised name", "Bücher.example", "", Target{Scheme: "https", Host: "xn--bcher-kva.example", Port: 443}},
		{"an ideographic full stop", "mail。contoso。com", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 443}},
		{"a host and a port", "mail.contoso.com:8443", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 8443}},
		{"IPv4", "192.0.2.1", "", Target{Scheme: "https", Host: "192.0.2.1", Addr: ip("192.0.2.1"), Port: 443}},
		{"IPv4 and a port", "192.0.2.1:444", "", Target{Scheme: "https", Host: "192.0.2.1", Addr: ip("192.0.2.1"), Port: 444}},
		{"bare IPv6", "2001:DB8:0:0::1", "", Target{Scheme: "https", Host: "2001:db8::1", Addr: ip("2001:db8::1"), Port: 443}},
		{"IPv6 in brackets", "[2001:db8::1]", "", Target{Scheme: "https", Host: "2001:db8::1", Addr: ip("2001:db8::1"), Port: 443}},
		{"IPv6 and a port", "[2001:db8::1]:444", "", Target{Scheme: "https", Host: "2001:db8::1", Addr: ip("2001:db8::1"), Port: 444}},
		{"IPv4-mapped is IPv4", "[::ffff:192.0.2.1]:444", "", Target{Scheme: "https", Host: "192.0.2.1", Addr: ip("192.0.2.1"), Port: 444}},
		{"a URL", "https://mail.contoso.com/EWS/Exchange.asmx", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 443, Path: "/EWS/Exchange.asmx"}},
		{"a URL without a path", "HTTPS://mail.contoso.com", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 443}},
		{"a URL with a query and an @ in it", "https://mail.contoso.com?Email=a@contoso.com", "", Target{Scheme: "https", Host: "mail.contoso.com", Port: 443, Path: "/?Email=a@contoso.com"}},
		{"http has port 80", "http://mail.contoso.com/", "", Target{Scheme: "http", Host: "mail.contoso.com", Port: 80, Path: "/"}},
		{"a URL with a port", "http://[2001:db8::1]:8080/x", "", Target{Scheme: "http", Host: "2001:db8::1", Addr: ip("2001:db8::1"), Port: 8080, Path: "/x"}},
		{"a hostname", "192.0.2.1", "Mail.Contoso.com", Target{Scheme: "https", Host: "192.0.2.1", Addr: ip("192.0.2.1"), Port: 443, Name: "mail.contoso.com"}},
		{"an address as hostname", "ex01", "[2001:db8::1]", Target{Scheme: "https", Host: "ex01", Port: 443, Name: "2001:db8::1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(test.raw, test.hostname)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Raw = test.raw
			if test.want.Name == "" {
				test.want.Name = test.want.Host
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// malformed lists what is a 400, and a word of the sentence that says why.
var malformed = []struct {
	name, raw, hostname, problem string
}{
	{"empty", "", "", "is empty"},
	{"too long", strings.Repeat("a", 2049), "", "2048"},
	{"a space", "mail contoso.com", "", "space"},
	{"a line break", "mail.contoso.com\r\nHost: x", "", "U+000D"},
	{"a zero-width character", "mail\u200b.contoso.com", "", "U+200B"},
	{"a bidi override", "mail\u202e.contoso.com", "", "U+202E"},
	{"broken UTF-8", "mail\xff.contoso.com", "", "UTF-8"},
	{"a user in a host", "user@mail.contoso.com", "", "@"},
	{"another scheme", "ftp://mail.contoso.com", "", "scheme"},
	{"another scheme without slashes", "mailto:a", "", "port"},
	{"a fragment", "https://mail.contoso.com/#x", "", "fragment"},
	{"a fragment without URL", "mail.contoso.com#x", "", "'#'"},
	{"a path without scheme", "mail.contoso.com/EWS", "", "whole URL"},
	{"a backslash", `https://mail.contoso.com\@evil.example`, "", "@"},
	{"a backslash alone", `https://mail.contoso.com\evil`, "", `'\\'`},
	{"a broken escape", "https://mail.contoso.com/%zz", "", "escape"},
	{"a path that is not ASCII", "https://mail.contoso.com/ü", "", "percent-encode"},
	{"no host in a URL", "https:///EWS", "", "host is empty"},
	{"a dot alone", ".", "", "empty"},
	{"an empty label", "mail..contoso.com", "", "empty"},
	{"a long label", strings.Repeat("a", 64) + ".com", "", "63"},
	{"a long name", strings.Repeat("a.", 130) + "com", "", "253"},
	{"a hyphen in front", "-mail.contoso.com", "", "hyphen"},
	{"an exclamation mark", "mail!.contoso.com", "", "'!'"},
	{"an asterisk", "*.contoso.com", "", "'*'"},
	{"a bad A-label", "xn--a.contoso.com", "", "not a valid name"},
	{"a decimal address", "2130706433", "", "unusual spelling"},
	{"an octal address", "0177.0.0.1", "", "unusual spelling"},
	{"a hexadecimal address", "0x7f.0.0.1", "", "unusual spelling"},
	{"a hexadecimal number", "0x7F000001", "", "unusual spelling"},
	{"a short address", "127.1", "", "unusual spelling"},
	{"five parts", "127.0.0.0.1", "", "unusual spelling"},
	{"full-width digits", "１２７.0.0.1", "", "unusual spelling"},
	{"a zone", "fe80::1%eth0", "", "zone"},
	{"a zone in brackets", "[fe80::1%25eth0]:443", "", "zone"},
	{"IPv4 in brackets", "[127.0.0.1]", "", "IPv6"},
	{"an open bracket", "[::1", "", "not closed"},
	{"text after the bracket", "[::1]443", "", "bracket ]"},
	{"not IPv6", "a:b:c", "", "neither a name nor an address"},
	{"port 0", "mail.contoso.com:0", "", "65535"},
	{"a port too large", "mail.contoso.com:65536", "", "65535"},
	{"a port that is a word", "mail.contoso.com:https", "", "65535"},
	{"a port with a sign", "mail.contoso.com:+443", "", "65535"},
	{"no port", "mail.contoso.com:", "", "no port"},
	{"a hostname with a port", "192.0.2.1", "mail.contoso.com:443", "hostname"},
	{"a hostname that is a URL", "192.0.2.1", "https://mail.contoso.com", "hostname"},
	{"a hostname with a line break", "192.0.2.1", "a\nb", "hostname"},
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range malformed {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(test.raw, test.hostname)
			if err == nil {
				t.Fatalf("parsed as %+v", got)
			}
			if !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %q does not say %q", err, test.problem)
			}
		})
	}
}

func TestParseNeverRepeatsAPassword(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://user:s3cret@mail.contoso.com/", "user:s3cret@mail.contoso.com", "ftp://user:s3cret@mail.contoso.com",
		"https://user:s3cret@mail.contoso.com/%zz", "https://user:s3cret@mail.contoso.com/#x", "user:s3cret@[::1", "https://s3cret@",
	} {
		if _, err := Parse(raw, ""); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", raw, err)
		}
		if _, err := Parse("ex01", raw); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("hostname %s: error %v", raw, err)
		}
	}
}

func TestWrittenForms(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, hostname, hostPort, authority, url string }{
		{"mail.contoso.com", "", "mail.contoso.com:443", "mail.contoso.com", "https://mail.contoso.com/EWS/"},
		{"192.0.2.1:8443", "mail.contoso.com", "192.0.2.1:8443", "mail.contoso.com:8443", "https://mail.contoso.com:8443/EWS/"},
		{"::1", "", "[::1]:443", "[::1]", "https://[::1]/EWS/"},
		{"http://[::1]:8080/a?b", "", "[::1]:8080", "[::1]:8080", "http://[::1]:8080/a?b"},
	}
	for _, test := range tests {
		got, err := Parse(test.raw, test.hostname)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{test.hostPort, test.authority, test.url}, []string{got.HostPort(), got.Authority(), got.URL("/EWS/")}); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.raw, diff)
		}
	}
}

// FuzzParse holds that whatever parses, parses again to the same when it is written in its normal form.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"mail.contoso.com", "mail.contoso.com:8443", "192.0.2.1", "[2001:db8::1]:444", "::ffff:192.0.2.1",
		"https://bücher.example/EWS/?a=b@c", "http://ex_01:80", "2130706433", "user:pw@host", "[fe80::1%25eth0]", "１２７.0.0.1",
	} {
		f.Add(s, "")
		f.Add("ex01", s)
	}
	f.Fuzz(func(t *testing.T, raw, hostname string) {
		first, err := Parse(raw, hostname)
		if err != nil {
			return
		}
		second, err := Parse(first.Scheme+"://"+first.HostPort()+first.Path, first.Name)
		if err != nil {
			t.Fatalf("%+v does not parse again: %v", first, err)
		}
		second.Raw = first.Raw
		if first != second {
			t.Fatalf("%+v became %+v", first, second)
		}
	})
}

// FuzzMapped: a name that is not given to package idna is one that it would have given back as it is.
func FuzzMapped(f *testing.F) {
	for _, s := range []string{"mail.contoso.com", "ex_01", "r3---a.b", "-a-", "a..b", ".", "xn--bcher-kva.example", "axn--b", "1.2", "Ex01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !mapped(s) {
			return
		}
		if got, err := profile.ToASCII(s); err != nil || got != s {
			t.Errorf("%q became %q, error %v", s, got, err)
		}
	})
}
