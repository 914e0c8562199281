package declared

import "testing"

func TestProblems(t *testing.T) {
	t.Parallel()
	metrics := Metrics(map[string][]string{"ews:failing": nil})
	for name, test := range map[string]struct {
		expression string
		problems   int
	}{
		"declared":                   {`max by (site, code) (probe_finding{code="x", via!="direct"}) > 0`, 0},
		"recorded":                   {`ews:failing{via="direct"} == 1`, 0},
		"text in quotes is no label": {`probe_finding{code="{nonsense=1}"}`, 0},
		"the histogram":              {`sum by (le) (rate(ews_exporter_probe_duration_seconds_bucket[5m]))`, 0},
		"made label":                 {`max by (check) (label_replace(probe_finding{code="x"} > bool 0, "check", "$1", "code", "(.+)"))`, 0},
		"unknown made label":         {`max by (chick) (label_replace(probe_finding, "check", "$1", "code", "(.+)"))`, 1},
		"unknown metric":             {`probe_nonsense > 0`, 1},
		"unknown label":              {`probe_finding{stage="tls"}`, 1},
		"unknown group":              {`max by (stage) (probe_finding)`, 1},
		"no metric":                  {`vector(1)`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Problems(test.expression, metrics); len(got) != test.problems {
				t.Errorf("%s: %q, want %d problems", test.expression, got, test.problems)
			}
		})
	}
}
