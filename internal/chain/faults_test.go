package chain_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/chain"
)

// fault is a service with something wrong, the one alert that has to arrive about it, and words of its text.
type fault struct {
	module   string
	scenario string // through the balancer; empty where the module has a host of its own
	server   string // asked directly; empty for none
	service  string // with a server a name that the lab's certificates cover
	alert    string // empty for none
	says     []string
}

var faults = []fault{
	{"ews_sync", "healthy", "", "healthy", "", nil},
	{
		"ews_sync", "ews-affinity-broken", "healthy", "localhost", "EwsAffinityBroken",
		[]string{"subscriptions are lost between two requests", "Answered by: exchange"},
	},
	{"ews_sync", "ews-throttled", "", "throttled", "EwsThrottled", []string{"ErrorServerBusy to", "Said by: exchange"}},
	{
		"ews_sync", "ews-mailbox-moving", "healthy", "mail.contoso.test", "EwsBalancerFailing",
		[]string{"Works at a server, and not here: get_folder, notify, sync.", "(ews_sync): works."},
	},
	{
		"ews_sync", "ews-soap-fault", "ews-soap-fault", "autodiscover.contoso.test", "EwsOperationFailing",
		[]string{"EWS does not work: availability", "ErrorInternalServerError to get_folder"},
	},
	{
		"ews_sync", "ews-sick-member", "", "sick", "EwsAvailabilityBurnFast",
		[]string{"the budget of a month is gone in two days", "in at least three bouts"},
	},
	{"expect_continue_quick", "early-401", "", "logon", "", nil},
	{"expect_continue_quick", "expect-417", "", "refuses", "EwsExpectContinueRejected", []string{"Expect: 100-continue is refused with 417"}},
	{"expect_continue_quick", "ignored", "", "ignores", "EwsExpectContinueIgnored", []string{"No 100 Continue came in 0.30 s"}},
	{"expect_continue_quick", "late-100", "", "late", "EwsExpectContinueLate", []string{"100 Continue comes only after the body"}},
	{"expect_continue_quick", "silent", "", "silent", "EwsServiceFailing", []string{"receive/"}},
	{"expect_continue_quick", "healthy", "silent", "127.0.0.1", "EwsServerFailing", []string{"Take the server out of the pool"}},
	{"bindings-expired", "", "", "expired", "EwsCertificateExpires1d", []string{"expired"}},
	{"ews_write", "ews-events-lost", "", "lost", "EwsNotificationsMissing", []string{"no event told of it", "Answered by: exchange"}},
}

// TestOneFaultGivesOneAlert: services with one fault each, and what Alertmanager sends about them: the right alert about
// each, and no other.
func TestOneFaultGivesOneAlert(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	bindings, files := bindingsBroken(t)
	jobs := map[string][]chain.Target{}
	for _, f := range faults {
		if f.scenario == "" {
			i := slices.IndexFunc(bindings, func(j chain.Job) bool { return j.Module == f.module })
			jobs[f.module] = []chain.Target{{Address: bindings[i].Targets[0].Address, Service: f.service}}
			continue
		}
		jobs[f.module] = append(jobs[f.module], chain.Target{Address: address(t, site, f.scenario), Service: f.service})
		if f.server != "" {
			jobs[f.module] = append(jobs[f.module], chain.Target{Address: address(t, site, f.server), Service: f.service, Via: "direct"})
		}
	}
	notes := make(chan chain.Notification, 1000)
	o := chain.Options{Factor: 12, Receive: func(n chain.Notification) { notes <- n }} // five seconds between scrapes
	for _, module := range slices.Sorted(maps.Keys(jobs)) {
		o.Jobs = append(o.Jobs, chain.Job{Module: module, Targets: jobs[module]})
	}
	told := collect(t, start(t, site, o, append(files, quick)...), notes)
	for _, f := range faults {
		text, others := told[f.service][f.alert], maps.Clone(told[f.service])
		delete(others, f.alert)
		for name, other := range others {
			t.Errorf("%s leads to %s besides:\n%s", f.scenario, name, other)
		}
		if f.alert != "" && text == "" {
			t.Errorf("%s leads to no %s", f.scenario, f.alert)
			continue
		}
		for _, words := range f.says {
			if !strings.Contains(text, words) {
				t.Errorf("%s: %s does not say %q:\n%s", f.scenario, f.alert, words, text)
			}
		}
	}
}

// collect waits until every fault's alert has come, and gives the texts of all that came, by service and name.
func collect(t *testing.T, c *chain.Chain, notes <-chan chain.Notification) map[string]map[string]string {
	t.Helper()
	told := map[string]map[string]string{}
	missing := func(f fault) bool { return f.alert != "" && told[f.service][f.alert] == "" }
	for limit := time.After(patience); slices.ContainsFunc(faults, missing); {
		select {
		case n := <-notes:
			for _, a := range n.Alerts {
				service, name := a.Labels["service"], a.Labels["alertname"]
				if told[service] == nil {
					told[service] = map[string]string{}
				}
				told[service][name] = strings.Join(strings.Fields(a.Text()), " ")
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
