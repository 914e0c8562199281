package main

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/probes"
)

// accountsPage puts what the account of each prober needs into docs/authentication.md.
func accountsPage(root string) ([]file, error) {
	var all strings.Builder
	all.WriteString("| prober | mailbox | open by `Set-CASMailbox` |\n|---|---|---|\n")
	for _, d := range probes.All() {
		mailbox, open := "–", "–"
		if a := d.Account; a != nil {
			mailbox = "its own"
			if len(a.Enabled) > 0 {
				open = code(a.Enabled)
			}
		}
		if d.NoLogon {
			mailbox, open = "never logs on", "–"
		}
		fmt.Fprintf(&all, "| `%s` | %s | %s |\n", d.Name, mailbox, open)
	}
	return sections(root, "docs/authentication.md", map[string]string{"accounts": all.String()})
}
