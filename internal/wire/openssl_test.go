package wire

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

const matrixName = "mail.contoso.com"

// pki makes certificates of few keys.
type pki struct {
	t    testing.TB
	keys map[string]crypto.Signer
	last int64
}

func (p *pki) key(name string) crypto.Signer {
	if p.keys[name] == nil {
		var err error
		if strings.HasPrefix(name, "rsa1024") {
			p.keys[name], err = rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // short on purpose
		} else {
			p.keys[name], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return p.keys[name]
}

// spec says what is odd about a certificate; zero values are what is right.
type spec struct {
	key, issuer, issuerKey string // names; key: the subject, issuerKey: the issuer
	from, until            int    // days from now
	weak                   bool   // signed with SHA-1
	edit                   func(*x509.Certificate)
}

// make makes a certificate; the one for matrixName is for a server, others are authorities.
func (p *pki) make(subject string, s spec) *x509.Certificate {
	p.t.Helper()
	p.last++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.last), Subject: pkix.Name{CommonName: subject},
		NotBefore: time.Now().AddDate(0, 0, or(s.from, -30)), NotAfter: time.Now().AddDate(0, 0, or(s.until, 300)),
		BasicConstraintsValid: true,
	}
	if subject == matrixName {
		template.DNSNames, template.ExtKeyUsage = []string{matrixName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.KeyUsage = x509.KeyUsageDigitalSignature
	} else {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	}
	key, issuerKey := p.key(cmpOr(s.key, subject)), p.key(cmpOr(s.issuerKey, s.issuer))
	template.SubjectKeyId, template.AuthorityKeyId = keyID(key), keyID(issuerKey)
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: s.issuer}, SubjectKeyId: template.AuthorityKeyId}
	if s.weak {
		template.SignatureAlgorithm = x509.ECDSAWithSHA1
	}
	if s.edit != nil {
		s.edit(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), issuerKey)
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return cert
}

func or(n, instead int) int {
	if n == 0 {
		return instead
	}
	return n
}

