package lab

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// Clients that hang in the middle of something do not keep the site from ending.
func TestCloseEndsHangingClients(t *testing.T) {
	t.Parallel()
	site, err := Start(t.Context(), []Part{toy()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, scenario := range site.Scenarios() {
		if !scenario.OverHTTP() {
			conn, err := net.Dial("tcp", scenario.Address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, _ = conn.Write([]byte("one\ntw"))
			continue
		}
		connect(t, site, scenario.Name).send(post(expect, getFolder))
		connect(t, site, scenario.Name).send("POST /EWS")
	}
	site.Close()
	site.Close() // does no harm
	var d net.Dialer
	if conn, err := d.DialContext(t.Context(), "tcp", site.Scenarios()[0].Address); err == nil {
		_ = conn.Close()
		t.Error("a closed site still takes connections")
	}
}

func TestSiteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	site, err := Start(ctx, nil, Options{Only: []string{"silent"}})
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, site, "silent")
	c.send(post(expect, getFolder))
	cancel()
	if _, err := c.next(); err == nil {
		t.Error("the connection outlived the site")
	}
	site.Close()
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Start(t.Context(), nil, Options{Only: []string{"owl"}}); err == nil || !strings.Contains(err.Error(), `"owl"; it has healthy, `) {
		t.Errorf("an unknown scenario gives %v", err)
	}
	taken := Serve(t, Hang)
	_, port, _ := net.SplitHostPort(taken.Addr())
	var base int
	if _, err := fmt.Sscan(port, &base); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), nil, Options{BasePort: base, Only: []string{"healthy"}})
	if err == nil || !strings.Contains(err.Error(), "scenario healthy on 127.0.0.1:"+port) {
		t.Errorf("a port in use gives %v", err)
	}
}

