package sslbinding

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/policy"
)

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
	leaf, other := root.mail(t).Leaf, root.mail(t).Leaf
	namesake, stranger := newRoot(t, "root"), newRoot(t, "stranger")
	for name, tt := range map[string]struct {
		list   []byte
		status status
		err    string
	}{
		"not revoked": {root.crl(t, nil, other), good, ""},
		"empty":       {root.crl(t, nil), good, ""},
		"revoked":     {root.crl(t, nil, other, leaf, other), isRevoked, ""},
		"PEM":         {pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.crl(t, nil, leaf)}), isRevoked, ""},
		"outdated":    {root.crl(t, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Minute) }), notKnown, "it was to be renewed by"},
		"of tomorrow": {root.crl(t, func(l *x509.RevocationList) {
			l.ThisUpdate = time.Now().Add(24 * time.Hour)
			l.NextUpdate = time.Now().Add(48 * time.Hour)
		}), notKnown, "it is valid only from"},
		"another authority's":      {stranger.crl(t, nil), notKnown, "the list is CN=stranger's"},
		"a namesake's":             {namesake.crl(t, nil, leaf), notKnown, "not signed by the certificate's issuer"},
		"a delta":                  {root.crl(t, extension([]int{2, 5, 29, 27}, true, "\x02\x01\x01")), notKnown, "a delta"},
		"a strange extension":      {root.crl(t, extension([]int{1, 2, 3}, true, "\x05\x00")), notKnown, "not understood (1.2.3)"},
		"a harmless extension":     {root.crl(t, extension([]int{1, 2, 3}, false, "\x05\x00")), good, ""},
		"for this place":           {root.crl(t, extension([]int{2, 5, 29, 28}, true, issuingPointFor(listURL))), good, ""},
		"for another place":        {root.crl(t, extension([]int{2, 5, 29, 28}, true, issuingPointFor("http://pki.contoso.test/b.crl"))), notKnown, "for another place"},
		"for users":                {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x03\x81\x01\xff")), good, ""},
		"for authorities":          {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x03\x82\x01\xff")), notKnown, "about a part"},
		"an illegible extension":   {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x80")), notKnown, "legibly"},
		"a page":                   {[]byte("<html>Not found</html>"), notKnown, "cannot be read as a revocation list"},
		"nothing":                  {nil, notKnown, "cannot be read as a revocation list"},
		"cut short":                {root.crl(t, nil, leaf)[:60], notKnown, "cannot be read as a revocation list"},
		"relative name for a part": {root.crl(t, extension([]int{2, 5, 29, 28}, true, "\x30\x04\xa0\x02\xa1\x00")), good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &place{kind: "crl", url: listURL, leaf: leaf, issuer: root.cert}
			err := at.readCRL(tt.list, time.Now())
			if at.status != tt.status || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("status %d, %v, want %d, %q", at.status, err, tt.status, tt.err)
			}
		})
	}
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

func TestReadOCSP(t *testing.T) {
	t.Parallel()
	issuing := newRoot(t, "root").sub(t, "issuing")
	leaf := issuing.mail(t).Leaf
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
		status status
		err    string
	}{
		"good":                         {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial}, issuing), good, ""},
		"revoked":                      {issuing.ocsp(t, ocsp.Response{Status: ocsp.Revoked, SerialNumber: serial, RevokedAt: time.Now()}, issuing), isRevoked, ""},
		"unknown":                      {issuing.ocsp(t, ocsp.Response{Status: ocsp.Unknown, SerialNumber: serial}, issuing), notKnown, "does not know"},
		"issuer's certificate inside":  {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: issuing.cert}, issuing), good, ""},
		"a delegate's":                 {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: made.cert}, made), good, ""},
		"another server's certificate": {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: notMade.cert}, notMade), notKnown, "not made for that"},
		"a stranger's":                 {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, Certificate: stranger.cert}, stranger), notKnown, "no OCSP response for the certificate"},
		"about another certificate":    {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: big.NewInt(7)}, issuing), notKnown, "no OCSP response for the certificate"},
		"outdated":                     {issuing.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, NextUpdate: time.Now().Add(-time.Minute)}, issuing), notKnown, "to be renewed"},
		"later":                        {ocsp.TryLaterErrorResponse, notKnown, "try later"},
		"nothing":                      {nil, notKnown, "no OCSP response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &place{kind: "ocsp", leaf: leaf, issuer: issuing.cert}
			err := at.readOCSP(tt.body, time.Now())
			if at.status != tt.status || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("status %d, %v, want %d, %q", at.status, err, tt.status, tt.err)
			}
		})
	}
}

