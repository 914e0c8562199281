package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestStateTellsOfChanges: whatever a reload would read differently is a change, and nothing else.
func TestStateTellsOfChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, dir string)
		want   bool
	}{
		"nothing": {func(*testing.T, string) {}, false},
		"a file's content": {func(t *testing.T, dir string) {
			create(t, filepath.Join(dir, "a.yml"), "modules: {other: {prober: pong}}\n")
		}, true},
		"the same again": {func(t *testing.T, dir string) { create(t, filepath.Join(dir, "a.yml"), stateful) }, false},
		"another file that a glob finds": {func(t *testing.T, dir string) {
			create(t, filepath.Join(dir, "d", "c.yml"), "modules: {c: {prober: pong}}\n")
		}, true},
		"a file is gone":       {func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, "d", "b.yml"))) }, true},
		"a file that it names": {func(t *testing.T, dir string) { create(t, filepath.Join(dir, "krb5.conf"), "[realms]\n") }, true},
		"a secret of its own":  {func(t *testing.T, dir string) { create(t, filepath.Join(dir, "secret"), "another") }, false},
		"a file of other kind": {func(t *testing.T, dir string) { create(t, filepath.Join(dir, "d", "README"), "x") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			create(t, filepath.Join(dir, "a.yml"), stateful)
			create(t, filepath.Join(dir, "d", "b.yml"), "modules: {b: {prober: pong}}\n")
			create(t, filepath.Join(dir, "secret"), "hunter2")
			create(t, filepath.Join(dir, "krb5.conf"), "[realms]\nCONTOSO.COM = {\n kdc = dc01.contoso.com\n}\n")
			paths := []string{filepath.Join(dir, "a.yml"), filepath.Join(dir, "d", "*.yml")}
			c, err := Load(paths, kinds)
			check(t, err)
			test.change(t, dir)
			if got := c.StateNow(paths) != c.State(); got != test.want {
				t.Errorf("it has changed: %t, want %t", got, test.want)
			}
		})
	}
	if c := Default(kinds); c.StateNow(nil) != c.State() {
		t.Error("what has no file changes")
	}
}

const stateful = `
auths:
  a: {username: u@CONTOSO.COM, password_file: secret, schemes: [negotiate], targets: [mail.contoso.com], kerberos: {realm: CONTOSO.COM, krb5_conf: krb5.conf}}
modules: {a: {prober: ping, auth: a}}
`
