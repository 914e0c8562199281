package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// serviceFile is a configuration whose service has a Kemp in front of healthy servers.
func serviceFile(t *testing.T) (file, balancer string, servers []string) {
	t.Helper()
	site, lab := simulated(t)
	balancer, servers = address(site, "kemp-rfc2616"), []string{address(site, "healthy"), address(site, "kemp-fixed")}
	return write(t, fmt.Sprintf(`
defaults: {ip_protocol: ip4, tls_config: {ca_file: %s}}
modules:
  quick: %s
  untrusting: %s
services:
  mail: {name: mail.contoso.test, balancers: [%q], servers: [%q, %q], modules: [quick, untrusting]}
policy: {allow: ["service:mail"]}
`, strings.TrimSuffix(lab, "ews_exporter.yml")+"ca.pem", flow(), flow("tls_config: {ca_file: \"\"}"), balancer, servers[0], servers[1])), balancer, servers
}

// TestProbeService: the table comes first, then what it proves, then each thing that is wrong once, with all its places.
func TestProbeService(t *testing.T) {
	t.Parallel()
	file, balancer, servers := serviceFile(t)
	got := execute(t, "", "probe", "--service", "mail", "--config.file="+file)
	if got.code != exitFailed {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	at := 0
	for _, want := range []string{
		"Service mail\n  at  ", "  balancer " + balancer, "  ✗ failed  ✗ failed\n  " + servers[0], "  ✓ works   ✗ failed\n",
		"\nquick: fails through " + balancer + ", works on " + servers[0] + " and " + servers[1] + ": the balancer, a Kemp LoadMaster.\n",
		"\n✗ failed  quick at balancer " + balancer + ": ", "\nAct: ", "\nFirst: ",
		"\n✗ failed  untrusting at balancer " + balancer + ", " + servers[0] + ", " + servers[1] + ": ",
		"\n--verbose has the whole report",
	} {
		i := strings.Index(got.out[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", want, got.out)
		}
		at += i
	}
	verbose := execute(t, "", "probe", "--service", "mail", "--verbose", "--config.file="+file)
	if !strings.HasPrefix(verbose.out, "Service mail\n") || !strings.Contains(verbose.out, "\n━━ quick at "+servers[0]+"\n\n") || len(verbose.out) < 2*len(got.out) {
		t.Errorf("--verbose tells no more:\n%s", verbose.out)
	}
}

// TestProbeServiceForScripts: a line for each cell, or JSON; one module alone, where that is asked for.
func TestProbeServiceForScripts(t *testing.T) {
	t.Parallel()
	file, balancer, servers := serviceFile(t)
	got := execute(t, "", "probe", "--service", "mail", "quick", "--lines", "--config.file="+file)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if got.code != exitFailed || len(lines) != 3 {
		t.Fatalf("exit %d:\n%s%s", got.code, got.out, got.errors)
	}
	for i, want := range []string{"quick\tbalancer\t" + balancer + "\t-\tfailed\t", "quick\tdirect\t" + servers[0] + "\t-\tsucceeded\t", "quick\tdirect\t" + servers[1] + "\t-\tsucceeded\t"} {
		if fields := strings.Split(lines[i], "\t"); !strings.HasPrefix(lines[i], want) || len(fields) != 8 {
			t.Errorf("%q, want %q and so on", lines[i], want)
		}
	}
	var cells []struct {
		Module, Via, Target string
		Result              struct{ Target string }
	}
	out := execute(t, "", "probe", "--service", "mail", "--json", "--config.file="+file).out
	if err := json.Unmarshal([]byte(out), &cells); err != nil || len(cells) != 6 || cells[5].Module != "untrusting" || cells[5].Result.Target != servers[1] {
		t.Errorf("%v, %+v", err, cells)
	}
}

// TestProbeServiceUsage: what does not go together is said, and what is misspelt.
func TestProbeServiceUsage(t *testing.T) {
	t.Parallel()
	file, _, _ := serviceFile(t)
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"a service misspelt": {[]string{"--service=mial"}, "did you mean mail?"},
		"a module misspelt":  {[]string{"--service=mail", "quikc"}, "did you mean quick?"},
		"a target too":       {[]string{"--service=mail", "quick", "ex01"}, "leave TARGET out"},
		"all too":            {[]string{"--service=mail", "--all"}, "leave --all"},
		"lines and JSON":     {[]string{"--service=mail", "--lines", "--json"}, "exclude each other"},
		"lines of one probe": {[]string{"quick", "ex01", "--lines"}, "--lines is for --service"},
		"verbose of one":     {[]string{"quick", "ex01", "--verbose"}, "--verbose is for --all and --service"},
	} {
		got := execute(t, "", append([]string{"probe", "--config.file=" + file}, tt.args...)...)
		if got.code != exitUsage || !strings.Contains(got.errors, tt.says) {
			t.Errorf("%s: exit %d: %s", name, got.code, got.errors)
		}
	}
}

// TestCheckPrometheus: one command says whether the two configurations fit.
func TestCheckPrometheus(t *testing.T) {
	t.Parallel()
	ours := write(t, "site: london\nmodules: {quick: "+flow()+"}\nservices: {mail: {name: mail.contoso.com, modules: [quick]}}\n")
	const fits = "scrape_configs:\n  - {job_name: ews_exporter, static_configs: [{targets: [e], labels: {site: london}}]}\n  - {job_name: ews_services, http_sd_configs: [{url: 'http://e/sd'}]}\n"
	file := write(t, fits)
	if got := execute(t, "", "check", ours, "--prometheus", file); got.code != exitOK || !strings.HasSuffix(got.out, file+": fits\n") {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
	file = write(t, strings.Replace(fits, "ews_services", "services", 1))
	if got := execute(t, "", "check", ours, "--prometheus", file); got.code != exitFailed || !strings.Contains(got.out, file+":3: job services: the rules know jobs by names that begin with ews_") {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
	if got := execute(t, "", "check", ours, "--prometheus", file+"x"); got.code != exitFailed || !strings.Contains(got.out, "cannot be read") {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
}

// TestFolded: what no module makes a difference to is told once for all, and a server that was asked directly gives the advice for
// what it has in common with the balancer.
func TestFolded(t *testing.T) {
	t.Parallel()
	cell := func(module string, way prober.Way, stage failure.Stage, reason string) filled {
		m := &config.Module{Name: module}
		return filled{config.Cell{Module: m, Way: way, Target: "mail"}, &result.Result{Module: module, Name: string(way), Failure: failure.New(stage, reason, "…")}, nil}
	}
	balancer, server := prober.ByBalancer, prober.ByServer
	list := folded([]filled{
		cell("a", balancer, failure.Policy, "denied"), cell("b", balancer, failure.Policy, "denied"), cell("b", server, failure.Policy, "address_denied"),
		cell("a", balancer, failure.Status, "not_there"), cell("a", server, failure.Status, "not_there"), cell("b", balancer, failure.Status, "not_there"),
	})
	var got []string
	for _, one := range list {
		place, _, _ := strings.Cut(one.text, ": ")
		got = append(got, fmt.Sprintf("%s | %s", place, one.first.Name))
	}
	want := []string{
		"✗ failed  a, b at balancer mail | balancer", "✗ failed  b at mail | server",
		"✗ failed  a at balancer mail, mail | server", "✗ failed  b at balancer mail | balancer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
