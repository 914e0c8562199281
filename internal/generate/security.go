package main

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/probes"
)

// securityPage puts what is asked where, and what each prober's page says of how that looks, into
// docs/security-monitoring.md. What is counted there a test writes.
func securityPage(root string) ([]file, error) {
	const to, section = "docs/security-monitoring.md", "In the eyes of security monitoring"
	published, err := places(root)
	if err != nil {
		return nil, err
	}
	var asked, all strings.Builder
	asked.WriteString("| prober | port, unless a target has another | paths, unless a module has others | in the security log |\n|---|---|---|---|\n")
	for _, d := range probes.All() {
		t, err := target.ParseAs(cmp.Or(d.Scheme, "https"), "mail.contoso.com", "")
		if err != nil {
			return nil, err
		}
		events := "4624, or 4625, with an auth" // the account's logon over the network; see docs/authentication.md
		if d.NoLogon {
			events = "nothing: it never logs on"
		}
		fmt.Fprintf(&asked, "| `%s` | %d | %s | %s |\n", d.Name, t.Port, cmp.Or(code(d.New().Paths()), "–"), events)
		text, err := read(root, readme(d))
		if err != nil {
			return nil, err
		}
		seen := markdown.Section(text, section)
		if seen == "" {
			return nil, fmt.Errorf("%s has no section %q", readme(d), section)
		}
		fmt.Fprintf(&all, "### %s\n\n%s See [%s](%s).\n\n%s\n\n", d.Name, d.Summary, d.Name, path.Base(page(d)), moved(seen, readme(d), to, published))
	}
	return sections(root, to, map[string]string{"asked": asked.String(), "probers": all.String()})
}
