package sslbinding

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestProbe_certificates: what is wrong with one certificate, and what the settings make of it.
func TestProbe_certificates(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	lower := root.sub(t, "issuing")
	complete, bare := lower.mail(t), lower.mail(t)
	bare.Certificate = bare.Certificate[:1]
	swapped := root.sub(t, "a").sub(t, "b").mail(t)
	slices.Reverse(swapped.Certificate[1:])
	alone := &authority{key: newKey(t)}
	selfSigned := tls.Certificate{Certificate: [][]byte{alone.create(t, mailTemplate(), alone.key).Raw}, PrivateKey: alone.key}
	client := root.issue(t, &x509.Certificate{DNSNames: []string{service}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	commonName := root.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: service}})
	for name, tt := range map[string]struct {
		pair     tls.Certificate
		settings func(*Settings)
		module   func(*prober.Module)
		verdict  string
		findings []string
	}{
		"right":            {pair: complete},
		"names covered":    {pair: complete, settings: func(s *Settings) { s.Names = []string{service, "autodiscover.contoso.test"} }},
		"a name missing":   {complete, func(s *Settings) { s.Names = []string{"owa.contoso.test"} }, nil, "tls/certificate_name", []string{NameNotCovered}},
		"expected":         {pair: complete, settings: func(s *Settings) { s.Thumbprints = []string{strings.Repeat("0", 40), sum(complete)} }},
		"not expected":     {complete, func(s *Settings) { s.Thumbprints = []string{strings.Repeat("0", 40)} }, nil, "tls/certificate_unexpected", []string{ThumbprintUnexpected}},
		"issuer not sent":  {bare, nil, nil, "tls/certificate_authority", []string{ChainIncomplete}},
		"out of order":     {swapped, nil, nil, "", []string{ChainMisordered}},
		"self-signed":      {selfSigned, nil, nil, "tls/certificate_authority", nil},
		"not for servers":  {client, nil, nil, "tls/certificate_usage", []string{CertificateUsage}},
		"CN alone":         {commonName, nil, nil, "tls/certificate_name", []string{NameNotCovered}},
		"CN alone, chosen": {commonName, func(s *Settings) { s.Names = []string{service} }, func(m *prober.Module) { m.TLS.Insecure = true }, "", nil},
		"insecure":         {bare, nil, func(m *prober.Module) { m.TLS.Insecure = true }, "", []string{ChainIncomplete}},
		"pinned":           {bare, nil, func(m *prober.Module) { m.TLS.Pins = []string{sum(bare)} }, "", nil},
		"a year left":      {complete, func(s *Settings) { s.MinDays = 365 }, nil, "", []string{CertificateExpiring}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(tt.pair), nil)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: tt.settings, module: tt.module}.probe(t)
			wantResult(t, r, tt.verdict, tt.findings...)
			trusted := 1.0
			if f := r.Failure; f != nil && strings.HasPrefix(f.Reason, "certificate_") && f.Reason != reasonUnexpected && name != "a name missing" || name == "insecure" || name == "CN alone, chosen" {
				trusted = 0
			}
			wantValue(t, r, trusted, "probe_ssl_binding_trusted", service, d.String())
			if _, ok := value(t, r, "probe_ssl_binding_info", service, d.String()); !ok {
				t.Error("there is no probe_ssl_binding_info: a certificate is reported whether or not it is trusted")
			}
		})
	}
}

func sum(pair tls.Certificate) string {
	return fmt.Sprintf("%x", sha256.Sum256(pair.Certificate[0]))
}

// TestProbe_otherDoorCompletes: when another address sends the missing intermediate, it is sure that it is missing.
func TestProbe_otherDoorCompletes(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.sub(t, "issuing").mail(t)
	bare := pair
	bare.Certificate = pair.Certificate[:1]
	one := door(t, "127.0.0.1:0", shows(bare), nil)
	two := door(t, fmt.Sprintf("127.0.0.2:%d", one.Port()), shows(pair), nil)
	r := survey{target: on(one), resolver: leads(one, two), roots: root.pem()}.probe(t)
	wantResult(t, r, "tls/certificate_authority", ChainIncomplete)
	if s := sentence(t, r, ChainIncomplete).Sentence; !strings.Contains(s, "With what "+two.String()+" sends it is trusted") {
		t.Error(s)
	}
	wantValue(t, r, 1, "probe_ssl_binding_trusted", service, two.String())
	wantValue(t, r, 1, "probe_ssl_binding_consistent", "address")
}

