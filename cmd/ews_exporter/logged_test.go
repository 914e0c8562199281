package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestLoggedProbes: the log is told of the probes that were asked for, in one line each.
func TestLoggedProbes(t *testing.T) {
	t.Parallel()
	site, file := simulated(t, "healthy", "kemp-rfc2616")
	level := regexp.MustCompile(`level=(\w+) msg="Probe (\w+)"`)
	for name, test := range map[string]struct {
		flags []string
		want  string // levels and messages, in order
	}{
		"by default":       {nil, ""},
		"failed ones":      {[]string{"--log.probes=failed"}, "info failed"},
		"all":              {[]string{"--log.probes=all"}, "info succeeded, info failed"},
		"none":             {[]string{"--log.probes=none"}, ""},
		"at debug":         {[]string{"--log.level=debug"}, "debug succeeded, debug failed"},
		"failed, at debug": {[]string{"--log.probes=failed", "--log.level=debug"}, "debug succeeded, info failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, append(test.flags, "--web.listen-address=127.0.0.1:0", "--config.file="+file)...)
			for _, scenario := range []string{"healthy", "kemp-rfc2616"} {
				get(t, r.url(t)+"/probe?module="+quick+"&target="+address(site, scenario))
			}
			var got []string
			for _, m := range level.FindAllStringSubmatch(r.errors.String(), -1) {
				got = append(got, m[1]+" "+m[2])
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("it logs %q, want %q:\n%s", got, test.want, &r.errors)
			}
		})
	}
}

// TestALoggedFailure: the line says why, who acts, and where the report is.
func TestALoggedFailure(t *testing.T) {
	t.Parallel()
	site, file := simulated(t, "kemp-rfc2616")
	target := address(site, "kemp-rfc2616")
	for name, test := range map[string]struct {
		flags        []string
		says, hushes string
	}{
		"with reports":    {nil, "report=/report/", "\n\n"},
		"without reports": {[]string{"--web.disable-report"}, "target=" + target, "report="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, append(test.flags, "--log.probes=failed", "--web.listen-address=127.0.0.1:0", "--config.file="+file)...)
			get(t, r.url(t)+"/probe?module="+quick+"&target="+target)
			line := r.errors.await(t, `(?m)^(.* msg="Probe failed" .*)$`)
			for _, want := range []string{"module=" + quick, "target=" + target, "duration_seconds=", "stage=", "reason=", "error=", "owner=", "certainty=", "advice=", test.says} {
				if !strings.Contains(line, want) {
					t.Errorf("it lacks %q: %s", want, line)
				}
			}
			if strings.Contains(line, test.hushes) {
				t.Errorf("it has %q: %s", test.hushes, line)
			}
		})
	}
}
