package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// showing is a healthy peer with this certificate.
func showing(w world, pair tls.Certificate) lab.Peer {
	return script.Peer(lab.ServeTLS(w, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, healthy(w)))
}

// shows is a row's peer whose certificate is signed by the trusted authority.
func shows(change func(*x509.Certificate)) peer {
	return func(w world) lab.Peer {
		return showing(w, script.Leaf(script.Authority(), change))
	}
}

// chained sends a certificate many times behind its own.
func chained(n int) peer {
	return func(w world) lab.Peer {
		pair := script.Leaf(script.Authority(), nil)
		for range n {
			pair.Certificate = append(pair.Certificate, script.Namesake().Certificate().Raw)
		}
		return showing(w, pair)
	}
}

func certificates() Group {
	between := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
	}
	const hour = time.Hour
	return Group{"Certificates", "the peer", []Behaviour{
		{Does: "shows a certificate for another name", Reports: "tls/certificate_name", peer: shows(func(c *x509.Certificate) { c.DNSNames = []string{"owa.contoso.test"} })},
		{Does: "shows one without a name", Reports: "tls/certificate_name", peer: shows(func(c *x509.Certificate) { c.DNSNames = nil })},
		{Does: "shows one that has expired", Reports: "tls/certificate_expired", peer: shows(between(-2*hour, -hour))},
		{Does: "shows one that is not valid yet", Reports: "tls/certificate_expired", peer: shows(between(hour, 2*hour))},
		{Does: "shows one that is not for servers", Reports: "tls/certificate_usage", peer: shows(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })},
		{Does: "shows one by an authority with a trusted one's name", Reports: "tls/certificate_authority", peer: func(w world) lab.Peer {
			return showing(w, script.Leaf(script.Namesake(), nil))
		}},
		{Does: "shows one by an authority that may sign for another domain alone", Reports: "tls/certificate_invalid", peer: func(w world) lab.Peer {
			return showing(w, script.Below(script.Authority(), func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"fabrikam.test"}
			}))
		}},
		{Does: "shows one that it signed itself", Reports: "tls/certificate_authority", peer: func(w world) lab.Peer {
			return showing(w, script.Signed(tls.Certificate{}, script.Key(), nil))
		}},
		{Does: "shows one with 2,000 names", Reports: "success", peer: shows(func(c *x509.Certificate) {
			for i := range 2000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("a-long-name-of-its-own-%d.contoso.test", i))
			}
		})},
		{Does: "sends 100 certificates behind its own", Reports: "success", peer: chained(100)},
		{Does: "sends 1,000 certificates behind its own", Reports: "tls/handshake", peer: chained(1000)},
	}}
}
