package delivery_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestAServerInMaintenanceIsToldOfOnce: one of two servers closes every page of health. Its own information comes, and what
// another module finds wrong with the same server fires, and is held back.
func TestAServerInMaintenanceIsToldOfOnce(t *testing.T) {
	t.Parallel()
	needed(t)
	const out, in, told, follows = "directories-maintenance", "healthy", "EwsServerInMaintenance", "EwsServerFailing"
	site := simulated(t, in, out)
	scenario, _ := site.Scenario(out)
	module, _ := scenario.Advice()
	keys, health := healthModule(t)
	targets := []delivery.Target{
		{Address: address(t, site, in), Service: lab.Service},
		{Address: strings.Replace(address(t, site, in), "127.0.0.1", "localhost", 1), Service: lab.Service, Via: "direct"},
		{Address: scenario.Address, Service: lab.Service, Via: "direct"},
	}
	notes := make(chan delivery.Notification, 1000)
	c := start(t, site, delivery.Options{
		Factor:  15, // four seconds between scrapes, which is more than each probe needs
		Jobs:    []delivery.Job{{Module: module, Targets: targets}, {Module: health, Targets: targets}},
		Receive: func(n delivery.Notification) { notes <- n },
	}, keys)
	await(t, c, `ALERTS{alertname="`+follows+`", alertstate="firing", instance="`+scenario.Address+`"}`)
	await(t, c, `ALERTS{alertname="`+told+`", alertstate="firing", instance="`+scenario.Address+`"}`)
	var names []string
	for limit := time.After(patience); !slices.Contains(names, told); {
		select {
		case n := <-notes:
			names = append(names, firing(n)...)
		case <-limit:
			t.Fatalf("no %s came within %v, but %q", told, patience, names)
		case <-c.Done():
			t.Fatalf("the chain ended: %v", c.Err())
		}
	}
	for limit := time.After(15 * time.Second); ; { // several times what Alertmanager gathers alerts for
		select {
		case n := <-notes:
			names = append(names, firing(n)...)
			continue
		case <-limit:
		}
		break
	}
	if slices.Sort(names); !slices.Equal(slices.Compact(names), []string{told}) {
		t.Errorf("what came is %q, want %s alone", names, told)
	}
}

// firing are the names of the alerts of a notification that fire.
func firing(n delivery.Notification) (names []string) {
	for _, a := range n.Alerts {
		if a.Status == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	return names
}

// healthModule is the configuration of a module that gets one page of health, of the part that has one, and its name.
func healthModule(t *testing.T) (keys, name string) {
	t.Helper()
	parts := labs.All()
	i := slices.IndexFunc(parts, func(p lab.Part) bool { return p.Health != nil })
	if i < 0 {
		t.Fatal("no part has a module that gets a page of health")
	}
	name = "health"
	return "modules:\n  " + name + ":\n    prober: " + parts[i].Prober + "\n    tls_config: {insecure_skip_verify: true}\n    " +
		strings.Join(parts[i].Health, "\n    ") + "\n", name
}
