package dnsrecords

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "dns_records", Title: "DNS records",
	Description: "Do all name servers of a domain have the records that a site needs, and say the same?",
	Series:      `probe_dns_datagrams_sent`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Domains whose name servers differ, or lack a record",
				Description: "The answer depends on which server is asked, or is wrong everywhere.",
				Page:        "findings/dns_servers_differ.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code=~"dns_servers_differ|dns_record_missing"})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Name servers that do not serve the zone",
				Description: "They are named for it, and do not answer for it with authority, or not at all.",
				Page:        "findings/dns_server_lame.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, server, address) (probe_dns_server_success{$chosen}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Name servers without TCP",
				Description: "Long answers cannot be had from them.",
				Page:        "findings/dns_tcp_blocked.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, address) (probe_dns_tcp_success{$chosen}) == 0) or vector(0)`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Does each server have each record?",
				Description: "Green: it has it. Red: it does not. A gap: it did not answer.",
				Page:        "dns-records.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{name}} {{type}} {{address}}",
				Query:       `max by ($probe, address, name, type) (probe_dns_record_found{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "Which serial has each copy?",
				Description: "Lines that part: a change is on its way. Lines that stay apart: a transfer fails.",
				Page:        "findings/dns_serials_differ.md",
				Legend:      "{{instance}} {{address}}",
				Query:       `max by ($probe, address) (probe_dns_soa_serial{$chosen})`,
			},
			{
				Kind: dashboard.Lines, Title: "How long does an answer take?",
				Description: "The question for the SOA record, second tries included.",
				Page:        "findings/dns_server_silent.md",
				Unit:        "s",
				Legend:      "{{instance}} {{address}}",
				Query:       `max by ($probe, address) (probe_dns_soa_seconds{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Configured records that are not as expected",
				Description: "At one server at least.",
				Page:        "findings/dns_record_missing.md",
				Query:       `max by ($probe, name, type) (probe_dns_record_expected{$chosen}) == 0`,
			},
			{
				Kind: dashboard.Table, Title: "Why does the probe fail?",
				Description: "The first failure of the last probe.",
				Page:        "metrics.md",
				Query:       `max by ($probe, stage, reason) (probe_failure_info{$chosen}) and on ($probe) max by ($probe) (probe_dns_datagrams_sent{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_dns_datagrams_sent{$chosen})`),
		}},
	},
}