func cmpOr(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

func keyID(key crypto.Signer) []byte {
	der, _ := x509.MarshalPKIXPublicKey(key.Public())
	return []byte(fmt.Sprintf("%x", der[len(der)-8:]))
}

// hierarchy is a chain of authorities from the root down, and the leaf.
type hierarchy struct {
	p     *pki
	names []string // root first, leaf last
	specs map[string]spec
}

func (p *pki) depth(intermediates int) hierarchy {
	h := hierarchy{p: p, names: []string{"Root"}, specs: map[string]spec{}}
	for i := range intermediates {
		h.names = append(h.names, fmt.Sprintf("Issuing %d", i+1))
	}
	h.names = append(h.names, matrixName)
	return h
}

// with gives the hierarchy with one certificate made otherwise.
func (h hierarchy) with(name string, s spec) hierarchy {
	specs := map[string]spec{name: s}
	for n, other := range h.specs {
		if n != name {
			specs[n] = other
		}
	}
	h.specs = specs
	return h
}

// chain makes the certificates, leaf first, root last.
func (h hierarchy) chain() []*x509.Certificate {
	var all []*x509.Certificate
	for i, name := range h.names {
		s := h.specs[name]
		above := h.names[max(i-1, 0)]
		s.issuer, s.issuerKey = cmpOr(s.issuer, above), cmpOr(s.issuerKey, cmpOr(h.specs[above].key, above))
		all = append(all, h.p.make(name, s))
	}
	slices.Reverse(all)
	return all
}

// chained is one case: what is sent, what is trusted, and what is the matter, empty for nothing.
type chained struct {
	name string
	sent []*x509.Certificate
	root *x509.Certificate
	flaw FlawKind
}

func (h hierarchy) sends(name string, flaw FlawKind) chained {
	all := h.chain()
	return chained{name, all[:len(all)-1], all[len(all)-1], flaw}
}

// matrix is what servers send, right and wrong.
func matrix(p *pki) []chained {
	var all []chained
	for depth := range 3 {
		h := p.depth(depth)
		of := func(what string) string { return fmt.Sprintf("%d intermediates, %s", depth, what) }
		all = append(all, ordinary(h, of)...)
		all = append(all, leaves(h, of)...)
		for _, name := range h.names[:len(h.names)-1] {
			all = append(all, authorities(h, name, func(what string) string { return of(name + " " + what) })...)
		}
		if depth > 0 {
			all = append(all, sending(h, of)...)
			all = append(all, crossed(h, of)...)
		}
	}
	return all
}

// ordinary is what healthy servers send.
func ordinary(h hierarchy, of func(string) string) []chained {
	right := h.sends(of("right"), "")
	withRoot := right
	withRoot.name, withRoot.sent = of("root sent"), append(slices.Clone(right.sent), right.root)
	unknown := right
	unknown.name, unknown.root, unknown.flaw = of("unknown root"), h.p.make("Other Root", spec{issuer: "Other Root"}), IssuerMissing
	complete := withRoot
	complete.name, complete.root, complete.flaw = of("unknown root, sent"), unknown.root, Untrusted
	twice := right
	twice.name, twice.sent = of("leaf twice"), append([]*x509.Certificate{right.sent[0]}, right.sent...)
	stray := right
	stray.name, stray.sent = of("a stranger sent"), append(slices.Clone(right.sent), unknown.root)
	old := right
	old.name, old.sent = of("an old leaf sent"), append(slices.Clone(right.sent), h.with(matrixName, spec{from: -400, until: -40}).chain()[0])
	return []chained{right, withRoot, unknown, complete, twice, stray, old}
}

// leaves are those with something wrong.
func leaves(h hierarchy, of func(string) string) []chained {
	leaf := func(what string, flaw FlawKind, s spec) chained { return h.with(matrixName, s).sends(of(what), flaw) }
	return []chained{
		leaf("leaf expired", Expired, spec{until: -2}),
		leaf("leaf not yet valid", NotYetValid, spec{from: 2}),
		leaf("leaf for another name", "name", spec{edit: func(c *x509.Certificate) { c.DNSNames = []string{"owa.contoso.com"} }}),
		leaf("leaf of a wildcard", "", spec{edit: func(c *x509.Certificate) { c.DNSNames = []string{"*.contoso.com"} }}),
		leaf("leaf for clients", Usage, spec{edit: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }}),
		leaf("leaf without usage", "", spec{edit: func(c *x509.Certificate) { c.ExtKeyUsage = nil }}),
		leaf("leaf with SHA-1", SignatureWeak, spec{weak: true}),
		leaf("leaf with a short key", "", spec{key: "rsa1024 leaf"}),
		leaf("leaf signed by another key", IssuerKey, spec{issuerKey: "renewed"}),
	}
}

// authorities are those of which one has something wrong; the root is known by what it is.
func authorities(h hierarchy, name string, of func(string) string) []chained {
	is := func(what string, flaw FlawKind, s spec) chained { return h.with(name, s).sends(of(what), flaw) }
	edit := func(f func(*x509.Certificate)) spec { return spec{edit: f} }
	root := name == "Root"
	below := len(h.names) - 2 - slices.Index(h.names, name) // authorities below this one
	var tooDeep FlawKind
	if below > 0 {
		tooDeep = Constrained
	}
	all := []chained{
		is("expired", Expired, spec{until: -2}),
		is("not yet valid", NotYetValid, spec{from: 2}),
		is("allows the name", "", edit(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"contoso.com"} })),
		is("allows another name", Constrained, edit(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"corp.contoso.com"} })),
		is("forbids the name", Constrained, edit(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"contoso.com"} })),
		is("forbids another name", "", edit(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"fabrikam.com"} })),
		is("allows no authority below", tooDeep, edit(func(c *x509.Certificate) { c.MaxPathLenZero = true })),
		is("may serve servers", "", edit(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })),
	}
	if root {
		return append(all, is("with SHA-1", "", spec{weak: true}))
	}
	return append(all,
		is("with SHA-1", SignatureWeak, spec{weak: true}),
		is("with a short key", "", spec{key: "rsa1024 " + name}),
		is("is no authority", IssuerNoCA, edit(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })),
		is("may not sign certificates", IssuerNoCA, edit(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })),
		is("for mail alone", Usage, edit(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })),
		is("signed by another key", IssuerKey, spec{issuerKey: "renewed"}),
	)
}

