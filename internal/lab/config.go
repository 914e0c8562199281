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

var configText = template.Must(template.New("").Funcs(template.FuncMap{"join": strings.Join}).Parse(
	`# The simulated site of "ews_exporter lab". Written anew at every start.
auths:
{{- range .Auths}}
  {{.Name}}:{{with .About}} # {{.}}{{end}}
    username: {{.Username}}
    password_file: ` + passwordFile + `
    schemes: [{{.Schemes}}]
    targets: [{{.Targets}}]
    modules: [{{join .Modules ", "}}]
{{- end}}
modules:
{{- range .Modules}}
  {{.Name}}:{{with .About}} # {{.}}{{end}}
    prober: {{.Prober}}
{{- with .Logon}}
    auth: {{.}}
{{- end}}
    ip_protocol: ip4
    tls_config: {ca_file: ` + caFile + `}
{{- range .Keys}}
    {{.}}
{{- end}}
{{- end}}
policy:
  allow: ["127.0.0.0/8", "::1"] # loopback is denied unless it is named
`))

// WriteConfig writes an exporter's configuration for site into dir, which it makes if need be: ews_exporter.yml, the
// authority's ca.pem and the password of the auths.
func WriteConfig(dir string, site *Site) error {
	var text strings.Builder
	modules := site.modules()
	if err := configText.Execute(&text, map[string]any{"Auths": site.auths(modules), "Modules": modules}); err != nil {
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

// module is one that is written, with its prober.
type module struct {
	Module
	Prober string
}

// modules are those of all parts that have something to ask: no module with a Windows logon is there where no scenario
// asks for one, because an auth without targets would be refused.
func (s *Site) modules() []module {
	var all []module
	for _, p := range s.parts {
		for _, m := range p.Modules {
			_, runs := s.Scenario(m.Apart)
			if m.Apart != "" {
				m.Logon = Logon(m.Name)
			}
			if runs || m.Apart == "" && (m.Logon != Windows || s.targets(asksForLogon) != "") {
				all = append(all, module{m, p.Prober})
			}
		}
	}
	return all
}

// account is an auth that is written.
type account struct {
	Name                              Logon
	About, Username, Schemes, Targets string
	Modules                           []string
}

// auths are those that the modules log on by.
func (s *Site) auths(modules []module) []account {
	all := []account{
		{Name: Basic, Username: Username, Schemes: "basic", Targets: s.targets(func(Scenario) bool { return true })},
		{Name: Windows, Username: Username, Schemes: "negotiate, ntlm", Targets: s.targets(asksForLogon)},
	}
	for _, m := range modules {
		if m.Apart != "" {
			all = append(all, account{
				Name: m.Logon, About: "a right password is refused there; the account is its own, so that no other is suspended for it",
				Username: Username + "-" + m.Name, Schemes: "negotiate, ntlm", Targets: s.targets(func(c Scenario) bool { return c.Name == m.Apart }),
			})
		}
	}
	var used []account
	for _, a := range all {
		for _, m := range modules {
			if m.Logon == a.Name {
				a.Modules = append(a.Modules, m.Name)
			}
		}
		if len(a.Modules) > 0 {
			used = append(used, a)
		}
	}
	return used
}

func asksForLogon(c Scenario) bool { return len(c.origin.logon) > 0 }

// targets are the names, with port, under which the wanted scenarios can be probed.
func (s *Site) targets(wanted func(Scenario) bool) string {
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
