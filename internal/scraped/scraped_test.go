package scraped

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/probes"
)

// ours is a configuration with two modules, which a service lists.
func ours(t *testing.T) *config.Config {
	t.Helper()
	var names []string
	for _, d := range probes.All() {
		if !d.NoLogon && len(d.Paths) == 2 && len(names) < 1 {
			names = append(names, d.Name)
		}
	}
	file := filepath.Join(t.TempDir(), "a.yml")
	text := "site: london\nmodules: {web: {prober: " + names[0] + "}, spare: {prober: " + names[0] + ", timeout: 25s}}\n" +
		"services: {mail: {name: mail.contoso.com, modules: [web, spare]}, lab: {name: lab.contoso.com, modules: [web]}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// the parts of a Prometheus that fits.
const (
	own      = "  - {job_name: ews_exporter, static_configs: [{targets: [e:10501], labels: {site: london}}]}\n"
	listing  = "  - {job_name: ews_services, http_sd_configs: [{url: 'http://e:10501/sd'}]"
	relabels = `relabel_configs: [{source_labels: [__address__], target_label: __param_target}, {source_labels: [__param_target], target_label: instance}, {source_labels: [__param_module], target_label: module}, {source_labels: [via, service], target_label: __param_hostname}, {target_label: __address__, replacement: "e:10501"}]`
	static   = "static_configs: [{targets: [mail.contoso.com], labels: {site: london, service: mail.contoso.com, via: balancer}}]"
	written  = "  - {job_name: ews_web, metrics_path: /probe, params: {module: [web]}, scrape_timeout: 30s, " + static + ", " + relabels + "}\n"
)

// TestCheck: what does not fit is told with the job and what to do, and what fits is left in peace.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ jobs, problem, warning string }{
		"what is shipped":      {own + listing + "}\n", "", ""},
		"others' jobs":         {own + listing + "}\n  - {job_name: node, static_configs: [{targets: [n]}]}\n", "", ""},
		"both ways":            {own + listing + "}\n" + written, "", ""},
		"nobody asks":          {own, "no job asks /sd for the service lab", ""},
		"targets written down": {own + written, "", "no job asks /sd"},
		"one service":          {own + strings.Replace(listing, "/sd", "/sd?service=mail", 1) + "}\n", "no job asks /sd for the service lab", ""},
		"one module":           {own + strings.Replace(listing, "/sd", "/sd?module=web", 1) + "}\n", "no job asks /sd for these modules of the service mail: spare", ""},
		"twice":                {own + listing + "}\n" + strings.Replace(strings.Replace(listing, "/sd", "/sd?service=lab", 1), "ews_services", "ews_lab", 1) + "}\n", "several jobs ask for the same of the service lab: web by ews_services and ews_lab", ""},
		"a service misspelt":   {own + listing + "}\n" + strings.Replace(strings.Replace(listing, "/sd", "/sd?service=mial", 1), "ews_services", "ews_b", 1) + "}\n", `job ews_b: /sd is asked for a service "mial" that is not configured; did you mean mail?`, ""},
		"another parameter":    {own + strings.Replace(listing, "/sd", "/sd?modul=web", 1) + "}\n", `the parameter "modul"`, ""},
		"no own job":           {listing + "}\n", "no job is called ews_exporter", ""},
		"another site":         {strings.Replace(own, "london", "paris", 1) + listing + "}\n", `prometheus.yml:2: job ews_exporter: its label site is "paris", and the exporter's is "london"`, ""},
		"a foreign name":       {own + strings.Replace(listing, "ews_services", "exchange", 1) + "}\n", "job exchange: the rules know jobs by names that begin with ews_", ""},
		"a parameter on top":   {own + listing + ", params: {module: [web]}}\n", "params has module", ""},
		"a label on top":       {own + listing + ", relabel_configs: [{target_label: service, replacement: x}]}\n", "relabel_configs set service", ""},
		"an interval on top":   {own + listing + ", relabel_configs: [{target_label: __scrape_interval__, replacement: 5m}]}\n", "relabel_configs set __scrape_interval__", ""},
		"a label more":         {own + listing + ", relabel_configs: [{target_label: team, replacement: x}]}\n", "", ""},
		"a label dropped":      {own + listing + ", metric_relabel_configs: [{action: labeldrop, regex: 'si.*'}]}\n", "labeldrop takes the label site away", ""},
		"few samples":          {own + listing + ", sample_limit: 100}\n", "sample_limit is 100", ""},
		"a module misspelt":    {own + listing + "}\n" + strings.Replace(written, "[web]", "[wbe]", 1), `it asks for a module "wbe" that is not configured; did you mean web?`, ""},
		"no module":            {own + listing + "}\n" + strings.Replace(written, "params: {module: [web]}, ", "", 1), "it asks for no module", ""},
		"too little time":      {own + listing + "}\n" + strings.Replace(written, "scrape_timeout: 30s", "scrape_timeout: 1s", 1), "scrape_timeout is 1s, which leaves 500ms, and module web needs", ""},
		"less time":            {own + listing + "}\n" + strings.Replace(strings.Replace(written, "scrape_timeout: 30s", "scrape_timeout: 20s", 1), "[web]", "[spare]", 1), "", "so probes of module spare end after 19.5s and not after its timeout of 25s"},
		"a long interval":      {own + listing + "}\n" + strings.Replace(written, "scrape_timeout: 30s", "scrape_timeout: 30s, scrape_interval: 15m", 1), "above 2m0s series come and go", ""},
		"no instance":          {own + listing + "}\n" + strings.Replace(written, "{source_labels: [__param_target], target_label: instance}, ", "", 1), "relabel_configs do not set instance", ""},
		"no service":           {own + listing + "}\n" + strings.Replace(written, "service: mail.contoso.com, ", "", 1), "a group of targets lacks the label service", ""},
		"another via":          {own + listing + "}\n" + strings.Replace(written, "via: balancer", "via: lb", 1), `via is "lb"`, ""},
		"direct without name":  {own + listing + "}\n" + strings.Replace(strings.Replace(written, "via: balancer", "via: direct", 1), "__param_hostname", "__param_host", 1), "do not set __param_hostname", ""},
		"targets elsewhere":    {own + listing + "}\n" + strings.Replace(written, static, "file_sd_configs: [{files: [a.yml]}]", 1), "", "its targets stand elsewhere"},
		"own name for probes":  {strings.Replace(written, "ews_web", "ews_exporter", 1) + listing + "}\n", "this name is for the exporter's own metrics", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Check("prometheus.yml", []byte("scrape_configs:\n"+tt.jobs), ours(t), time.Second/2)
			if tt.problem == "" && len(got.Problems) > 0 || tt.problem != "" && !strings.Contains(got.Problems.Error(), tt.problem) {
				t.Errorf("problems:\n%v\nwant %q", got.Problems, tt.problem)
			}
			if tt.warning == "" && len(got.Warnings) > 0 || tt.warning != "" && !strings.Contains(got.Warnings.Error(), tt.warning) {
				t.Errorf("warnings:\n%v\nwant %q", got.Warnings, tt.warning)
			}
		})
	}
}

// FuzzCheck: whatever the file holds, it is answered, and no password that stands in it is shown.
func FuzzCheck(f *testing.F) {
	f.Add("scrape_configs:\n" + own + listing + "}\n" + written)
	f.Add("scrape_configs: [{job_name: ews_x, basic_auth: {password: *a}}]")
	f.Fuzz(func(t *testing.T, text string) {
		const planted = "hunter2plantedmarker"
		cfg := &config.Config{Services: map[string]*config.Service{}}
		got := Check("p.yml", []byte("remote_write: [{basic_auth: {password: &a "+planted+"}}]\n"+text), cfg, 0)
		if strings.Contains(got.Problems.Error()+got.Warnings.Error(), planted) && !strings.Contains(text, "*a") && !strings.Contains(text, planted) {
			t.Errorf("shown in %v", got)
		}
	})
}
