package config

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// ping is a prober's settings with a field of each type.
type ping struct {
	Still `yaml:"-"`

	Path     string            `yaml:"path"`
	Wait     time.Duration     `yaml:"wait"`
	Count    int               `yaml:"count"`
	Ratio    float64           `yaml:"ratio"`
	Strict   bool              `yaml:"strict"`
	Flood    bool              `yaml:"flood"`
	Variants []string          `yaml:"variants"`
	Networks []policy.Rule     `yaml:"networks"`
	Expect   map[string]expect `yaml:"expect"`
	Nested   *nested           `yaml:"nested"`
	Headers  map[string]string `yaml:"headers" redact:"hidden"`
	Body     string            `yaml:"body" redact:"hidden"`
}

// WantsTargets makes a ping that floods one that must not be turned against just anybody.
func (s *ping) WantsTargets() string {
	if s.Flood {
		return "ping.flood"
	}
	return ""
}

type nested struct {
	Deep  []nested `yaml:"deep"`
	Level int64    `yaml:"level"`
}

// expect may be written as a text or as keys.
type expect struct {
	Exact string `yaml:"exact"`
	Glob  string `yaml:"glob"`
}

func (e *expect) UnmarshalText(text []byte) error {
	e.Exact = string(text)
	return nil
}

func (s *ping) Check(report func(field, problem string)) {
	for i, v := range s.Variants {
		if v != "immediate" {
			report(fmt.Sprintf("variants[%d]", i), fmt.Sprintf("%q is no variant", v))
		}
	}
	CheckHeaders(s.Headers, report)
}

// Still is what a prober has beside its settings.
type Still struct{}

func (Still) Plan(bool) []string                 { return nil }
func (Still) Probe(context.Context, *prober.Run) {}
func (Still) Blank(*result.Result)               {}

func (s *ping) Need() time.Duration { return s.Wait + time.Second }
func (s *ping) Paths() []string     { return []string{s.Path} }

// ForMailbox makes a ping one that names a mailbox.
func (s *ping) ForMailbox(address string) prober.Prober {
	other := *s
	other.Path = "/" + address
	return &other
}

// pong is another prober's.
type pong struct{ Still }

func (*pong) Check(func(field, problem string)) {}
func (*pong) Need() time.Duration               { return 0 }
func (*pong) Paths() []string                   { return nil }

var kinds = []prober.Definition{
	{Name: "ping", New: func() prober.Prober { return &ping{Path: "/ping", Wait: 5 * time.Second} }, Paths: prober.ServicePaths, Example: "about: x\ninterval: 1m\ntimeout: 30s\nmodule:\n  prober: ping\n"},
	{Name: "pong", New: func() prober.Prober { return &pong{} }, Paths: []prober.Path{{Way: prober.ByDomain}}, NoLogon: true, Example: "about: x\ninterval: 15m\ntimeout: 30s\nmodule:\n  prober: pong\n  min_interval: 15m\n"},
}

var update = flag.Bool("update", false, "write what is wrong with the bad files beside them")

