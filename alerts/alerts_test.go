package alerts

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/declared"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Keep        string            `yaml:"keep_firing_for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// rules reads every rule file.
func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, name := range files(t, "*.rules.yml") {
		var file struct {
			Groups []struct {
				Rules []rule `yaml:"rules"`
			} `yaml:"groups"`
		}
		read(t, name, &file)
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %v", pattern, names, err)
	}
	return names
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	path := servers.Need(t, program)
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput() // #nosec G204 -- the test's own
	if err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}

func TestRulesAreValid(t *testing.T) {
	t.Parallel()
	run(t, "promtool", append([]string{"check", "rules"}, files(t, "*.rules.yml")...)...)
}

func TestRulesFireAsPromised(t *testing.T) {
	t.Parallel()
	for _, name := range files(t, "tests/*.test.yml") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			run(t, "promtool", "test", "rules", name)
		})
	}
}

func TestAlertmanagerExampleIsValid(t *testing.T) {
	t.Parallel()
	run(t, "amtool", "check-config", "alertmanager.example.yml")
}

// Alerts must reach those who can do something.
func TestAlertmanagerExampleRoutes(t *testing.T) {
	t.Parallel()
	for receiver, labels := range map[string][]string{
		"on-call":         {"alertname=EwsBalancerFailing", "severity=critical", "site=hq"},
		"hongkong":        {"alertname=EwsServiceFailing", "severity=critical", "site=hk"},
		"exchange":        {"alertname=EwsProbeIntermittent", "severity=warning", "site=hk"},
		"netops,on-call":  {"alertname=EwsServiceFailing", "severity=critical", "site=hq", "team=netops"},
		"netops,exchange": {"alertname=EwsFinding", "severity=info", "site=hq", "team=netops"},
		"monitoring":      {"alertname=EwsExporterDown", "severity=critical", "site=hq"},
	} {
		args := []string{"config", "routes", "test", "--config.file=alertmanager.example.yml", "--verify.receivers=" + receiver}
		run(t, "amtool", append(args, labels...)...)
	}
}

