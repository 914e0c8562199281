package origin

import "testing"

func TestDecodeBigIPCookie(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value, want string // want is empty where the value is none
	}{
		{"K6917's example", "1677787402.36895.0000", "10.1.1.100:8080"},
		{"port 443", "117440522.47873.0000", "10.0.0.7:443"},
		{"IPv6", "vi20010112000000000000000000000030.20480", "[2001:112::30]:80"},
		{"IPv4 in a route domain", "rd5o00000000000000000000ffffc0000201o80", "192.0.2.1:80"},
		{"IPv6 in a route domain", "rd3o20010112000000000000000000000030o80", "[2001:112::30]:80"},
		{"encrypted", "!dGVzdA==", ""},
		{"empty", "", ""},
		{"another reserved field", "1677787402.36895.0001", ""},
		{"more fields", "1677787402.36895.0000.1", ""},
		{"an address too great", "4294967296.36895.0000", ""},
		{"a port too great", "1677787402.65536.0000", ""},
		{"a sign", "+1.+1.0000", ""},
		{"too few digits", "vi2001.20480", ""},
		{"no hex", "vizz010112000000000000000000000030.20480", ""},
		{"no domain", "rdo00000000000000000000ffffc0000201o80", ""},
		{"no port", "rd5o00000000000000000000ffffc0000201", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := DecodeBigIPCookie(c.value)
			if ok != (c.want != "") || ok && got.String() != c.want {
				t.Errorf("DecodeBigIPCookie(%q) = %v, %t; want %q", c.value, got, ok, c.want)
			}
		})
	}
}

func FuzzDecodeBigIPCookie(f *testing.F) {
	for _, seed := range []string{"1677787402.36895.0000", "vi20010112000000000000000000000030.20480", "rd5o00000000000000000000ffffc0000201o80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got, ok := DecodeBigIPCookie(value); ok && !got.IsValid() {
			t.Errorf("%q gives %v", value, got)
		}
	})
}
