package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// TestCells: what a service names is asked in the ways of its modules, each at each place, and for each mailbox where a module
// names one.
func TestCells(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"testdata/services.good.yml"}, kinds)
	check(t, err)
	want := strings.TrimSpace(`
lab flood balancer 192.0.2.10 mail.contoso.com - false
lab flood balancer lb.contoso.com - - true
mail web balancer mail.contoso.com - db1@contoso.com false
mail web balancer mail.contoso.com - db2@contoso.com false
mail web direct ex01.contoso.com mail.contoso.com db1@contoso.com false
mail web direct ex01.contoso.com mail.contoso.com db2@contoso.com false
mail web direct ex02.contoso.com:8443 mail.contoso.com db1@contoso.com false
mail web direct ex02.contoso.com:8443 mail.contoso.com db2@contoso.com false
mail records balancer contoso.com - - false`)
	var got []string
	dash := func(s string) string { return strings.Replace(s+"|", "|", map[bool]string{true: "-"}[s == ""], 1) }
	for _, cell := range c.Cells() {
		got = append(got, fmt.Sprint(cell.Service.Key, " ", cell.Module.Name, " ", cell.Via(), " ", cell.Target, " ", dash(cell.Hostname), " ", dash(cell.Mailbox), " ", cell.Resolve))
	}
	if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if at := c.Cells()[1].At("2001:db8::7"); at.Target != "2001:db8::7" && at.Target != "[2001:db8::7]" || at.Hostname != "lb.contoso.com" || at.Resolve {
		t.Errorf("one address of a name is asked as %+v", at)
	}
}

// TestSaidOnce: defaults hold where a module does not say otherwise and has a use for them; services stand for their hosts in
// policy, for where a secret goes in an auth, and for the targets that a module must have.
func TestSaidOnce(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"testdata/services.good.yml"}, kinds)
	check(t, err)
	web, flood, records := c.Modules["web"], c.Modules["flood"], c.Modules["records"]
	if web.Timeout != 20*time.Second || web.TLS.MinVersion != "TLS12" || web.TLS.Roots() == nil || web.Auth != "monitor" {
		t.Errorf("a module without words of its own: %+v", web)
	}
	if flood.Timeout != 15*time.Second || flood.TLS.MinVersion != "TLS13" || records.Auth != "" {
		t.Errorf("defaults beside words of their own: %+v, %+v", flood, records)
	}
	if got := fmt.Sprint(flood.Targets); got != "[192.0.2.10 lb.contoso.com]" {
		t.Errorf("the module that must have targets has %s", got)
	}
	if got := fmt.Sprint(c.Policy.Allow); got != "[192.0.2.10 lb.contoso.com mail.contoso.com ex01.contoso.com ex02.contoso.com contoso.com]" {
		t.Errorf("policy allows %s", got)
	}
	if got := fmt.Sprint(c.Auths["monitor"].Targets); got != "[mail.contoso.com mail.contoso.com:8443]" {
		t.Errorf("the secret may go to %s", got)
	}
	if flood.Auth != "" || c.Site != "london" || records.MinInterval != 15*time.Minute || flood.MinInterval != 15*time.Second {
		t.Errorf("site %q, intervals %v and %v", c.Site, records.MinInterval, flood.MinInterval)
	}
	for m, want := range map[*Module]string{web: "1m0s 21s", flood: "15s 15s", records: "2m0s 21s"} {
		if interval, timeout := m.Scrape(time.Second / 2); fmt.Sprint(interval, " ", timeout) != want {
			t.Errorf("%s is scraped every %v within %v, want %s", m.Name, interval, timeout, want)
		}
	}
}

// TestMailboxesAreTheConfigurations: nobody who reaches the exporter can ask for another mailbox.
func TestMailboxesAreTheConfigurations(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"testdata/services.good.yml"}, kinds)
	check(t, err)
	for name, tt := range map[string]struct {
		module, mailbox string
		ok              bool
	}{
		"of the module's service":    {"web", "db1@contoso.com", true},
		"of another service":         {"flood", "db1@contoso.com", false},
		"of nobody's":                {"web", "ceo@contoso.com", false},
		"for who names no mailboxes": {"records", "db1@contoso.com", false},
	} {
		if err := c.MailboxOf(c.Modules[tt.module], tt.mailbox); (err == nil) != tt.ok {
			t.Errorf("a mailbox %s: %v", name, err)
		}
	}
	if p, ok := c.Modules["web"].For("db1@contoso.com").(*ping); !ok || p.Path != "/db1@contoso.com" || c.Modules["web"].Settings.(*ping).Path != "/ping" { //nolint:forcetypeassert // it is one
		t.Error("the mailbox does not reach the prober, or stays there")
	}
}

