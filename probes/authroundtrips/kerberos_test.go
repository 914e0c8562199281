package authroundtrips_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
)

// aliasOf is a name server by which mail.contoso.test is an alias for ex01.contoso.test, at 127.0.0.1.
func aliasOf(t *testing.T) wire.Resolver {
	t.Helper()
	return wire.NewResolver(script.Nameserver(t, func(ask *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(ask)
		m.RecursionAvailable = true
		records := []string{"ex01.contoso.test. 60 IN A 127.0.0.1"}
		if ask.Question[0].Name == "mail.contoso.test." {
			records = append([]string{"mail.contoso.test. 60 IN CNAME ex01.contoso.test."}, records...)
		}
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				panic(err)
			}
			if kind := rr.Header().Rrtype; kind == dns.TypeCNAME || kind == ask.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		return m
	}))
}

// named probes mail.contoso.test, which a server at the port plays, with an auth and options in YAML.
func named(t *testing.T, port, auths, options string) *result.Result {
	t.Helper()
	text := fmt.Sprintf("auths: {a: {targets: ['mail.contoso.test:%s'], %s}}\nmodules: {m: {prober: auth_roundtrips, ip_protocol: ip4, auth: a, tls_config: {ca_file: ca.pem}, auth_roundtrips: {%s}}}\npolicy: {allow: [127.0.0.0/8]}\n", port, auths, options)
	dir := t.TempDir()
	for name, content := range map[string]string{"e.yml": text, "ca.pem": string(script.Authority().PEM())} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "e.yml")}, []prober.Definition{authroundtrips.Definition})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler), Resolver: aliasOf(t),
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: "mail.contoso.test:" + port, Limit: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

const page = "method: GET, paths: [/x.htm], objects: 2"

// facts are those of Kerberos that a probe knows, in order, and which other names have a ticket.
func facts(res *result.Result) string {
	var known []string
	for _, s := range res.Samples {
		if s.Name == "probe_auth_kerberos_success" || s.Name == "probe_auth_kerberos_name_success" {
			known = append(known, fmt.Sprintf("%s %v", s.Labels[0], s.Value))
		}
	}
	return strings.Join(known, ", ")
}

// twice is a KDC in front of a real one, which says of every service principal that two accounts have it: MIT's database
// knows each name once.
func twice(t *testing.T, kdc string) (address string) {
	t.Helper()
	return lab.Serve(t, func(c *lab.Conn) error {
		head := make([]byte, 5)
		if _, err := io.ReadFull(c, head); err != nil {
			return err
		}
		rest := make([]byte, binary.BigEndian.Uint32(head)-1)
		if _, err := io.ReadFull(c, rest); err != nil {
			return err
		}
		const ticketRequest = 0x6c // application 12, TGS-REQ (RFC 4120 §5.10)
		if head[4] == ticketRequest {
			return script.KDCSays(script.KDCError(errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE))(c)
		}
		behind, err := net.Dial("tcp", kdc) //nolint:noctx // a test's
		if err != nil {
			return err
		}
		defer behind.Close()
		if _, err := behind.Write(append(head, rest...)); err != nil {
			return err
		}
		_, err = io.Copy(c, behind)
		return err
	}).Addr()
}

// TestServicePrincipals: with a real KDC and Apache httpd, each of the three facts of a logon by Kerberos is told apart from the
// others, and for the site's other names whether a ticket is had.
func TestServicePrincipals(t *testing.T) {
	t.Parallel()
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	keytab := realm.AddService(t, "HTTP/mail.contoso.test")
	other := realm.AddService(t, "HTTP/other.contoso.test")
	leaf := script.Leaf(script.Authority(), nil)
	kerberized := func(keytab string) string {
		address := servers.GSSAPI{Certificate: leaf, ConnectionBound: true, Keytab: keytab, Realm: realm, Pages: map[string]string{"x.htm": "x"}}.Start(t)
		_, port, _ := strings.Cut(address, ":")
		return port
	}
	right, wrong := kerberized(keytab), kerberized(other)
	_, ntlm, _ := strings.Cut(servers.GSSAPI{Certificate: leaf, ConnectionBound: true, Users: map[string]string{"CONTOSO:probe": password}, Pages: map[string]string{"x.htm": "x"}}.Start(t), ":")
	by := func(kdc, schemes, more string) string {
		return fmt.Sprintf(`username: 'CONTOSO\probe', password: %q, schemes: [%s], kerberos: {realm: %s, kdcs: [%q]%s}`, password, schemes, realm.Name, kdc, more)
	}
	for _, tt := range []struct{ name, port, auth, facts, reason, findings string }{
		{"a ticket that is accepted; the other names have none", right, by(realm.KDC, "negotiate", ""), "granting_ticket 1, service_ticket 1, acceptance 1, short_name 0, alias 0", "", "spn_missing/info spn_missing/info"},
		{"a ticket for another account than the site's", wrong, by(realm.KDC, "negotiate", ""), "granting_ticket 1, service_ticket 1, acceptance 0, short_name 0, alias 0", "ticket_refused", "spn_missing/info spn_missing/info answered_by_middlebox/error"},
		{"no service principal", right, by(realm.KDC, "negotiate", ", spn: HTTP/nobody.contoso.test"), "granting_ticket 1, service_ticket 0", "unknown_service", "spn_missing/error"},
		{"no service principal, and NTLM in its place", ntlm, by(realm.KDC, "negotiate, ntlm", ", spn: HTTP/nobody.contoso.test"), "granting_ticket 1, service_ticket 0", "", "spn_missing/warning negotiate_fell_back/info"},
		{"a service principal of two accounts", right, by(twice(t, realm.KDC), "negotiate", ""), "granting_ticket 1, service_ticket 0, short_name 0, alias 0", "shared_service", "spn_duplicate/error spn_duplicate/warning spn_duplicate/warning"},
		{"no ticket at all", right, strings.Replace(by(realm.KDC, "negotiate", ""), password, "hunter2", 1), "granting_ticket 0", "kdc_wrong_password", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := named(t, tt.port, tt.auth, page)
			if got := facts(res); got != tt.facts || reason(res) != tt.reason {
				t.Errorf("%s; %v\nwant %s; %s", got, res.Failure, tt.facts, tt.reason)
			}
			if got := codes(res); got != tt.findings {
				t.Errorf("findings %q, want %q", got, tt.findings)
			}
		})
	}
	t.Run("once the other names have one", func(t *testing.T) {
		realm.AddService(t, "HTTP/mail")
		realm.AddService(t, "HTTP/ex01.contoso.test")
		res := named(t, right, by(realm.KDC, "negotiate", ""), page)
		if want := "granting_ticket 1, service_ticket 1, acceptance 1, short_name 1, alias 1"; facts(res) != want || codes(res) != "" {
			t.Errorf("%s, %s; want %s", facts(res), codes(res), want)
		}
	})
}
