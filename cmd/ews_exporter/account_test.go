package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/account"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// proberThat is the first that is so.
func proberThat(t *testing.T, is func(prober.Definition) bool) string {
	t.Helper()
	i := slices.IndexFunc(probes.All(), is)
	if i < 0 {
		t.Fatal("no prober is like that")
	}
	return probes.All()[i].Name
}

// TestAccountScript: each account of the configuration once, with what its modules need together, and no password.
func TestAccountScript(t *testing.T) {
	t.Parallel()
	acting := proberThat(t, func(d prober.Definition) bool { _, acts := d.New().(prober.Impersonator); return acts })
	mail := proberThat(t, func(d prober.Definition) bool {
		return d.Account != nil && slices.Contains(d.Account.Enabled, prober.ImapEnabled)
	})
	silent := proberThat(t, func(d prober.Definition) bool {
		return d.NoLogon && len(d.Paths) > 0 && d.Paths[0].Way == prober.ByBalancer
	})
	file := write(t, fmt.Sprintf(`
auths:
  a: {username: 'CONTOSO\svc-probe', password: 'not-to-be-shown-1', schemes: [ntlm, basic], targets: [mail.contoso.com]}
  b: {username: 'svc-probe@contoso.com', password_file: not-there-yet, schemes: [basic], targets: ['mail.contoso.com:993']}
  idle: {username: 'CONTOSO\idle', password: 'not-to-be-shown-3', schemes: [basic], targets: [mail.contoso.com]}
  proxy: {username: 'proxy', password: 'not-to-be-shown-4', schemes: [basic], targets: ['proxy.contoso.com:3128']}
modules:
  sync: {prober: %[1]s, auth: a, %[1]s: {impersonation: {account: boss@contoso.com}}}
  mail: {prober: %[2]s, auth: b}
  certificates: {prober: %[3]s}
policy: {allow: [mail.contoso.com]}
`, acting, mail, silent))
	got := execute(t, "", "account-script", "--config.file="+file)
	if got.code != exitOK || strings.Contains(got.out, "not-to-be-shown") {
		t.Errorf("exit %d, %s\n%s", got.code, got.errors, got.out)
	}
	for text, n := range map[string]int{
		"New-ADUser ": 1, "-EwsEnabled $true": 1, "-ImapEnabled $true": 1, "-PopEnabled $false": 1, "for the modules mail, sync\n": 1,
		"-Identity 'boss@contoso.com'": 1, "-AsSecureString": 1, "idle": 0, "certificates": 0,
	} {
		if strings.Count(got.out, text) != n {
			t.Errorf("%q is there %d times, want %d:\n%s", text, strings.Count(got.out, text), n, got.out)
		}
	}
	nobody := execute(t, "", "account-script", "--config.file="+write(t, "modules: {certificates: {prober: "+silent+"}}\n"))
	if nobody.code != exitFailed || !strings.Contains(nobody.errors, "no module of the configuration logs on") {
		t.Errorf("without an account: exit %d, %s", nobody.code, nobody.errors)
	}
}

// TestEveryWayIsKnown: what a prober's account needs is a way that the script opens.
func TestEveryWayIsKnown(t *testing.T) {
	t.Parallel()
	for _, d := range probes.All() {
		if d.Account == nil {
			continue
		}
		if d.NoLogon {
			t.Errorf("%s never logs on, and says what its account needs", d.Name)
		}
		need := account.Need{Username: "svc"}
		need.Add(d.Name, d.Account, "")
		for _, way := range d.Account.Enabled {
			if !slices.Contains(need.Ways(), account.Way{Parameter: way, On: true}) {
				t.Errorf("%s needs %s, which the script does not open", d.Name, way)
			}
		}
	}
}
