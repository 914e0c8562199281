package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// faults are what alerts and the dashboard are tried on.
func faults() []lab.Fault {
	return []lab.Fault{
		{At: "bindings-expired", Service: "expired", Alert: "EwsCertificateExpires1d", Says: []string{"expired"}, Panels: true},
		{
			// Another certificate on a server than on the balancer, and neither as expected.
			At: "bindings-server-differs", Alert: "EwsCertificateWrong", Says: []string{"binding_thumbprint_unexpected"}, Panels: true,
			Keys: []string{"ssl_binding: {addresses: [" + server1 + ", " + server2 + "], thumbprints: ['" + strings.Repeat("00", 20) + "']}"},
		},
		{At: "bindings-wrong-name", Alert: "EwsCertificateWrong", Says: []string{"binding_name_not_covered"}, Panels: true},
		{At: missing, Panels: true},
	}
}

// missing is the case of a revocation list that is not there.
const missing = "bindings-revocation-missing"

// revocationMissing is a host whose certificate names a revocation list which is not there.
func revocationMissing() lab.Case {
	return lab.Case{
		Name: missing,
		Want: lab.Verdict{Failure: lab.None, Finding: "revocation_unreachable"},
		Start: func(t lab.TB) lab.Peer {
			authority, err := lab.NewAuthority()
			if err != nil {
				t.Fatalf("%v", err)
			}
			place := lab.Serve(t, lab.ReadHead, lab.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
			authority.Lists = []string{"http://" + place.Addr() + "/lab.crl"}
			config, err := authority.ServerConfig()
			if err != nil {
				t.Fatalf("%v", err)
			}
			host := lab.ServeTLS(t, config, lab.Await).Addr()
			return lab.Peer{Target: host, Server: host, Hostname: lab.Service, Authority: authority, Keys: []string{"ssl_binding: {revocation: true}"}}
		},
	}
}
