package lab

import (
	"crypto/tls"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Scenarios is the table of all of them.
func Scenarios() []Scenario {
	return []Scenario{
		{
			Name: "bindings-right", Description: "One certificate on both families, with and without SNI.",
			doors: []door{{address: four, bind: always("mail")}, {address: six, bind: always("mail")}},
		},
		{
			Name: "bindings-families-differ", Description: "A renewed certificate was bound to 0.0.0.0:443, and [::]:443 was forgotten.",
			Expect: Expectation{Finding: "binding_families_differ"},
			doors:  []door{{address: four, bind: always("mail")}, {address: six, bind: always("old")}},
		},
		{
			Name: "bindings-ipv6-missing", Description: "Nothing is bound to [::]:443: the intranet works, IPv6 clients get a reset.",
			Expect: Expectation{Failure: "tls/reset", Finding: "binding_missing"},
			doors:  []door{{address: four, bind: always("mail")}, {address: six}},
		},
		{
			Name: "bindings-sni-only", Description: "A binding for the name alone: clients without SNI get a reset.",
			Expect: Expectation{Finding: "binding_sni_differs"},
			doors:  []door{{address: four, bind: map[string]string{lab.Service: "mail"}}},
		},
		{
			Name: "bindings-default-differs", Description: "Without SNI the server's self-signed kind of certificate comes, as on many healthy sites.",
			Expect: Expectation{Finding: "binding_sni_differs"},
			doors:  []door{{address: four, bind: map[string]string{lab.Service: "mail", "": "default"}}},
		},
		{
			Name: "bindings-server-differs", Description: "The balancer and one of two servers show different certificates: Extended Protection breaks logons.",
			Expect:  Expectation{Finding: "binding_server_differs"},
			Servers: []string{"ex01.contoso.test", "ex02.contoso.test"},
			doors: []door{
				{address: four, bind: always("mail")},
				{address: server1, server: "ex01.contoso.test", bind: always("mail")},
				{address: server2, server: "ex02.contoso.test", bind: always("old")},
			},
		},
		{
			Name: "bindings-expired", Description: "The certificate expired yesterday.",
			Expect: Expectation{Failure: "tls/certificate_expired", Finding: "certificate_expiring"},
			doors:  []door{{address: four, bind: always("expired")}},
		},
		{
			Name: "bindings-expiring", Description: "The certificate expires in five days.",
			Expect: Expectation{Finding: "certificate_expiring"},
			doors:  []door{{address: four, bind: always("expiring")}},
		},
		{
			Name: "bindings-wrong-name", Description: "The certificate is another service's.",
			Expect: Expectation{Failure: "tls/certificate_name", Finding: "binding_name_not_covered"},
			doors:  []door{{address: four, bind: always("other")}},
		},
		{
			Name: "bindings-dead-address", Description: "Two addresses, and nothing listens at one: the other is seen all the same.",
			Expect: Expectation{Failure: "connect/refused"},
			doors:  []door{{address: server1, closed: true}, {address: four, bind: always("mail")}},
		},
		{
			Name: "bindings-old-tls", Description: "A server that knows TLS 1.0 at most.",
			Expect: Expectation{Finding: "tls_version_old"},
			doors:  []door{{address: four, bind: always("mail"), newest: tls.VersionTLS10}},
		},
	}
}
