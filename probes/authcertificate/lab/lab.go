// Package lab is what the prober brings to the simulated site: documents of token services.
package lab

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

const module = "auth_certificate"

// Part is the prober's.
func Part() lab.Part {
	healthy := []lab.Verdict{{Module: module, Failure: lab.None, Origin: "iis"}}
	return lab.Part{
		Prober:    "auth_certificate",
		Modules:   []lab.Module{{Name: module, Keys: []string{"timeout: 8s"}}},
		Scenarios: scenarios(),
		Shared:    map[string][]lab.Verdict{"healthy": healthy, "early-401": healthy, "kemp-rfc2616": healthy},
		Faults: []lab.Fault{
			{Module: module, At: "auth-expired", Alert: "EwsServiceFailing", Says: []string{"content/expired", "auth_certificate_expired"}, Panels: true},
			{Module: module, At: "auth-expiring", Panels: true},
			{Module: module, At: "healthy", Panels: true},
		},
		Loads:   []lab.Load{{About: "as it comes", At: "healthy"}},
		Least:   []string{"auth_certificate: {warn: 0s}"},
		Most:    []string{"auth_certificate: {warn: 365d}"},
		Good:    document(lasting(year)),
		Cases:   cases(),
		Meets:   meets(),
		Hostile: []lab.Group{lies()},
	}
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// scenarios are those that people can try.
func scenarios() []lab.Scenario {
	return []lab.Scenario{
		{
			Name: "auth-expiring", Description: "An organization whose Auth certificate ends in twenty days; nothing renews it.",
			Verdicts: []lab.Verdict{{Module: module, Failure: lab.None, Finding: "auth_certificate_expiring", Origin: "iis"}},
			Serve:    serving(func() string { return document(lasting(20*day + time.Hour)) }),
		},
		{
			Name: "auth-expired", Description: "An organization whose Auth certificate ended ten days ago: tokens are refused everywhere.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "content/expired", Finding: "auth_certificate_expired", Origin: "iis"}},
			Serve:    serving(func() string { return document(lasting(-10*day - time.Hour)) }),
		},
	}
}

// serving is a site with one document, which is made when it is asked for.
func serving(document func() string) func(net.Conn, *tls.Config, func()) {
	once := sync.OnceValue(func() string { return answer(document()) })
	return lab.Static(func(string) string { return once() }).Dialogue
}

// answer is the response with a document, as IIS makes one.
func answer(document string) string {
	return script.Responds("200 OK", "Content-Type: application/json; charset=utf-8\r\nServer: Microsoft-IIS/10.0\r\n", document)
}

// document is Exchange's with these certificates.
func document(certificates ...[]byte) string {
	var keys []map[string]any
	for _, der := range certificates {
		keys = append(keys, lab.SigningKey(der))
	}
	return lab.Metadata(keys...)
}

// key is that of all certificates here: none is held against it.
var key = sync.OnceValue(script.Key)

// lasting is a certificate that ends in so long, signed by itself.
func lasting(left time.Duration) []byte {
	return script.Signed(tls.Certificate{}, key(), func(c *x509.Certificate) {
		c.Subject, c.DNSNames, c.ExtKeyUsage = pkix.Name{CommonName: "Microsoft Exchange Server Auth Certificate"}, nil, nil
		c.NotBefore, c.NotAfter = time.Now().Add(min(left, 0)-5*year), time.Now().Add(left)
	}).Certificate[0]
}
