package lab

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// What is reported of revocation data: none of it says that the certificate is revoked.
const (
	fine        = "success"
	unusable    = "success, revocation_unusable"
	unreachable = "success, revocation_unreachable"
)

// revocation are the places of revocation data that certificates name.
func revocation() lab.Group {
	const head = "HTTP/1.1 200 OK\r\n\r\n"
	trusted := script.Authority
	measured := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 100<<20)
	gone := script.Answers(script.Responds("404 Not Found", "", ""))
	return lab.Group{Title: "Revocation", Who: "the peer, or the place that its certificate names", Cases: []lab.Case{
		naming("(CRL) refuses the connection", unreachable, func(t lab.TB) []string {
			return []string{"http://" + strings.Replace(script.Closed(t).Target, lab.Service, pki, 1)}
		}),
		hanging(place("(CRL) never answers", unreachable, false, with(script.Request(lab.Hang)))),
		hanging(place("(CRL) answers byte by byte", unreachable, false, with(script.Drips(head, "x")))),
		flooding(place("(CRL) sends 100 MB", unusable, false, with(script.Request(lab.Write(measured), script.Many("x", 100<<20))))),
		flooding(place("(CRL) sends a body without end", unusable, false, with(script.Floods(head, "x")))),
		flooding(place("(CRL) sends a good list of 200,000 entries", fine, false, giving(func() string { return list(trusted(), 200_000, nil) }))),
		place("(CRL) is not there (404)", unreachable, false, with(gone)),
		place("(CRL) sends a page for people", unusable, false, giving(func() string { return "<html>Log on</html>" })),
		place("(CRL) redirects", fine, false, with(script.Answers(script.Responds("302 Found", "Location: http://"+script.Metadata+"/\r\n", "")))),
		place("(CRL) sends a list by an authority of the same name", unusable, false, giving(func() string { return list(script.Namesake(), 1, nil) })),
		place("(CRL) sends an outdated list", unusable, false, giving(func() string {
			return list(trusted(), 1, func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Minute) })
		})),
		place("(CRL) sends only what has changed (a delta)", unusable, false, giving(func() string {
			return list(trusted(), 1, func(l *x509.RevocationList) {
				l.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
			})
		})),
		naming("(CRL) lies at the metadata address", fine, func(lab.TB) []string { return []string{"http://" + script.Metadata + "/a.crl"} }),
		naming("(CRL) lies in a directory (ldap)", fine, func(lab.TB) []string { return []string{"ldap:///CN=authority"} }),
		naming("names 1,000 places of lists", unreachable, func(t lab.TB) (urls []string) {
			port := script.Port(lab.Serve(t, gone))
			for i := range 1000 {
				urls = append(urls, fmt.Sprintf("http://%s:%s/%d", pki, port, i))
			}
			return urls
		}),
		hanging(place("(OCSP) never answers", unreachable, true, with(script.Request(lab.Hang)))),
		flooding(place("(OCSP) sends a body without end", unusable, true, with(script.Floods(head, "x")))),
		place("(OCSP) sends garbage", unusable, true, giving(func() string { return "\x30\x80garbage" })),
		place("(OCSP) answers about another certificate", unusable, true, giving(func() string { return response(ocsp.Good, big.NewInt(7)) })),
		place("(OCSP) says: try later", unusable, true, giving(func() string { return string(ocsp.TryLaterErrorResponse) })),
		{Name: "staples garbage to the handshake", Want: lab.Reports(fine), Start: func(t lab.TB) lab.Peer {
			pair := script.Leaf(trusted(), nil)
			pair.OCSPStaple = bytes.Repeat([]byte("garbage"), 1000)
			return showing(t, pair, revoking)
		}},
	}}
}

// pki is the host of all places.
const pki = "pki." + lab.MailDomain

// revoking are the settings by which they are asked.
const revoking = "ssl_binding: {min_days: 0, revocation: true}"

// place is one that the certificate names, and that answers with these steps. Each has a port of its own, because what a
// place said is remembered.
func place(does, reports string, byOCSP bool, step func() lab.Step) lab.Case {
	return lab.Case{Name: does, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		server := lab.Serve(t, step())
		return showing(t, named(byOCSP, "http://"+pki+":"+script.Port(server)+"/"), revoking)
	}}
}

// naming are places of lists that the certificate names.
func naming(does, reports string, urls func(lab.TB) []string) lab.Case {
	return lab.Case{Name: does, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		return showing(t, named(false, urls(t)...), revoking)
	}}
}

func named(byOCSP bool, urls ...string) tls.Certificate {
	return script.Leaf(script.Authority(), func(c *x509.Certificate) {
		if byOCSP {
			c.OCSPServer = urls
		} else {
			c.CRLDistributionPoints = urls
		}
	})
}

// hanging gives a place of revocation data the 5 s that it may take.
func hanging(c lab.Case) lab.Case {
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.Keys = append(p.Keys, "timeout: 7s")
		return p
	}
	return c
}

func flooding(c lab.Case) lab.Case {
	c.Floods = true
	return c
}

// giving answers with a body that is made when the place starts.
func giving(body func() string) func() lab.Step {
	return func() lab.Step { return script.Answers(script.Sized(body())) }
}

// with plays a step.
func with(step lab.Step) func() lab.Step { return func() lab.Step { return step } }

// list is a revocation list with so many entries.
func list(by *lab.Authority, entries int, change func(*x509.RevocationList)) string {
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for i := range entries {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: time.Now()})
	}
	if change != nil {
		change(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, by.Certificate(), by.Key())
	if err != nil {
		panic(err)
	}
	return string(der)
}

// response is an OCSP response of the trusted authority.
func response(status int, serial *big.Int) string {
	a := script.Authority()
	der, err := ocsp.CreateResponse(a.Certificate(), a.Certificate(), ocsp.Response{
		Status: status, SerialNumber: serial, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour), RevokedAt: time.Now(),
	}, a.Key())
	if err != nil {
		panic(err)
	}
	return string(der)
}

// showing is a server that shows a certificate, probed with these keys.
func showing(t lab.TB, pair tls.Certificate, keys ...string) lab.Peer {
	p := script.Peer(lab.ServeTLS(t, shows(pair), script.Answers(script.Sized("ok"))))
	p.Keys = keys
	return p
}

func shows(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}