// TestProbe_hostile: whatever one door does, the probe ends in time, says what it was, and shows the other door.
func TestProbe_hostile(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	mail := root.mail(t)
	manyNames, names := mailTemplate(), make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("h%d.example", i)
	}
	manyNames.DNSNames = append(names, service)
	deep := root
	for i := range 19 {
		deep = deep.sub(t, fmt.Sprintf("level %d", i))
	}
	ancient, eternal, reversed, odd := mailTemplate(), mailTemplate(), mailTemplate(), mailTemplate()
	ancient.NotBefore, ancient.NotAfter = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1951, 1, 1, 0, 0, 0, 0, time.UTC)
	eternal.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	reversed.NotBefore, reversed.NotAfter = time.Now().AddDate(1, 0, 0), time.Now().AddDate(-1, 0, 0)
	odd.Subject = pkix.Name{CommonName: "\u202egnp.exe\x1b[2J\"},{x=\"y\n", Organization: []string{strings.Repeat("long ", 4000)}}
	raw := func(say string) func(net.Conn) bool {
		return func(c net.Conn) bool {
			_, _ = io.WriteString(c, say)
			_, _ = io.Copy(io.Discard, c)
			return false
		}
	}
	for name, tt := range map[string]struct {
		config  *tls.Config
		handle  func(net.Conn) bool
		verdict string
	}{
		"garbage":       {nil, raw("\x00\x01\x02 no TLS at all, by any means"), "tls/not_tls"},
		"HTTP":          {nil, raw("HTTP/1.1 400 Bad Request\r\n\r\n"), "tls/not_tls"},
		"silence":       {nil, raw(""), "tls/timeout"},
		"half a record": {nil, raw("\x16\x03\x03\x40\x00\x02"), "tls/timeout"},
		"an alert":      {nil, raw("\x15\x03\x03\x00\x02\x02\x70"), "tls/alert"},
		"closed": {nil, func(c net.Conn) bool {
			_, _ = c.Read(make([]byte, 64<<10)) // or closing would reset
			return false
		}, "tls/closed"},
		"10,000 names":   {shows(root.issue(t, manyNames)), nil, ""},
		"20 deep":        {shows(deep.mail(t)), nil, ""},
		"long ago":       {shows(root.issue(t, ancient)), nil, "tls/certificate_expired"},
		"until 9999":     {shows(root.issue(t, eternal)), nil, ""},
		"until before":   {shows(root.issue(t, reversed)), nil, "tls/certificate_expired"},
		"an odd subject": {shows(root.issue(t, odd)), nil, ""},
		"asks for one":   {&tls.Config{Certificates: []tls.Certificate{mail}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := door(t, "127.0.0.1:0", tt.config, tt.handle)
			good := door(t, fmt.Sprintf("127.0.0.2:%d", bad.Port()), shows(mail), nil)
			r := survey{target: on(bad), resolver: leads(bad, good), roots: root.pem(), limit: 2 * time.Second}.probe(t)
			if got := verdictOf(r); got != tt.verdict {
				t.Errorf("verdict %q, want %q: %v", got, tt.verdict, r.Failure)
			}
			wantValue(t, r, 1, "probe_ssl_binding_trusted", service, good.String())
			shown := exposition(t, r) + table(t, r)
			if strings.ContainsAny(shown, "\x1b\u202e") {
				t.Errorf("a certificate's text can drive a terminal:\n%q", shown)
			}
			for line := range strings.Lines(shown) {
				if len(line) > 2000 {
					t.Errorf("a line of %d bytes", len(line))
				}
			}
		})
	}
}

