package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/discovery"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// asking is a prober that names a mailbox, and seldom another that is asked of domains.
type asking struct{}

func (*asking) Check(func(field, problem string))  {}
func (*asking) Need() time.Duration                { return time.Second }
func (*asking) Paths() []string                    { return nil }
func (*asking) Plan(bool) []string                 { return nil }
func (*asking) Probe(context.Context, *prober.Run) {}
func (*asking) Blank(*result.Result)               {}
func (a *asking) ForMailbox(string) prober.Prober  { return a }

type seldom struct{ asking }

func (*seldom) ForMailbox() {} // and so it names none

var discovered = []prober.Definition{
	{Name: "asking", New: func() prober.Prober { return &asking{} }, Paths: prober.ServicePaths},
	{Name: "seldom", New: func() prober.Prober { return &seldom{} }, Paths: []prober.Path{{Way: prober.ByDomain}}, Example: "about: x\ninterval: 15m\ntimeout: 30s\nmodule:\n  prober: seldom\n  min_interval: 15m\n"},
}

// services serves /sd by a configuration.
func services(t testing.TB, text string, change func(*Options)) http.Handler {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, discovered)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	options := []func(*Options){func(o *Options) {
		o.TimeoutOffset = time.Second / 2
		o.Cells = (&discovery.Finder{Config: func() *config.Config { return cfg }, Log: o.Log}).Cells
	}, change, func(o *Options) { handler = New(*o) }}
	start(t, options...)
	return handler
}

func discover(t *testing.T, h http.Handler, url string) (status int, groups []map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, http.NoBody))
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &groups); err != nil || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%v, %s\n%s", err, w.Header(), w.Body)
		}
	}
	return w.Code, groups
}

const twoServices = `
site: london
modules:
  asking: {prober: asking}
  mx: {prober: seldom}
services:
  mail:
    name: mail.contoso.com
    servers: [ex01.contoso.com]
    domains: [contoso.com]
    modules: [asking, mx]
  lab: {name: "lab.contoso.com:8443", mailboxes: [a@contoso.com], modules: [asking]}
`

// TestDiscovery: each target has the labels that Prometheus, rules and dashboards need, and no others.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	h := services(t, twoServices, func(*Options) {})
	_, got := discover(t, h, "http://exporter:10501/sd")
	labels := func(more map[string]any) map[string]any {
		all := map[string]any{
			"__scheme__": "http", "__metrics_path__": "/probe", "__scrape_interval__": "1m", "__scrape_timeout__": "16s", "__param_module": "asking",
			"module": "asking", "service": "mail.contoso.com", "via": "balancer", "site": "london",
		}
		for k, v := range more {
			all[k] = v
		}
		return map[string]any{"targets": []any{"exporter:10501"}, "labels": all}
	}
	want := []map[string]any{
		labels(map[string]any{"__param_target": "lab.contoso.com:8443", "instance": "lab.contoso.com:8443", "service": "lab.contoso.com:8443", "__param_mailbox": "a@contoso.com", "mailbox": "a@contoso.com"}),
		labels(map[string]any{"__param_target": "mail.contoso.com", "instance": "mail.contoso.com"}),
		labels(map[string]any{"__param_target": "ex01.contoso.com", "instance": "ex01.contoso.com", "__param_hostname": "mail.contoso.com", "via": "direct"}),
		labels(map[string]any{"__param_target": "contoso.com", "instance": "contoso.com", "__param_module": "mx", "module": "mx", "__scrape_interval__": "2m"}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// TestDiscoveryAsks: what is asked for is listed and nothing else; what is not known is never an empty list, which would take
// targets away.
func TestDiscoveryAsks(t *testing.T) {
	t.Parallel()
	h := services(t, twoServices, func(*Options) {})
	for query, want := range map[string]struct{ status, targets int }{
		"?service=mail":              {200, 3},
		"?service=mail.contoso.com":  {200, 3},
		"?module=asking":             {200, 3},
		"?service=lab&module=asking": {200, 1},
		"?service=lab&module=mx":     {200, 0},
		"?service=mial":              {400, 0},
		"?module=mial":               {400, 0},
		"?modul=asking":              {400, 0},
		"?service=mail&service=lab":  {400, 0},
		"?service=%zz":               {400, 0},
	} {
		if status, groups := discover(t, h, "http://exporter:10501/sd"+query); status != want.status || len(groups) != want.targets {
			t.Errorf("%s: %d, %d targets, want %+v", query, status, len(groups), want)
		}
	}
}

// TestDiscoveryFails: what cannot be told is an error, with which Prometheus keeps what it had; so is a browser's request that
// another site made.
func TestDiscoveryFails(t *testing.T) {
	t.Parallel()
	h := services(t, twoServices, func(o *Options) {
		o.Cells = func(context.Context) (*config.Config, []config.Cell, error) {
			return nil, nil, errors.New("no address")
		}
	})
	if status, _ := discover(t, h, "http://exporter:10501/sd"); status != http.StatusServiceUnavailable {
		t.Errorf("a look-up failed, and the status is %d", status)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://exporter:10501/sd", http.NoBody)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	h.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("another site's request got %d", w.Code)
	}
}

// TestDiscoveryBehindAProxy: targets are where Prometheus reaches the exporter.
func TestDiscoveryBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url, prefix, asked, targets, scheme, path string
	}{
		"without a proxy":           {"/probe", "", "http://exporter:10501/sd", "exporter:10501", "http", "/probe"},
		"over TLS":                  {"/probe", "", "https://exporter:10501/sd", "exporter:10501", "https", "/probe"},
		"a prefix":                  {"/ews/probe", "/ews", "http://exporter:10501/ews/sd", "exporter:10501", "http", "/ews/probe"},
		"an external URL":           {"https://monitor.contoso.com/ews/probe", "/ews", "http://exporter:10501/ews/sd", "monitor.contoso.com", "https", "/ews/probe"},
		"a proxy that takes it off": {"https://monitor.contoso.com/ews/probe", "", "http://exporter:10501/sd", "monitor.contoso.com", "https", "/ews/probe"},
	} {
		h := services(t, twoServices, func(o *Options) { o.ProbeURL, o.Prefix = tt.url, tt.prefix })
		_, groups := discover(t, h, tt.asked)
		labels, _ := groups[0]["labels"].(map[string]any)
		got := fmt.Sprint(groups[0]["targets"], labels["__scheme__"], labels["__metrics_path__"])
		if want := fmt.Sprint([]string{tt.targets}, tt.scheme, tt.path); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// BenchmarkDiscovery lists 8 modules at each of n servers. It must grow with them and no faster.
func BenchmarkDiscovery(b *testing.B) {
	for _, n := range []int{100, 1000, 4000} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("modules:\n")
			var modules, servers []string
			for i := range 8 {
				modules = append(modules, fmt.Sprintf("m%d", i))
				fmt.Fprintf(&text, "  m%d: {prober: asking}\n", i)
			}
			for i := range n {
				servers = append(servers, fmt.Sprintf("ex%04d.contoso.com", i))
			}
			fmt.Fprintf(&text, "services: {mail: {name: mail.contoso.com, servers: [%s], modules: [%s]}}\n", strings.Join(servers, ", "), strings.Join(modules, ", "))
			h := services(b, text.String(), func(*Options) {})
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://exporter:10501/sd", http.NoBody))
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
				b.ReportMetric(float64(w.Body.Len())/1e6, "MB")
			}
		})
	}
}
