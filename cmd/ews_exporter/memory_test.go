package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// rememberingSite is a simulated site with three targets, and the arguments of an exporter that probes them with this
// password, and remembers.
type rememberingSite struct {
	*lab.Site
	dir, memory string
	args        []string
	targets     []string
}

func newRememberingSite(t *testing.T, password string) *rememberingSite {
	t.Helper()
	site := startLab(t, "basic-logon", "ntlm-persisted", "only-basic")
	s := &rememberingSite{Site: site, dir: t.TempDir()}
	var targets []string
	for _, scenario := range site.Scenarios() {
		s.targets = append(s.targets, scenario.Address)
		targets = append(targets, fmt.Sprintf("%q", scenario.Address))
	}
	const trusted = "tls_config: {ca_file: ca.pem}"
	s.memory = filepath.Join(s.dir, "memory")
	for name, text := range map[string]string{
		"ca.pem":   string(site.Authority().PEM()),
		"password": password + "\n",
		"ews_exporter.yml": fmt.Sprintf(`
auths:
  a: {username: '%[1]s', password_file: password, schemes: [ntlm, basic], targets: [%[2]s]}
  b: {username: '%[3]s', password_file: password, schemes: [basic], targets: [%[2]s]}
modules:
  one: %[4]s
  other: %[5]s
policy: {allow: ["127.0.0.0/8"]}
`, lab.Username, strings.Join(targets, ", "), strings.ToLower(lab.Username), flow("auth: a", "timeout: 3s", trusted), flow("auth: b", "timeout: 3s", trusted)),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour) // the secret was there before all that follows
	if err := os.Chtimes(filepath.Join(s.dir, "password"), old, old); err != nil {
		t.Fatal(err)
	}
	s.args = []string{"--config.file=" + filepath.Join(s.dir, "ews_exporter.yml"), "--storage.path=" + s.memory}
	return s
}

// logons are those that servers judged.
func (s *rememberingSite) logons() (n int) {
	for _, scenario := range s.Scenarios() {
		n += s.Cost(scenario.Name).Logons
	}
	return n
}

// scrape asks for a probe; what is read of the answer, if there is one.
func (s *rememberingSite) scrape(client *http.Client, exporter string, i int) string {
	module := []string{"one", "other"}[i%2]
	answer, err := client.Get(exporter + "/probe?module=" + module + "&target=" + url.QueryEscape(s.targets[i/2%len(s.targets)]))
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

// whole checks that the memory is not damaged, and that nothing in it is a secret.
func (s *rememberingSite) whole(t *testing.T, secrets ...string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(s.memory, "memory.json.damaged")); err == nil {
		t.Error("a damaged file was set aside")
	}
	text, err := os.ReadFile(filepath.Join(s.memory, "memory.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Errorf("damaged: %s", text)
	}
	for _, secret := range secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
	if m := regexp.MustCompile(`[0-9a-fA-F]{16,}|[A-Za-z0-9+/]{24,}`).FindString(string(text)); m != "" {
		t.Errorf("%q looks like a hash, in %s", m, text)
	}
}

// TestRestartsForgetNoSuspension: five processes, a hundred scrapes each, with a wrong password: two logons.
func TestRestartsForgetNoSuspension(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it starts the exporter again and again")
	}
	t.Parallel()
	site := newRememberingSite(t, "not-the-right-one")
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	for n := range 5 {
		p := serveAlone(t, site.args...)
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for i := range 25 {
					if text := site.scrape(client, p.url, worker*25+i); !strings.Contains(text, "probe_success 0") {
						t.Errorf("process %d: a wrong password gave %.200q", n, text)
					}
				}
			})
		}
		all.Wait()
		metrics, err := client.Get(p.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(metrics.Body)
		_ = metrics.Body.Close()
		if !strings.Contains(string(text), `ews_exporter_auth_suspended{auth="a"} 1`) {
			t.Errorf("process %d does not say that the auth is suspended", n)
		}
		if n%2 == 0 {
			p.signal(t, os.Kill)
		} else {
			p.signal(t, os.Interrupt)
		}
		p.exit(t, 10*time.Second)
		p.sound(t)
		if lines := strings.Count(p.logged(t), "The auth is suspended"); n == 0 && lines == 0 || lines > 3 {
			t.Errorf("process %d logs %d suspensions that begin:\n%s", n, lines, p.logged(t))
		}
	}
	if n := site.logons(); n < 1 || n > 2 {
		t.Errorf("%d logons with a wrong password, want at most 2", n)
	}
	site.whole(t, "not-the-right-one")

	// A changed secret is not held back by what the old one did, beyond the two.
	if err := os.WriteFile(filepath.Join(site.dir, "password"), []byte(lab.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serveAlone(t, site.args...)
	text := site.scrape(client, p.url, 0)
	if n, success := site.logons(), strings.Contains(text, "probe_success 1"); success == (n < 3) {
		t.Errorf("after the secret was changed: %d logons, %.200q", n, text)
	}
}

// TestKilledTwoHundredTimes: at whatever moment, under load, what comes after makes no third logon with a wrong password,
// and finds no damage, also where a right one has the memory written all the time.
func TestKilledTwoHundredTimes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts two hundred processes")
	}
	for name, password := range map[string]string{"a wrong password": "not-the-right-one", "the right one": lab.Password} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newRememberingSite(t, password)
			began := time.Now()
			for n := range 100 {
				site.killed(t)
				if logons := site.logons(); password != lab.Password && logons > 2 && time.Since(began) < 14*time.Minute {
					t.Fatalf("after process %d: %d logons within %s", n, logons, time.Since(began))
				}
			}
			if site.logons() == 0 {
				t.Error("no logon was made, so nothing was tested")
			}
			site.whole(t, password)
		})
	}
}

