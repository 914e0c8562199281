package windows

import (
	"context"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestExporterForWindows: under Wine it says what it is, finds a fault of the simulated site, reads the access lists of secrets, and
// is a service that is started, stopped and removed.
func TestExporterForWindows(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"healthy", "kemp-rfc2616"}})
	m.must(err)
	t.Cleanup(site.Close)
	m.must(lab.WriteConfig(m.dir, site))
	config := filepath.Join(m.dir, "ews_exporter.yml")
	text, err := os.ReadFile(config)
	m.must(err)
	// As Notepad saves it.
	m.must(os.WriteFile(config, []byte("\xef\xbb\xbf"+strings.ReplaceAll(string(text), "\n", "\r\n")), 0o600))

	t.Run("version", func(t *testing.T) {
		if got := m.on(t).wine(m.program, "--version"); got.code != 0 || !strings.HasPrefix(got.out, "ews_exporter, version ") || !strings.Contains(got.out, "windows/amd64") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("check", func(t *testing.T) { m.on(t).check() })
	t.Run("unit tests", func(t *testing.T) {
		for folder, which := range unitTests {
			t.Run(folder, func(t *testing.T) { m.on(t).unitTests(folder, which) })
		}
	})
	t.Run("probe", func(t *testing.T) {
		m := m.on(t)
		for scenario, code := range map[string]int{"healthy": 0, "kemp-rfc2616": 1} {
			s, _ := site.Scenario("kemp-rfc2616")
			module, _ := s.Advice()
			s, _ = site.Scenario(scenario)
			got := m.wine(m.program, "probe", module, s.Address, "--config.file=ews_exporter.yml")
			if got.code != code || got.errors != "" || code == 1 && !strings.Contains(got.out, "Kemp LoadMaster") {
				t.Errorf("%s: %+v", scenario, got)
			}
		}
	})
	serving := m.stayOn()
	t.Run("scrape", func(t *testing.T) {
		s, _ := site.Scenario("kemp-rfc2616")
		module, _ := s.Advice()
		m.on(t).answers("http://"+serving+"/probe?module="+module+"&target="+s.Address, `owner="middlebox"`)
		m.on(t).answers("http://"+serving+"/metrics", "\news_exporter_build_info{")
	})
	t.Run("service", func(t *testing.T) { m.on(t).service() })
}

// on is the machine, for a part of the test.
func (m *machine) on(t *testing.T) *machine {
	part := *m
	part.t = t
	return &part
}

// unitTests are those of what has to do with the system, such as what it calls the ends of connections: by folder, which. Those with
// temporary folders cannot be among them: Wine 8 removes no file by the call that Go's tests do it by.
var unitTests = map[string]string{
	"internal/secret": "-test.run=^TestAccessLists$",
	"internal/wire":   "-test.run=^TestConnect|^TestConn_(whatBecame|endIsSeen|endOfTheProbe)|^TestDo_(responses|bodies|resetWithout)|^TestHandshake_(record|versions)",
	"internal/target": "-test.run=.",
	"internal/policy": "-test.run=.",
}

// unitTests runs tests of a package, in its folder.
func (m *machine) unitTests(folder, which string) {
	tests := filepath.Join(m.home, path.Base(folder)+".test.exe")
	m.build("test", "-c", "-o", tests, "./"+folder)
	m.dir = filepath.Join("../../..", folder)
	if got := m.wine(tests, "-test.short", which); got.code != 0 || strings.Contains(got.errors, "no tests to run") {
		m.t.Errorf("got %+v", got)
	}
}

// check warns of a secret that Everyone may read, and of no other.
func (m *machine) check() {
	secrets, err := filepath.Glob(filepath.Join(m.dir, "*password*"))
	m.must(err)
	if len(secrets) != 1 {
		m.t.Fatalf("the secrets are %q", secrets)
	}
	for mode, warns := range map[os.FileMode]bool{0o644: true, 0o600: false} {
		m.must(os.Chmod(secrets[0], mode))
		got := m.wine(m.program, "check", "ews_exporter.yml")
		if got.code != 0 || !strings.Contains(got.out, "ews_exporter.yml: ok") || strings.Contains(got.out, "everybody on this machine (Everyone)") != warns {
			m.t.Errorf("with mode %o: %+v", mode, got)
		}
	}
}

// service is installed, serves by the flags that it was installed with, answers what is in flight when it is stopped, and goes away.
func (m *machine) service() {
	address, slow := freePort(m.t), lab.Serve(m.t, lab.Hang).Addr()
	first := labs.All()[0]
	module := "modules: {slow: {" + strings.Join(slices.Concat([]string{"prober: " + first.Prober, "timeout: 6s"}, first.Least), ", ") + "}}\r\n"
	m.must(os.WriteFile(filepath.Join(m.dir, "slow module.yml"), []byte(module), 0o600))

	install := []string{m.program, "service", "install", "--", "--config.file=ews_exporter.yml", "--config.file=slow module.yml", "--web.listen-address=" + address}
	if got := m.wine(append(install, "--oops")...); got.code != 2 || !strings.Contains(got.errors, "--oops") {
		m.t.Errorf("with a flag that there is not: %+v", got)
	}
	m.does("Installed", install...)
	m.installsOnce(install...)
	m.starts()
	m.answers("http://"+address+"/metrics", "ews_exporter_probes_in_flight 0")
	if got := m.wine(m.program, "service", "run", "--folder=."); got.code != 1 || !strings.Contains(got.errors, "only the service manager starts this") {
		m.t.Errorf("run at a terminal: %+v", got)
	}

	type answer struct {
		body string
		err  error
	}
	inFlight := make(chan answer, 1)
	go func() {
		body, err := ask(context.Background(), "http://"+address+"/probe?module=slow&target=http://"+slow)
		inFlight <- answer{body, err}
	}()
	m.answers("http://"+address+"/metrics", "ews_exporter_probes_in_flight 1")
	m.does("stopped successfully", "net", "stop", "ews_exporter")
	if got := <-inFlight; got.err != nil || !strings.Contains(got.body, "\nprobe_success 0\n") {
		m.t.Errorf("in flight at the stop: %v\n%s", got.err, got.body)
	}
	m.silent(address)

	m.starts()
	m.answers("http://"+address+"/-/healthy", "")
	m.does("Removed", m.program, "service", "remove") // it stops first what runs
	m.silent(address)
	if got := m.wine(m.program, "service", "remove"); got.code != 1 || !strings.Contains(got.errors, "cannot remove the service ews_exporter") {
		m.t.Errorf("removed twice: %+v", got)
	}
}

// installsOnce: what is installed is not installed again. Wine's service manager may begin anew with the first programs that run, and
// has forgotten then what was installed before.
func (m *machine) installsOnce(install ...string) {
	m.t.Helper()
	var got said
	for range 5 {
		if got = m.wine(install...); got.code == 1 && strings.Contains(got.errors, "cannot install the service ews_exporter") {
			return
		}
		time.Sleep(time.Second)
	}
	m.t.Errorf("installed twice: %+v", got)
}

// starts starts the service once Wine's manager has its database open, and has seen a former process end, which may be a moment after it
// has stopped.
func (m *machine) starts() {
	m.t.Helper()
	var got said
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if got = m.wine("net", "start", "ews_exporter"); got.code == 0 {
			return
		}
	}
	m.t.Fatalf("it does not start: %+v", got)
}

// does runs a program that says so when it is done.
func (m *machine) does(says string, args ...string) {
	m.t.Helper()
	if got := m.wine(args...); got.code != 0 || !strings.Contains(got.out, says) {
		m.t.Fatalf("%q: %+v", args, got)
	}
}

// answers waits until that comes from there.
func (m *machine) answers(url, want string) {
	m.t.Helper()
	var body string
	var err error
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if body, err = ask(m.t.Context(), url); err == nil && strings.Contains(body, want) {
			return
		}
	}
	m.t.Fatalf("%s has no %q: %v\n%s", url, want, err, body)
}

// silent tells that nobody listens there any more.
func (m *machine) silent(address string) {
	m.t.Helper()
	if c, err := (&net.Dialer{}).DialContext(m.t.Context(), "tcp", address); err == nil {
		_ = c.Close()
		m.t.Errorf("the service has stopped, and %s is open", address)
	}
}