// TestFiles loads every file of testdata: the good ones without an error, each bad one with exactly the text beside it.
func TestFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the texts hold what Unix says of files")
	}
	files, err := filepath.Glob("testdata/*.yml")
	check(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, err := Load([]string{file}, kinds)
			if strings.HasSuffix(file, ".good.yml") {
				check(t, err)
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			got := filepath.ToSlash(err.Error()) + "\n"
			// Every secret in these files is a hunter2 or hunter3.
			if strings.Contains(got, "hunter") {
				t.Errorf("shows a secret:\n%s", got)
			}
			beside := strings.TrimSuffix(file, ".yml") + ".txt"
			if *update {
				check(t, os.WriteFile(beside, []byte(got), 0o600))
			}
			want, err := os.ReadFile(beside)
			check(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestDefaultIsOneModulePerProber(t *testing.T) {
	t.Parallel()
	c, err := Load(nil, kinds)
	check(t, err)
	if len(c.Modules) != 2 || len(c.Auths) != 0 {
		t.Fatalf("modules %v, auths %v", c.Modules, c.Auths)
	}
	m := c.Modules["ping"]
	if m.Name != "ping" || m.Prober != "ping" || m.Timeout != 15*time.Second || m.IPProtocol != "ip6" || !m.IPProtocolFallback || m.Settings.Need() != 6*time.Second {
		t.Errorf("the module is %+v", m)
	}
}

// TestDefaultsStayUntilAFileDefinesModules: a file that says something else takes nothing away.
func TestDefaultsStayUntilAFileDefinesModules(t *testing.T) {
	t.Parallel()
	for content, implied := range map[string]bool{
		"": true, "# nothing\n": true, "modules:\nauths: {}\npolicy:\n": true, "policy: {allow: [mail.contoso.com]}": true,
		"auths: {a: {username: u, password: hunter2, schemes: [basic], targets: [mail.contoso.com], modules: [ping]}}": true, "modules: {own: {prober: pong}}": false,
	} {
		c, err := load(t, content)
		check(t, err)
		if c.Implied != implied || (c.Modules["ping"] != nil && c.Modules["pong"] != nil) != implied || (c.Modules["own"] != nil) == implied {
			t.Errorf("%q: modules %v, implied: %t", content, c.Modules, c.Implied)
		}
	}
	if _, err := load(t, "modules: {own: {prober: pong}}\nauths: {a: {username: u, password: hunter2, schemes: [basic], targets: [mail.contoso.com], modules: [ping]}}"); err == nil {
		t.Error("a module that no file defines is there beside one that is defined")
	}
}

func TestEveryTypeOfValue(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
modules:
  all:
    prober: ping
    timeout: 1m30s
    min_interval: 0
    ip_protocol_fallback: false
    ping:
      path: 5
      wait: 500ms
      count: -3
      ratio: 1
      strict: true
      variants: [immediate]
      networks: [192.0.2.0/24, "*.contoso.com"]
      expect: {a: one, b: {glob: "two*"}}
      nested: {level: 7, deep: [{level: 8}, {}]}
      headers: {X-A: "1"}
`)
	check(t, err)
	m := c.Modules["all"]
	want := &ping{
		Path: "5", Wait: 500 * time.Millisecond, Count: -3, Ratio: 1, Strict: true, Variants: []string{"immediate"},
		Networks: []policy.Rule{rule(t, "192.0.2.0/24"), rule(t, "*.contoso.com")},
		Expect:   map[string]expect{"a": {Exact: "one"}, "b": {Glob: "two*"}},
		Nested:   &nested{Level: 7, Deep: []nested{{Level: 8}, {}}}, Headers: map[string]string{"X-A": "1"},
	}
	if diff := cmp.Diff(want, m.Settings, cmp.Comparer(func(a, b policy.Rule) bool { return a == b })); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if m.Timeout != 90*time.Second || m.MinInterval != 0 || m.IPProtocolFallback {
		t.Errorf("the module is %+v", m)
	}
}

func TestAuthIsComplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	create(t, filepath.Join(dir, "secrets", "monitor"), "hunter2\n")
	create(t, filepath.Join(dir, "a.yml"), `
auths:
  monitor:
    username: CONTOSO\svc-probe
    password_file: secrets/monitor
    schemes: [basic]
    targets: [mail.contoso.com, "[2001:db8::1]:8443"]
    modules: [ews]
  inline: {username: u, password: 012345, schemes: [basic], targets: [mail.contoso.com]}
modules:
  ews: {prober: ping, auth: monitor, tls_config: {server_name: MAIL.contoso.com.}}
policy: {allow: [mail.contoso.com]}
`)
	c, err := Load([]string{filepath.Join(dir, "a.yml")}, kinds)
	check(t, err)
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	credential := c.Auths["monitor"].Credential()
	login, err := credential.Login()
	check(t, err)
	if credential.Name != "monitor" || login.Username != `CONTOSO\svc-probe` || login.Secret.Reveal() != "hunter2" || len(credential.Targets) != 2 {
		t.Errorf("the credential is %+v", credential)
	}
	if got := c.Modules["ews"].TLS.ServerName; got != "mail.contoso.com" {
		t.Errorf("server_name is %q", got)
	}
	login, err = c.Auths["inline"].Credential().Login()
	check(t, err)
	if got := login.Secret.Reveal(); got != "012345" {
		t.Errorf("a password that looks like a number became %q", got)
	}
}

func TestTLSIsReadOnce(t *testing.T) {
	t.Parallel()
	pin := strings.Repeat("AB:", 31) + "AB"
	c, err := Load([]string{"testdata/tls.good.yml"}, kinds)
	check(t, err)
	tls := c.Modules["ews"].TLS
	if tls.Roots() == nil || tls.Version() != 0x0304 {
		t.Errorf("roots %v, version %x", tls.Roots(), tls.Version())
	}
	if want := strings.ToLower(strings.ReplaceAll(pin, ":", "")); tls.Pins[0] != want || tls.Pins[1] != want {
		t.Errorf("pins %q", tls.Pins)
	}
	plain := Default(kinds).Modules["ping"].TLS
	if plain.Roots() != nil || plain.Version() != 0x0303 {
		t.Errorf("the default has roots %v and version %x", plain.Roots(), plain.Version())
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "password")
	create(t, secretFile, "hunter2")
	check(t, os.Chmod(secretFile, 0o644))
	file := filepath.Join(dir, "a.yml")
	create(t, file, `auths:
  monitor:
    username: u
    password_file: password
    schemes: [basic]
    targets: ["*.contoso.com"]
`)
	c, err := Load([]string{file}, kinds)
	check(t, err)
	want := []string{"2: auths.monitor: there is an auth and policy.allow is empty", "4: auths.monitor.password_file: the file can be read by everybody", "6: auths.monitor.targets[0]: the secret may be sent to every host"}
	if runtime.GOOS == "windows" {
		want = append(want[:1], want[2])
	}
	if len(c.Warnings) != len(want) {
		t.Fatalf("warnings:\n%v", c.Warnings)
	}
	for i, w := range c.Warnings {
		if !strings.HasPrefix(w.String(), file+":"+want[i]) {
			t.Errorf("got %q, want %q", w, want[i])
		}
	}
}

// TestSimpleSecretWarns: a mask shows a secret that stands in the exporter's own words.
func TestSimpleSecretWarns(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]bool{"wrong": true, "suspended": true, "12345": true, "correct-horse": false, "hunter2": false} {
		if got := simple(password); got != want {
			t.Errorf("%q: %t, want %t", password, got, want)
		}
	}
}

// load loads content as the only file.
func load(t *testing.T, content string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.yml")
	create(t, file, content)
	return Load([]string{file}, kinds)
}

func create(t *testing.T, path, content string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, []byte(content), 0o600))
}

func rule(t *testing.T, s string) policy.Rule {
	t.Helper()
	r, err := policy.ParseRule(s)
	check(t, err)
	return r
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