// killed starts an exporter, loads it, and kills it at some moment.
func (s *rememberingSite) killed(t *testing.T) {
	t.Helper()
	p := serveAlone(t, s.args...)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	stop := make(chan struct{})
	var load sync.WaitGroup
	for worker := range 3 {
		load.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-stop:
					return
				default:
					s.scrape(client, p.url, i)
				}
			}
		})
	}
	// At some moment, or just when a server has judged a logon and its answer is on the way; the first of these is waited for
	// on a busy machine, too.
	patience, began, before := time.Duration(rand.IntN(100))*time.Millisecond, time.Now(), s.logons()
	if before == 0 {
		patience = 5 * time.Second
	}
	for time.Since(began) < patience && s.logons() == before {
		time.Sleep(50 * time.Microsecond)
	}
	p.signal(t, os.Kill)
	close(stop)
	load.Wait()
	p.exit(t, 10*time.Second)
	if log := p.logged(t); strings.Contains(log, "set aside") || strings.Contains(log, "cannot be written") {
		t.Fatal(log)
	}
	if text, err := os.ReadFile(filepath.Join(s.memory, "memory.json")); err == nil && !json.Valid(text) {
		t.Fatalf("damaged: %s", text)
	}
}

// TestTheMemoryIsOneExportersAlone: a second one with the same folder says so, and does not start.
func TestTheMemoryIsOneExportersAlone(t *testing.T) {
	t.Parallel()
	site := newRememberingSite(t, lab.Password)
	serveAlone(t, site.args...)
	out := &strings.Builder{}
	if code := run(t.Context(), append([]string{"--web.listen-address=127.0.0.1:0"}, site.args...), nil, out, out); code != exitFailed || !strings.Contains(out.String(), "folder of its own") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

// TestADiskThatTakesNothingIsNoReasonNotToRun: it is told of, no unproven secret is sent, and probes say why.
func TestADiskThatTakesNothingIsNoReasonNotToRun(t *testing.T) {
	t.Parallel()
	site := newRememberingSite(t, lab.Password)
	obstacle := filepath.Join(site.memory, "memory.json.new") // a folder in the way of the file, whoever runs the test
	if err := os.MkdirAll(filepath.Join(obstacle, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := serveAlone(t, site.args...)
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	if text := site.scrape(client, p.url, 0); !strings.Contains(text, `probe_failure_info{`) || !strings.Contains(text, `reason="not_remembered"`) {
		t.Errorf("%.600s", text)
	}
	if n := site.logons(); n != 0 {
		t.Errorf("%d logons that no later process knows of", n)
	}
	if log := p.logged(t); strings.Count(log, "cannot be written") != 1 {
		t.Errorf("logged:\n%s", log)
	}
	if err := os.RemoveAll(obstacle); err != nil { // the disk is well again
		t.Fatal(err)
	}
	if text := site.scrape(client, p.url, 0); !strings.Contains(text, "probe_success 1") {
		t.Errorf("after that: %.600s", text)
	}
}

// TestRestartsForgetNoResult: after an orderly end, reports are there again, with their metrics, under the links that people have;
// and an exporter that is told to remember none leaves none on the disk.
func TestRestartsForgetNoResult(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it starts the exporter again and again")
	}
	t.Parallel()
	site := newRememberingSite(t, lab.Password)
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	p := serveAlone(t, site.args...)
	for i := range 6 {
		site.scrape(client, p.url, i)
	}
	links := regexp.MustCompile(`report/[A-Za-z0-9]+`)
	_, page := get(t, p.url+"/")
	before := map[string]string{}
	for _, link := range links.FindAllString(page, -1) {
		for _, end := range []string{".txt", ".json"} {
			_, before[link+end] = get(t, p.url+"/"+link+end)
		}
	}
	if len(before) < 6 {
		t.Fatalf("%d reports are linked from %s", len(before)/2, page)
	}
	p.signal(t, os.Interrupt)
	p.exit(t, 10*time.Second)
	site.whole(t, lab.Password)

	again := serveAlone(t, site.args...)
	for path, was := range before {
		if _, is := get(t, again.url+"/"+path); is != was {
			t.Errorf("%s was\n%s\nand is\n%s", path, was, is)
		}
	}
	if _, page := get(t, again.url+"/"); strings.Count(page, "before the restart") != 6 {
		t.Errorf("the start page does not say of six rows that they are from before the restart:\n%s", page)
	}
	again.signal(t, os.Interrupt)
	again.exit(t, 10*time.Second)
	for _, p := range []*program{p, again} {
		if log := p.logged(t); strings.Contains(log, "level=warn") && strings.Contains(log, "esult") {
			t.Errorf("logged:\n%s", log)
		}
	}

	serveAlone(t, append(site.args, "--web.disable-report")...)
	if _, err := os.Stat(filepath.Join(site.memory, "results.json.gz")); !os.IsNotExist(err) {
		t.Errorf("results are still on the disk: %v", err)
	}
}
