package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

// discovering is the example of deploy, with the addresses of a test, faster.
const discovering = `
global: {evaluation_interval: 1s}
rule_files: [%[2]q]
scrape_configs:
  - job_name: ews_exporter
    scrape_interval: 1s
    static_configs: [{targets: [%[1]q], labels: {site: london}}]
  - job_name: ews_services
    http_sd_configs: [{url: "http://%[1]s/sd", refresh_interval: 1s}]
`

// discovered is an exporter on a real listener, whose configuration is a file, and a Prometheus that asks it what to scrape.
type discovered struct {
	*exporter
	servers.Prometheus
	file string
}

func discover(t *testing.T, text string) *discovered {
	t.Helper()
	servers.Need(t, "prometheus")
	d := &discovered{file: filepath.Join(t.TempDir(), "ews_exporter.yml")}
	d.write(t, text)
	store, err := config.NewStore(func() (*config.Config, error) { return config.Load([]string{d.file}, probes.All()) })
	if err != nil {
		t.Fatal(err)
	}
	d.exporter = newExporter(store, &serveFlags{perAddress: 100, probes: 200, timeoutOffset: 500 * time.Millisecond}, nil, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(d.handler)
	t.Cleanup(server.Close)
	rules, err := filepath.Abs("../../alerts/*.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	d.Prometheus = servers.StartPrometheus(t, fmt.Sprintf(discovering, strings.TrimPrefix(server.URL, "http://"), rules))
	return d
}

func (d *discovered) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change has another configuration in force. Prometheus is not touched.
func (d *discovered) change(t *testing.T, text string) {
	t.Helper()
	d.write(t, text)
	if err := d.reload(); err != nil {
		t.Fatal(err)
	}
}

// active is what Prometheus scrapes by the job.
type active struct {
	Discovered map[string]string `json:"discoveredLabels"`
	Labels     map[string]string `json:"labels"`
	Interval   string            `json:"scrapeInterval"`
	Timeout    string            `json:"scrapeTimeout"`
}

func (d *discovered) active(t *testing.T) []active {
	t.Helper()
	var answer struct {
		Data struct {
			Active []active `json:"activeTargets"`
		} `json:"data"`
	}
	d.api(t, "targets?state=active&scrapePool=ews_services", &answer)
	return answer.Data.Active
}

// api reads what Prometheus answers.
func (d *discovered) api(t *testing.T, path string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/api/v1/"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unwell are the rules that Prometheus could not evaluate, and how many it could.
func (d *discovered) unwell(t *testing.T) (unwell []string, well int) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	d.api(t, "rules", &answer)
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			switch r.Health {
			case "err":
				unwell = append(unwell, r.Name+": "+r.LastError)
			case "ok":
				well++
			}
		}
	}
	return unwell, well
}

// authorityOf writes the site's authority to a file.
func authorityOf(t *testing.T, site *lab.Site) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, site.Authority().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serviceAt is a configuration with these servers, asked by the module quick as fast as a test wants it.
func serviceAt(t *testing.T, site *lab.Site, balancer string, list []string) string {
	return fmt.Sprintf("site: london\ndefaults: {tls_config: {ca_file: %q}, min_interval: 7s, timeout: 6s}\nmodules: {quick: %s}\nservices: {mail: {name: mail.contoso.test, balancers: [%q], servers: [%s], modules: [quick]}}\npolicy: {allow: [\"service:*\"]}\n",
		authorityOf(t, site), flow(), balancer, strings.Join(list, ", "))
}

// TestServicesInARealPrometheus: one server and fifty are found, scraped, and judged by the rules that are shipped; a changed
// configuration arrives without a hand on Prometheus, and what was taken out on purpose is not missed.
func TestServicesInARealPrometheus(t *testing.T) {
	t.Parallel()
	site := startLab(t)
	var list []string
	healthy, _ := scenarioOf(t, site, "healthy")
	for _, s := range site.Scenarios() {
		if len(list) < 49 && s.Name != "healthy" {
			list = append(list, s.Address)
		}
	}
	list = append(list, healthy.Address)
	d := discover(t, serviceAt(t, site, healthy.Address, list[len(list)-1:]))
	within := func() time.Time { return time.Now().Add(60 * time.Second) }
	for expression, want := range map[string]float64{
		`up{job="ews_exporter"}`: 1,
		fmt.Sprintf(`up{instance=%q,via="balancer",service="mail.contoso.test",module="quick",site="london"}`, healthy.Address): 1,
		fmt.Sprintf(`probe_success{instance=%q,via="direct",service="mail.contoso.test"}`, healthy.Address):                     1,
		`count(up{job="ews_services"})`: 2,
		`ews_exporter_service_targets{service="mail.contoso.test",module="quick",via="direct"}`: 1,
	} {
		awaitSample(t, d.Prometheus, within(), expression, want)
	}
	d.change(t, serviceAt(t, site, healthy.Address, list))
	for expression, want := range map[string]float64{
		fmt.Sprintf(`count(up{job="ews_services",via="direct"} == 1) == bool %d`, len(list)): 1,
		`count(ews:check_success:max) > bool 0`:                                              1, // a recording rule over what was found
		`count(probe_success{job="ews_services",via="direct"} == 0) > bool 0`:                1,
	} {
		awaitSample(t, d.Prometheus, within(), expression, want)
	}
	if unwell, well := d.unwell(t); len(unwell) > 0 || well < 50 {
		t.Errorf("%d rules were evaluated; not: %s", well, strings.Join(unwell, "\n"))
	}
	d.change(t, serviceAt(t, site, healthy.Address, list[1:]))
	awaitSample(t, d.Prometheus, within(), `count(up{job="ews_services",via="direct"})`, float64(len(list)-1))
	awaitSample(t, d.Prometheus, within(), `count(ALERTS{alertname="EwsTargetGone"}) or vector(0)`, 0)
}

// TestAThousandServersInARealPrometheus: all that are listed are found, with the labels, the intervals and the time limits that
// the exporter gives them.
func TestAThousandServersInARealPrometheus(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("loads a Prometheus with thousands of targets")
	}
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("ex%04d.contoso.test", i)
	}
	two := []string{first.Prober, first.Prober + "2"}
	d := discover(t, fmt.Sprintf("site: london\nmodules: {%s: %s, %s: %s}\nservices: {mail: {name: mail.contoso.test, servers: [%s], modules: [%s]}}\npolicy: {allow: [\"service:mail\"]}\n",
		two[0], flow("min_interval: 1h"), two[1], flow("timeout: 10s", "min_interval: 90s"), strings.Join(names, ", "), strings.Join(two, ", ")))
	var found []active
	for patience := time.Now().Add(time.Minute); len(found) < 2*1001 && time.Now().Before(patience); time.Sleep(time.Second) {
		found = d.active(t)
	}
	if len(found) != 2*1001 {
		t.Fatalf("%d targets of %d are scraped", len(found), 2*1001)
	}
	for _, a := range found {
		i := slices.Index(two, a.Labels["module"])
		hostname := map[string]string{"direct": "mail.contoso.test", "balancer": ""}[a.Labels["via"]]
		if i < 0 || a.Labels["service"] != "mail.contoso.test" || a.Labels["site"] != "london" || a.Discovered["__param_target"] != a.Labels["instance"] || a.Discovered["__param_hostname"] != hostname {
			t.Fatalf("scraped as %+v", a)
		}
		if want := [][2]string{{"2m", "16s"}, {"1m30s", "11s"}}[i]; a.Interval != want[0] || a.Timeout != want[1] {
			t.Fatalf("scraped every %s within %s, want %v", a.Interval, a.Timeout, want)
		}
	}
}
