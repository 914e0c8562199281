package autodiscover

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

const zoneHead = "$ORIGIN contoso.test.\n$TTL 60\n@ SOA ns.contoso.test. hostmaster.contoso.test. 1 3600 600 86400 60\n@ NS ns.contoso.test.\nns A 127.0.0.1\n"

// TestRealNameServer asks NSD for service records.
func TestRealNameServer(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 60 {
		fmt.Fprintf(&many, "_autodiscover._tcp.many SRV %d 0 443 a-host-with-a-long-name-%d.contoso.test.\n", 100-i, i)
	}
	address := servers.StartNSD(t, "contoso.test", zoneHead+many.String()+`
_autodiscover._tcp SRV 10 1 443 light.contoso.test.
_autodiscover._tcp SRV 10 9 443 heavy.contoso.test.
_autodiscover._tcp SRV 5 0 8443 first.contoso.test.
_autodiscover._tcp.alias CNAME _autodiscover._tcp
_autodiscover._tcp.none SRV 0 0 0 .
`)
	tests := map[string]struct {
		name   string
		want   []string // the first ones
		reason string
	}{
		"in order":             {"_autodiscover._tcp.contoso.test.", []string{"first.contoso.test:8443", "heavy.contoso.test:443", "light.contoso.test:443"}, ""},
		"behind an alias":      {"_autodiscover._tcp.alias.contoso.test.", []string{"first.contoso.test:8443"}, ""},
		"too many for UDP":     {"_autodiscover._tcp.many.contoso.test.", []string{"a-host-with-a-long-name-59.contoso.test:443"}, ""},
		"not there":            {"_autodiscover._tcp.nowhere.contoso.test.", nil, "not_found"},
		"decidedly none":       {"_autodiscover._tcp.none.contoso.test.", []string{":0"}, ""},
		"nobody's business":    {"_autodiscover._tcp.fabrikam.test.", nil, "server_failure"},
		"other records' owner": {"ns.contoso.test.", nil, "not_found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &probe{Settings: &Settings{Nameserver: address}}
			records, err := p.records(t.Context(), test.name)
			var got []string
			for _, r := range records[:min(len(records), max(1, len(test.want)))] {
				got = append(got, fmt.Sprintf("%s:%d", r.Target, r.Port))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if (err == nil) != (test.reason == "") || err != nil && !failure.Is(err, failure.Resolve, test.reason) {
				t.Errorf("error %v, want reason %q", err, test.reason)
			}
		})
	}
}

// TestNoNameServer: one that does not answer ends in time, and says so.
func TestNoNameServer(t *testing.T) {
	t.Parallel()
	p := &probe{Settings: &Settings{Nameserver: "127.0.0.1:1"}}
	if _, err := p.records(t.Context(), "_autodiscover._tcp.contoso.test."); !failure.Is(err, failure.Resolve, "timeout", "error") {
		t.Errorf("got %v", err)
	}
}

// TestRecordsThatLeadNowhere are known by what they say, as NSD gives it out: nobody is asked there.
func TestRecordsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, record, says string }{
		{"right", "0 0 443 mail.contoso.test.", ""},
		{"another port", "0 0 8443 mail.contoso.test.", ""},
		{"relative to the zone", "0 0 443 mail", ""},
		{"none", "0 0 0 .", "no such service"},
		{"address", "0 0 443 192.0.2.25.", "an address"},
		{"port", "0 0 0 mail.contoso.test.", "port 0"},
		{"label", "0 0 443 mail.", "no host's full name"},
		{"url", `0 0 443 https:\/\/mail.contoso.test.`, "no host's full name"},
		{"blank", `0 0 443 mail\032.contoso.test.`, "no host's full name"},
	}
	zone := zoneHead
	for i, test := range tests {
		zone += fmt.Sprintf("_autodiscover._tcp.d%d SRV %s\n", i, test.record)
	}
	p := &probe{Settings: &Settings{Nameserver: servers.StartNSD(t, "contoso.test", zone)}}
	for i, test := range tests {
		records, err := p.records(t.Context(), fmt.Sprintf("_autodiscover._tcp.d%d.contoso.test.", i))
		if err != nil || len(records) != 1 {
			t.Fatalf("%s: %d records, %v", test.name, len(records), err)
		}
		if why := leadsNowhere(records[0]); (why == "") != (test.says == "") || !strings.Contains(why, test.says) {
			t.Errorf("%s (%s): %q, want %q", test.name, test.record, why, test.says)
		}
	}
}

// FuzzPick holds that no answer makes more of itself than records with a host and a port, or such as lead nowhere.
func FuzzPick(f *testing.F) {
	const name = "_autodiscover._tcp.contoso.test."
	m := new(dns.Msg)
	m.SetQuestion(name, dns.TypeSRV)
	m.Response = true
	for _, text := range []string{name + " 60 IN SRV 0 1 443 mail.contoso.test.", name + " 60 IN CNAME " + name, name + " 60 IN SRV 0 0 0 ."} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		answer := new(dns.Msg)
		if answer.Unpack(packed) != nil {
			return
		}
		records, err := pick(answer, name)
		if (err == nil) != (len(records) > 0) {
			t.Fatalf("%d records, and %v", len(records), err)
		}
		for _, r := range records {
			if (r.Target == "" || r.Target == "." || r.Port == 0) && leadsNowhere(r) == "" {
				t.Fatalf("a record that leads nowhere: %v", r)
			}
		}
	})
}
