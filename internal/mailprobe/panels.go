package mailprobe

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/dashboard"
)

// panels is the dashboard of a kind. A server that was not reached has no metric of its own, so a probe is told by its step.
func (k *Kind) panels() *dashboard.Dashboard {
	own := fmt.Sprintf(`max by ($probe) (probe_step_success{$chosen, step=%q})`, k.Name)
	and := func(query string) string { return query + " and on ($probe) " + own }
	page := strings.ReplaceAll(k.Name, "_", "-") + ".md"
	return &dashboard.Dashboard{
		Name: k.Name, Title: k.Title,
		Description: "Do mail servers greet by " + k.Title + ", offer what they should, start TLS, and let a mailbox in?",
		Series:      fmt.Sprintf(`probe_step_success{step=%q}`, k.Name),
		Rows: []dashboard.Row{
			{Height: 4, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Stat, Title: "Mail servers that fail now", Description: "Targets whose last dialogue failed.", Page: page, Colors: dashboard.AnyRed,
					Query: "count(" + and(`max by ($probe) (probe_success{$chosen}) == 0`) + ") or vector(0)",
				},
				{
					Kind: dashboard.Stat, Title: "Servers that take passwords in clear text", Description: "Who listens on the way reads them.", Page: "findings/" + k.plainLogon() + ".md", Colors: dashboard.AnyRed,
					Query: fmt.Sprintf(`count(max by ($probe) (probe_finding{$chosen, code=%q})) or vector(0)`, k.plainLogon()),
				},
				{
					Kind: dashboard.Stat, Title: "The first certificate to expire has left", Description: "The earliest expiry among the certificates that mail servers show, issuers included.", Page: "findings/certificate_expiring.md",
					Unit: "s", Colors: dashboard.Expiry,
					Query: "min(" + and(`max by ($probe) (probe_ssl_earliest_cert_expiry{$chosen})`) + ") - time()",
				},
			}},
			{Height: 10, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Timeline, Title: "How far did each dialogue get?", Description: "The steps of each probe. Green: it succeeded. Red: it failed, or the probe did not get there.", Page: page,
					States: [2]string{"no", "yes"}, Legend: "{{service}} {{via}} {{instance}} {{step}}",
					Query: fmt.Sprintf(`max by ($probe, step) (probe_step_success{$chosen, step=~"%s\\..+"})`, k.Name),
				},
			}},
			{Height: 8, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Lines, Title: "How long is the wait for the greeting?", Description: "From when the connection was there.", Page: page, Unit: "s", Legend: "{{service}} {{via}} {{instance}} {{module}}",
					Query: and(`max by ($probe) (probe_mail_greeting_seconds{$chosen})`),
				},
				{
					Kind: dashboard.Timeline, Title: "Was the logon accepted?", Description: "Of modules with an auth.", Page: page, States: [2]string{"no", "yes"}, Legend: "{{service}} {{via}} {{instance}} {{module}}",
					Query: and(`max by ($probe) (probe_mail_logon_success{$chosen})`),
				},
			}},
			{Height: 9, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Table, Title: "What is offered?", Description: "The capabilities, before TLS or over it.", Page: page,
					Query: and(`max by ($probe, capability) (probe_mail_capability{$chosen}) == 1`),
				},
				{
					Kind: dashboard.Table, Title: "Why does the probe fail?", Description: "The first failure of the last probe.", Page: "metrics.md",
					Query: and(`max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen})`),
				},
			}},
			{Height: 7, Panels: []dashboard.Panel{dashboard.Findings(and(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen})`))}},
		},
	}
}