// Ports do not move when only some scenarios run, so that bookmarks and dashboards stay right.
func TestPortsAreFixed(t *testing.T) {
	t.Parallel()
	chosen, err := choose(Scenarios(nil), Options{BasePort: DefaultBasePort, Only: []string{"http10", "kemp-rfc2616"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range chosen {
		got = append(got, s.Name+" "+s.Address)
	}
	if diff := cmp.Diff([]string{"kemp-rfc2616 127.0.0.1:10511", "http10 127.0.0.1:10524"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBadHeadsAreRefused(t *testing.T) {
	t.Parallel()
	site := start(t, "healthy")
	tests := []struct{ name, head string }{
		{"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"a body of 1 GiB", "POST / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n"},
		{"a negative body", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"},
		{"an endless head", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead)},
		{"no fields", "GET / HTTP/1.1\r\nno field\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, site, "healthy")
			c.send(tt.head)
			if res := c.mustNext(); res.status() != 400 {
				t.Errorf("came %q, want 400", res.line)
			}
		})
	}
}

func TestWriteConfig(t *testing.T) {
	t.Parallel()
	site := start(t, "healthy", "basic-logon")
	dir := filepath.Join(t.TempDir(), "lab")
	for range 2 { // the second time over files that are there
		if err := WriteConfig(dir, site); err != nil {
			t.Fatal(err)
		}
	}
	var config struct {
		Auths map[string]struct {
			Username     string
			PasswordFile string `yaml:"password_file"`
			Targets      []string
		}
		Modules map[string]struct {
			Prober string
			Auth   string
			TLS    struct {
				CAFile string `yaml:"ca_file"`
			} `yaml:"tls_config"`
		}
		Policy struct{ Allow []string }
	}
	text, err := os.ReadFile(filepath.Join(dir, "ews_exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	lab := config.Auths["lab"]
	basic, _ := site.Scenario("basic-logon")
	if lab.Username != Username || !slices.Contains(lab.Targets, basic.Address) {
		t.Errorf("auth lab is %+v", lab)
	}
	info, err := os.Stat(filepath.Join(dir, lab.PasswordFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	for name, auth := range map[string]string{"toy": "", "toy_basic": "lab", "toy_windows": "windows"} {
		if m := config.Modules[name]; m.Prober != "toy" || m.Auth != auth || m.TLS.CAFile != "ca.pem" {
			t.Errorf("module %s is %+v", name, m)
		}
	}
	if diff := cmp.Diff([]string{"127.0.0.0/8", "::1"}, config.Policy.Allow); diff != "" {
		t.Error(diff)
	}
	if ca, err := os.ReadFile(filepath.Join(dir, "ca.pem")); err != nil || !bytes.Equal(ca, site.Authority().PEM()) {
		t.Errorf("ca.pem is not the authority's: %v", err)
	}
}

// An auth without targets would be refused, so there is none for Windows logons where no scenario asks for one.
func TestWriteConfigWithoutLogon(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := WriteConfig(dir, start(t, "healthy")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "ews_exporter.yml"))
	if err != nil || strings.Contains(string(text), "windows") || !strings.Contains(string(text), "toy_basic:") {
		t.Errorf("%v\n%s", err, text)
	}
}

// Sites that refuse a right password have an account each, so that trying one suspends no other.
func TestWriteConfigKeepsRefusalsApart(t *testing.T) {
	t.Parallel()
	site := start(t, "ntlm-per-request", "legs-split", "protection-allow-rebound")
	dir := t.TempDir()
	if err := WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Auths map[string]struct {
			Username string
			Targets  []string
		}
		Modules map[string]struct{ Prober, Auth string }
	}
	text, err := os.ReadFile(filepath.Join(dir, "ews_exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	users := map[string]bool{}
	for _, s := range site.Scenarios() {
		module, _ := s.Advice()
		m := config.Modules[module]
		a := config.Auths[m.Auth]
		if m.Prober != "toy" || users[a.Username] || !knows(a.Username) || !slices.Contains(a.Targets, s.Address) {
			t.Errorf("%s: module %s is %+v, its auth %+v", s.Name, module, m, a)
		}
		users[a.Username] = true
	}
	if knows("CONTOSO\\probes") || knows("probe") {
		t.Error("strangers are known")
	}
}

// TestWriteTable: a terminal shows it whole, and it says what to ask, and how the fault is mended.
func TestWriteTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := start(t, "kemp-rfc2616", "ews-sick-member", "ntlm-per-request", "toy-echo").WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`127\.0\.0\.1:\d+ +kemp-rfc2616 +toy +toy_broken\n`, `"RFC-7231\s+Compliant"`,
		`ews-sick-member +toy_basic +fails now and then\n`, `ntlm-per-request +toy_windows +toy_costly\n`,
		`toy-echo +toy +fails\n`, `no Autodiscover`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 1+110 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
}

// A setting that is changed while the site runs counts for new connections, and for no other scenario.
func TestChange(t *testing.T) {
	t.Parallel()
	site := start(t, "healthy", "expect-417")
	status := func(scenario string) string {
		c := connect(t, site, scenario)
		c.send(post(expect, getFolder))
		line, _ := c.in.ReadString('\n')
		return strings.TrimSpace(line)
	}
	const good, refused = "HTTP/1.1 100 Continue", "HTTP/1.1 417 Expectation Failed"
	for _, step := range []struct{ change, like, healthy, other string }{
		{"", "", good, refused},
		{"expect-417", "kemp-fixed", good, good},
		{"healthy", "expect-417", refused, good},
	} {
		if step.change != "" {
			if err := site.Change(step.change, step.like); err != nil {
				t.Fatal(err)
			}
		}
		if h, o := status("healthy"), status("expect-417"); h != step.healthy || o != step.other {
			t.Errorf("%s like %s: %q and %q, want %q and %q", step.change, step.like, h, o, step.healthy, step.other)
		}
	}
	for scenario, like := range map[string]string{"silent": "healthy", "healthy": "owl"} {
		if err := site.Change(scenario, like); err == nil {
			t.Errorf("%s was changed into %s", scenario, like)
		}
	}
}
