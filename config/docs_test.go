package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestPageNamesEveryKey holds docs/configuration.md against the keys that are decoded.
func TestPageNamesEveryKey(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	sections := map[string]reflect.Type{
		"## Auths": reflect.TypeFor[config.Auth](), "### kerberos": reflect.TypeFor[config.Kerberos](), "### oauth2": reflect.TypeFor[config.OAuth2](), "## Modules": reflect.TypeFor[config.Module](),
		"### tls_config": reflect.TypeFor[config.TLS](), "## Policy": reflect.TypeFor[config.Policy](),
	}
	for _, k := range probes.All() {
		sections["### "+k.Name] = reflect.TypeOf(k.New()).Elem()
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
		if c, err := config.Load([]string{file}, probes.All()); err != nil || len(c.Warnings) > 0 {
			t.Errorf("%v, %+v\nin\n%s", err, c, e[1])
		}
	}
}

// TestPageTellsTheDefaults: where a prober's setting has a default that can be written down, the page has that one.
func TestPageTellsTheDefaults(t *testing.T) {
	t.Parallel()
	page := readPage(t)
	for _, d := range probes.All() {
		_, section, _ := strings.Cut(page, "\n### "+d.Name+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		settings := reflect.ValueOf(d.New()).Elem()
		for _, field := range reflect.VisibleFields(settings.Type()) {
			key := field.Tag.Get("yaml")
			_, row, found := strings.Cut(section, "\n| `"+key+"` |")
			if !found {
				continue // no key of the configuration; else TestPageNamesEveryKey tells
			}
			cells := strings.SplitN(row, "|", 3)
			if want := written(settings.FieldByIndex(field.Index)); want != "" && strings.TrimSpace(cells[1]) != want {
				t.Errorf("%s: the default of %s is %s, and the page says %s", d.Name, key, want, cells[1])
			}
		}
	}
}

// written is a default as the page writes it; empty for none, and for what has a meaning of its own where it is not set.
func written(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case bool:
		return fmt.Sprintf("`%t`", value)
	case time.Duration:
		return "`" + model.Duration(value).String() + "`"
	}
	switch {
	case v.IsZero():
		return ""
	case v.Kind() == reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, fmt.Sprint(v.Index(i)))
		}
		return "`[" + strings.Join(parts, ", ") + "]`"
	}
	return fmt.Sprintf("`%v`", v)
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
