package sslbinding

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// short is an RSA key of 1024 bits, made once.
func short(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // short on purpose
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed is a certificate for the service by an authority, with this key.
func (a *authority) signed(t testing.TB, key crypto.Signer, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := mailTemplate()
	if edit != nil {
		edit(template)
	}
	leaf := a.create(t, template, key)
	return tls.Certificate{Certificate: append([][]byte{leaf.Raw}, a.chain...), PrivateKey: key, Leaf: leaf}
}

// TestProbe_clients: what some clients refuse is a warning that says who, and what nobody minds is none.
func TestProbe_clients(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	weak := &authority{key: short(t)}
	weak.cert = root.create(t, caTemplate("short"), weak.key)
	weak.chain = [][]byte{weak.cert.Raw}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pss := &authority{key: long}
	pss.cert = root.create(t, caTemplate("pss"), long)
	pss.chain = [][]byte{pss.cert.Raw}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	lasting := func(from time.Time, days int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, from.AddDate(0, 0, days) }
	}
	logged := func(c *x509.Certificate) {
		lasting(time.Now().AddDate(0, 0, -10), 500)(c)
		c.ExtraExtensions = []pkix.Extension{{Id: transparency, Value: []byte{4, 0}}}
	}
	staple := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: features, Value: []byte{0x30, 3, 2, 1, 5}}}
	}
	old := time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		pair    tls.Certificate
		finding string
		tells   string
	}{
		"right":                        {root.mail(t), "", ""},
		"825 days":                     {root.signed(t, newKey(t), lasting(time.Now().AddDate(0, 0, -10), 825)), "", ""},
		"five years":                   {root.signed(t, newKey(t), lasting(time.Now().AddDate(0, 0, -10), 1835)), CertificateLasting, "valid for 1835 days, and Apple's devices refuse more than 825"},
		"500 days, public":             {root.signed(t, newKey(t), logged), CertificateLasting, "Apple's devices and Chrome refuse more than 398"},
		"20 years, from before":        {root.signed(t, newKey(t), lasting(old, 7300)), "", ""},
		"no usage":                     {root.signed(t, newKey(t), func(c *x509.Certificate) { c.ExtKeyUsage = nil }), CertificateNoUsage, "Apple"},
		"a short key":                  {root.signed(t, short(t), nil), CertificateWeak, "1024 bits, and 2048 are wanted: Apple's devices"},
		"an authority with one":        {weak.mail(t), CertificateWeak, "The authority CN=short, above the certificate"},
		"an Ed25519 key":               {root.signed(t, edwards, nil), CertificateKeyUnusual, "an Ed25519 key"},
		"the alternate signature":      {pss.signed(t, newKey(t), func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS }), CertificatePSS, "RSASSA-PSS"},
		"a staple demanded, none sent": {root.signed(t, newKey(t), staple), CertificateUnstapled, "Firefox"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(tt.pair), nil)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: func(s *Settings) { s.StartTLS = nil }}.probe(t)
			if tt.finding == "" {
				wantResult(t, r, "")
				return
			}
			wantResult(t, r, "", tt.finding)
			if s := sentence(t, r, tt.finding); !strings.Contains(s.Sentence, tt.tells) || s.Severity != warning {
				t.Errorf("%+v, want %q", s, tt.tells)
			}
		})
	}
	t.Run("an untrusted one keeps nobody out by that", func(t *testing.T) {
		t.Parallel()
		d := door(t, "127.0.0.1:0", shows(newRoot(t, "other").signed(t, newKey(t), lasting(time.Now().AddDate(0, 0, -10), 1835))), nil)
		r := survey{target: on(d), resolver: leads(d), roots: root.pem(), module: func(m *prober.Module) { m.TLS.Insecure = true }}.probe(t)
		wantResult(t, r, "", ChainIncomplete)
	})
}

// TestProbe_chains: why a chain leads to no authority has a finding of its own for each reason, and nothing is called
// missing that is sent.
func TestProbe_chains(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	lower := root.sub(t, "lower")
	made := func(edit func(*x509.Certificate)) tls.Certificate { // a lower authority with something wrong
		template := caTemplate("odd")
		edit(template)
		odd := &authority{key: newKey(t)}
		odd.cert = root.create(t, template, odd.key)
		odd.chain = [][]byte{odd.cert.Raw}
		return odd.mail(t)
	}
	with := func(pair tls.Certificate, more ...*x509.Certificate) tls.Certificate {
		pair.Certificate = slices.Clone(pair.Certificate)
		for _, cert := range more {
			pair.Certificate = append(pair.Certificate, cert.Raw)
		}
		return pair
	}
	only := func(pair tls.Certificate, issuer *x509.Certificate) tls.Certificate {
		pair.Certificate = [][]byte{pair.Certificate[0], issuer.Raw}
		return pair
	}
	renewed := &authority{key: newKey(t)}
	renewed.cert = root.create(t, caTemplate("lower"), renewed.key)
	oldRoot := newRoot(t, "root")
	future := root.signed(t, newKey(t), func(c *x509.Certificate) { c.NotBefore = time.Now().AddDate(0, 0, 2) })
	crossed := root.create(t, &x509.Certificate{Subject: pkix.Name{CommonName: "lower"}, IsCA: true, BasicConstraintsValid: true, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(0, -1, 0)}, lower.key)
	for name, tt := range map[string]struct {
		pair    tls.Certificate
		verdict string
		finding string
		tells   string
	}{
		"SHA-1":                      {lower.signed(t, newKey(t), func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), "tls/certificate_signature", ChainSignatureWeak, "signed with ECDSA-SHA1"},
		"the issuer's other key":     {only(lower.mail(t), renewed.cert), "tls/certificate_authority", ChainIssuerRenewed, "the certificate of CN=lower that is sent has another key"},
		"the root's other key":       {oldRoot.mail(t), "tls/certificate_authority", ChainIssuerRenewed, "an authority CN=root is known here, and it has another key"},
		"no authority":               {made(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 }), "tls/certificate_authority", ChainIssuerNoAuthority, "CN=odd signed"},
		"may not sign":               {made(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), "tls/certificate_authority", ChainIssuerNoAuthority, "CN=odd signed"},
		"another domain":             {made(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"corp.contoso.test"} }), "tls/certificate_invalid", ChainConstrained, "CN=odd is limited"},
		"for mail alone":             {made(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), "tls/certificate_usage", ChainConstrained, "(CN=odd) allows leave out servers"},
		"not yet valid":              {future, "tls/certificate_expired", CertificateNotYetValid, "from " + future.Leaf.NotBefore.UTC().Format(time.DateOnly)},
		"an expired cross-signature": {with(lower.mail(t), crossed), "", ChainSurplus, "CN=lower issued by CN=root, which expired on"},
		"the leaf twice":             {with(lower.mail(t), lower.cert), "", ChainSurplus, "CN=lower once more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(tt.pair), nil)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem()}.probe(t)
			wantResult(t, r, tt.verdict, tt.finding)
			if s := sentence(t, r, tt.finding); !strings.Contains(s.Sentence, tt.tells) || (s.Severity == failing) != (tt.verdict != "") {
				t.Errorf("%+v, want %q", s, tt.tells)
			}
		})
	}
}
