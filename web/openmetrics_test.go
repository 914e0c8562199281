package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// whatPrometheusAccepts is the head field of Prometheus 2: OpenMetrics before the older text.
const whatPrometheusAccepts = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// TestOpenMetrics: who asks for OpenMetrics gets it, with an end that shows that nothing is missing, and the same samples as
// everybody else.
func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, path := range []string{probePath, "/metrics"} {
		open, body := e.ask(t, http.MethodGet, path, "Accept", whatPrometheusAccepts)
		if got := open.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text; version=1.0.0") {
			t.Errorf("%s: Content-Type %q", path, got)
		}
		if !strings.HasSuffix(body, "\n# EOF\n") || strings.Count(body, "# EOF") != 1 {
			t.Errorf("%s: it does not end as OpenMetrics does:\n%s", path, body)
		}
		plain, text := e.ask(t, http.MethodGet, path)
		if got := plain.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") || strings.Contains(text, "# EOF") {
			t.Errorf("%s: without being asked for it is %q", path, got)
		}
		if got, want := series(t, body), series(t, text); len(want) == 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: the series are\n%s\n, and in the older text\n%s", path, got, want)
		}
	}
}

var bucket = regexp.MustCompile(`le="([^"]+)"`)

// series are names and labels of all samples; bounds of buckets have a form of their own in OpenMetrics.
func series(t *testing.T, exposition string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndex(line, "} "); i >= 0 {
			name, value, found = line[:i+1], strings.TrimSpace(line[i+2:]), true
		}
		if _, err := strconv.ParseFloat(value, 64); !found || err != nil {
			t.Errorf("this is no sample: %s", line)
		}
		all = append(all, bucket.ReplaceAllStringFunc(name, func(le string) string { return strings.Replace(le, `.0"`, `"`, 1) }))
	}
	return all
}
