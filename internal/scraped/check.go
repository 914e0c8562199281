package scraped

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// ownJob is the job of the exporter's own metrics, and probeJobs begin all others: the rules know them by that.
const (
	ownJob    = "ews_exporter"
	probeJobs = "ews_"
)

// needed are the labels that rules and dashboards rely on.
var needed = []string{"instance", "module", "service", "via", "site"}

const (
	// maxSeries is how many series a probe has at most.
	maxSeries = 500
	// longest is the longest interval at which a series does not come and go: Prometheus forgets one after five minutes, and one
	// scrape of two may fail.
	longest = 2 * time.Minute
)

// ownJob looks at the job of the exporter's own metrics.
func (c *checker) ownJob() {
	if strings.HasSuffix(c.job.Path, "/probe") {
		c.problem("this name is for the exporter's own metrics, and the job asks for probes; call it ews_ and something else")
		return
	}
	for _, g := range c.job.Static {
		if got := g.Labels["site"]; got != c.ours.Site && (c.ours.Site != "" || len(c.ours.Services) > 0) {
			c.problem("its label site is %q, and the exporter's is %q: what /sd lists would not be known as this exporter's; write the same in both", got, c.ours.Site)
		}
	}
}

// discovering looks at a job that asks /sd: the exporter says all, so nothing may change it.
func (c *checker) discovering() {
	c.named()
	for _, sd := range c.job.HTTP {
		if sd.ours() {
			c.asks(sd.URL)
		}
	}
	for _, param := range slices.Sorted(maps.Keys(c.job.Params)) {
		if slices.Contains([]string{"module", "target", "hostname", "mailbox"}, param) {
			c.problem("params has %s, which would take the place of what /sd says for each target; take it out", param)
		}
	}
	for _, r := range c.job.Relabel {
		if own := r.Target; slices.Contains(needed, own) || strings.HasPrefix(own, "__") && !strings.HasPrefix(own, "__tmp") {
			c.problem("relabel_configs set %s, which /sd has said; take that out", own)
		}
	}
	c.keeps()
}

// asks reads for what the list is asked, and notes the services.
func (c *checker) asks(text string) {
	u, err := url.Parse(text)
	if err != nil {
		c.problem("the URL of http_sd_configs is malformed")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(u.Query())) {
		if key != "service" && key != "module" {
			c.problem("the URL of http_sd_configs has the parameter %q, and /sd knows service and module", key)
		}
	}
	if module := u.Query().Get("module"); module != "" && c.ours.Modules[module] == nil {
		c.problem("/sd is asked for a module %q that is not configured; %s", module, suggest.Hint(module, slices.Collect(maps.Keys(c.ours.Modules))))
	}
	wanted, known := u.Query().Get("service"), false
	for key, s := range c.ours.Services {
		if wanted == "" || wanted == key || wanted == s.Name {
			known = true
			c.note(key, u.Query().Get("module"))
		}
	}
	if !known && wanted != "" {
		c.problem("/sd is asked for a service %q that is not configured; %s", wanted, suggest.Hint(wanted, slices.Collect(maps.Keys(c.ours.Services))))
	}
}

// note remembers that this job asks for a service; for one module of it, or for all.
func (c *checker) note(service, module string) {
	for _, m := range c.ours.Services[service].Modules {
		if module == "" || m == module {
			c.asked[service+"\x00"+m] = append(c.asked[service+"\x00"+m], c.job.Name)
		}
	}
}

// coverage looks whether each module of each service is asked for once.
func (c *checker) coverage() {
	if len(c.asked) == 0 && c.written && len(c.ours.Services) > 0 {
		c.warning("no job asks /sd, so of what the services list only that is probed which jobs here name")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(c.ours.Services)) {
		var missing, twice []string
		for _, m := range c.ours.Services[key].Modules {
			switch jobs := c.asked[key+"\x00"+m]; {
			case len(jobs) == 0:
				missing = append(missing, m)
			case len(jobs) > 1:
				twice = append(twice, m+" by "+strings.Join(jobs, " and "))
			}
		}
		switch {
		case len(missing) > 0 && len(missing) == len(c.ours.Services[key].Modules):
			c.problem("no job asks /sd for the service %s, so nobody probes it; add http_sd_configs with the exporter's /sd", key)
		case len(missing) > 0:
			c.problem("no job asks /sd for these modules of the service %s: %s", key, strings.Join(missing, ", "))
		}
		if len(twice) > 0 {
			c.problem("several jobs ask for the same of the service %s: %s; each probe would be made twice", key, strings.Join(twice, ", "))
		}
	}
}

