package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// fakeProber answers every request with the same, and remembers the last request.
type fakeProber struct {
	mu     sync.Mutex
	last   runner.Request
	answer runner.Answer
	by     map[string]*result.Result // by target, where answer is not for all
	err    error
}

func (p *fakeProber) Probe(_ context.Context, req runner.Request) (runner.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = req
	if r := p.by[req.Target]; r != nil {
		return runner.Answer{Result: r}, p.err
	}
	return p.answer, p.err
}

// exporter is the handlers on a real listener, over a fake prober.
type exporter struct {
	*httptest.Server
	prober *fakeProber
	recent *Recent
	self   *collector.Self
}

func start(t testing.TB, change ...func(*Options)) *exporter {
	t.Helper()
	e := &exporter{
		prober: &fakeProber{answer: runner.Answer{Result: examples.Kemp()}},
		recent: &Recent{},
		self:   collector.NewSelf(func() map[string]bool { return nil }, func() map[string]bool { return nil }, runner.BadRequest),
	}
	o := Options{
		Prober: e.prober, Self: e.self, Recent: e.recent, Version: "1.2.3",
		Findings: fstest.MapFS{
			"findings/late_body_rejected.md": {Data: []byte("<!-- Written from there. -->\n\n# late\n<script>alert(1)</script>\n" +
				"## The fix\n### Kemp LoadMaster\nturn *it* off\n### Any other box\nlook into it\n## Verify\n")},
		},
		Probers: []prober.Definition{
			{Name: "dialogue", Findings: []prober.Finding{
				{Code: "continue_late", Severity: result.Warning, Summary: "It comes `late`."},
				{Code: "late_body_rejected", Severity: result.Error, Summary: "A box took the body for a request."},
				prober.FindingAnsweredByMiddlebox,
			}},
			{Name: "look_up", Findings: []prober.Finding{prober.FindingAnsweredByMiddlebox}},
		},
		Log:           slog.New(slog.DiscardHandler),
		Modules:       func() []string { return []string{"dialogue"} },
		Redacted:      func(module string) string { return "redacted: " + module + "\n" },
		Reload:        func() error { return nil },
		Ready:         func() bool { return true },
		TimeoutOffset: 500 * time.Millisecond,
	}
	for _, c := range change {
		c(&o)
	}
	e.Server = httptest.NewServer(New(o))
	t.Cleanup(e.Close)
	return e
}

// ask sends a request; headers are pairs of name and value.
func (e *exporter) ask(t *testing.T, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	response, err := e.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const probePath = "/probe?module=dialogue&target=mail.contoso.com"

func TestProbe(t *testing.T) {
	t.Parallel()
	e := start(t)
	response, body := e.ask(t, "GET", probePath+"&auth=monitor&hostname=mail.fabrikam.com", scrapeLimitHeader, "10")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "probe_success 0\n") ||
		!strings.Contains(body, `probe_dialogue_outcome{outcome="ignored_then_error"} 1`) {
		t.Errorf("a failed target is a successful scrape, got %s\n%s", response.Status, body)
	}
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("Content-Type %q", got)
	}
	want := runner.Request{
		Module: "dialogue", Target: "mail.contoso.com", Auth: "monitor", Hostname: "mail.fabrikam.com",
		Limit: 9500 * time.Millisecond,
	}
	if e.prober.last != want {
		t.Errorf("asked for %+v, want %+v", e.prober.last, want)
	}
	if response, _ := e.ask(t, "GET", probePath, "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"); !strings.Contains(response.Header.Get("Content-Type"), "protobuf") {
		t.Errorf("the format is negotiated, got %q", response.Header.Get("Content-Type"))
	}
	if e.prober.last.Limit != 0 {
		t.Errorf("without the header the module's timeout is the limit, got %s", e.prober.last.Limit)
	}
}

func TestProbeRefusesBadRequests(t *testing.T) {
	t.Parallel()
	e := start(t)
	for name, test := range map[string]struct {
		path    string
		headers []string
		status  int
		says    string
	}{
		"no module":            {"/probe?target=x", nil, 400, `"module" is missing`},
		"no target":            {"/probe?module=x", nil, 400, `"target" is missing`},
		"empty target":         {"/probe?module=x&target=", nil, 400, `"target" is missing`},
		"module twice":         {probePath + "&module=other", nil, 400, "2 times"},
		"unknown parameter":    {probePath + "&Module=x", nil, 400, `unknown parameter "Module"`},
		"bad escape":           {probePath + "&auth=%zz", nil, 400, "cannot be read"},
		"debug is no flag":     {probePath + "&debug=1", nil, 400, "neither true nor false"},
		"limit is no number":   {probePath, []string{scrapeLimitHeader, "ten"}, 400, "not one number"},
		"limit is not finite":  {probePath, []string{scrapeLimitHeader, "NaN"}, 400, "not one number"},
		"limit is infinite":    {probePath, []string{scrapeLimitHeader, "+Inf"}, 400, "not one number"},
		"limit is 0.5 s":       {probePath, []string{scrapeLimitHeader, "0.5"}, 400, "raise scrape_timeout"},
		"limit is negative":    {probePath, []string{scrapeLimitHeader, "-3"}, 400, "raise scrape_timeout"},
		"limit twice":          {probePath, []string{scrapeLimitHeader, "3", scrapeLimitHeader, "4"}, 400, "not one number"},
		"another site's page":  {probePath, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		"a sister site's page": {probePath, []string{"Sec-Fetch-Site", "same-site"}, 403, "another site"},
		"a foreign origin":     {probePath, []string{"Origin", "https://evil.example"}, 403, "another site"},
		"a hidden origin":      {probePath, []string{"Origin", "null"}, 403, "another site"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := e.ask(t, "GET", test.path, test.headers...)
			if response.StatusCode != test.status || !strings.Contains(body, test.says) {
				t.Errorf("got %s %q, want %d and %q", response.Status, body, test.status, test.says)
			}
			if strings.Count(body, "\n") != 1 || response.Header.Get("X-Content-Type-Options") != "nosniff" ||
				response.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("a refusal is one line of text, got %q with %v", body, response.Header)
			}
		})
	}
	for name, headers := range map[string][]string{
		"the exporter's own page": {"Sec-Fetch-Site", "same-origin"},
		"the address bar":         {"Sec-Fetch-Site", "none"},
		"its own origin":          {"Origin", e.URL},
		"a huge limit":            {scrapeLimitHeader, "1e300"},
	} {
		if response, body := e.ask(t, "GET", probePath, headers...); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", name, response.Status, body)
		}
	}
}

