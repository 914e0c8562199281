package sslbinding

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "certificates", Title: "Certificates and bindings",
	Description: "Which certificate is shown where, and is it the right one?",
	Series:      `probe_step_success{step="binding"}`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "The first certificate to expire has left",
				Description: "The earliest expiry among the certificates of the chosen targets, issuers included.",
				Page:        "findings/certificate_expiring.md",
				Unit:        "s", Colors: dashboard.Expiry,
				Query: `min(probe_ssl_earliest_cert_expiry{$chosen}) - time()`,
			},
			{
				Kind: dashboard.Stat, Title: "Bindings that clients refuse",
				Description: "Bindings asked by the service's name whose certificate is not trusted, or which have none.",
				Page:        "ssl-binding.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by (instance, address, sni) (probe_ssl_binding_trusted{$chosen, sni!~"\\(.*"}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Bindings with an unexpected certificate",
				Description: "Bindings whose certificate is none of the thumbprints configured.",
				Page:        "findings/binding_thumbprint_unexpected.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by (instance, address, sni) (probe_ssl_binding_expected{$chosen, sni!~"\\(.*"}) == 0) or vector(0)`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which certificate does each binding show?",
				Description: "The leaf of each binding; sha1 as Windows shows it.",
				Page:        "ssl-binding.md",
				Query:       `max by (service, via, address, sni, subject, issuer, sha1) (probe_ssl_binding_info{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long is each certificate valid?",
				Description: "Time left until the certificate of each binding expires.",
				Page:        "findings/certificate_expiring.md",
				Unit:        "s", Negative: true,
				Legend: "{{instance}} {{address}} {{sni}}",
				Query:  `min by (instance, address, sni) (probe_ssl_binding_not_after_timestamp_seconds{$chosen}) - time()`,
			},
			{
				Kind: dashboard.Timeline, Title: "Do the bindings agree?",
				Description: "Whether the same certificate is shown across families, addresses, servers, and with and without SNI.",
				Page:        "ssl-binding.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{instance}} {{port}} across {{across}}",
				Query:       `min by (instance, port, across) (probe_ssl_binding_consistent{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Are the required names covered?",
				Description: "Whether the certificate of each binding covers each name that clients use.",
				Page:        "findings/binding_name_not_covered.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{address}} {{name}}",
				Query:       `min by (instance, address, name) (probe_ssl_binding_name_covered{$chosen, sni!~"\\(.*"})`,
			},
			{
				Kind: dashboard.Timeline, Title: "Can revocation data be fetched?",
				Description: "Each CRL and OCSP location that was tried.",
				Page:        "findings/revocation_unreachable.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{kind}} {{url}}",
				Query:       `min by (kind, url) (probe_ssl_revocation_reachable{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which TLS version does each binding speak?",
				Description: "The version and cipher suite that each binding agreed to.",
				Page:        "findings/tls_version_old.md",
				Query:       `max by (instance, address, sni, version, cipher) (probe_ssl_binding_tls_info{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~"binding.+|certificate_.+|chain_.+|revocation_.+|tls_version_old"})`),
		}},
	},
}
