package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// onDisk is what a package brings, in a folder.
func onDisk(t *testing.T, programs ...string) string {
	t.Helper()
	servers.Need(t, "dpkg-deb")
	dir := t.TempDir()
	must(t, "dpkg-deb", "--extract", one(t, dist(t, programs...), "*_amd64.deb"), dir)
	return dir
}

// TestPackagedUnit: systemd understands the service as it is installed, with the program where the unit says, finds it as locked
// in as the one that is put in place by hand, and the program takes the command line and the configuration.
func TestPackagedUnit(t *testing.T) {
	t.Parallel()
	dir := onDisk(t, "systemd-analyze")
	name := filepath.Join(dir, "usr/lib/systemd/system/ews_exporter.service")
	program := filepath.Join(dir, "usr/bin/ews_exporter")
	unit := text(t, name)
	command := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)
	if command == nil {
		t.Fatal("the unit starts nothing")
	}
	here := filepath.Join(t.TempDir(), "ews_exporter.service")
	if err := os.WriteFile(here, []byte(strings.NewReplacer("/usr/bin/ews_exporter", program, "/bin/kill", "/bin/true").Replace(unit)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := must(t, "systemd-analyze", "verify", "--man=no", here); said != "" {
		t.Errorf("systemd-analyze verify: %s", said)
	}
	must(t, "systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=15", here)
	for _, line := range []string{"DynamicUser=yes", "StateDirectory=ews_exporter"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit has no %s", line)
		}
	}
	words := strings.Fields(command[1])
	if words[0] != "/usr/bin/ews_exporter" || !slices.Contains(words, "--config.file=/etc/ews_exporter/ews_exporter.yml") {
		t.Errorf("it starts %q", words)
	}
	must(t, program, "check", filepath.Join(dir, "etc/ews_exporter/ews_exporter.yml"))
}

// TestPackagedExamples: Prometheus finds the rules, and the two examples fit, before the service that is handed the secret starts.
func TestPackagedExamples(t *testing.T) {
	t.Parallel()
	dir := onDisk(t)
	examples := filepath.Join(dir, "usr/share/doc/ews-exporter/examples")
	checkRules(t, dir, examples)
	ours := filepath.Join(examples, "ews_exporter.yml")
	for _, theirs := range []string{"prometheus.yml", "static.prometheus.yml"} {
		said := must(t, filepath.Join(dir, "usr/bin/ews_exporter"), "check", ours, "--prometheus", filepath.Join(examples, theirs))
		if !strings.Contains(said, "auths.monitor.password_file: not looked at: the file is there once ews_exporter.service has started") {
			t.Errorf("beside %s: %s", theirs, said)
		}
	}
	named := regexp.MustCompile(`password_file: /run/credentials/ews_exporter.service/(.*)`).FindStringSubmatch(text(t, ours))
	if named == nil || !strings.Contains(text(t, filepath.Join(examples, "credentials.conf")), "\nLoadCredential="+named[1]+":") {
		t.Errorf("the drop-in does not hand over what the example names: %q", named)
	}
}

// checkRules holds that each example for Prometheus names files that are unpacked with it, below root.
func checkRules(t *testing.T, root, examples string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(examples, "*prometheus.yml"))
	if err != nil || len(names) != 2 {
		t.Fatalf("examples for Prometheus: %q, %v", names, err)
	}
	for _, name := range names {
		var prometheus struct {
			Rules []string `yaml:"rule_files"`
		}
		if err := yaml.Unmarshal([]byte(text(t, name)), &prometheus); err != nil || len(prometheus.Rules) == 0 {
			t.Errorf("%s: %v, rules %q", name, err, prometheus.Rules)
		}
		for _, rules := range prometheus.Rules {
			at := filepath.Join(examples, rules)
			if filepath.IsAbs(rules) {
				at = filepath.Join(root, rules)
			}
			if found, err := filepath.Glob(at); err != nil || len(found) == 0 {
				t.Errorf("%s: %s matches nothing: %v", name, rules, err)
			}
		}
	}
}

// TestManual: man has nothing to complain of, and the page has every command and flag that the program has.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := onDisk(t, "man")
	page := filepath.Join(dir, "usr/share/man/man1/ews_exporter.1.gz")
	if said := must(t, "man", "--warnings", "--local-file", "-Tutf8", "-Z", page); strings.Contains(said, "warning") {
		t.Errorf("man: %s", said)
	}
	shown := regexp.MustCompile(`\x1b\[[0-9;]*m|.\x08`).ReplaceAllString(must(t, "env", "MANWIDTH=200", "man", "--no-hyphenation", "--local-file", page), "")
	help := must(t, filepath.Join(dir, "usr/bin/ews_exporter"), "--help-long")
	for _, flag := range regexp.MustCompile(`(?m)^ +(?:-h, )?--(?:\[no-\])?([a-z.-]+)`).FindAllStringSubmatch(help, -1) {
		if !strings.Contains(shown, "--"+flag[1]) {
			t.Errorf("the page has no --%s", flag[1])
		}
	}
	for _, part := range []string{"NAME", "EXIT STATUS", "/etc/ews_exporter/ews_exporter.yml", "healthcheck [URL]", `'CONTOSO\me'`} {
		if !strings.Contains(shown, part) {
			t.Errorf("the page has no %s", part)
		}
	}
}

// TestCompletions: shells offer commands, flags, and the codes of findings.
func TestCompletions(t *testing.T) {
	t.Parallel()
	dir := onDisk(t, "bash", "fish", "zsh")
	program := filepath.Join(dir, "usr/bin")
	bash := filepath.Join(dir, "usr/share/bash-completion/completions/ews_exporter")
	fish := filepath.Join(dir, "usr/share/fish/vendor_completions.d/ews_exporter.fish")
	zsh := filepath.Join(dir, "usr/share/zsh/vendor-completions/_ews_exporter")
	for _, c := range []struct{ typed, want string }{
		{"ews_exporter hea", "healthcheck"}, {"ews_exporter probe --di", "--direct"}, {"ews_exporter finding late_body_r", "late_body_rejected"},
	} {
		words := strings.Fields(c.typed)
		script := `PATH=$1:$PATH; . "$2"; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ews_exporter; printf '%s\n' "${COMPREPLY[@]}"`
		if got := strings.Fields(must(t, "bash", append([]string{"-c", script, "bash", program, bash}, words...)...)); !slices.Contains(got, c.want) {
			t.Errorf("bash offers %q after %q", got, c.typed)
		}
		got := must(t, "fish", "--no-config", "-c", "set -x PATH "+program+" $PATH; source "+fish+"; complete -C '"+c.typed+"'")
		if !slices.Contains(strings.Split(got, "\n"), c.want) {
			t.Errorf("fish offers %q after %q", got, c.typed)
		}
		script = `path=($1 $path); compdef() {}; compadd() { print -l -- $matches }; source $2; shift 2; words=("$@"); CURRENT=$#; _ews_exporter`
		got = must(t, "zsh", append([]string{"-f", "-c", script, "zsh", program, zsh}, words...)...)
		if !slices.Contains(strings.Split(got, "\n"), c.want) {
			t.Errorf("zsh offers %q after %q", got, c.typed)
		}
	}
}