// named looks at the job's name.
func (c *checker) named() {
	if !strings.HasPrefix(c.job.Name, probeJobs) {
		c.problem("the rules know jobs by names that begin with %s; call it so", probeJobs)
	}
}

// keeps looks whether all series arrive, with the labels that they need.
func (c *checker) keeps() {
	if n := c.job.SampleLimit; n > 0 && n < maxSeries {
		c.problem("sample_limit is %d, and a probe may have %d series: Prometheus would throw the whole scrape away", n, maxSeries)
	}
	for _, r := range slices.Concat(c.job.Relabel, c.job.MetricRelabel) {
		regex, err := regexp.Compile("^(?:" + r.Regex + ")$")
		if err != nil || r.Action != "labeldrop" && r.Action != "labelkeep" {
			continue
		}
		for _, label := range needed {
			if regex.MatchString(label) == (r.Action == "labeldrop") {
				c.problem("%s takes the label %s away, on which rules and dashboards rely", r.Action, label)
			}
		}
	}
}

// probing looks at a job that has its targets from elsewhere.
func (c *checker) probing() {
	c.written = true
	c.named()
	c.keeps()
	for _, name := range c.job.Params["module"] {
		if m := c.ours.Modules[name]; m != nil {
			c.times(m)
		} else {
			c.problem("it asks for a module %q that is not configured; %s", name, suggest.Hint(name, slices.Collect(maps.Keys(c.ours.Modules))))
		}
	}
	if len(c.job.Params["module"]) == 0 && !c.job.sets("__param_module") {
		c.problem("it asks for no module: params: {module: [MODULE]}")
	}
	for _, label := range []string{"__param_target", "instance", "module", "__address__"} {
		if !c.job.sets(label) && !c.job.has(label) {
			c.problem("relabel_configs do not set %s; the example of a scrape configuration shows how", label)
		}
	}
	c.labels()
}

// times holds a module's time limit against that of the scrape.
func (c *checker) times(m *config.Module) {
	interval, timeout := time.Duration(c.job.Interval), time.Duration(c.job.Timeout)
	left := timeout - c.offset
	switch {
	case m.Settings != nil && left < m.Settings.Need():
		c.problem("scrape_timeout is %s, which leaves %s, and module %s needs %s", c.job.Timeout, left, m.Name, m.Settings.Need())
	case left+time.Second < m.Timeout: // less is what every scrape keeps back for the answer
		c.warning("scrape_timeout is %s, so probes of module %s end after %s and not after its timeout of %s", c.job.Timeout, m.Name, left, m.Timeout)
	}
	if interval > longest {
		c.problem("scrape_interval is %s, and above %s series come and go; leave that to the module's min_interval", c.job.Interval, longest)
	}
}

// labels looks at those that the targets bring along, as far as they stand in this file.
func (c *checker) labels() {
	for _, g := range c.job.Static {
		for _, label := range []string{"service", "via", "site"} {
			if g.Labels[label] == "" && !c.job.sets(label) {
				c.problem("a group of targets lacks the label %s", label)
			}
		}
		via := g.Labels["via"]
		if via != "" && via != "balancer" && via != "direct" {
			c.problem("via is %q, and rules know balancer and direct", via)
		}
		if via == "direct" && !c.job.sets("__param_hostname") {
			c.problem("servers are asked directly without the service's name: relabel_configs do not set __param_hostname")
		}
	}
	if len(c.job.Files) > 0 || len(c.job.HTTP) > 0 {
		c.warning("its targets stand elsewhere, so their labels service, via and site were not looked at")
	}
}

// sets tells whether relabelling sets the label.
func (j *job) sets(label string) bool {
	return slices.ContainsFunc(j.Relabel, func(r relabel) bool { return r.Target == label })
}

// has tells whether all groups of targets bring the label along.
func (j *job) has(label string) bool {
	return len(j.Static) > 0 && !slices.ContainsFunc(j.Static, func(g group) bool { return g.Labels[label] == "" })
}
