package origin

import (
	"slices"
	"testing"
)

// TestOfProxy: who answers CONNECT at the module's proxy is that proxy, whatever it is, and gets no advice that is for servers.
func TestOfProxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		response Response
		product  string
		says     []string
	}{
		{"Squid's error page", Response{Status: 503, Header: []Field{{"Server", "squid/5.7"}, {"X-Squid-Error", "ERR_CONNECT_FAIL 111"}}}, "squid", []string{"X-Squid-Error: ERR_CONNECT_FAIL 111"}},
		{"RFC 9209", Response{Status: 502, Header: []Field{{"Proxy-Status", "out; error=connection_refused"}, {"Retry-After", "5"}}}, "", []string{"Proxy-Status: out; error=connection_refused", "Retry-After: 5"}},
		{"a redirect to a portal", Response{Status: 302, Header: []Field{{"Location", "http://portal.example/"}}}, "", []string{"Location: http://portal.example/"}},
		{"IIS in the proxy's place", Response{Status: 405, Header: []Field{{"Server", "Microsoft-IIS/10.0"}, {"X-FEServer", "EX01"}}}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who, reading := OfProxy(&c.response)
			if who.Kind != Proxy || who.Product != c.product || who.Frontend != "" {
				t.Errorf("%+v", who)
			}
			if !slices.Equal(reading.Says, c.says) || reading.Advice != "" {
				t.Errorf("%+v", reading)
			}
		})
	}
}
