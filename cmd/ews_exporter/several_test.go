package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestProbeDirect: one command, and one sentence that says which box it is.
func TestProbeDirect(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	balancer, server := address(site, "kemp-rfc2616"), address(site, "healthy")
	got := execute(t, "", "probe", quick, balancer, "--direct", server, "--hostname=mail.contoso.test", "--config.file="+file)
	if got.code != exitFailed {
		t.Errorf("exit %d, want %d: %s", got.code, exitFailed, got.errors)
	}
	for _, want := range []string{
		"Fails through " + balancer + ", works on " + server + ": the balancer, a Kemp LoadMaster.\n",
		"through: " + balancer, "directly: " + server, "✗ failed (status: late_body_rejected)", "error late_body_rejected: ",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	if got := execute(t, "", "probe", quick, server, "--direct="+address(site, "kemp-fixed"), "--config.file="+file); got.code != exitOK || !strings.HasPrefix(got.out, "Works through ") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.errors)
	}
}

// TestNothingTested: where the body was never asked for, or the server does not serve the request, nothing "works", and
// the exit code says so.
func TestNothingTested(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	for scenario, want := range map[string]string{
		"early-401": "Not tested", "ews-not-exchange": "Not decided",
	} {
		at := address(site, scenario)
		config := "--config.file=" + several(t, file)
		one := execute(t, "", "probe", "a_good", at, config)
		two := execute(t, "", "probe", "a_good", at, "--direct="+strings.Replace(at, "127.0.0.1", "localhost", 1), "--hostname=mail.contoso.test", config)
		all := execute(t, "", "probe", "--all", at, config)
		if one.code != exitOpen || two.code != exitOpen {
			t.Errorf("%s: exit %d and %d: %s%s", scenario, one.code, two.code, one.errors, two.errors)
		}
		for text, begin := range map[string]string{one.out: want + ": ", two.out: want + " through "} {
			if !strings.HasPrefix(text, begin) {
				t.Errorf("%s: %q is not the beginning of\n%s", scenario, begin, text)
			}
		}
		if !regexp.MustCompile(`a_good +\? ` + strings.ToLower(want) + ` `).MatchString(all.out) {
			t.Errorf("%s: %q is missing in\n%s", scenario, want, all.out)
		}
	}
}

func TestProbeDirectJSON(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	got := execute(t, "", "probe", quick, address(site, "kemp-rfc2616"), "--direct", address(site, "healthy"), "--json", "--config.file="+file)
	var decoded struct {
		Sentence string
		Results  []struct{ Target string }
	}
	if err := json.Unmarshal([]byte(got.out), &decoded); err != nil || len(decoded.Results) != 2 || !strings.Contains(decoded.Sentence, "the balancer") {
		t.Errorf("%v, %+v\n%s", err, decoded, got.out)
	}
}

// several is a configuration of modules that work, fail, and may not be run.
func several(t *testing.T, file string) string {
	t.Helper()
	ca := strings.TrimSuffix(file, "ews_exporter.yml") + "ca.pem"
	return write(t, `
auths:
  elsewhere: {username: u, password: p, schemes: [basic], targets: [mail.contoso.com]}
modules:
  a_good: `+flow("ip_protocol: ip4", "tls_config: {ca_file: "+ca+"}")+`
  b_untrusting: `+flow("ip_protocol: ip4")+`
  c_denied: `+flow("auth: elsewhere")+`
policy: {allow: [127.0.0.0/8]}
`)
}

// TestProbeAll runs all that may be run, sums up first, and tells all about what is not well alone.
func TestProbeAll(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	file = several(t, file)
	target := address(site, "healthy")
	got := execute(t, "", "probe", "--all", target, "--config.file="+file)
	if got.code != exitFailed {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	for _, want := range []string{
		`(?s)^Summary of ` + regexp.QuoteMeta(target) + `\n.*━━ b_untrusting\n\nFailed after `, `a_good +✓ works`,
		`b_untrusting +✗ failed +[0-9.]+ s +exporter or certificate +.*certificate.*`, `c_denied +– not probed +.*add it to targets of auth "[a-z]+" \(which lists .*\)\n`,
	} {
		if !regexp.MustCompile(want).MatchString(got.out) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	if strings.Contains(got.out, "━━ a_good") {
		t.Errorf("what is well is told at length:\n%s", got.out)
	}
	asJSON := execute(t, "", "probe", "--all", target, "--json", "--config.file="+file)
	var decoded survey
	if err := json.Unmarshal([]byte(asJSON.out), &decoded); err != nil || len(decoded.Results) != 2 || decoded.Refused["c_denied"] == "" {
		t.Errorf("%v\n%s", err, asJSON.out)
	}
	if got := execute(t, "", "probe", "--all", "169.254.1.1", "--config.file="+file); got.code != exitUsage || !strings.Contains(got.errors, "no module") {
		t.Errorf("nothing was probed: exit %d: %s", got.code, got.errors)
	}
}

// TestProbeAllDirect: one table says of each module which way it works, and below it is all about those that do not.
func TestProbeAllDirect(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	file = several(t, file)
	balancer, server := address(site, "kemp-rfc2616"), address(site, "healthy")
	args := []string{"probe", "--all", balancer, "--direct=" + server, "--hostname=mail.contoso.test", "--config.file=" + file}
	got := execute(t, "", args...)
	if got.code != exitFailed {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	for _, want := range []string{
		`(?s)^Summary of ` + regexp.QuoteMeta(balancer) + `\n +module +through: \S+ +directly: ` + regexp.QuoteMeta(server) + ` +what that says\n`,
		`a_good +✗ failed +✓ works +fails through .*, works on .*: the balancer, a Kemp LoadMaster\n`,
		`b_untrusting +✗ failed +✗ failed +fails through`, `c_denied +– not probed +.*add it to targets of auth`, `━━ a_good\n\nFails through `, `Side by side`,
	} {
		if !regexp.MustCompile(want).MatchString(got.out) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	asJSON := execute(t, "", append(args, "--json")...)
	var decoded survey
	if err := json.Unmarshal([]byte(asJSON.out), &decoded); err != nil || len(decoded.Comparisons) != 2 || len(decoded.Comparisons["a_good"].Results) != 2 || decoded.Refused["c_denied"] == "" {
		t.Errorf("%v\n%s", err, asJSON.out)
	}
	if got := execute(t, "", "probe", "--all", balancer, "--direct=e x", "--config.file="+file); got.code != exitUsage || !strings.Contains(got.errors, "no module") {
		t.Errorf("nothing was probed: exit %d: %s", got.code, got.errors)
	}
}

func TestProbeArguments(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"leave MODULE out": {"probe", "--all", "m", "x"},
		"not provided":     {"probe", "--all"},
		"TARGET":           {"probe", "m"},
		"MODULE":           {"probe"},
		"no server":        {"probe", example.Name, "192.0.2.1", "--direct=,"},
	} {
		if got := execute(t, "", args...); got.code != exitUsage || !strings.Contains(got.errors, says) {
			t.Errorf("%v: exit %d, want %q in %s", args, got.code, says, got.errors)
		}
	}
}