// TestProbe_differing: where doors differ, and what the settings make of it.
func TestProbe_differing(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	one, two := root.mail(t), root.mail(t)
	both := func(s *Settings) { s.Thumbprints = []string{sum(one), sum(two)} }
	bySNI := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == service {
			return &one, nil
		}
		return &two, nil
	}}
	for name, tt := range map[string]struct {
		first, second *tls.Config
		server        bool // the second is a server behind the first
		settings      func(*Settings)
		finding       string
		severity      result.Severity
	}{
		"addresses":                  {shows(one), shows(two), false, nil, AddressesDiffer, result.Warning},
		"addresses, both expected":   {shows(one), shows(two), false, both, AddressesDiffer, result.Info},
		"servers":                    {shows(one), shows(two), true, nil, ServerDiffers, result.Info},
		"servers, same wanted":       {shows(one), shows(two), true, func(s *Settings) { s.SameCertificate = true }, ServerDiffers, result.Warning},
		"without SNI":                {bySNI, bySNI, false, nil, SNIDiffers, result.Info},
		"without SNI, same required": {bySNI, bySNI, false, func(s *Settings) { s.RequireSameWithoutSNI = true }, SNIDiffers, result.Warning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := door(t, "127.0.0.1:0", tt.first, nil)
			b := door(t, fmt.Sprintf("127.0.0.2:%d", a.Port()), tt.second, nil)
			s := survey{target: on(a), resolver: leads(a, b), roots: root.pem(), settings: tt.settings}
			if tt.server {
				s.resolver = names{service: at("127.0.0.1"), "ex01.contoso.test": at("127.0.0.2")}
				s.settings = func(s *Settings) {
					s.Addresses = []string{"ex01.contoso.test"}
					if tt.settings != nil {
						tt.settings(s)
					}
				}
			}
			r := s.probe(t)
			wantResult(t, r, "", tt.finding)
			if f := sentence(t, r, tt.finding); f.Severity != tt.severity {
				t.Errorf("severity %s, want %s: %s", f.Severity, tt.severity, f.Sentence)
			}
			across := map[string]string{AddressesDiffer: "address", ServerDiffers: "server", SNIDiffers: "sni"}[tt.finding]
			wantValue(t, r, 0, "probe_ssl_binding_consistent", across)
			wantAbsent(t, r, "probe_ssl_binding_consistent", "family")
		})
	}
}

// TestProbe_unknownIsAbsent: a door that cannot be reached is not "consistent", nor inconsistent.
func TestProbe_unknownIsAbsent(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	good := door(t, "127.0.0.1:0", shows(root.mail(t)), nil)
	r := survey{target: on(good), resolver: names{service: at("127.0.0.1", "127.0.0.3")}, roots: root.pem()}.probe(t)
	wantResult(t, r, "connect/refused")
	wantAbsent(t, r, "probe_ssl_binding_consistent", "address")
	wantValue(t, r, 1, "probe_ssl_binding_consistent", "sni")
	wantValue(t, r, 0, "probe_ssl_binding_trusted", fmt.Sprintf("127.0.0.3:%d", good.Port()), service)
	wantAbsent(t, r, "probe_ssl_binding_not_after_timestamp_seconds", fmt.Sprintf("127.0.0.3:%d", good.Port()), service)
	for _, metric := range []string{"probe_ssl_binding_expected", "probe_ssl_binding_revoked", "probe_ssl_revocation_reachable", "probe_ssl_binding_tls_version_accepted"} {
		wantAbsent(t, r, metric)
	}
}

func TestProbe_targets(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	d := door(t, "127.0.0.1:0", shows(root.mail(t)), nil)
	byAddress := d.String()
	for name, tt := range map[string]struct {
		survey   survey
		verdict  string
		findings []string
		rows     int
	}{
		"an address under the service's name": {survey{target: byAddress, hostname: service}, "", nil, 3},
		"an address":                          {survey{target: byAddress}, "tls/certificate_name", []string{NameNotCovered}, 2},
		"an http URL":                         {survey{target: "http://" + on(d)}, "config/target_not_tls", nil, 0},
		"a name that does not exist":          {survey{target: "nowhere.contoso.test"}, "resolve/not_found", nil, 0},
		"a server that does not exist, too":   {survey{target: on(d), settings: func(s *Settings) { s.Addresses = []string{"nowhere.contoso.test"} }}, "resolve/not_found", nil, 3},
		"the server alone":                    {survey{target: fmt.Sprintf("nowhere.contoso.test:%d", d.Port()), hostname: service, settings: func(s *Settings) { s.Addresses = []string{"127.0.0.1"} }}, "resolve/not_found", nil, 3},
		"the balancer's address listed":       {survey{target: on(d), settings: func(s *Settings) { s.Addresses = []string{"127.0.0.1"} }}, "", nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.survey.resolver, tt.survey.roots = leads(d), root.pem()
			r := tt.survey.probe(t)
			wantResult(t, r, tt.verdict, tt.findings...)
			rows := 0
			if len(r.Tables) > 0 {
				rows = len(r.Tables[0].Rows)
			}
			if rows != tt.rows {
				t.Errorf("%d bindings in the table, want %d", rows, tt.rows)
			}
			if r.Decides != result.ByNone {
				t.Error("it is no survey")
			}
		})
	}
}

