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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var soakFor = flag.Duration("soak", 25*time.Second, "how long TestSoak loads the exporter; `make soak` takes 30m")

// The load. Callers pause between requests, so there are at most some hundred a second, however fast the machine is.
const (
	longestPause = 200 * time.Millisecond
	tooMany      = 4 // callers more than there may be probes, so that some are refused
)

// callers are more where hostile peers keep many of them waiting.
func callers() int {
	if long() {
		return 96
	}
	return 24
}

// probesAtOnce is how many there may be at one address, where nearly all targets are.
func probesAtOnce() int { return callers() - tooMany }

// TestSoak loads an exporter in a process of its own with everything at once: all probers over healthy, broken and
// hanging sites, logons that fail, pages, reloads of good and broken files, and callers that leave in the middle. None
// who stays goes without an answer, and what the exporter holds does not grow. All of it is on loopback. A long one has all
// hostile peers too, and runs the exporter as it is shipped, in the memory that its service gets.
func TestSoak(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	peers, strangers := soakPeers(t), soakStrangers(t)
	targets, logons := soakTargets(t, site, peers), soakLogons(site, peers)
	files := newSoakFiles(t, slices.Concat(targets, logons), logons, site, peers, strangers)
	p, group := serveSoak(t, "--config.file="+files.config, "--log.level=debug", "--web.enable-pprof",
		fmt.Sprintf("--limit.probes=%d", 2*probesAtOnce()), // of which those at one address get half
		fmt.Sprintf("--limit.probes-per-address=%d", probesAtOnce()))
	asks := slices.Concat(soakProbes(targets, logons), asksOf(strangers), soakPages(site))
	crowd := &crowd{base: p.url, asks: asks, answers: map[string]int{}}
	crowd.ask(t.Context(), crowd.asks[0], 0) // what is made once is made before it is counted
	http.DefaultClient.CloseIdleConnections()
	idle, before := p.sample(t), p.live(t)

	ctx, end := context.WithCancel(t.Context())
	defer end()
	var all sync.WaitGroup
	for range callers() {
		all.Go(func() { crowd.run(ctx) })
	}
	all.Go(func() { p.reload(ctx, t, files) })
	watch := p.watch(ctx, t, *soakFor)
	end()
	all.Wait()

	watch.check(t)
	group.check(t, p.cmd.Process.Pid)
	p.settles(t, idle)
	p.letsGo(t, before)
	crowd.check(t)
	modules := p.everyModule(t)
	p.signal(t, syscall.SIGTERM)
	if code := p.exit(t, time.Minute); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	p.sound(t)
	t.Logf("%s\n%s\n%s\n%s%s", *soakFor, crowd, modules, watch, group)
}

// soakModule is a module of the load.
type soakModule struct {
	name, keys string
	prober     string
	logon      bool // asked only where the password is right
	hostname   bool // what it is asked for goes along, so that look-ups of mail domains find something too
}

// second is the module that only the second of the good configurations has.
const second = "second"

// modulesOfSoak are all that first's prober can be made to do by keys of any module, and all that each prober can by its own,
// without a logon and with one, and by the fewest.
func modulesOfSoak() []soakModule {
	const trusted = "tls_config: {ca_file: ca.pem}"
	simple := func(name string, more ...string) soakModule {
		return soakModule{name: name, prober: first.Prober, keys: flow(append(more, trusted)...), logon: name == "logon"}
	}
	all := []soakModule{
		simple("bare", "timeout: TIMEOUT"), simple("logon", "timeout: 3s", "auth: right"), simple("refused", "timeout: 3s", "auth: wrong"),
		simple("kept", "timeout: 3s", "min_interval: 2s"), simple(second, "timeout: 3s"),
	}
	for _, p := range labs.All() {
		if definition(p).NoProxy {
			continue // it is asked of a domain alone: each of its peers has a module of its own, see strangerOf
		}
		all = append(all, soakModule{name: p.Prober, prober: p.Prober, keys: flowOf(p, p.Most, "timeout: 5s", trusted), hostname: true},
			soakModule{name: p.Prober + "_least", prober: p.Prober, keys: flowOf(p, p.Least, "timeout: 5s", trusted), hostname: true})
		if overHTTP(p) {
			name := p.Prober + "_logon"
			all = append(all, soakModule{name: name, prober: p.Prober, keys: flowOf(p, p.Most, "timeout: 5s", "auth: right", trusted), logon: true, hostname: true})
		}
	}
	return all
}

