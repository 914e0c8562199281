package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/version"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/account"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// accountFlags are those of the command account-script.
type accountFlags struct{ files []string }

// runAccountScript prints the PowerShell that makes the accounts of the configuration.
func (c *command) runAccountScript() int {
	loaded, err := config.Plan(c.account.files, probes.All()) // whoever asks has no password yet
	if err != nil {
		return c.fail("%v", err)
	}
	needs := accounts(loaded)
	if len(needs) == 0 {
		return c.fail("no module of the configuration logs on with an account: give one an auth with a username")
	}
	c.print("%s", account.Script(needs, cmp.Or(version.Version, "of no version")))
	return exitOK
}

// accounts are those that modules log on with, each once, in the order of their names.
func accounts(c *config.Config) []account.Need {
	byName := map[string]*account.Need{}
	for _, name := range slices.Sorted(maps.Keys(c.Modules)) {
		m := c.Modules[name]
		for _, of := range authsOf(m) {
			a := c.Auths[of]
			if a == nil || a.Username == "" {
				continue // an application, a token, or a certificate
			}
			key := a.Credential().Account()
			if byName[key] == nil {
				byName[key] = &account.Need{Username: a.Username}
			}
			actsAs := ""
			if i, ok := m.Settings.(prober.Impersonator); ok {
				actsAs = i.Impersonates()
			}
			byName[key].Add(m.Name, m.Definition.Account, actsAs)
		}
	}
	var all []account.Need
	for _, key := range slices.SortedFunc(maps.Keys(byName), strings.Compare) {
		all = append(all, *byName[key])
	}
	return all
}

// authsOf are the auths that a module logs on with at targets.
func authsOf(m *config.Module) []string {
	names := []string{m.Auth}
	if others, ok := m.Settings.(prober.AuthUser); ok {
		names = append(names, slices.Sorted(maps.Values(others.Auths()))...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}