// TestProbe_tooMany: a name with many addresses is cut, said so, and nothing else breaks.
func TestProbe_tooMany(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	d := door(t, "127.0.0.1:0", shows(root.mail(t)), nil)
	all := at("127.0.0.1")
	for i := range 40 {
		all = append(all, at(fmt.Sprintf("127.0.1.%d", i+1))...)
	}
	r := survey{target: on(d), resolver: names{service: all}, roots: root.pem(), settings: func(s *Settings) { s.Ports = []int{9, 19} }}.probe(t)
	if s := sentence(t, r, BindingsLeftOut).Sentence; !strings.Contains(s, "25 addresses beyond the 16") || !strings.Contains(s, "80 connections beyond the 64") {
		t.Error(s)
	}
	wantValue(t, r, 1, "probe_ssl_binding_trusted", service, d.String())
	if n := strings.Count(exposition(t, r), "\n"); n > 700 {
		t.Errorf("%d lines of metrics", n)
	}
}

func TestProbe_versions(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	middle := shows(root.mail(t))
	middle.MinVersion, middle.MaxVersion = tls.VersionTLS11, tls.VersionTLS12
	d := door(t, "127.0.0.1:0", middle, nil)
	s := survey{target: on(d), resolver: leads(d), roots: root.pem()}
	r := s.probe(t)
	wantResult(t, r, "")
	wantAbsent(t, r, "probe_ssl_binding_tls_version_accepted")
	s.settings = func(s *Settings) { s.Sweep = true }
	r = s.probe(t)
	wantResult(t, r, "", VersionOld)
	if s := sentence(t, r, VersionOld).Sentence; !strings.HasPrefix(s, "TLS 1.1 is accepted at "+d.String()) {
		t.Error(s)
	}
	for version, want := range map[string]float64{"TLS 1.0": 0, "TLS 1.1": 1, "TLS 1.2": 1, "TLS 1.3": 0} {
		wantValue(t, r, want, "probe_ssl_binding_tls_version_accepted", version)
	}
	s.module = func(m *prober.Module) { m.TLS.MinVersion = tls.VersionTLS11 }
	wantResult(t, s.probe(t), "")
}

func TestProbe_weakKey(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	leaf := root.create(t, mailTemplate(), key)
	d := door(t, "127.0.0.1:0", shows(tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}), nil)
	s := survey{target: on(d), resolver: leads(d), roots: root.pem()}
	wantResult(t, s.probe(t), "")
	s.settings = func(s *Settings) { s.MinKeyBits = 3072 }
	wantResult(t, s.probe(t), "", CertificateWeak)
}

// TestProbe_startTLS: the transport's certificate expires too.
func TestProbe_startTLS(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	d := door(t, "127.0.0.1:0", shows(root.mail(t)), speakSMTP)
	r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: func(s *Settings) {
		s.StartTLS, s.Sweep = []int{int(d.Port())}, true
	}}.probe(t)
	wantResult(t, r, "", VersionOld)
	wantValue(t, r, 1, "probe_ssl_binding_trusted", service, d.String())
	wantValue(t, r, 1, "probe_ssl_binding_tls_version_accepted", "TLS 1.3")
	if !slices.ContainsFunc(r.Steps, func(s *result.Step) bool { return len(s.Steps) == 3 && s.Steps[1].Name == "binding.starttls" }) {
		t.Error("no step binding.starttls")
	}
}

// speakSMTP speaks until TLS begins.
func speakSMTP(c net.Conn) bool {
	_, _ = io.WriteString(c, "220 EX01 ready\r\n")
	for _, answer := range []string{"250-EX01\r\n250 STARTTLS\r\n", "220 go\r\n"} {
		var line []byte
		for one := make([]byte, 1); !strings.HasSuffix(string(line), "\r\n"); line = append(line, one[0]) {
			if _, err := c.Read(one); err != nil {
				return false
			}
		}
		_, _ = io.WriteString(c, answer)
	}
	return true
}
