package delivery_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
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
	{"ews_write_brief", "ews-events-lost", "", "lost", "EwsNotificationsMissing", []string{"no event told of it", "Answered by: exchange"}},
	// Each has a module of its own, by which its alerts are told apart, see namesBroken.
	{
		module: "autodiscover-flapping", alert: "EwsAutodiscoverIntermittent",
		says: []string{"Unanswered: pox", "status/unexpected_status, answered by middlebox"},
	},
	{
		module: "autodiscover-wrong-url", alert: "EwsAutodiscoverWrongUrl",
		says: []string{"Not as expected: EXPR.EwsUrl", "https://anywhere.fabrikam.test", "Answers by server:"},
	},
}

// about tells whether an alert with these labels is about the fault.
func (f fault) about(labels map[string]string) bool {
	if f.service == "" {
		return labels["module"] == f.module
	}
	return labels["service"] == f.service && (labels["module"] == "" || labels["module"] == f.module)
}

// TestOneFaultGivesOneAlert: services with one fault each, and what Alertmanager sends about them: the right alert about
// each, and no other.
func TestOneFaultGivesOneAlert(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	names, nameFiles := namesBroken(t)
	bindings, bindingFiles := bindingsBroken(t)
	jobs, others := map[string][]delivery.Target{}, slices.Concat(names, bindings)
	for _, f := range faults {
		if f.scenario == "" {
			i := slices.IndexFunc(others, func(j delivery.Job) bool { return j.Module == f.module })
			target := others[i].Targets[0]
			if f.service != "" {
				target = delivery.Target{Address: target.Address, Service: f.service}
			}
			jobs[f.module] = []delivery.Target{target}
			continue
		}
		jobs[f.module] = append(jobs[f.module], delivery.Target{Address: address(t, site, f.scenario), Service: f.service})
		if f.server != "" {
			jobs[f.module] = append(jobs[f.module], delivery.Target{Address: address(t, site, f.server), Service: f.service, Via: "direct"})
		}
	}
	notes := make(chan delivery.Notification, 1000)
	o := delivery.Options{Factor: 12, Receive: func(n delivery.Notification) { notes <- n }} // five seconds between scrapes
	for _, module := range slices.Sorted(maps.Keys(jobs)) {
		o.Jobs = append(o.Jobs, delivery.Job{Module: module, Targets: jobs[module]})
	}
	told := collect(t, start(t, site, o, slices.Concat([]string{quick, brief(site)}, nameFiles, bindingFiles)...), notes)
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
		case a.Labels["alertname"] == f.alert:
			text = strings.Join(strings.Fields(a.Text()), " ")
		default:
			t.Errorf("%s %s leads besides to\n%s", f.module, f.scenario, a.Text())
		}
	}
	if f.alert != "" && text == "" {
		t.Errorf("%s %s leads to no %s", f.module, f.scenario, f.alert)
		return
	}
	// How long a certificate lasts is a number, and not a fault of the probe that somebody acts on.
	if f.alert != "" && f.alert != "EwsCertificateExpires1d" && !strings.Contains(text, " Act: ") || strings.Contains(text, "What to do first: open the exporter's report") {
		t.Errorf("%s %s: %s does not have the step of its own cause:\n%s", f.module, f.scenario, f.alert, text)
	}
	for _, words := range f.says {
		if !strings.Contains(text, words) {
			t.Errorf("%s %s: %s does not say %q:\n%s", f.module, f.scenario, f.alert, words, text)
		}
	}
}

// collect waits until every fault's alert has come, and gives all that came.
func collect(t *testing.T, c *delivery.Chain, notes <-chan delivery.Notification) (told []delivery.Alert) {
	t.Helper()
	missing := func(f fault) bool {
		return f.alert != "" && !slices.ContainsFunc(told, func(a delivery.Alert) bool { return f.about(a.Labels) && a.Labels["alertname"] == f.alert })
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
