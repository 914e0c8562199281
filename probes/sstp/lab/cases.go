package lab

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are what no scenario shows.
func cases() []lab.Case {
	gone := script.Answers(script.Responds("404 Not Found", "", ""))
	return []lab.Case{
		says("a portal asks for a logon", "status/logon_page, sstp_not_served, answered_by_middlebox", server{front: func(asked) string {
			return script.Responds("302 Found", "Location: /my.policy\r\n", "")
		}}),
		says("http.sys refuses the length itself, and knows no SSTP", "status/not_served, sstp_not_served", server{front: func(a asked) string {
			if a.long() {
				return byHTTPSys("400 Bad Request", "Bad Request")
			}
			return byHTTPSys("404 Not Found", "Not Found")
		}}),
		says("a web site that refuses the length, and knows no SSTP", "status/not_served, sstp_not_served, answered_by_middlebox", server{front: func(a asked) string {
			if a.long() {
				return badRequest
			}
			return script.Responds("404 Not Found", "", "Not found")
		}}),
		says("one port is free, and was not at first", "status/http_error", server{front: func(a asked) string {
			if a.long() {
				return byHTTPSys("503 Service Unavailable", "Service Unavailable")
			}
			return ""
		}}),
		{Name: "a box shows a certificate of its own", Want: lab.Verdict{Outcome: "connected", Failure: "content/certificate_unexpected", Finding: "sstp_certificate_unexpected"}, Start: func(t lab.TB) lab.Peer {
			p := script.HTTPS(t, server{}.step)
			p.Keys = []string{"sstp: {thumbprints: ['" + strings.Repeat("00", 20) + "']}"}
			return p
		}},
		named("the revocation list is not there", "content/revocation_unreachable, sstp_revocation_unreachable", gone, gone),
		named("the certificate is revoked", "content/revoked, sstp_revoked", giving(serial), gone),
		named("the certificate is not revoked, and the responder is gone", "success", giving(serial+1), gone),
		{Name: "the revocation list lies in a directory alone", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
			return showing(t, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"ldap:///CN=authority"} })
		}},
	}
}

// serial is the number of the certificates here.
const serial = 4711

// pki is the host of all places.
const pki = "pki." + lab.MailDomain

// named is a VPN server whose certificate names a list and a responder, which answer so.
func named(name, reports string, list, responder lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		return showing(t, func(c *x509.Certificate) {
			c.CRLDistributionPoints = []string{"http://" + pki + ":" + script.Port(lab.Serve(t, list)) + "/a.crl"}
			c.OCSPServer = []string{"http://" + pki + ":" + script.Port(lab.Serve(t, responder)) + "/"}
		})
	}}
}

// showing is a VPN server with a certificate.
func showing(t lab.TB, change func(*x509.Certificate)) lab.Peer {
	pair := script.Leaf(script.Authority(), func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(serial)
		change(c)
	})
	p := script.Peer(lab.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, server{}.step))
	p.Keys = []string{"sstp: {revocation: true}"}
	return p
}

// giving answers with a list that has one certificate.
func giving(number int64) lab.Step {
	return func(c *lab.Conn) error { return script.Answers(script.Sized(list(number)))(c) }
}

func list(number int64) string {
	by := script.Authority()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(number), RevocationTime: time.Now().Add(-time.Hour)}},
	}, by.Certificate(), by.Key())
	if err != nil {
		panic(err)
	}
	return string(der)
}

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them. It takes
// what follows the head for packets, whatever the head says of a body, and nothing but 200 for an answer.
func meets() []lab.Meeting {
	const other, none, chunks = "status/not_served, sstp_not_served", "receive/malformed", "receive/malformed, sstp_reframed"
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "Proxies on the way out"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Responses: heads", But: map[string]string{
			"changes to another protocol (101)":                              other,
			"gives a good answer the status 201":                             other,
			"gives a good answer the status 202":                             other,
			"gives a good answer the status 203, as a proxy that changed it": other,
			"gives a good answer the status 206, as a part":                  other,
			"gives a good answer the status 500":                             other,
		}},
		{Group: "Responses: bodies", But: map[string]string{
			"sends a body without end":                            none,
			"sends 100 MB, as it said":                            none,
			"sends a body byte by byte":                           none,
			"sends less than it said, and closes":                 none,
			"sends less than it said, and waits":                  none,
			"sends more than it said":                             "success",
			"sends a second response behind the first (smuggled)": "success",
			"sends a good answer without its last chunk":          chunks,
			"says a negative length":                              "receive/timeout",
			"says a length, and sends chunks":                     chunks,
			"says a chunk's size without end":                     chunks,
			"extends a chunk's size without end":                  chunks,
			"sends trailers without end":                          chunks,
			"sends chunks of one byte without end":                chunks,
			"says a negative chunk size":                          chunks,
			"says a chunk size beyond 64 bits":                    chunks,
			"sends a chunk that is longer than its size":          chunks,
			"closes before the last chunk":                        chunks,
			"sends a compressed bomb, unasked":                    none,
			"sends a body that only its own codec could read":     none,
		}},
		{Group: "Redirects", Usual: other},
	}
}
