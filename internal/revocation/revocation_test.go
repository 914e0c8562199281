package revocation

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// authority signs what is read in tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newRoot(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	a.cert = a.create(t, signing(name), a.key)
	return a
}

// sub makes an authority below a.
func (a *authority) sub(t testing.TB, name string) *authority {
	t.Helper()
	s := &authority{key: newKey(t)}
	s.cert = a.create(t, signing(name), s.key)
	return s
}

func signing(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// leaf is a server's certificate.
func (a *authority) leaf(t testing.TB) *x509.Certificate {
	t.Helper()
	return a.create(t, &x509.Certificate{Subject: pkix.Name{CommonName: "mail.contoso.test"}}, newKey(t))
}

// create completes a template and signs it; without a certificate of its own the authority signs itself.
func (a *authority) create(t testing.TB, template *x509.Certificate, key crypto.Signer) *x509.Certificate {
	t.Helper()
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = number.SetBit(number, 99, 1) // of one length, and not negative in DER
	template.NotBefore, template.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 6, 0)
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// crl makes a list, fresh for an hour unless change says otherwise.
func (a *authority) crl(t testing.TB, change func(*x509.RevocationList), revoked ...*x509.Certificate) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for _, c := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: time.Now().Add(-time.Hour)})
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (a *authority) ocsp(t testing.TB, template ocsp.Response, signer *authority) []byte {
	t.Helper()
	if template.ThisUpdate.IsZero() {
		template.ThisUpdate = time.Now().Add(-time.Minute)
	}
	if template.NextUpdate.IsZero() {
		template.NextUpdate = time.Now().Add(time.Hour)
	}
	body, err := ocsp.CreateResponse(a.cert, signer.cert, template, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// extension puts one into a list.
func extension(id []int, critical bool, value string) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: []byte(value)})
	}
}

const listURL = "http://pki.contoso.test/a.crl"

// issuingPointFor is an IssuingDistributionPoint for a URL: [0]{[0]{[6] URL}}.
func issuingPointFor(url string) string {
	n := byte(len(url))
	return string([]byte{0x30, n + 6, 0xa0, n + 4, 0xa0, n + 2, 0x86, n}) + url
}

func TestReadCRL(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	leaf, other := root.leaf(t), root.leaf(t)
	namesake, stranger := newRoot(t, "root"), newRoot(t, "stranger")
	for name, tt := range map[string]struct {
		list   []byte
		status Status
		err    string
	}{
		"not revoked": {root.crl(t, nil, other), Good, ""},
		"empty":       {root.crl(t, nil), Good, ""},
		"revoked":     {root.crl(t, nil, other, leaf, other), Revoked, ""},
		"PEM":         {pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, nil, leaf)}), Revoked, ""},
		"outdated":    {root.crl(t, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Minute) }), NotKnown, "it was to be renewed by"},
		"of tomorrow": {root.crl(t, func(l *x509.RevocationList) {
			l.ThisUpdate = time.Now().Add(24 * time.Hour)
			l.NextUpdate = time.Now().Add(48 * time.Hour)
		}), NotKnown, "it is valid only from"},
		"another authority's":      {stranger.crl(t, nil), NotKnown, "the list is CN=stranger's"},
		"a namesake's":             {namesake.crl(t, nil, leaf), NotKnown, "not signed by the certificate's issuer"},
		"a delta":                  {root.crl(t, extension([]int{2, 5, 29, 27}, true, "\x02\x01\x01")), NotKnown, "a delta"},
		"a strange extension":      {root.crl(t, extension([]int{1, 2, 3}, true, "\x05\x00")), NotKnown, "not understood (1.2.3)"},
		"a harmless extension":     {root.crl(t, extension([]int{1, 2, 3}, false, "\x05\x00")), Good, ""},
		"for this place":           {root.crl(t, extension([]int{2, 5, 29, 28}, true, issuingPointFor(listURL))), Good, ""},
		"for another place":        {root.crl(t, extension([]int{2, 5, 29, 28}, true, issuingPointFor("http://pki.contoso.test/b.crl"))), NotKnown, "for another place"},
		"for users":                {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x03\x81\x01\xff")), Good, ""},
		"for authorities":          {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x03\x82\x01\xff")), NotKnown, "about a part"},
		"an illegible extension":   {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x80")), NotKnown, "legibly"},
		"a page":                   {[]byte("<html>Not found</html>"), NotKnown, "cannot be read as a revocation list"},
		"nothing":                  {nil, NotKnown, "cannot be read as a revocation list"},
		"cut short":                {root.crl(t, nil, leaf)[:60], NotKnown, "cannot be read as a revocation list"},
		"relative name for a part": {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x04\xa0\x02\xa1\x00")), Good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &Place{Kind: "crl", URL: listURL, Leaf: leaf, Issuer: root.cert}
			err := at.readCRL(tt.list, time.Now())
			if at.Status != tt.status || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("status %d, %v, want %d, %q", at.Status, err, tt.status, tt.err)
			}
		})
	}
}