func FuzzReadCRL(f *testing.F) {
	root := newRoot(f, "root")
	leaf := root.mail(f).Leaf
	f.Add(root.crl(f, nil, leaf))
	f.Add(root.crl(f, extension([]int{2, 5, 29, 28}, true, issuingPointFor(listURL))))
	f.Add([]byte("-----BEGIN X509 CRL-----\n-----END X509 CRL-----"))
	signed := root.crl(f, nil, leaf)
	f.Fuzz(func(t *testing.T, body []byte) {
		at := &place{kind: "crl", url: listURL, leaf: leaf, issuer: root.cert}
		if err := at.readCRL(body, time.Now()); (err != nil) != (at.status == notKnown) {
			t.Errorf("status %d with error %v", at.status, err)
		}
		if at.status == good && bytes.Contains(body, leaf.SerialNumber.Bytes()) && bytes.Equal(body, signed) {
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
	leaf := root.mail(f).Leaf
	f.Add(root.ocsp(f, ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.SerialNumber}, root))
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, body []byte) {
		at := &place{kind: "ocsp", leaf: leaf, issuer: root.cert}
		if err := at.readOCSP(body, time.Now()); (err != nil) != (at.status == notKnown) {
			t.Errorf("status %d with error %v", at.status, err)
		}
	})
}

// pki is a place that gives what a test says.
type pki struct {
	*httptest.Server
	asked atomic.Int32
}

func newPKI(t testing.TB, handler http.HandlerFunc) *pki {
	t.Helper()
	p := &pki{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// TestProbe_revocation: what places answer, and what may be said of it.
func TestProbe_revocation(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	const absent = -1
	for name, tt := range map[string]struct {
		list      func(leaf *x509.Certificate) http.HandlerFunc
		revoked   float64
		reachable float64
		verdict   string
		findings  []string
	}{
		"not revoked": {func(*x509.Certificate) http.HandlerFunc { return say(200, string(root.crl(t, nil))) }, 0, 1, "", nil},
		"revoked": {func(c *x509.Certificate) http.HandlerFunc { return say(200, string(root.crl(t, nil, c))) }, 1, 1,
			"tls/certificate_revoked", []string{CertificateRevoked}},
		"not found": {func(*x509.Certificate) http.HandlerFunc { return say(404, "no") }, absent, 0, "", []string{RevocationUnreachable}},
		"a redirect": {func(*x509.Certificate) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
		}, absent, absent, "", nil},
		"a page": {func(*x509.Certificate) http.HandlerFunc { return say(200, "<html>") }, absent, 1, "", []string{RevocationUnusable}},
		"huge": {func(*x509.Certificate) http.HandlerFunc { return say(200, strings.Repeat("x", maxCRL+1)) }, absent, 1, "",
			[]string{RevocationUnusable}},
		"outdated": {func(*x509.Certificate) http.HandlerFunc {
			return say(200, string(root.crl(t, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Hour) })))
		}, absent, 1, "", []string{RevocationUnusable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var handler http.HandlerFunc
			places := newPKI(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) })
			template := mailTemplate()
			template.CRLDistributionPoints = []string{"ldap:///CN=root", places.URL + "/root.crl"}
			pair := root.issue(t, template)
			handler = tt.list(pair.Leaf)
			d := door(t, "127.0.0.1:0", shows(pair), nil)
			s := survey{target: on(d), resolver: leads(d), roots: root.pem(), outside: true, settings: func(s *Settings) { s.Revocation = true }}
			r := s.probe(t)
			wantResult(t, r, tt.verdict, tt.findings...)
			for metric, want := range map[string]float64{"probe_ssl_binding_revoked": tt.revoked, "probe_ssl_revocation_reachable": tt.reachable} {
				label := service
				if metric == "probe_ssl_revocation_reachable" {
					label = places.URL + "/root.crl"
				}
				if want == absent {
					wantAbsent(t, r, metric, label)
				} else {
					wantValue(t, r, want, metric, label)
				}
			}
			wantAbsent(t, r, "probe_ssl_revocation_reachable", "ldap:///CN=root")
		})
	}
}

