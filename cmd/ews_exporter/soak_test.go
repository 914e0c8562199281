//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	domains "github.com/ews-exporter/ews_exporter/probes/autodiscover/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var soakFor = flag.Duration("soak", 15*time.Second, "how long TestSoak loads the exporter; `make soak` takes 30m")

// The load. Callers pause between requests, so there are at most some hundred a second, however fast the machine is.
const (
	callers      = 24
	longestPause = 200 * time.Millisecond
	probesAtOnce = 20 // fewer than callers, so that some are refused
)

// TestSoak loads an exporter in a process of its own with everything at once: all probers over healthy, broken and
// hanging sites, logons that fail, pages, reloads of good and broken files, and callers that leave in the middle. None
// who stays goes without an answer, and what the exporter holds does not grow. All of it is on loopback.
func TestSoak(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	discover := discovered(t)
	targets, logons := soakTargets(t, site), soakLogons(site, discover)
	files := newSoakFiles(t, slices.Concat(targets, logons), logons, site, discover)
	p := serveAlone(t, "--config.file="+files.config, "--log.level=debug", fmt.Sprintf("--limit.probes=%d", probesAtOnce))
	crowd := &crowd{base: p.url, asks: append(soakProbes(targets, logons), soakPages(site)...), answers: map[string]int{}}
	crowd.ask(t.Context(), crowd.asks[0], 0) // what is made once is made before it is counted
	http.DefaultClient.CloseIdleConnections()
	idle := p.sample(t)

	ctx, end := context.WithTimeout(t.Context(), *soakFor)
	defer end()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() { crowd.run(ctx) })
	}
	all.Go(func() { p.reload(ctx, t, files) })
	watch := p.watch(ctx, t)
	all.Wait()

	watch.check(t)
	p.settles(t, idle)
	crowd.check(t)
	modules := p.everyModule(t)
	p.signal(t, syscall.SIGTERM)
	if code := p.exit(t, time.Minute); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	p.sound(t)
	t.Logf("%s\n%s\n%s\n%s", *soakFor, crowd, modules, watch)
}

// modulesOfSoak are those of soakConfig.
var modulesOfSoak = []string{"bare", "logon", "refused", "kept", "second", "trips", "ews", "discover", "bindings"}

// long tells whether there is time enough for chance to have tried everything.
func long() bool { return *soakFor >= time.Minute }

// everyModule checks that each was used, and gives a table of how often its probes succeeded and failed.
func (p *program) everyModule(t *testing.T) string {
	t.Helper()
	_, body := get(t, p.url+"/metrics")
	var table strings.Builder
	for _, module := range modulesOfSoak {
		count := func(result string) float64 {
			return value(t, body, fmt.Sprintf(`%s{module="%s",result="%s"}`, probed, module, result))
		}
		success, failure := count("success"), count("failure")
		if long() && (success+failure == 0 || success == 0 && module != "refused") {
			t.Errorf("module %s: %v probes succeeded, %v failed, so the load was not what it should be", module, success, failure)
		}
		fmt.Fprintf(&table, "| %s | %.0f | %.0f |\n", module, success, failure)
	}
	return table.String()
}

// soakFiles is a configuration that changes.
type soakFiles struct {
	config string
	texts  []string // what the file holds in turn; the last one is broken
}

