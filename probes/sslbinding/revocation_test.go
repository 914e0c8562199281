package sslbinding

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
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
		"huge": {func(*x509.Certificate) http.HandlerFunc { return say(200, strings.Repeat("x", revocation.MaxCRL+1)) }, absent, 1, "",
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