// sending is what is sent, and what not, and in which order.
func sending(h hierarchy, of func(string) string) []chained {
	right := h.sends("", "")
	is := func(what string, flaw FlawKind, sent ...*x509.Certificate) chained {
		return chained{of(what), sent, right.root, flaw}
	}
	s := right.sent
	last := h.names[len(h.names)-2]
	renewed := h.p.make(last, spec{issuer: h.names[len(h.names)-3], key: "renewed " + last})
	short := h.p.make(last, spec{issuer: h.names[len(h.names)-3], key: "rsa1024 " + last})
	expired := h.p.make(last, spec{issuer: h.names[len(h.names)-3], from: -300, until: -3})
	all := []chained{
		is("the leaf alone", IssuerMissing, s[0]),
		is("the leaf and the root", IssuerMissing, s[0], right.root),
		is("an intermediate twice", "", append(slices.Clone(s), s[1])...),
		is("the root between", "", slices.Insert(slices.Clone(s), 1, right.root)...),
		is("the issuer's other key alone", IssuerKey, slices.Replace(slices.Clone(s), 1, 2, renewed)...),
		is("the issuer's key of another kind alone", IssuerKey, slices.Replace(slices.Clone(s), 1, 2, short)...),
		is("the issuer's other key too", "", append(slices.Clone(s), renewed)...),
		is("the issuer's other key before", "", slices.Insert(slices.Clone(s), 1, renewed)...),
		is("the issuer expired alone", Expired, slices.Replace(slices.Clone(s), 1, 2, expired)...),
		is("the issuer expired too", "", append(slices.Clone(s), expired)...),
		is("the issuer expired before", "", slices.Insert(slices.Clone(s), 1, expired)...),
	}
	if len(s) > 2 {
		all = append(all,
			is("wrong order", "", s[0], s[2], s[1]),
			is("the upper one missing", IssuerMissing, s[0], s[1]),
			is("the lower one missing", IssuerMissing, s[0], s[2]),
		)
	}
	return all
}

// crossed is an authority with two certificates: its own, and one by another, older authority.
func crossed(h hierarchy, of func(string) string) []chained {
	right := h.sends("", "")
	old := h.p.make("Old Root", spec{issuer: "Old Root"})
	gone := h.p.make("Old Root", spec{issuer: "Old Root", from: -900, until: -9})
	by := h.p.make("Root", spec{issuer: "Old Root"})
	expired := h.p.make("Root", spec{issuer: "Old Root", from: -900, until: -10})
	sent := func(more ...*x509.Certificate) []*x509.Certificate { return append(slices.Clone(right.sent), more...) }
	return []chained{
		{of("crossed, the new root known"), sent(by), right.root, ""},
		{of("crossed, the old root known"), sent(by), old, ""},
		{of("crossed, expired, the new root known"), sent(expired), right.root, ""},
		{of("crossed, expired, both sent, the new root known"), sent(expired, gone), right.root, ""},
		{of("crossed, expired, the old root known"), sent(expired), old, Expired},
		{of("crossed, the old root gone"), sent(by), gone, Expired},
		{of("crossed twice, one expired, the old root known"), sent(expired, by), old, ""},
		{of("crossed, not sent, the old root known"), sent(), old, IssuerMissing},
	}
}

// errorsOf are the numbers by which OpenSSL says what a flaw is (openssl-verification-options, x509_vfy.h).
var errorsOf = map[FlawKind]string{
	IssuerMissing: "2 20 21", Untrusted: "18 19 20", IssuerKey: "7 20 21", IssuerNoCA: "20 24 32 79", SignatureWeak: "68",
	Constrained: "25 47 48", Usage: "26 79", Expired: "10", NotYetValid: "9", "name": "62",
}

