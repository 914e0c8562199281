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
	return fault{f, targets}
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
	return fault{f, []delivery.Target{target}}, config
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

// about tells whether an alert with these labels is about the fault.
func (f fault) about(labels map[string]string) bool {
	if f.Service == "" {
		return labels["module"] == f.Module
	}
	return labels["service"] == f.Service && (labels["module"] == "" || labels["module"] == f.Module)
}

// TestOneFaultGivesOneAlert: services with one fault each, and what Alertmanager sends about them: the right alert about
// each, and no other.
func TestOneFaultGivesOneAlert(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	faults, configs := faultsOf(t, site)
	faults = slices.DeleteFunc(faults, func(f fault) bool { return f.Long })
	notes := make(chan delivery.Notification, 1000)
	o := delivery.Options{Factor: 12, Jobs: jobs(faults), Receive: func(n delivery.Notification) { notes <- n }} // five seconds between scrapes
	told := collect(t, start(t, site, o, configs...), notes, faults)
	for _, f := range faults {
		checkTold(t, f, told)
	}
}

// checkTold: the fault's alert came, with its words, and no other about it.
func checkTold(t *testing.T, f fault, told []delivery.Alert) {
	t.Helper()
	var text string
	for _, a := range told {
		switch {
		case !f.about(a.Labels):
		case a.Labels["alertname"] == f.Alert:
			text = strings.Join(strings.Fields(a.Text()), " ")
		default:
			t.Errorf("%s at %s leads besides to\n%s", f.Module, f.At, a.Text())
		}
	}
	if f.Alert != "" && text == "" {
		t.Errorf("%s at %s leads to no %s", f.Module, f.At, f.Alert)
		return
	}
	// How long a certificate lasts is a number, and not a fault of the probe that somebody acts on.
	if f.Alert != "" && f.Alert != "EwsCertificateExpires1d" && !strings.Contains(text, " Act: ") || strings.Contains(text, "What to do first: open the exporter's report") {
		t.Errorf("%s at %s: %s does not have the step of its own cause:\n%s", f.Module, f.At, f.Alert, text)
	}
	for _, words := range f.Says {
		if !strings.Contains(text, words) {
			t.Errorf("%s at %s: %s does not say %q:\n%s", f.Module, f.At, f.Alert, words, text)
		}
	}
}

// collect waits until every fault's alert has come, and gives all that came.
func collect(t *testing.T, c *delivery.Chain, notes <-chan delivery.Notification, faults []fault) (told []delivery.Alert) {
	t.Helper()
	missing := func(f fault) bool {
		return f.Alert != "" && !slices.ContainsFunc(told, func(a delivery.Alert) bool { return f.about(a.Labels) && a.Labels["alertname"] == f.Alert })
	}
	for limit := time.After(patience); slices.ContainsFunc(faults, missing); {
		select {
		case n := <-notes:
			for _, a := range n.Alerts {
				if a.Status == "firing" {
					told = append(told, a)
				}
			}
		case <-limit:
			t.Errorf("within %v not every alert came", patience)
			return told
		case <-c.Done():
			t.Fatalf("the chain ended: %v", c.Err())
		}
	}
	return told
}
