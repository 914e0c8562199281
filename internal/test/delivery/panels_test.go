package delivery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/dashboards"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	domains "github.com/ews-exporter/ews_exporter/probes/autodiscover/lab"
	hosts "github.com/ews-exporter/ews_exporter/probes/sslbinding/lab"
)

// TestEveryPanelHasData: a site that is broken in every way that a panel is for, and what Prometheus answers to the
// panels of all dashboards.
func TestEveryPanelHasData(t *testing.T) {
	t.Parallel()
	needed(t)
	names, files := namesBroken(t)
	bindings, more := bindingsBroken(t)
	site := simulated(t)
	c := start(t, site, delivery.Options{
		Factor:  8, // 7.5 seconds between scrapes: a stream with writing needs seven
		Jobs:    slices.Concat(sitesBroken(t, site), names, bindings),
		Receive: func(delivery.Notification) {},
	}, slices.Concat([]string{quick, brief(site)}, files, more)...)
	missing := queries(t)
	for limit := time.Now().Add(patience); len(missing) > 0 && time.Now().Before(limit); time.Sleep(time.Second) {
		for title, query := range missing {
			if samples, err := c.Prometheus.Query(t.Context(), query); err == nil && tells(samples) {
				delete(missing, title)
			}
		}
	}
	for title, query := range missing {
		samples, err := c.Prometheus.Query(t.Context(), query)
		t.Errorf("%s has no data (%v, %v), from\n%s", title, samples, err, query)
	}
}

// brief are modules that wait for less than the lab's own, so that they fit between two scrapes.
func brief(site *lab.Site) string {
	var targets []string
	for _, s := range site.Scenarios() {
		targets = append(targets, fmt.Sprintf("%q", s.Address))
	}
	return fmt.Sprintf(`
auths:
  brief: {username: %q, password: %s, schemes: [basic], targets: [%s]}
modules:
  ews_stream_brief:
    prober: ews_sync
    auth: brief
    ip_protocol: ip4
    tls_config: {ca_file: ca.pem}
    ews_sync: {operations: [stream], write: true, stream_hold: 1s, event_wait: 1s}
  ews_write_brief:
    prober: ews_sync
    auth: brief
    ip_protocol: ip4
    tls_config: {ca_file: ca.pem}
    ews_sync: {operations: [sync, notify], write: true, event_wait: 1s}
`, lab.Username, lab.Password, strings.Join(targets, ", "))
}

// tells tells whether there is something to be shown: a number that is one.
func tells(samples []servers.Sample) bool {
	for _, s := range samples {
		if !math.IsNaN(s.Value) {
			return true
		}
	}
	return false
}

// sitesBroken are the sites for what is asked of EWS, and by whom each is needed.
func sitesBroken(t *testing.T, site *lab.Site) []delivery.Job {
	t.Helper()
	at := func(scenario string) delivery.Target {
		return delivery.Target{Address: address(t, site, scenario), Service: scenario + ".contoso.test"}
	}
	server := delivery.Target{Address: address(t, site, "healthy"), Service: "mail.contoso.test", Via: "direct"}
	moving := delivery.Target{Address: address(t, site, "ews-mailbox-moving"), Service: "mail.contoso.test"}
	protected := at("protection-allow") // by a name of its own: the check runs once an hour for a name
	protected.Address = strings.Replace(protected.Address, "127.0.0.1", "localhost", 1)
	return []delivery.Job{
		{Module: "expect_continue_quick", Targets: []delivery.Target{
			at("kemp-rfc2616"), // 501, late bodies rejected
			at("ignored"),      // waits in vain
			at("early-401"),    // the body was not tested
			server,
		}},
		{Module: "auth_roundtrips", Targets: []delivery.Target{
			at("ntlm-persisted"),
			at("ntlm-per-request"), // every request authenticates
			protected,              // Extended Protection
			at("only-basic"),       // a finding
		}},
		{Module: "ews_sync", Targets: []delivery.Target{
			at("ews-throttled"), // left alone
			moving, server,      // fails through the balancer, works at the server
		}},
		{Module: "smtp", Targets: []delivery.Target{at("smtp-masked"), at("smtp-healthy")}}, // a firewall rewrites
		{Module: "ews_stream_brief", Targets: []delivery.Target{at("healthy")}},
	}
}

