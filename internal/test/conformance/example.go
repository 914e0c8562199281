package conformance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/example"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// bringsAnExample holds that the folder says how the prober is used as a rule, how often, and what that costs.
func bringsAnExample(x *Examination, complain complain) {
	text, err := fs.ReadFile(x.Folder, "example.yml")
	if err != nil {
		complain("%s lacks example.yml: a module as a site would have it, how often it is asked (interval), and the time limit", x.folder())
		return
	}
	if x.Definition.Example != string(text) {
		complain("Definition.Example is not example.yml: embed it")
	}
	e, err := example.Parse(string(text))
	if err != nil {
		complain("%s: %v", x.folder(), err)
		return
	}
	if fault := loads(x.Definition, e); fault != "" {
		complain("example.yml in %s: its module is none: %s", x.folder(), fault)
	}
	for _, t := range e.Lab {
		if !slices.ContainsFunc(lab.Scenarios([]lab.Part{x.Part}), func(s lab.Scenario) bool { return s.Name == t.Scenario }) {
			complain("example.yml in %s: lab: there is no scenario %s", x.folder(), t.Scenario)
		}
	}
	if len(x.Part.Loads) == 0 {
		complain("lab.Part: Loads names no module and site by which it is measured what a probe costs")
	}
}

// loads tells why the example's module cannot be loaded; empty where it can.
func loads(d prober.Definition, e example.Example) (fault string) {
	var b strings.Builder
	b.WriteString("modules:\n  m:\n")
	for line := range strings.Lines(e.Module) {
		b.WriteString("    " + line)
	}
	if e.Logon {
		b.WriteString("auths:\n  monitor: {username: 'CONTOSO\\probe', password: p, schemes: [negotiate, ntlm], targets: [mail.contoso.com]}\n")
	}
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return fmt.Sprint(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "example.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return fmt.Sprint(err)
	}
	if _, err := config.Load([]string{file}, []prober.Definition{d}); err != nil {
		return fmt.Sprint(err)
	}
	return ""
}
