package main

import (
	"strings"
	"testing"
)

// TestAccountScript: each account of the configuration once, with what its modules need together, and no password.
func TestAccountScript(t *testing.T) {
	t.Parallel()
	file := write(t, `
auths:
  a: {username: 'CONTOSO\svc-probe', password: 'not-to-be-shown-1', schemes: [ntlm, basic], targets: [mail.contoso.com]}
  b: {username: 'svc-probe@contoso.com', password: 'not-to-be-shown-2', schemes: [basic], targets: ['mail.contoso.com:993']}
  idle: {username: 'CONTOSO\idle', password: 'not-to-be-shown-3', schemes: [basic], targets: [mail.contoso.com]}
  proxy: {username: 'proxy', password: 'not-to-be-shown-4', schemes: [basic], targets: ['proxy.contoso.com:3128']}
modules:
  sync: {prober: ews_sync, auth: a, ews_sync: {impersonation: {account: boss@contoso.com}}}
  mail: {prober: imap, auth: b}
  certificates: {prober: ssl_binding}
policy: {allow: [mail.contoso.com]}
`)
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
	nobody := execute(t, "", "account-script", "--config.file="+write(t, "modules: {certificates: {prober: ssl_binding}}\n"))
	if nobody.code != exitFailed || !strings.Contains(nobody.errors, "no module of the configuration logs on") {
		t.Errorf("without an account: exit %d, %s", nobody.code, nobody.errors)
	}
}