var soakConfig = template.Must(template.New("").Parse(`
auths:
  right: {username: '{{.Username}}', password_file: lab.password, schemes: [ntlm, negotiate, basic], targets: [{{.Logons}}]}
  wrong: {username: '{{.Username}}', password: not-the-labs-own, schemes: [ntlm, basic], targets: [{{.Targets}}], modules: [refused]}
modules:
  bare: {prober: expect_continue, timeout: 3s, tls_config: {ca_file: ca.pem}, expect_continue: {wait: {{.Wait}}, variants: [immediate]}}
  logon: {prober: expect_continue, timeout: 3s, auth: right, tls_config: {ca_file: ca.pem}, expect_continue: {wait: {{.Wait}}}}
  refused: {prober: expect_continue, timeout: 3s, auth: wrong, tls_config: {ca_file: ca.pem}, expect_continue: {wait: {{.Wait}}}}
  kept: {prober: expect_continue, timeout: 3s, min_interval: 2s, tls_config: {ca_file: ca.pem}, expect_continue: {wait: {{.Wait}}}}
  trips: {prober: auth_roundtrips, timeout: 3s, auth: right, tls_config: {ca_file: ca.pem}, auth_roundtrips: {extended_protection_check: true}}
  ews: {prober: ews_sync, timeout: 4s, tls_config: {ca_file: ca.pem}, ews_sync: {operations: [healthcheck, get_folder, sync, notify, stream, availability, oof, resolve_names, time_zones], stream_hold: 1s, mailbox: probe@contoso.test}}
  discover: {prober: autodiscover, timeout: 5s, auth: right, tls_config: {ca_file: ca.pem}, autodiscover: {email: probe@contoso.test, methods: [pox, soap, json, get], attempts: 2}}
  bindings: {prober: ssl_binding, timeout: 3s, tls_config: {ca_file: ca.pem}, ssl_binding: {sweep: true, names: [mail.contoso.test]}}
{{- if .Second}}
  second: {prober: expect_continue, timeout: 2s, tls_config: {ca_file: ca.pem}, expect_continue: {wait: 100ms}}
{{- end}}
policy: {allow: ["127.0.0.0/8"]}
`))

// discovered is a healthy site for autodiscover, which has its own authority.
func discovered(t *testing.T) *domains.Site {
	t.Helper()
	a, err := domains.Start(t.Context(), domains.Scenarios()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// soakName is what autodiscover's targets are asked as.
const soakName = "autodiscover.contoso.test"

// newSoakFiles writes the first of two good configurations, of which only the second has the module "second".
func newSoakFiles(t *testing.T, every, logons []string, site *lab.Site, discover *domains.Site) soakFiles {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"ca.pem": append(site.Authority().PEM(), discover.Authority.PEM()...), "lab.password": []byte(lab.Password),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := soakFiles{config: filepath.Join(dir, "soak.yml")}
	for i, wait := range []string{"300ms", "200ms"} {
		var text strings.Builder
		if err := soakConfig.Execute(&text, map[string]any{
			"Username": lab.Username, "Targets": authTargets(every), "Logons": authTargets(logons), "Wait": wait, "Second": i == 1,
		}); err != nil {
			t.Fatal(err)
		}
		f.texts = append(f.texts, text.String())
	}
	f.texts = append(f.texts, "modules: {bare: {prober: nonsense}}\n")
	f.write(t, 0)
	return f
}

// authTargets lists targets as an auth does, with the name that autodiscover goes by.
func authTargets(targets []string) string {
	var list []string
	for _, target := range targets {
		_, port, _ := net.SplitHostPort(target)
		list = append(list, fmt.Sprintf("%q, %q", target, net.JoinHostPort(soakName, port)))
	}
	return strings.Join(list, ", ")
}

func (f soakFiles) write(t *testing.T, i int) {
	t.Helper()
	if err := os.WriteFile(f.config, []byte(f.texts[i]), 0o600); err != nil {
		t.Error(err)
	}
}

// reload has the configuration read again every two seconds or so, by request and by signal in turn.
func (p *program) reload(ctx context.Context, t *testing.T, files soakFiles) {
	for n := 1; ; n++ {
		pause(ctx, time.Second+rand.N(2*time.Second))
		if ctx.Err() != nil {
			return
		}
		i := n % len(files.texts)
		files.write(t, i)
		if n%2 == 0 {
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Error(err)
			}
			continue
		}
		want := http.StatusOK
		if i == len(files.texts)-1 {
			want = http.StatusInternalServerError
		}
		again := ask{path: "/-/reload", form: url.Values{}}
		if code, body, err := again.send(context.WithoutCancel(ctx), p.url); code != want {
			t.Errorf("reload %d: %d, want %d: %s %v", i, code, want, body, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
