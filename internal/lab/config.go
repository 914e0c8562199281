package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// The files that WriteConfig writes.
const (
	configFile   = "ews_exporter.yml"
	caFile       = "ca.pem"
	passwordFile = "lab.password" // #nosec G101 -- a file's name
)

// The modules differ in how long they wait for the 100: 5 s is what the field notes saw a client wait, 1 s is for
// people who try things out. Windows logons may go only where the lab asks for them.
var configText = template.Must(template.New("").Parse(`# The simulated site of "ews_exporter lab". Written anew at every start.
auths:
  lab:
    username: {{.Username}}
    password_file: {{.PasswordFile}}
    schemes: [basic]
    targets: [{{.Targets}}]
    modules: [expect_continue_basic, ews_sync, ews_write, ews_stream]
{{- if .Windows}}
  windows:
    username: {{.Username}}
    password_file: {{.PasswordFile}}
    schemes: [negotiate, ntlm]
    targets: [{{.Windows}}]
    modules: [expect_continue_windows, auth_roundtrips, auth_roundtrips_pages]
{{- end}}
{{- range .Apart}}
  {{.Module}}: # a right password is refused there; the account is its own, so that no other is suspended for it
    username: {{.Username}}
    password_file: {{$.PasswordFile}}
    schemes: [negotiate, ntlm]
    targets: [{{.Targets}}]
    modules: [{{.Module}}]
{{- end}}
modules:
  expect_continue:
    prober: expect_continue
    timeout: 20s
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    expect_continue: {wait: 5s, variants: [immediate]}
  expect_continue_fast:
    prober: expect_continue
    timeout: 8s
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    expect_continue: {wait: 1s, variants: [immediate]}
  expect_continue_basic:
    prober: expect_continue
    timeout: 20s
    auth: lab
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    expect_continue: {wait: 5s, variants: [immediate]}
{{- if .Windows}}
  expect_continue_windows:
    prober: expect_continue
    timeout: 8s
    auth: windows
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    expect_continue: {wait: 1s, variants: [immediate]}
  auth_roundtrips:
    prober: auth_roundtrips
    auth: windows
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    auth_roundtrips: {expected_schemes: [negotiate, ntlm], extended_protection_check: true}
  auth_roundtrips_pages: # the four pages of the field notes, where a scenario has them
    prober: auth_roundtrips
    auth: windows
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    auth_roundtrips: {method: GET, paths: [/auth1.htm, /auth2.htm, /auth3.htm, /auth4.htm]}
{{- end}}
{{- range .Apart}}
  {{.Module}}: # auth_roundtrips, by the auth of the same name
    prober: auth_roundtrips
    auth: {{.Module}}
    ip_protocol: ip4
    tls_config: {ca_file: {{$.CAFile}}}
    auth_roundtrips: {expected_schemes: [negotiate, ntlm], extended_protection_check: true}
{{- end}}
  ews_sync:
    prober: ews_sync
    auth: lab
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    ews_sync:
      operations: [healthcheck, get_folder, sync, notify, availability, oof, resolve_names, time_zones]
      mailbox: probe@contoso.test
  ews_write:
    prober: ews_sync
    auth: lab
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    ews_sync: {operations: [sync, notify], write: true}
  ews_stream: # what comes while a response stays open
    prober: ews_sync
    auth: lab
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
    ews_sync: {operations: [stream], write: true}
  ssl_binding:
    prober: ssl_binding
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
  smtp:
    prober: smtp
    timeout: 8s
    ip_protocol: ip4
    tls_config: {ca_file: {{.CAFile}}}
  smtp_mail: # begins a mail without a sender, and gives it up
    prober: smtp
    timeout: 8s
    ip_protocol: ip4
    targets: ["127.0.0.0/8"]
    tls_config: {ca_file: {{.CAFile}}}
    smtp: {mail_from: true}
policy:
  allow: ["127.0.0.0/8", "::1"] # loopback is denied unless it is named
`))

// WriteConfig writes an exporter's configuration for site into dir, which it makes if need be: ews_exporter.yml, the
// authority's ca.pem and the password of auth "lab".
func WriteConfig(dir string, site *Site) error {
	var text strings.Builder
	if err := configText.Execute(&text, map[string]any{
		"Username": Username, "PasswordFile": passwordFile, "CAFile": caFile, "Targets": targets(site, func(Scenario) bool { return true }),
		"Windows": targets(site, func(c Scenario) bool { return len(c.origin.logon) > 0 }),
		"Apart":   apart(site),
	}); err != nil {
		return fmt.Errorf("making the lab's configuration: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory for the lab's configuration: %w", err)
	}
	for name, content := range map[string]string{
		configFile: text.String(), caFile: string(site.authority.PEM()), passwordFile: site.password + "\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("writing the lab's configuration: %w", err)
		}
		if err := os.Chmod(path, 0o600); err != nil { // an older file keeps its mode when it is written
			return fmt.Errorf("writing the lab's configuration: %w", err)
		}
	}
	return nil
}

// ownAccount is one that a single scenario is probed with.
type ownAccount struct{ Module, Username, Targets string }

// apart are the accounts of the scenarios that refuse a right password.
func apart(s *Site) (accounts []ownAccount) {
	for _, scenario := range s.scenarios {
		if module := scenario.apart; module != "" {
			accounts = append(accounts, ownAccount{module, Username + "-" + module, targets(s, func(c Scenario) bool { return c.Name == scenario.Name })})
		}
	}
	return accounts
}

// targets are the names, with port, under which the wanted scenarios can be probed.
func targets(s *Site, wanted func(Scenario) bool) string {
	var list []string
	for _, scenario := range s.scenarios {
		if !wanted(scenario) {
			continue
		}
		_, port, _ := net.SplitHostPort(scenario.Address)
		for _, name := range []string{"127.0.0.1", "localhost", "mail.contoso.test", "autodiscover.contoso.test"} {
			list = append(list, fmt.Sprintf("%q", net.JoinHostPort(name, port)))
		}
	}
	return strings.Join(list, ", ")
}