// TestAgreement_openssl: verdicts, and what they are about, are OpenSSL's, of a chain as such and of a handshake.
func TestAgreement_openssl(t *testing.T) {
	openssl := servers.Need(t, "openssl")
	p := &pki{t: t, keys: map[string]crypto.Signer{}}
	cases := matrix(p)
	if len(cases) < 100 {
		t.Fatalf("%d chains, want at least 100", len(cases))
	}
	var shown atomic.Pointer[tls.Certificate]
	address := serve(t, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Load(), nil }}, shake)
	dir := t.TempDir()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			shown.Store(p.pair(c.sent))
			roots := x509.NewCertPool()
			roots.AddCert(c.root)
			conn := connect(t, address, testLimit)
			err := conn.Handshake(&TLS{ServerName: matrixName, Roots: roots})
			peer := conn.Peer()
			trusted := err == nil
			if trusted != (c.flaw == "") || !trusted && flawOf(err, peer.Flaw) != c.flaw {
				t.Errorf("%v, flaw %+v, want %q", err, peer.Flaw, c.flaw)
			}
			if last := conn.Record.Secure.PathExpires; trusted && (last == nil || !last.After(time.Now())) {
				t.Errorf("verified, and the path ends %v", last)
			}
			judge(t, "verify", c, verify(t, openssl, dir, c))
			judge(t, "s_client", c, sClient(t, openssl, dir, address, c))
		})
	}
	t.Logf("%d chains", len(cases))
}

// flawOf is the flaw, or "name" where the name is wrong.
func flawOf(err error, flaw *Flaw) FlawKind {
	if failure.Is(err, failure.TLS, "certificate_name") {
		return "name"
	}
	if flaw == nil {
		return "none"
	}
	return flaw.Kind
}

// pair is a chain to be shown, with the key of its leaf.
func (p *pki) pair(sent []*x509.Certificate) *tls.Certificate {
	pair := &tls.Certificate{}
	for _, cert := range sent {
		pair.Certificate = append(pair.Certificate, cert.Raw)
	}
	for _, key := range p.keys {
		if public, ok := sent[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(key.Public()) {
			pair.PrivateKey = key
		}
	}
	return pair
}

// judge compares what OpenSSL says, an error's number or "" for nothing wrong, with what is the matter.
func judge(t *testing.T, who string, c chained, number string) {
	t.Helper()
	if (number == "") != (c.flaw == "") || number != "" && !slices.Contains(strings.Fields(errorsOf[c.flaw]), number) {
		t.Errorf("openssl %s says %q, want one of %q for %q", who, number, errorsOf[c.flaw], c.flaw)
	}
}

// options are those by which OpenSSL verifies as crypto/x509 does: any certificate may be an authority that is known, and
// signatures with SHA-1 are refused, RSA keys of 1024 bits not.
var options = []string{"-purpose", "sslserver", "-verify_hostname", matrixName, "-partial_chain", "-no-CApath", "-no-CAstore"}

var verifyError = regexp.MustCompile(`(?m)error[: ](?:num=)?(\d+)`)

func verify(t *testing.T, openssl, dir string, c chained) string {
	args := append([]string{"verify", "-auth_level", "1", "-CAfile", file(t, dir, "root.pem", c.root)}, options...)
	if len(c.sent) > 1 {
		args = append(args, "-untrusted", file(t, dir, "rest.pem", c.sent[1:]...))
	}
	return run(t, openssl, append(args, file(t, dir, "leaf.pem", c.sent[0]))...)
}

func sClient(t *testing.T, openssl, dir string, address fmt.Stringer, c chained) string {
	return run(t, openssl, append([]string{
		"s_client", "-connect", address.String(), "-servername", matrixName, "-verify_return_error", "-cipher", "DEFAULT@SECLEVEL=1",
		"-CAfile", file(t, dir, "root.pem", c.root),
	}, options...)...)
}

// run gives the number of the first error; "" for none.
func run(t *testing.T, openssl string, args ...string) string {
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, openssl, args...).CombinedOutput() //nolint:gosec // the test's own arguments
	m := verifyError.FindSubmatch(out)
	switch {
	case err == nil:
		return ""
	case m == nil:
		t.Fatalf("openssl %s: %v\n%s", args, err, out)
	}
	return string(m[1])
}

func file(t *testing.T, dir, name string, certs ...*x509.Certificate) string {
	t.Helper()
	var b bytes.Buffer
	for _, cert := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
