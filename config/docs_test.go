package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/example"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestPageNamesEveryKey holds docs/configuration.md against the keys that are decoded.
func TestPageNamesEveryKey(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	sections := map[string]reflect.Type{
		"## Auths": reflect.TypeFor[config.Auth](), "### kerberos": reflect.TypeFor[config.Kerberos](), "### oauth2": reflect.TypeFor[config.OAuth2](), "## Modules": reflect.TypeFor[config.Module](),
		"### tls_config": reflect.TypeFor[config.TLS](), "## Policy": reflect.TypeFor[config.Policy](), "## Services": reflect.TypeFor[config.Service](),
	}
	for heading, typ := range sections {
		_, section, ok := strings.Cut(page, "\n"+heading+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		if !ok {
			t.Errorf("there is no section %q", heading)
		}
		for _, field := range reflect.VisibleFields(typ) {
			key := field.Tag.Get("yaml")
			if key != "" && key != "-" && !strings.Contains(section, "\n| `"+key+"` |") {
				t.Errorf("section %q does not explain %s", heading, key)
			}
		}
	}
}

// TestPageExamplesLoad loads every example of the page as a file of its own.
func TestPageExamplesLoad(t *testing.T) {
	t.Parallel()
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readPage(t), -1)
	if len(examples) == 0 {
		t.Error("there is no example")
	}
	dir := t.TempDir()
	copyTo(t, dir, "contoso-ca.pem", "testdata/contoso-ca.pem")
	copyTo(t, dir, "monitor.password", "testdata/monitor.password")
	for i, e := range examples {
		file := filepath.Join(dir, strconv.Itoa(i)+".yml")
		if err := os.WriteFile(file, []byte(e[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := config.Load([]string{file}, probes.All()); err != nil || slices.ContainsFunc(c.Warnings, func(p config.Problem) bool { return p.Field != "modules" }) { // most examples leave the modules out
			t.Errorf("%v, %+v\nin\n%s", err, c, e[1])
		}
	}
}

// TestNoAuthForWhoNeverLogsOn: each probe would be refused, since a secret is sent over https alone.
func TestNoAuthForWhoNeverLogsOn(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.yml")
	text := "auths: {a: {username: me, password: S3cret-word, schemes: [ntlm], targets: [mail.contoso.com]}}\npolicy: {allow: [mail.contoso.com]}\nmodules:\n"
	for _, d := range probes.All() {
		text += fmt.Sprintf("  m_%s: {prober: %[1]s, auth: a}\n", d.Name)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load([]string{file}, probes.All())
	for _, d := range probes.All() {
		refused := strings.Contains(fmt.Sprint(err), fmt.Sprintf("modules.m_%s.auth: %[1]s never logs on; leave the auth out", d.Name))
		if refused != d.NoLogon {
			t.Errorf("%s: never logs on: %t, refused: %t\n%v", d.Name, d.NoLogon, refused, err)
		}
	}
}

// TestDefaultsWhereTheyAreOfUse: an auth that all modules have by default is left out where it cannot be used, and a person is
// told where it was for want of a scheme. One that a module names itself is a mistake there.
func TestDefaultsWhereTheyAreOfUse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.yml")
	text := "auths: {a: {username: me, password: S3cret-word, schemes: [ntlm], targets: [mail.contoso.com]}}\npolicy: {allow: [mail.contoso.com]}\ndefaults: {auth: a}\nmodules:\n"
	for _, d := range probes.All() {
		text += fmt.Sprintf("  m_%s: {prober: %[1]s, targets: [mail.contoso.com]%[2]s}\n", d.Name, needed(d))
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range cfg.Modules {
		limiter, limited := m.Settings.(prober.LogonLimiter)
		unfit := false
		if limited {
			_, problem := limiter.LogonProblem([]string{"ntlm"})
			unfit = problem != ""
		}
		if uses := m.Auth == "a"; uses != (!m.Definition.NoLogon && !unfit) {
			t.Errorf("%s has the auth %q", name, m.Auth)
		}
		if told := strings.Contains(cfg.Warnings.Error(), "modules."+name+": goes without the auth of defaults: "); told != (unfit && !m.Definition.NoLogon) {
			t.Errorf("%s: told %t\n%v", name, told, cfg.Warnings)
		}
	}
}

// TestImpliedModulesWithoutAnAuth: one line names all that can decide nothing, and only those, and says what to do.
func TestImpliedModulesWithoutAnAuth(t *testing.T) {
	t.Parallel()
	const says = "; name an auth in defaults, or define each that is used, with an auth or undecided_ok: true"
	var want []string
	for _, d := range probes.All() {
		if _, wants := d.New().(prober.LogonUser); wants {
			want = append(want, d.Name)
		}
	}
	slices.Sort(want)
	for name, test := range map[string]struct {
		file string
		told []string // nil for no line
	}{
		"nothing":               {"", want},
		"a service asks one":    {"services: {mail: {name: mail.contoso.com, balancers: [mail.contoso.com], modules: [" + want[0] + "]}}\n", want[1:]},
		"the defaults have one": {"defaults: {auth: a}\nauths: {a: {username: u, password: hunter2, schemes: [basic], targets: [mail.contoso.com]}}\n", nil},
		"somebody defines one":  {"modules: {own: {prober: " + want[0] + "}}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "a.yml")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load([]string{file}, probes.All())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range c.Warnings {
				if w.Field == "modules" {
					got = append(got, w.String())
				}
			}
			if (len(got) == 1) != (test.told != nil) || len(got) == 1 && !strings.HasSuffix(got[0], ": "+strings.Join(test.told, ", ")+says) {
				t.Errorf("warned %q, want one line with %v", got, test.told)
			}
		})
	}
}

// needed is what a module of the prober cannot be without, of its example.
func needed(d prober.Definition) string {
	e, err := example.Parse(d.Example)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(e.Module) {
		if rest, ok := strings.CutPrefix(line, d.Name+": {"); ok {
			inner, _, _ := strings.Cut(rest, "}")
			return ", " + d.Name + ": {" + inner + "}"
		}
	}
	return ""
}

// TestNoProxyForDatagrams: a probe that went past the proxy would be a surprise.
func TestNoProxyForDatagrams(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.yml")
	text := "modules:\n"
	for _, d := range probes.All() {
		text += fmt.Sprintf("  m_%s: {prober: %[1]s, proxy_url: 'http://proxy.contoso.com:3128'}\n", d.Name)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load([]string{file}, probes.All())
	for _, d := range probes.All() {
		refused := strings.Contains(fmt.Sprint(err), fmt.Sprintf("modules.m_%s.proxy_url: %[1]s asks in datagrams", d.Name))
		if refused != d.NoProxy {
			t.Errorf("%s: asks in datagrams: %t, refused: %t\n%v", d.Name, d.NoProxy, refused, err)
		}
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(page), "\r\n", "\n")
}

func copyTo(t *testing.T, dir, name, from string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
