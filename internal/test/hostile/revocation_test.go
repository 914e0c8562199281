package hostile

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// pki is a row's place of revocation lists and responses: the certificate names it, and it answers with these steps.
// Each has a path of its own, because what a place said is remembered.
func pki(ocsp bool, steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		place := listen(t, nil, steps...)
		s := shows(func(c *x509.Certificate) { named(c, ocsp, "http://pki.contoso.test:"+place.port()+"/") })(t)
		s.peers = append(s.peers, place)
		return revoking(s)
	}
}

func named(c *x509.Certificate, ocsp bool, urls ...string) {
	if ocsp {
		c.OCSPServer = urls
	} else {
		c.CRLDistributionPoints = urls
	}
}

// naming is a row's peer whose certificate names these places.
func naming(urls ...string) func(*testing.T) site {
	return func(t *testing.T) site {
		return revoking(shows(func(c *x509.Certificate) { named(c, false, urls...) })(t))
	}
}

func revoking(s site) site {
	s.settings = map[string]string{sslBinding: "min_days: 0, revocation: true"}
	return s
}

// list is a revocation list with so many entries.
func list(by *root, entries int, change func(*x509.RevocationList)) string {
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for i := range entries {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: time.Now()})
	}
	if change != nil {
		change(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, by.cert, by.key)
	if err != nil {
		panic(err)
	}
	return string(der)
}

// response is an OCSP response about another certificate, or about whichever is asked for.
func response(by *root, serial *big.Int) string {
	der, err := ocsp.CreateResponse(by.cert, by.cert, ocsp.Response{Status: ocsp.Good, SerialNumber: serial, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}, by.key)
	if err != nil {
		panic(err)
	}
	return string(der)
}

func revocation() group {
	trusted, namesake := issuers()
	unusable, unreachable := verdicts{sslBinding: "success, revocation_unusable"}, verdicts{sslBinding: "success, revocation_unreachable"}
	fine := verdicts{sslBinding: "success"}
	measured := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 100<<20)
	return group{"Revocation", "the peer, or the place that its certificate names", []fault{
		{does: "(CRL) refuses the connection", peer: func(t *testing.T) site {
			return naming(strings.Replace(closed(t).target, "https://"+service, "http://pki.contoso.test", 1))(t)
		}, reports: unreachable},
		{does: "(CRL) never answers", peer: pki(false, request(lab.Hang)), reports: unreachable, hangs: true},
		{does: "(CRL) answers byte by byte", peer: pki(false, drips("HTTP/1.1 200 OK\r\n\r\n", "x")), reports: unreachable, hangs: true},
		{does: "(CRL) sends 100 MB", peer: pki(false, request(lab.Write(measured), many("x", 100<<20))), reports: unusable, floods: true},
		{does: "(CRL) sends a body without end", peer: pki(false, floods("HTTP/1.1 200 OK\r\n\r\n", "x")), reports: unusable, floods: true},
		{does: "(CRL) sends a good list of 200,000 entries", peer: func(t *testing.T) site {
			return pki(false, answers(sized(list(trusted, 200_000, nil))))(t)
		}, reports: fine, floods: true},
		{does: "(CRL) is not there (404)", peer: pki(false, answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")), reports: unreachable},
		{does: "(CRL) sends a page for people", peer: pki(false, answers(sized("<html>Log on</html>"))), reports: unusable},
		{does: "(CRL) redirects", peer: pki(false, answers("HTTP/1.1 302 Found\r\nLocation: http://"+metadata+"/\r\nContent-Length: 0\r\n\r\n")), reports: fine},
		{does: "(CRL) sends a list by an authority of the same name", peer: pki(false, answers(sized(list(namesake, 1, nil)))), reports: unusable},
		{does: "(CRL) sends an outdated list", peer: pki(false, answers(sized(list(trusted, 1, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Minute) })))), reports: unusable},
		{does: "(CRL) sends only what has changed (a delta)", peer: pki(false, answers(sized(list(trusted, 1, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
		})))), reports: unusable},
		{does: "(CRL) lies at the metadata address", peer: naming("http://" + metadata + "/a.crl"), reports: fine},
		{does: "(CRL) lies in a directory (ldap)", peer: naming("ldap:///CN=authority"), reports: fine},
		{does: "names 1,000 places of lists", peer: func(t *testing.T) site {
			place := listen(t, nil, answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
			var urls []string
			for i := range 1000 {
				urls = append(urls, fmt.Sprintf("http://pki.contoso.test:%s/%d", place.port(), i))
			}
			return naming(urls...)(t)
		}, reports: unreachable},
		{does: "(OCSP) never answers", peer: pki(true, request(lab.Hang)), reports: unreachable, hangs: true},
		{does: "(OCSP) sends a body without end", peer: pki(true, floods("HTTP/1.1 200 OK\r\n\r\n", "x")), reports: unusable, floods: true},
		{does: "(OCSP) sends garbage", peer: pki(true, answers(sized("\x30\x80garbage"))), reports: unusable},
		{does: "(OCSP) answers about another certificate", peer: pki(true, answers(sized(response(trusted, big.NewInt(7))))), reports: unusable},
		{does: "(OCSP) says: try later", peer: pki(true, answers(sized(string(ocsp.TryLaterErrorResponse)))), reports: unusable},
		{does: "staples garbage to the handshake", peer: func(t *testing.T) site {
			pair := trusted.leaf(nil)
			pair.OCSPStaple = bytes.Repeat([]byte("garbage"), 1000)
			return revoking(showing(t, pair))
		}, reports: fine},
	}}
}