// TestProbe_revocationIsKept: a valid answer is not asked for again, and a fault is.
func TestProbe_revocationIsKept(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	broken := newPKI(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	var pair tls.Certificate
	responder := newPKI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/ocsp-request" {
			t.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
		}
		_, _ = w.Write(root.ocsp(t, ocsp.Response{Status: ocsp.Good, SerialNumber: pair.Leaf.SerialNumber}, root))
	})
	template := mailTemplate()
	template.OCSPServer, template.CRLDistributionPoints = []string{responder.URL}, []string{broken.URL}
	pair = root.issue(t, template)
	d := door(t, "127.0.0.1:0", shows(pair), nil)
	s := survey{target: on(d), resolver: leads(d), roots: root.pem(), outside: true, settings: func(s *Settings) { s.Revocation = true }}
	for range 3 {
		r := s.probe(t)
		wantResult(t, r, "", RevocationUnreachable)
		wantValue(t, r, 0, "probe_ssl_binding_revoked", service)
		wantValue(t, r, 1, "probe_ssl_revocation_reachable", "ocsp")
	}
	if good, bad := responder.asked.Load(), broken.asked.Load(); good != 1 || bad != 3 {
		t.Errorf("the responder was asked %d times, the broken place %d times", good, bad)
	}
	s.settings = nil
	wantAbsent(t, s.probe(t), "probe_ssl_binding_revoked")
	if n := responder.asked.Load(); n != 1 {
		t.Error("asked without being told to")
	}
}

// TestProbe_refusedPlaces: what policy forbids is not checked, which is no fault of the place.
func TestProbe_refusedPlaces(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	inside := newPKI(t, func(http.ResponseWriter, *http.Request) {})
	template := mailTemplate()
	template.CRLDistributionPoints = []string{inside.URL, "http://user:secret@" + inside.Listener.Addr().String(), "http://0x7f.1/", "file:///etc/passwd", "http://[::1%25lo]/"}
	d := door(t, "127.0.0.1:0", shows(root.issue(t, template)), nil)
	check := policy.New(nil, nil, nil).Elsewhere
	for _, outside := range []bool{true, false} {
		s := survey{target: on(d), resolver: leads(d), roots: root.pem(), outside: outside, settings: func(s *Settings) { s.Revocation = true }, check: check}
		r := s.probe(t)
		wantResult(t, r, "")
		wantAbsent(t, r, "probe_ssl_revocation_reachable")
		wantAbsent(t, r, "probe_ssl_binding_revoked")
	}
	if n := inside.asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

// TestProbe_staple: a stapled response is a check that asks nobody.
func TestProbe_staple(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.mail(t)
	for status, want := range map[int]struct {
		revoked float64
		verdict string
	}{ocsp.Good: {0, ""}, ocsp.Revoked: {1, "tls/certificate_revoked"}} {
		pair.OCSPStaple = root.ocsp(t, ocsp.Response{Status: status, SerialNumber: pair.Leaf.SerialNumber, RevokedAt: time.Now()}, root)
		d := door(t, "127.0.0.1:0", shows(pair), nil)
		r := survey{target: on(d), resolver: leads(d), roots: root.pem()}.probe(t)
		if got := verdictOf(r); got != want.verdict {
			t.Errorf("verdict %q, want %q", got, want.verdict)
		}
		wantValue(t, r, want.revoked, "probe_ssl_binding_revoked", service)
	}
	pair.OCSPStaple = []byte("garbage")
	d := door(t, "127.0.0.1:0", shows(pair), nil)
	r := survey{target: on(d), resolver: leads(d), roots: root.pem()}.probe(t)
	wantResult(t, r, "")
	wantAbsent(t, r, "probe_ssl_binding_revoked")
}

// TestProbe_manyPlaces: a certificate cannot make a probe ask everybody.
func TestProbe_manyPlaces(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	places := newPKI(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) })
	template := mailTemplate()
	for i := range 500 {
		template.CRLDistributionPoints = append(template.CRLDistributionPoints, fmt.Sprintf("%s/%d", places.URL, i))
	}
	d := door(t, "127.0.0.1:0", shows(root.issue(t, template)), nil)
	survey{target: on(d), resolver: leads(d), roots: root.pem(), outside: true, settings: func(s *Settings) { s.Revocation = true }}.probe(t)
	if n := places.asked.Load(); n != maxAsked {
		t.Errorf("asked %d times, want %d", n, maxAsked)
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]netip.Addr{
		"[]":                      nil,
		"[192.0.2.1]":             at("192.0.2.1"),
		"[192.0.2.1 192.0.2.2]":   at("192.0.2.1", "192.0.2.2", "192.0.2.3"),
		"[2001:db8::1 192.0.2.1]": at("2001:db8::1", "2001:db8::2", "192.0.2.1"),
	} {
		if got := fmt.Sprint(candidates(all)); got != want {
			t.Errorf("%v: %s, want %s", all, got, want)
		}
	}
}