// Every alert must be seen firing with its texts, and seen silent.
func TestEveryAlertHasTests(t *testing.T) {
	t.Parallel()
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, name := range files(t, "tests/*.test.yml") {
		var file struct {
			Tests []struct {
				Alerts []struct {
					Name string `yaml:"alertname"`
					Exp  []struct {
						Annotations map[string]string `yaml:"exp_annotations"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			} `yaml:"tests"`
		}
		read(t, name, &file)
		for _, test := range file.Tests {
			for _, a := range test.Alerts {
				silent[a.Name] = silent[a.Name] || len(a.Exp) == 0
				for _, e := range a.Exp {
					fires[a.Name] = fires[a.Name] || len(e.Annotations) == 3
				}
			}
		}
	}
	for _, r := range rules(t) {
		if r.Alert != "" && (!fires[r.Alert] || !silent[r.Alert]) {
			t.Errorf("%s: tested firing with its texts: %v, tested silent: %v", r.Alert, fires[r.Alert], silent[r.Alert])
		}
	}
}

var (
	byLabels = regexp.MustCompile(`^\w+ by \(([^)]*)\)`)
	groups   = regexp.MustCompile(`\bby \(([^)]*)\)`)
	metric   = regexp.MustCompile(`\bews:\w+(?::\w+)?`)
	query    = regexp.MustCompile(`(?:printf|query) "((?:\(|max|min|count|sum|ews|probe|1 - |2592000 )[^"\\]*(?:\\.[^"\\]*)*)"`)
	plain    = regexp.MustCompile(`\b(?:probe|ews)_\w+`)
	named    = regexp.MustCompile(`\.Labels\.(\w+)|(?:label|sortByLabel) "(\w+)"`)
	own      = regexp.MustCompile(`\$labels\.(\w+)`)
	maybe    = regexp.MustCompile(`\bor \$labels\.\w+ "\w*"`) // a label that may be missing
)

// recorded gives the labels of every recording rule: those that it aggregates to, and those of the rules it is made of.
func recorded(all []rule) map[string][]string {
	expressions := map[string]string{}
	for _, r := range all {
		if r.Record != "" {
			expressions[r.Record] = r.Expr
		}
	}
	var labels func(expression string) []string
	labels = func(expression string) []string {
		found := kept(expression)
		for _, other := range metric.FindAllString(expression, -1) {
			found = append(found, labels(expressions[other])...)
		}
		return found
	}
	records := map[string][]string{}
	for name, expression := range expressions {
		records[name] = labels(expression)
	}
	return records
}

// kept are the labels of all aggregations of an expression.
func kept(expression string) []string {
	var labels []string
	for _, m := range groups.FindAllStringSubmatch(expression, -1) {
		labels = append(labels, strings.Split(m[1], ", ")...)
	}
	return labels
}

func TestRulesNameWhatIsDeclared(t *testing.T) {
	t.Parallel()
	all := rules(t)
	metrics := declared.Metrics(recorded(all))
	for _, r := range all {
		if r.Record != "" && strings.HasPrefix(r.Expr, "vector(") {
			continue // a constant
		}
		for _, p := range declared.Problems(r.Expr, metrics) {
			t.Errorf("%s%s: %s", r.Alert, r.Record, p)
		}
		for _, text := range r.Annotations {
			for _, q := range query.FindAllStringSubmatch(text, -1) {
				for _, p := range declared.Problems(strings.ReplaceAll(q[1], "%q", `""`), metrics) {
					t.Errorf("%s, in an annotation: %s", r.Alert, p)
				}
			}
		}
	}
}

// A text names labels of the alert, and of what it asks for: no other would show anything.
func TestTextsNameLabelsThatAreThere(t *testing.T) {
	t.Parallel()
	all := rules(t)
	records, metrics := recorded(all), declared.Metrics(nil)
	for _, r := range all {
		for _, text := range r.Annotations {
			for _, m := range own.FindAllStringSubmatch(maybe.ReplaceAllString(text, ""), -1) {
				if !slices.Contains(kept(byLabels.FindString(r.Expr)), m[1]) {
					t.Errorf("%s names $labels.%s, which it does not have", r.Alert, m[1])
				}
			}
			var asked []string
			for _, q := range query.FindAllStringSubmatch(text, -1) {
				asked = append(asked, kept(q[1])...)
				if len(kept(q[1])) == 0 {
					asked = append(asked, metrics[plain.FindString(q[1])]...)
				}
				if name := metric.FindString(q[1]); strings.HasPrefix(q[1], "ews:") {
					asked = append(append(asked, records[name]...), declared.ScrapeLabels...)
				}
			}
			for _, m := range named.FindAllStringSubmatch(text, -1) {
				if label := m[1] + m[2]; !slices.Contains(asked, label) {
					t.Errorf("%s names the label %s, and asks for %q", r.Alert, label, asked)
				}
			}
		}
	}
}

// for counts from anew when a label changes, and a label of a replica would page twice: so alerts are aggregated to the
// scrape labels, and to what does not change while the fault lasts.
func TestAlertsHaveStableLabels(t *testing.T) {
	t.Parallel()
	stable := []string{"site", "service", "via", "instance", "module", "auth", "code"}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		m := byLabels.FindStringSubmatch(r.Expr)
		if m == nil {
			t.Errorf("%s does not begin by aggregating: %s", r.Alert, r.Expr)
			continue
		}
		for _, l := range strings.Split(m[1], ", ") {
			if !slices.Contains(stable, l) {
				t.Errorf("%s keeps the label %s", r.Alert, l)
			}
		}
	}
}

// Whose box it is, is what people ask first: who answered, or who acts. Of the exporter, and of a metric that says it all, there
// is no answer.
func TestAlertsTellWhose(t *testing.T) {
	t.Parallel()
	for _, r := range rules(t) {
		about := plain.FindString(r.Expr)
		if r.Alert == "" || !strings.HasPrefix(about, "probe_") || strings.Contains(about, "_expiry") {
			continue
		}
		if d := r.Annotations["description"]; !strings.Contains(d, ".Labels.origin") && !strings.Contains(d, ".Labels.owner") {
			t.Errorf("%s does not say whose it is", r.Alert)
		}
	}
}

// An expression that joined what metrics say in words would die where two exporters say it, or say it differently. And past the
// balancer nobody is told to look there, or to ask past it.
func TestTextsLookUpWhatToDo(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`{{ else }}([^{]*){{ end }}$`)
	elsewhere := regexp.MustCompile(`directly|in front|load balancer`)
	recordings := map[string]string{}
	for _, r := range rules(t) {
		recordings[r.Record] = r.Expr
	}
	for _, r := range rules(t) {
		if strings.Contains(r.Expr, "probe_fault_info") || strings.Contains(r.Expr, "_advice_info") {
			t.Errorf("%s%s joins words: %s", r.Alert, r.Record, r.Expr)
		}
		_, first, found := strings.Cut(r.Annotations["description"], "First: ")
		if !found || !slices.Contains(kept(byLabels.FindString(r.Expr)), "via") || strings.Contains(r.Expr, "up{") || strings.Contains(r.Expr, "_slow:") {
			continue // about scrapes, or about times, of which no advice tells
		}
		if !strings.Contains(first, "$first") {
			t.Errorf("%s does not look up what to do first: %s", r.Alert, first)
		}
		own := words.FindStringSubmatch(first)
		if strings.Contains(r.Expr+recordings[metric.FindString(r.Expr)], `via!="direct"`) || strings.Contains(first, `eq $labels.via "direct"`) {
			continue
		}
		if own == nil || elsewhere.MatchString(own[1]) {
			t.Errorf("%s says the same where a server is asked directly: %s", r.Alert, first)
		}
	}
}

func TestAlertsTellWhatToDo(t *testing.T) {
	t.Parallel()
	const base = "https://github.com/ews-exporter/ews_exporter/blob/main/docs/"
	page, err := os.ReadFile("../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		for _, severity := range r.severities() {
			if !slices.Contains([]string{"critical", "warning", "info"}, severity) {
				t.Errorf("%s has severity %q", r.Alert, severity)
			}
		}
		if d := r.Annotations["description"]; !strings.Contains(d, "First: ") {
			t.Errorf("%s does not say what to do first: %s", r.Alert, d)
		}
		path, ok := strings.CutPrefix(r.Annotations["runbook_url"], base)
		if !ok {
			t.Errorf("%s: runbook_url is %q", r.Alert, r.Annotations["runbook_url"])
		}
		if _, err := os.Stat("../docs/" + path); err != nil && !strings.Contains(path, "{{") && path != "alerts.md#"+strings.ToLower(r.Alert) {
			t.Errorf("%s: there is no page %s", r.Alert, path)
		}
		if section := "\n### " + r.Alert + "\n\n" + r.times() + "\n"; !strings.Contains(string(page), section) {
			t.Errorf("docs/alerts.md has no section that begins%s", section)
		}
	}
}

// The page says how to change the objective, by the constants that are there.
func TestObjectiveIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for _, r := range rules(t) {
		value, ok := strings.CutPrefix(r.Expr, "vector(")
		if !ok {
			continue
		}
		constants++
		line := regexp.MustCompile(regexp.QuoteMeta(r.Record) + ` +` + regexp.QuoteMeta(strings.TrimSuffix(value, ")")) + ` `)
		if !line.Match(page) {
			t.Errorf("docs/alerts.md does not have %s as %s", r.Record, value)
		}
	}
	if constants != 3 {
		t.Errorf("the page tells of three constants, there are %d", constants)
	}
}

var severity = regexp.MustCompile(`\$severity :?= "(\w+)"`)

// severities are those that the alert may have: one, or what its label is looked up to be.
func (r rule) severities() []string {
	looked := severity.FindAllStringSubmatch(r.Labels["severity"], -1)
	if looked == nil {
		return []string{r.Labels["severity"]}
	}
	var all []string
	for _, m := range looked {
		all = append(all, m[1])
	}
	return all
}

// alwaysUrgent is an urgency that is not looked up.
var alwaysUrgent = regexp.MustCompile(`Urgency: (\w[^.]*)\.`)

// lasts is a duration of a rule; none is 0.
func lasts(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(cmp.Or(text, "0s"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The label severity and the urgency in the text go by the same faults: whichever alert tells of one is looked up, unless it never is
// critical. Where it turns, the alert before goes on for longer than the one that begins has to wait. And Alertmanager's example has each
// such alert where it names those that may be a warning too.
func TestSeverityFollowsUrgency(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("alertmanager.example.yml")
	if err != nil {
		t.Fatal(err)
	}
	lists := regexp.MustCompile(`"Ews\(([\w|]*BalancerFailing[\w|]*)\)"`).FindAllSubmatch(example, -1)
	if len(lists) != 3 {
		t.Fatalf("the example names those alerts %d times, want 3", len(lists))
	}
	for _, r := range rules(t) {
		tells, both := strings.Contains(r.Annotations["description"], "Urgency: {{"), slices.Equal(r.severities(), []string{"critical", "warning"})
		if critical := r.severities()[0] == "critical"; critical && tells != both {
			t.Errorf("%s tells of urgency: %v; its severity is one of %q", r.Alert, tells, r.severities())
		}
		if fixed := alwaysUrgent.FindStringSubmatch(r.Annotations["description"]); fixed != nil && (fixed[1] == "now") != (r.Labels["severity"] == "critical") {
			t.Errorf("%s, which is %s, says that it is urgent: %s", r.Alert, r.Labels["severity"], fixed[1])
		}
		if wait, keep := lasts(t, r.For), lasts(t, r.Keep); both && keep <= wait {
			t.Errorf("%s waits for %v, and goes on for %v: where its severity turns, it is told nothing of meanwhile", r.Alert, wait, keep)
		}
		for _, list := range lists {
			if both && !slices.Contains(strings.Split(string(list[1]), "|"), strings.TrimPrefix(r.Alert, "Ews")) {
				t.Errorf("the example does not name %s in %s", r.Alert, list[1])
			}
		}
	}
}

// times is the line of docs/alerts.md that says when an alert fires and for how long it is kept.
func (r rule) times() string {
	text := "**" + strings.Join(r.severities(), "** or **") + "**, after " + cmp.Or(r.For, "no wait")
	if r.Keep != "" {
		text += "; kept for " + r.Keep
	}
	return text + "."
}

// Every code that rules name is a finding, and every warning leads to an alert: its own, or EwsFinding.
func TestRulesNameFindings(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, d := range probes.All() {
		for _, f := range d.Findings {
			known[f.Code] = true
			if f.Severity != result.Error && f.Severity != result.Warning && f.Severity != result.Info {
				t.Errorf("%s has severity %s", f.Code, f.Severity)
			}
		}
	}
	codes := regexp.MustCompile(`(?:probe_finding|ews:findings:count1h)\{[^}]*code(?:=|=~|!~)"([^"]+)"`)
	for _, r := range rules(t) {
		for _, m := range codes.FindAllStringSubmatch(r.Expr, -1) {
			for _, code := range strings.Split(m[1], "|") {
				if !known[code] {
					t.Errorf("%s%s names %s, which is no finding", r.Alert, r.Record, code)
				}
			}
		}
	}
}
