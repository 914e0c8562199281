package delivery_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// patience is for each thing to happen: ten times what it takes on an idle machine.
const patience = 3 * time.Minute

// program builds the exporter as it is shipped.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ews_exporter")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../../cmd/ews_exporter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return path
}

// start starts a chain that ends with the test; its configuration is the lab's, and more files.
func start(t *testing.T, site *lab.Site, o delivery.Options, more ...string) *delivery.Chain {
	t.Helper()
	return run(t, configured(t, site, o, more...))
}

// configured gives the options with the exporter's configuration: the lab's, and more files.
func configured(t *testing.T, site *lab.Site, o delivery.Options, more ...string) delivery.Options {
	t.Helper()
	o.Dir = t.TempDir()
	if err := lab.WriteConfig(o.Dir, site); err != nil {
		t.Fatal(err)
	}
	o.Configs = []string{filepath.Join(o.Dir, "ews_exporter.yml")}
	for i, text := range more {
		file := filepath.Join(o.Dir, fmt.Sprintf("more-%d.yml", i))
		write(t, file, text)
		o.Configs = append(o.Configs, file)
	}
	return o
}

// run runs a chain that ends with the test.
func run(t *testing.T, o delivery.Options) *delivery.Chain {
	t.Helper()
	o.Exporter = program(t)
	c, err := delivery.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// needed skips the test where a program is missing.
func needed(t *testing.T) {
	t.Helper()
	servers.Need(t, "prometheus")
	servers.Need(t, "alertmanager")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// simulated is the simulated site, with modules that wait for less than its own, so that they fit between two scrapes.
func simulated(t *testing.T, only ...string) *lab.Site {
	t.Helper()
	parts := labs.All()
	for i := range parts {
		parts[i].Modules = append(parts[i].Modules, parts[i].Brief...)
	}
	site, err := lab.Start(context.WithoutCancel(t.Context()), parts, lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site
}

func address(t *testing.T, site *lab.Site, scenario string) string {
	t.Helper()
	s, ok := site.Scenario(scenario)
	if !ok {
		t.Fatalf("there is no scenario %s", scenario)
	}
	return s.Address
}

// TestFromFaultToAlert: a balancer is set wrong, and an alert arrives that names the box and the setting; it is set right
// again, and the alert resolves. No other alert comes on the way.
func TestFromFaultToAlert(t *testing.T) {
	t.Parallel()
	needed(t)
	const broken = "kemp-rfc2616"
	fault := faultAt(t, broken)
	site := simulated(t, "kemp-fixed", "healthy")
	notes := make(chan delivery.Notification, 1000)
	balancer := address(t, site, "kemp-fixed")
	c := start(t, site, delivery.Options{
		Factor: 30, // two seconds between scrapes
		Jobs: []delivery.Job{{Module: fault.Module, Targets: []delivery.Target{
			{Address: balancer, Service: "mail.contoso.test"},
			{Address: address(t, site, "healthy"), Service: "mail.contoso.test", Via: "direct"},
		}}},
		Receive: func(n delivery.Notification) { notes <- n },
	})
	await(t, c, `count(probe_success == 1) == 2`)

	if err := site.Change("kemp-fixed", broken); err != nil {
		t.Fatal(err)
	}
	alert := arrives(t, c, notes, fault.Alert, "firing")
	if alert.Labels["instance"] != balancer || alert.Labels["via"] != "balancer" || alert.Labels["severity"] != "critical" {
		t.Errorf("the alert is about %v", alert.Labels)
	}
	text := strings.Join(strings.Fields(alert.Text()), " ")
	for _, want := range append(fault.Says, "mail.contoso.test (via balancer): ") {
		if !strings.Contains(text, want) {
			t.Errorf("the alert does not say %q:\n%s", want, alert.Text())
		}
	}

	if err := site.Change("kemp-fixed", "healthy"); err != nil {
		t.Fatal(err)
	}
	arrives(t, c, notes, fault.Alert, "resolved")
	c.Close()
	checkGone(t, c)
}

// TestWhatProvesNothingArrives: a module without an auth, where a logon is asked for before anything is tested, succeeds for ever.
// That is told, with what to do.
func TestWhatProvesNothingArrives(t *testing.T) {
	t.Parallel()
	needed(t)
	fault := faultAt(t, "early-401")
	site := simulated(t, "early-401")
	notes := make(chan delivery.Notification, 1000)
	c := start(t, site, delivery.Options{
		Factor:  30, // two minutes for an hour
		Jobs:    []delivery.Job{{Module: fault.Module, Targets: []delivery.Target{{Address: address(t, site, "early-401"), Service: "mail.contoso.test"}}}},
		Receive: func(n delivery.Notification) { notes <- n },
	})
	alert := first(t, c, notes)
	if alert.Labels["alertname"] != "EwsProbeUndecided" || alert.Labels["severity"] != "info" || alert.Labels["service"] != "mail.contoso.test" {
		t.Errorf("it is told as %v", alert.Labels)
	}
	text := strings.Join(strings.Fields(alert.Text()), " ")
	for _, want := range []string{"module " + fault.Module + " succeeds and proves nothing", "(via balancer): no_logon.", "Act: whoever configures this exporter", "docs/alerts.md#ewsprobeundecided"} {
		if !strings.Contains(text, want) {
			t.Errorf("the alert does not say %q:\n%s", want, alert.Text())
		}
	}
}

// first is the first alert that comes.
func first(t *testing.T, c *delivery.Chain, notes <-chan delivery.Notification) delivery.Alert {
	t.Helper()
	select {
	case n := <-notes:
		return n.Alerts[0]
	case <-time.After(patience):
		t.Fatalf("no alert came within %v", patience)
	case <-c.Done():
		t.Fatalf("the chain ended: %v", c.Err())
	}
	panic("unreachable")
}

// faultAt is the fault that a part has at the scenario.
func faultAt(t *testing.T, scenario string) lab.Fault {
	t.Helper()
	for _, p := range labs.All() {
		for _, f := range p.Faults {
			if f.At == scenario {
				return f
			}
		}
	}
	t.Fatalf("no part has a fault at %s", scenario)
	return lab.Fault{}
}

// arrives waits for an alert of that status. No other may come, and nobody but who is on call may get it.
func arrives(t *testing.T, c *delivery.Chain, notes <-chan delivery.Notification, name, status string) delivery.Alert {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case n := <-notes:
			for _, a := range n.Alerts {
				if a.Labels["alertname"] != name || n.Receiver != "on-call" {
					t.Fatalf("another alert came to %s:\n%s", n.Receiver, a.Text())
				}
				if a.Status == status {
					return a
				}
			}
		case <-limit:
			t.Fatalf("no alert that is %s came within %v", status, patience)
		case <-c.Done():
			t.Fatalf("the chain ended: %v", c.Err())
		}
	}
}

// await waits until an expression gives something.
func await(t *testing.T, c *delivery.Chain, expression string) {
	t.Helper()
	var last error
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		samples, err := c.Prometheus.Query(t.Context(), expression)
		if len(samples) > 0 {
			return
		}
		last = err
	}
	t.Fatalf("%s gave nothing within %v: %v", expression, patience, last)
}

// checkGone: a chain that was closed answers nowhere.
func checkGone(t *testing.T, c *delivery.Chain) {
	t.Helper()
	for _, url := range []string{c.Exporter, c.Alertmanager, c.Prometheus.URL} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_ = conn.Close()
			t.Errorf("%s still listens", url)
		}
	}
}

func TestStartNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := delivery.Start(t.Context(), delivery.Options{Dir: t.TempDir(), Exporter: "no-such-exporter", Factor: 1})
	if err == nil || !strings.Contains(err.Error(), "no-such-exporter is not installed") {
		t.Errorf("without an exporter: %v", err)
	}
}