func TestReadOCSP(t *testing.T) {
	t.Parallel()
	issuing := newRoot(t, "root").sub(t, "issuing")
	leaf := issuing.leaf(t)
	serial := leaf.SerialNumber
	delegate := func(usage ...x509.ExtKeyUsage) *authority {
		d := &authority{key: newKey(t)}
		d.cert = issuing.create(t, &x509.Certificate{Subject: pkix.Name{CommonName: "responder"}, ExtKeyUsage: usage}, d.key)
		return d
	}
	made, notMade := delegate(x509.ExtKeyUsageOCSPSigning), delegate(x509.ExtKeyUsageServerAuth)
	stranger := newRoot(t, "stranger")
	for name, tt := range map[string]struct {
		body   []byte
		status Status
		err    string
	}{
		"good":                         {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial}, issuing), Good, ""},
		"revoked":                      {issuing.ocsp(t, ocsp.Response{Status: ocsp.Revoked, SerialNumber: serial, RevokedAt: time.Now()}, issuing), Revoked, ""},
		"unknown":                      {issuing.ocsp(t, ocsp.Response{Status: ocsp.Unknown, SerialNumber: serial}, issuing), NotKnown, "does not know"},
		"issuer's certificate inside":  {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: issuing.cert}, issuing), Good, ""},
		"a delegate's":                 {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: made.cert}, made), Good, ""},
		"another server's certificate": {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: notMade.cert}, notMade), NotKnown, "not made for that"},
		"a stranger's":                 {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: stranger.cert}, stranger), NotKnown, "no OCSP response for the certificate"},
		"about another certificate":    {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: big.NewInt(7)}, issuing), NotKnown, "no OCSP response for the certificate"},
		"outdated":                     {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, NextUpdate: time.Now().Add(-time.Minute)}, issuing), NotKnown, "to be renewed"},
		"later":                        {ocsp.TryLaterErrorResponse, NotKnown, "try later"},
		"nothing":                      {nil, NotKnown, "no OCSP response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &Place{Kind: "ocsp", Leaf: leaf, Issuer: issuing.cert}
			err := at.ReadOCSP(tt.body, time.Now())
			if at.Status != tt.status || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("status %d, %v, want %d, %q", at.Status, err, tt.status, tt.err)
			}
		})
	}
}

func FuzzReadCRL(f *testing.F) {
	root := newRoot(f, "root")
	leaf := root.leaf(f)
	f.Add(root.crl(f, nil, leaf))
	f.Add(root.crl(f, extension([]int{2, 5, 29, 28}, true, issuingPointFor(listURL))))
	f.Add([]byte("-----BEGIN X509 CRL-----\n-----END X509 CRL-----"))
	signed := root.crl(f, nil, leaf)
	f.Fuzz(func(t *testing.T, body []byte) {
		at := &Place{Kind: "crl", URL: listURL, Leaf: leaf, Issuer: root.cert}
		if err := at.readCRL(body, time.Now()); (err != nil) != (at.Status == NotKnown) {
			t.Errorf("status %d with error %v", at.Status, err)
		}
		if at.Status == Good && bytes.Contains(body, leaf.SerialNumber.Bytes()) && bytes.Equal(body, signed) {
			t.Error("a list that holds the certificate is taken for one that does not")
		}
		theirs, err := x509.ParseRevocationList(body)
		ours, entries, ourErr := parseCRL(body)
		if err != nil || ourErr != nil { // ours may refuse more
			return
		}
		if !bytes.Equal(ours.RawTBSRevocationList, theirs.RawTBSRevocationList) || !bytes.Equal(ours.Signature, theirs.Signature) ||
			!bytes.Equal(ours.RawIssuer, theirs.RawIssuer) || !ours.NextUpdate.Equal(theirs.NextUpdate) {
			t.Error("read otherwise than crypto/x509 does")
		}
		for _, e := range theirs.RevokedCertificateEntries {
			if listed, err := lists(entries, e.SerialNumber); err != nil || !listed {
				t.Errorf("the entry %s is lost: %v", e.SerialNumber, err)
			}
		}
	})
}

func FuzzAbout(f *testing.F) {
	f.Add([]byte(issuingPointFor(listURL)))
	f.Add([]byte("\x30\x03\x82\x01\xff"))
	f.Fuzz(func(_ *testing.T, value []byte) {
		_ = about(pkix.Extension{Value: value}, listURL) // that it returns is what is tested
	})
}

func FuzzReadOCSP(f *testing.F) {
	root := newRoot(f, "root")
	leaf := root.leaf(f)
	f.Add(root.ocsp(f, ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.SerialNumber}, root))
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, body []byte) {
		at := &Place{Kind: "ocsp", Leaf: leaf, Issuer: root.cert}
		if err := at.ReadOCSP(body, time.Now()); (err != nil) != (at.Status == NotKnown) {
			t.Errorf("status %d with error %v", at.Status, err)
		}
	})
}
