package delivery

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestFaster(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"a rule's":             {"for: 5m", "for: 10s"},
		"kept":                 {"keep_firing_for: 1h", "keep_firing_for: 2m"},
		"below a second":       {"group_wait: 15s", "group_wait: 500ms"},
		"none":                 {"for: 0s", "for: 0s"},
		"a range":              {"expr: rate(a[5m]) > 2", "expr: rate(a[10s]) > 2"},
		"two units":            {"expr: rate(a[1h30m])", "expr: rate(a[3m])"},
		"a subquery":           {"expr: max_over_time(a[1d:5m])", "expr: max_over_time(a[48m:10s])"},
		"a subquery's default": {"expr: max_over_time(a[1h:])", "expr: 'max_over_time(a[2m:])'"},
		"an offset":            {"expr: a offset 1h", "expr: a offset 2m"},
		"an annotation":        {"description: '{{ query \"max(rate(a[15m]))\" }} in 15m'", "description: '{{ query \"max(rate(a[30s]))\" }} in 15m'"},
		"no window":            {"expr: a{b=~\"[0-9]m\"} * 86400", "expr: a{b=~\"[0-9]m\"} * 86400"},
		"a label":              {"labels: {severity: 5m}", "labels: {severity: 5m}"},
		"in a list":            {"groups: [{interval: 1m, rules: [{for: 1d}]}]", "groups: [{interval: 2s, rules: [{for: 48m}]}]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := faster([]byte(test.text), 30)
			if err != nil {
				t.Fatal(err)
			}
			var g, w any
			if err := yaml.Unmarshal(got, &g); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(test.want), &w); err != nil {
				t.Fatal(err)
			}
			if g, w := marshal(t, g), marshal(t, w); g != w {
				t.Errorf("got %s, want %s", g, w)
			}
		})
	}
	for _, broken := range []string{"for: soon", "\tno: yaml", "expr: rate(a[5parsecs])"} {
		if text, err := faster([]byte(broken), 2); err == nil {
			t.Errorf("%q gives %s", broken, text)
		}
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestText: who and what to do stand on lines of their own, and no line is longer than a terminal is wide, unless it is to be pasted.
func TestText(t *testing.T) {
	t.Parallel()
	alert := Alert{Status: "firing", Labels: map[string]string{"alertname": "A", "severity": "critical"}, Annotations: map[string]string{
		"summary": "mail fails", "description": strings.Repeat("word ", 50) + "First: mend it:\n    ask \"two  blanks\"", "runbook_url": "https://example.test/",
	}}
	text := alert.Text()
	for _, want := range []string{"FIRING  critical  A\n\n  mail fails\n\n  word", "\n\n  What to do first: mend it:\n      ask \"two  blanks\"\n\n  More: https://example.test/"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if len(strings.TrimSuffix(line, "\n")) > width {
			t.Errorf("%q is too long", line)
		}
	}
	alert.Status = "resolved"
	if text := alert.Text(); text != "RESOLVED  critical  A\n\n  mail fails" {
		t.Errorf("resolved: %q", text)
	}
}