// TestServicesWithoutModules: the modules that there are without a file are enough, with the defaults of the file, and are
// checked as those that stand there are.
func TestServicesWithoutModules(t *testing.T) {
	t.Parallel()
	c, err := load(t, "defaults: {timeout: 25s}\nservices: {mail: {name: mail.contoso.com, modules: [ping]}}\n")
	check(t, err)
	if m := c.Modules["ping"]; !c.Implied || m.Timeout != 25*time.Second || len(c.Cells()) != 1 {
		t.Errorf("implied: %t, %+v", c.Implied, m)
	}
	_, err = load(t, "defaults: {timeout: 2s}\nservices: {mail: {name: mail.contoso.com, modules: [ping]}}\n")
	if err == nil || !strings.Contains(err.Error(), "test.yml:1: modules.ping.timeout: 2s is too short") {
		t.Errorf("a limit that is too short: %v", err)
	}
}

// TestDefaultsOfImpliedModules: what defaults say of connections holds where nobody defines a module, and is looked at as any module's.
func TestDefaultsOfImpliedModules(t *testing.T) {
	t.Parallel()
	pin := strings.Repeat("AA:", 31) + "AA"
	ca, err := filepath.Abs("testdata/contoso-ca.pem")
	check(t, err)
	c, err := load(t, "defaults: {tls_config: {ca_file: '"+ca+"', pins: ['"+pin+"']}}\n")
	check(t, err)
	for name, m := range c.Modules {
		if m.TLS.Roots() == nil || m.TLS.Pins[0] != strings.Repeat("aa", 32) {
			t.Errorf("%s: authority %v, pins %q", name, m.TLS.Roots(), m.TLS.Pins)
		}
	}
	_, err = load(t, "auths: {a: {username: u, password: hunter2, schemes: [basic], targets: [mail.contoso.com]}}\n"+
		"defaults: {proxy_url: 'http://proxy.contoso.com:8080', proxy_auth: a}\n")
	if err == nil || strings.Count(err.Error(), "proxy_auth") != 1 {
		t.Errorf("an auth that is for no proxy: %v", err)
	}
}

// TestDefaultsOfAnotherFile: files are read in any order, and what a path is relative to is the file that has it.
func TestDefaultsOfAnotherFile(t *testing.T) {
	t.Parallel()
	l := newLoader(kinds)
	l.add("a.yml", []byte("modules: {web: {prober: ping}}\n"))
	l.add("testdata/b.yml", []byte("defaults: {tls_config: {ca_file: contoso-ca.pem}}\n"))
	c, err := l.finish()
	check(t, err)
	if c.Modules["web"].TLS.Roots() == nil {
		t.Error("the module has no authority")
	}
	l = newLoader(kinds)
	l.add("a.yml", []byte("defaults: {timeout: 20s}\n"))
	l.add("b.yml", []byte("defaults: {timeout: 21s}\n"))
	if _, err := l.finish(); err == nil || !strings.Contains(err.Error(), "b.yml:1: defaults: a.yml:1 says it already") {
		t.Errorf("said twice: %v", err)
	}
}

// TestWhatAServiceIsCalled: it stands in rules and in URLs.
func TestWhatAServiceIsCalled(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"mail": true, "hq-mail_2.eu": true, "8443": false, "*": false, "a b": false, "": false, "a:b": false} {
		if policy.ServiceName(name) != ok {
			t.Errorf("%q: want %t", name, ok)
		}
	}
	if p, err := policy.ParseTargetPattern("service:8443"); err != nil || !p.Match("service", 8443) {
		t.Errorf("a host that is called service, with a port: %v, %v", p, err)
	}
}

// TestWays holds the label via against the ways there are.
func TestWays(t *testing.T) {
	t.Parallel()
	for way, via := range map[prober.Way]string{prober.ByBalancer: "balancer", prober.ByServer: "direct", prober.ByDomain: "balancer"} {
		if got := (Cell{Way: way}).Via(); got != via {
			t.Errorf("%s has via %q, want %q", way, got, via)
		}
	}
}

// TestSite: one file alone says where the exporter looks from, in words that can be a label.
func TestSite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"site: \"a\\tb\"\n":  "test.yml:1: site: a site has a name of at most 128 bytes",
		"site: [a]\n":        "test.yml:1: site: must be a text",
		"site:\n":            "test.yml:1: site: has no value",
		"site: a\nsite: b\n": "test.yml:2: site: is there already, in line 1",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