func TestRefusalsKeepTheirStatusAndAreCounted(t *testing.T) {
	t.Parallel()
	for status, reason := range map[int]string{
		400: runner.BadRequest, 403: runner.DeniedTarget, 503: runner.TooManyProbes,
	} {
		e := start(t)
		e.prober.err = &runner.Refusal{Status: status, Reason: reason, Message: "no: \x1b[2J"}
		response, body := e.ask(t, "GET", probePath)
		if response.StatusCode != status || body != `no: \u001b[2J`+"\n" {
			t.Errorf("got %s %q, want %d", response.Status, body, status)
		}
		if _, metrics := e.ask(t, "GET", "/metrics"); !strings.Contains(metrics, `probes_refused_total{reason="`+reason+`"} 1`) {
			t.Errorf("%s is not counted", reason)
		}
	}
}

func TestPolicyBeforeTheFirstPacketIs403(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := &result.Result{Module: "dialogue", Failure: failure.New(failure.Policy, "denied_address", "127.0.0.1 is denied: loopback")}
	e.prober.answer.Result = r
	if response, body := e.ask(t, "GET", probePath); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "loopback") {
		t.Errorf("got %s %q, want 403", response.Status, body)
	}
	later := *r
	later.Connections = []*wire.Connection{{ID: 1, Connect: &wire.Span{}}}
	e.prober.answer.Result = &later
	if response, body := e.ask(t, "GET", probePath); response.StatusCode != http.StatusOK || !strings.Contains(body, "probe_success 0") {
		t.Errorf("what policy refuses later is a failed probe, got %s %q", response.Status, body)
	}
}

func TestDebugTellsEverything(t *testing.T) {
	t.Parallel()
	e := start(t)
	response, body := e.ask(t, "GET", probePath+"&debug=true")
	for _, want := range []string{"Failed after", "late_body_rejected", "← HTTP/1.1 501 Invalid Request", "probe_success 0", "redacted: dialogue"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
	if got := response.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	e := start(t)
	if _, body := e.ask(t, "GET", probePath); strings.Contains(body, "probe_result_age_seconds") {
		t.Error("an age without min_interval")
	}
	e.prober.answer.Interval = true
	if _, body := e.ask(t, "GET", probePath); !strings.Contains(body, "probe_result_age_seconds 0\n") {
		t.Errorf("with min_interval a fresh result has age 0:\n%s", body)
	}
}

func TestMethodsAndUnknownPaths(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"HEAD", probePath, 200, ""},
		{"POST", probePath, 405, "GET, HEAD"},
		{"POST", "/", 405, "GET, HEAD"},
		{"GET", "/-/reload", 405, "POST, PUT"},
		{"PUT", "/-/reload", 200, ""},
		{"POST", "/-/reload", 200, ""},
		{"GET", "/-/healthy", 200, ""},
		{"GET", "/-/ready", 200, ""},
		{"GET", "/assets/style.css", 200, ""},
		{"GET", "/assets/page.js", 200, ""},
		{"GET", "/assets/icon.svg", 200, ""},
		{"GET", "/assets/report.html", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/favicon.ico", 404, ""},
		{"GET", "/findings/unknown", 404, ""},
		{"GET", "/findings/..%2f..%2fgo.mod", 404, ""},
		{"GET", "/findings/README", 404, ""},
		{"GET", "/debug/pprof/", 404, ""},
		{"GET", "/report?module=a&target=b", 404, ""},
		{"GET", "/report", 400, ""},
		{"GET", "/report/NOTHING", 404, ""},
		{"PUT", "/report", 405, "GET, HEAD, POST"},
	} {
		response, body := e.ask(t, test.method, test.path)
		if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %s, Allow %q, want %d, %q (%s)", test.method, test.path, response.Status, response.Header.Get("Allow"), test.status, test.allow, body)
		}
	}
}

func TestPprofOnlyOnRequest(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) { o.EnablePprof = true })
	if response, _ := e.ask(t, "GET", "/debug/pprof/"); response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) { o.Reload = func() error { return errors.New("a.yml:3: modules.x: unknown field") } })
	response, body := e.ask(t, "POST", "/-/reload")
	if response.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "a.yml:3") || !strings.Contains(body, "stays in force") {
		t.Errorf("got %s %q", response.Status, body)
	}
	if response, _ := e.ask(t, "POST", "/-/reload", "Origin", "https://evil.example"); response.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page may not reload, got %s", response.Status)
	}
}

func TestNotReadyWhileStopping(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) { o.Ready = func() bool { return false } })
	if response, _ := e.ask(t, "GET", "/-/ready"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s", response.Status)
	}
	if response, _ := e.ask(t, "GET", "/-/healthy"); response.StatusCode != http.StatusOK {
		t.Errorf("stopping is healthy, got %s", response.Status)
	}
}
