package delivery_test

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// fault is a fault of a part, and how it is asked.
type fault struct {
	lab.Fault
	targets []delivery.Target
	want    lab.Verdict // what the module reports of the first; empty where nobody says
	any     bool        // whichever alert comes is the right one
}

// faultsOf are those of all parts, and the configuration of the modules that they have of their own.
func faultsOf(t *testing.T, site *lab.Site) (all []fault, configs []string) {
	t.Helper()
	for _, p := range labs.All() {
		for _, f := range p.Faults {
			if _, runs := site.Scenario(f.At); runs {
				all = append(all, atScenario(t, site, f))
				continue
			}
			i := slices.IndexFunc(p.Cases, func(c lab.Case) bool { return c.Name == f.At })
			if i < 0 {
				t.Fatalf("%s: there is no scenario and no case %s", p.Prober, f.At)
			}
			one, config := atCase(t, p, p.Cases[i], f)
			all, configs = append(all, one), append(configs, config)
		}
	}
	return all, configs
}

// atScenario asks a scenario, and a server behind it where there is one.
func atScenario(t *testing.T, site *lab.Site, f lab.Fault) fault {
	t.Helper()
	f.Service = cmp.Or(f.Service, f.At+"."+f.Module)
	at := address(t, site, f.At)
	if f.Host != "" {
		_, port, _ := net.SplitHostPort(at)
		at = net.JoinHostPort(f.Host, port)
	}
	targets := []delivery.Target{{Address: at, Service: f.Service}}
	if f.Server != "" {
		targets = append(targets, delivery.Target{Address: address(t, site, f.Server), Service: f.Service, Via: "direct"})
	}
	s, _ := site.Scenario(f.At)
	want, _ := s.Verdict(strings.TrimSuffix(f.Module, lab.BriefSuffix))
	return fault{Fault: f, targets: targets, want: want}
}

// atCase asks a case at its server, by a module of its own.
func atCase(t *testing.T, p lab.Part, c lab.Case, f lab.Fault) (one fault, config string) {
	t.Helper()
	peer := c.Start(t)
	if f.Keys != nil {
		peer.Keys = f.Keys
	}
	keys := append([]string{"prober: " + p.Prober}, peer.Keys...)
	if peer.Authority != nil {
		ca := filepath.Join(t.TempDir(), "ca.pem")
		write(t, ca, string(peer.Authority.PEM()))
		keys = append(keys, "tls_config: {ca_file: "+ca+"}")
	}
	if peer.Logon != "" {
		config = fmt.Sprintf("auths:\n  %s: {%s, targets: ['%s']}\n", f.At, peer.Logon, strings.Join(peer.LogonTargets, "', '"))
		keys = append(keys, "auth: "+f.At)
	}
	config += "modules:\n  " + f.At + ":\n    " + strings.Join(keys, "\n    ") + "\n"
	target := delivery.Target{Address: peer.Server, Service: peer.Hostname, Via: "direct"}
	if f.Service != "" {
		target = delivery.Target{Address: peer.Server, Service: f.Service}
	}
	f.Module = f.At
	return fault{Fault: f, targets: []delivery.Target{target}}, config
}

// jobs are those of Prometheus, one for each module.
func jobs(faults []fault) (all []delivery.Job) {
	targets := map[string][]delivery.Target{}
	for _, f := range faults {
		targets[f.Module] = append(targets[f.Module], f.targets...)
	}
	for _, module := range slices.Sorted(maps.Keys(targets)) {
		all = append(all, delivery.Job{Module: module, Targets: targets[module]})
	}
	return all
}

// about tells whether an alert with these labels is about the fault: about its target, or the account that its module has alone.
func (f fault) about(labels map[string]string) bool {
	if f.Service == "" {
		return labels["module"] == f.Module
	}
	return labels["auth"] == f.Module || labels["service"] == f.Service && (labels["module"] == "" || labels["module"] == f.Module)
}

// TestOneFaultGivesOneAlert: services with one fault each, and what Alertmanager sends about them: the right alert about
// each with the first step that the exporter itself draws, and no other.
func TestOneFaultGivesOneAlert(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	faults, configs := faultsOf(t, site)
	faults = slices.DeleteFunc(faults, func(f fault) bool { return f.Long })
	deliver(t, site, 12, faults, configs) // five seconds between scrapes
}

// deliver probes the faults until the alert about each has come, and holds them.
func deliver(t *testing.T, site *lab.Site, factor int, faults []fault, configs []string) {
	t.Helper()
	notes := make(chan delivery.Notification, 1000)
	o := configured(t, site, delivery.Options{Factor: factor, Jobs: jobs(faults), Receive: func(n delivery.Notification) { notes <- n }}, configs...)
	c := run(t, o)
	drawn := draw(t, o, faults)
	told := collect(t, c, notes, faults)
	drawn.all.Wait()
	for _, f := range faults {
		checkTold(t, f, told, drawn)
	}
}

// checkTold: the fault's alert came, with its words and its step, and no other about it.
func checkTold(t *testing.T, f fault, told []delivery.Alert, drawn *drawer) {
	t.Helper()
	var alert delivery.Alert
	for _, a := range told {
		switch {
		case !f.about(a.Labels):
		case f.is(a):
			f.Alert, f.any, alert = a.Labels["alertname"], false, a // from here on no other
		default:
			t.Errorf("%s at %s leads besides to\n%s", f.Module, f.At, a.Text())
		}
	}
	switch {
	case alert.Labels == nil && f.silent():
		return
	case alert.Labels == nil:
		t.Errorf("%s at %s leads to no alert %s", f.Module, f.At, f.Alert)
		return
	}
	if problem := drawn.wrong(f, alert); problem != "" {
		t.Errorf("%s at %s: %s: %s", f.Module, f.At, f.Alert, problem)
	}
	text := oneLine(alert.Text())
	for _, words := range f.Says {
		if !strings.Contains(text, words) {
			t.Errorf("%s at %s: %s does not say %q:\n%s", f.Module, f.At, f.Alert, words, text)
		}
	}
}

// silent tells that no alert may come.
func (f fault) silent() bool { return f.Alert == "" && !f.any }

// is tells whether an alert about the fault is its own.
func (f fault) is(a delivery.Alert) bool { return f.any || a.Labels["alertname"] == f.Alert }

// collect waits until every fault's alert has come, and gives all that came.
func collect(t *testing.T, c *delivery.Chain, notes <-chan delivery.Notification, faults []fault) (told []delivery.Alert) {
	t.Helper()
	missing := func(f fault) bool {
		return !f.silent() && !slices.ContainsFunc(told, func(a delivery.Alert) bool { return f.about(a.Labels) && f.is(a) })
	}
	for limit := time.After(2 * patience); slices.ContainsFunc(faults, missing); {
		select {
		case n := <-notes:
			for _, a := range n.Alerts {
				if a.Status == "firing" {
					told = append(told, a)
				}
			}
		case <-limit:
			t.Errorf("within %v not every alert came", 2*patience)
			return told
		case <-c.Done():
			t.Fatalf("the chain ended: %v", c.Err())
		}
	}
	return told
}