// serveSoak starts the exporter: a long test the one that is shipped, in the memory group of its service where there can be one.
func serveSoak(t *testing.T, args ...string) (*program, *memoryGroup) {
	t.Helper()
	if !long() {
		return serveAlone(t, args...), nil
	}
	group := newMemoryGroup(t)
	return serveBy(t, append(group.enter(), build(t)), nil, args...), group
}

// long tells whether there is time enough for chance to have tried everything.
func long() bool { return *soakFor >= time.Minute }

// everyModule checks that each was used, and gives a table of how often its probes succeeded and failed.
func (p *program) everyModule(t *testing.T) string {
	t.Helper()
	_, body := get(t, p.url+"/metrics")
	var table strings.Builder
	successes := map[string]float64{} // by prober
	for _, m := range modulesOfSoak() {
		count := func(result string) float64 {
			return value(t, body, fmt.Sprintf(`%s{module="%s",result="%s"}`, probed, m.name, result))
		}
		success, failure := count("success"), count("failure")
		if long() && success+failure == 0 {
			t.Errorf("module %s was not probed by, so the load was not what it should be", m.name)
		}
		successes[m.prober] += success
		fmt.Fprintf(&table, "| %s | %.0f | %.0f |\n", m.name, success, failure)
	}
	for _, p := range labs.All() {
		if long() && definition(p).NoProxy { // its modules are those of hostile peers, and of its own cases
			of := regexp.MustCompile(fmt.Sprintf(`(?m)^%s\{module="%s_\d+",result="(success|failure)"\} (\d+)$`, probed, p.Prober))
			counts := map[string]float64{}
			for _, m := range of.FindAllStringSubmatch(body, -1) {
				n, _ := strconv.ParseFloat(m[2], 64)
				counts[m[1]] += n
			}
			successes[p.Prober] = counts["success"]
			fmt.Fprintf(&table, "| %s | %.0f | %.0f |\n", p.Prober, counts["success"], counts["failure"])
		}
	}
	for prober, n := range successes {
		if long() && n == 0 {
			t.Errorf("no probe by %s succeeded, so the load was not what it should be", prober)
		}
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
{{.Modules}}policy: {allow: ["127.0.0.0/8"]}
`))

// soakPeer is the first case of a part, for what no simulated site shows, where it can be asked by an address.
type soakPeer struct {
	lab.Peer
	logon bool // the password of the auth is right there
}

func soakPeers(t *testing.T) (all []soakPeer) {
	t.Helper()
	for _, p := range labs.All() {
		if len(p.Cases) == 0 {
			continue
		}
		peer := p.Cases[0].Start(t)
		if _, _, err := net.SplitHostPort(peer.Server); err == nil {
			all = append(all, soakPeer{peer, peer.Logon != ""})
		}
	}
	return all
}

// soakName is what targets are asked as.
const soakName = "autodiscover.contoso.test"

// newSoakFiles writes the first of two good configurations, of which only the second has the module "second".
func newSoakFiles(t *testing.T, every, logons []string, site *lab.Site, peers []soakPeer, strangers []stranger) soakFiles {
	t.Helper()
	dir := t.TempDir()
	authorities := site.Authority().PEM()
	for _, p := range peers {
		authorities = append(authorities, p.Authority.PEM()...)
	}
	authorities = append(authorities, script.Authority().PEM()...)
	for name, content := range map[string][]byte{"ca.pem": authorities, "lab.password": []byte(lab.Password)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := soakFiles{config: filepath.Join(dir, "soak.yml")}
	for i, timeout := range []string{"3s", "3100ms"} {
		var text, modules strings.Builder
		for _, m := range modulesOfSoak() {
			if m.name != second || i == 1 {
				fmt.Fprintf(&modules, "  %s: %s\n", m.name, strings.ReplaceAll(m.keys, "TIMEOUT", timeout))
			}
		}
		for _, s := range strangers {
			if s.keys != "" {
				fmt.Fprintf(&modules, "  %s: %s\n", s.module, s.keys)
			}
		}
		if err := soakConfig.Execute(&text, map[string]any{
			"Username": lab.Username, "Targets": authTargets(every), "Logons": authTargets(logons), "Modules": modules.String(),
		}); err != nil {
			t.Fatal(err)
		}
		f.texts = append(f.texts, text.String())
	}
	f.texts = append(f.texts, "modules: {bare: {prober: nonsense}}\n")
	f.write(t, 0)
	return f
}

// authTargets lists targets as an auth does, with the name that they are asked as too.
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