// namesBroken are mail domains, each with a module, because each has an authority of its own. They are asked at
// Autodiscover's own host, since nobody resolves their names.
func namesBroken(t *testing.T) (jobs []delivery.Job, files []string) {
	t.Helper()
	const host = "autodiscover." + lab.MailDomain
	for _, s := range domains.Scenarios() {
		if s.Name != "autodiscover-flapping" && s.Name != "autodiscover-wrong-url" { // look-ups unanswered, wrong URLs that differ
			continue
		}
		a, err := domains.Start(context.WithoutCancel(t.Context()), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(a.Close)
		port := fmt.Sprintf(":%d", a.HTTPS)
		files = append(files, fmt.Sprintf(`
auths:
  %[1]s: {username: '%[2]s', password: %[3]s, schemes: [ntlm], targets: ["%[4]s"]}
modules:
  %[1]s:
    prober: autodiscover
    auth: %[1]s
    tls_config: {ca_file: %[5]s}
    autodiscover: {email: %[6]s, %[7]s}
`, s.Name, lab.Username, lab.Password, host+port, authorityFile(t, a.Authority), lab.MailAddress, strings.ReplaceAll(s.Settings, ":PORT", port)))
		jobs = append(jobs, delivery.Job{Module: s.Name, Targets: []delivery.Target{{Address: "127.0.0.1" + port, Service: host, Via: "direct"}}})
	}
	return jobs, files
}

// bindingsBroken are hosts with the wrong certificates, each with a module: expired; another one on a server than on the
// balancer, and neither as expected; and one that names a revocation list which is not there.
func bindingsBroken(t *testing.T) (jobs []delivery.Job, files []string) {
	t.Helper()
	add := func(name, address string, a *lab.Authority, settings string) {
		files = append(files, fmt.Sprintf("modules:\n  %s:\n    prober: ssl_binding\n    tls_config: {ca_file: %s}\n    ssl_binding: {%s}\n",
			name, authorityFile(t, a), settings))
		jobs = append(jobs, delivery.Job{Module: name, Targets: []delivery.Target{{Address: address, Service: lab.Service, Via: "direct"}}})
	}
	for _, s := range hosts.Scenarios() {
		settings := map[string]string{
			"bindings-expired":        "",
			"bindings-server-differs": "addresses: [127.0.0.2, 127.0.0.3], thumbprints: ['" + strings.Repeat("00", 20) + "']",
		}
		if _, wanted := settings[s.Name]; !wanted {
			continue
		}
		b, err := hosts.Start(context.WithoutCancel(t.Context()), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		add(s.Name, fmt.Sprintf("127.0.0.1:%d", b.Port), b.Authority, settings[s.Name])
	}
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	authority.Lists = []string{"http://" + lab.Serve(t, lab.ReadHead, lab.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")).Addr() + "/lab.crl"}
	config, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	add("bindings-revocation", lab.ServeTLS(t, config, lab.Await).Addr(), authority, "revocation: true")
	return jobs, files
}

func authorityFile(t *testing.T, a *lab.Authority) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	write(t, file, string(a.PEM()))
	return file
}

// nothing is what panels show as 0 when no series is there; without it a panel whose series never come would have data.
const nothing = " or vector(0)"

var variable = regexp.MustCompile(`"\$(site|service|instance|module|job)"`)

// queries are those of all panels and variables, with the values that Grafana would put in: all of everything, a minute,
// and for rates four scrapes, as Grafana does.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := fs.Glob(dashboards.Files, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		var d struct {
			Panels []struct {
				Title   string `json:"title"`
				Targets []struct {
					RefID string `json:"refId"`
					Expr  string `json:"expr"`
				} `json:"targets"`
			} `json:"panels"`
			Templating struct {
				List []struct {
					Name       string `json:"name"`
					Definition string `json:"definition"`
				} `json:"list"`
			} `json:"templating"`
		}
		text, err := fs.ReadFile(dashboards.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fill := func(query string) string {
			query = strings.NewReplacer("$__range", "1m", "$__rate_interval", "30s", nothing, "").Replace(query)
			return variable.ReplaceAllString(query, `".*"`)
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all[fmt.Sprintf("%s, %q, query %s", name, p.Title, target.RefID)] = fill(target.Expr)
			}
		}
		for _, v := range d.Templating.List {
			if values := labelValues.FindStringSubmatch(v.Definition); values != nil {
				all[fmt.Sprintf("%s, variable %s", name, v.Name)] = fill(fmt.Sprintf("group by (%[2]s) (%[1]s) and on (%[2]s) group by (%[2]s) ({%[2]s!=\"\"})", values[1], values[2]))
			}
		}
	}
	return all
}

// labelValues is Grafana's way to ask for a variable's values.
var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
