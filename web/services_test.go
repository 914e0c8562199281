package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// nothing is a prober of nothing.
type nothing struct{}

func (*nothing) Check(func(string, string))         {}
func (*nothing) Need() time.Duration                { return time.Second }
func (*nothing) Paths() []string                    { return nil }
func (*nothing) Plan(bool) []string                 { return nil }
func (*nothing) Probe(context.Context, *prober.Run) {}
func (*nothing) Blank(*result.Result)               {}

// site is a service with so many servers, and modules m0, m1, ….
func site(t testing.TB, servers, modules int, more string) *config.Config {
	t.Helper()
	var text strings.Builder
	var names, hosts []string
	text.WriteString("modules:\n")
	for i := range modules {
		names = append(names, fmt.Sprintf("m%d", i))
		fmt.Fprintf(&text, "  m%d: {prober: asking}\n", i)
	}
	for i := range servers {
		hosts = append(hosts, fmt.Sprintf("ex%04d.contoso.com", i))
	}
	fmt.Fprintf(&text, "services:\n  mail: {name: mail.contoso.com, servers: [%s], modules: [%s]}\n%s", strings.Join(hosts, ", "), strings.Join(names, ", "), more)
	file := filepath.Join(t.TempDir(), "ews.yml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, []prober.Definition{{Name: "asking", Summary: "Asks.", New: func() prober.Prober { return &nothing{} }, Paths: prober.ServicePaths}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// probed is a result of a cell: well, or failed by a reason of stage connect.
func probed(c config.Cell, ago time.Duration, reason string) *result.Result {
	r := examples.Continue()
	r.Module, r.Target, r.Name, r.Start = c.Module.Name, c.Target, "mail.contoso.com", time.Now().Add(-ago)
	if c.Hostname == "" {
		r.Name = c.Target
	}
	r.Samples = nil
	r.Connections[0].Secure.Chain[0].SHA1 = "AB:CD"
	r.ID = fmt.Sprintf("%s%s%d", r.Module, strings.ReplaceAll(r.Target, ".", ""), int(ago.Seconds()))
	if reason != "" {
		r.Failure = failure.New(failure.Connect, reason, "connect to %s: %s", c.Target, reason)
	}
	return r
}

// over shows services over what was probed.
func over(t testing.TB, cfg *config.Config, results ...*result.Result) *server {
	t.Helper()
	recent := &Recent{}
	for _, r := range results {
		recent.Add(r)
	}
	return &server{Options: Options{Recent: recent, Listed: cfg.Cells, Modules: func() []string { return nil }}}
}

// shown is the page, or with a path that says so another view of it.
func shown(t testing.TB, s *server, path string, browser bool) string {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if browser {
		req.Header.Set("Accept", "text/html")
	}
	w := httptest.NewRecorder()
	if path == "/" {
		s.index(w, req)
	} else {
		s.services(w, req)
	}
	return w.Body.String()
}

func TestServicesAtAGlance(t *testing.T) {
	t.Parallel()
	cfg := site(t, 50, 2, "")
	var all []*result.Result
	for _, c := range cfg.Cells() {
		reason := ""
		if strings.HasPrefix(c.Target, "ex0007") || strings.HasPrefix(c.Target, "ex0023") {
			reason = "refused"
		}
		if c.Module.Name == "m1" && c.Target == "mail.contoso.com" {
			continue // not probed yet
		}
		all = append(all, probed(c, 20*time.Second, reason))
	}
	s := over(t, cfg, all...)
	page := shown(t, s, "/services", true)
	for _, want := range []string{
		"server ex0007.contoso.com, ex0023.contoso.com", // two dead servers, both modules: one row
		"<small>m0, m1</small>", "not probed yet", "m0</strong>: Works through mail.contoso.com (192.0.2.10) and on 48 servers; ex0007.contoso.com and ex0023.contoso.com could not be asked (connect: refused)",
		`<td class=n>–`, `report/m0mailcontosocom20">✓ 20s <i>20s</i></a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, "badge failed"); n != 1 {
		t.Errorf("%d rows for one fault", n)
	}
	if n := strings.Count(page, `<th scope="row">ex`); n != 50 {
		t.Errorf("%d rows for 50 servers", n)
	}
	text := shown(t, s, "/services", false)
	if !strings.Contains(text, "mail.contoso.com\tserver\tex0007.contoso.com\tm0\tfailed\t20\t20\n") || strings.Count(text, "\t") != 6*102 {
		t.Errorf("as text:\n%.1500s", text)
	}
}

// TestBalancerOrServer: the sentence tells them apart, for all modules that it holds for at once, and says nothing where it cannot.
func TestBalancerOrServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		servers int
		fails   func(c config.Cell) bool
		want    string
	}{
		"the balancer": {3, func(c config.Cell) bool { return c.Way == prober.ByBalancer }, "m0, m1</strong>: Fails through mail.contoso.com (192.0.2.10), works on ex0000.contoso.com, ex0001.contoso.com and ex0002.contoso.com: the balancer"},
		"a server":     {3, func(c config.Cell) bool { return strings.HasPrefix(c.Target, "ex0001") }, "which the balancer hides for now"},
		"all well":     {3, func(config.Cell) bool { return false }, "m0, m1</strong>: Works through the balancer and at all 3 servers."},
		"no servers":   {0, func(config.Cell) bool { return true }, "it cannot be told whose fault it is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := site(t, test.servers, 2, "")
			var all []*result.Result
			for _, c := range cfg.Cells() {
				r := probed(c, time.Second, "")
				if test.fails(c) {
					r.Failure = failure.New(failure.Status, "http_503", "503")
				}
				all = append(all, r)
			}
			if page := shown(t, over(t, cfg, all...), "/services", true); !strings.Contains(page, test.want) {
				t.Errorf("lacks %q:\n%s", test.want, page)
			}
		})
	}
}

// TestWhoAnswered: servers that named themselves through the balancer, over several probes, and those that never did.
func TestWhoAnswered(t *testing.T) {
	t.Parallel()
	cfg := site(t, 4, 1, "")
	through := cfg.Cells()[0]
	var all []*result.Result
	for i, names := range [][2]string{{"EX0000", "ex0001.contoso.com"}, {"EX0002", "ex0001.contoso.com"}, {"EX0000", ""}} {
		r := probed(through, time.Duration(10-i)*time.Second, "")
		r.Conversations[0].Origin = origin.Origin{Kind: origin.Exchange, Frontend: names[0], Backend: names[1]}
		all = append(all, r)
	}
	alias := probed(cfg.Cells()[4], time.Second, "") // ex0003 calls itself otherwise
	alias.Conversations[0].Origin = origin.Origin{Kind: origin.Exchange, Frontend: "EX0002"}
	page := shown(t, over(t, cfg, append(all, alias)...), "/services", true)
	for _, want := range []string{
		"Front ends that answered through the balancer: ex0000, ex0002; never seen in 3 probes: ex0001.",
		"Back ends that answered behind it: ex0001; never seen in 3 probes: ex0000, ex0002, ex0003.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q:\n%s", want, page)
		}
	}
}

// TestCertificatesInOneTable: each once for a service, with where it is, those of a metric too.
func TestCertificatesInOneTable(t *testing.T) {
	t.Parallel()
	cfg := site(t, 5, 2, "")
	ends := &result.Metric{Name: "probe_signing_not_after_timestamp_seconds", Labels: []string{"thumbprint"}}
	var all []*result.Result
	for _, c := range cfg.Cells() {
		r := probed(c, time.Second, "")
		leaf := wire.Certificate{Subject: "CN=mail.contoso.com", SHA1: "AA", NotAfter: time.Now().Add(100 * 24 * time.Hour)}
		if strings.HasPrefix(c.Target, "ex0003") {
			leaf = wire.Certificate{Subject: "CN=<old>", SHA1: "BB", NotAfter: time.Now().Add(-48 * time.Hour)}
		}
		r.Connections[0].Secure = &wire.Secure{Chain: []wire.Certificate{leaf}, Verified: leaf.SHA1 == "AA"}
		if c.Way == prober.ByBalancer && c.Module.Name == "m1" {
			r.Add(ends, float64(time.Now().Add(time.Hour).Unix()), "CC")
		}
		all = append(all, r)
	}
	page := shown(t, over(t, cfg, all...), "/services", true)
	table := page[strings.Index(page, `id="certificates"`):]
	for _, want := range []string{"CN=&lt;old&gt;", "not verified", "ended 2 days ago", "server ex0003.contoso.com", "balancer mail.contoso.com; server ex0000.contoso.com, ex0001", "<code>CC</code>", "<small>m0, m1</small>"} {
		if !strings.Contains(table, want) {
			t.Errorf("lacks %q:\n%s", want, table)
		}
	}
	if n := strings.Count(table, "<code>"); n != 3 {
		t.Errorf("%d rows for three certificates", n)
	}
	if strings.Index(table, "BB") > strings.Index(table, "AA") {
		t.Error("what ends first does not come first")
	}
}

// large is a site of so many servers that is all probed, with a failure here and there.
func large(t testing.TB, servers int) *server {
	t.Helper()
	cfg := site(t, servers, 8, "")
	var all []*result.Result
	for i, c := range cfg.Cells() {
		reason := ""
		if i%97 == 0 {
			reason = "refused"
		}
		all = append(all, probed(c, time.Duration(i%60)*time.Second, reason))
	}
	return over(t, cfg, all...)
}

// TestAThousandServers: the page stays small, folded or not.
func TestAThousandServers(t *testing.T) {
	t.Parallel()
	s := large(t, 1000)
	for path, rows := range map[string]int{"/services": 200, "/services?all": 1001, "/": 400} {
		page := shown(t, s, path, true)
		if n := strings.Count(page, `<th scope="row">`); len(page) > 1<<20 || n > rows+400 || n < 10 {
			t.Errorf("%s has %d bytes and %d rows", path, len(page), n)
		}
	}
}

// BenchmarkServices makes the pages of n servers and eight modules. What they cost must grow with the servers and no faster.
func BenchmarkServices(b *testing.B) {
	for _, n := range []int{100, 300, 1000} {
		s := large(b, n)
		for _, page := range []struct{ name, path string }{{"start", "/"}, {"folded", "/services"}, {"all", "/services?all"}} {
			b.Run(fmt.Sprintf("%s/servers=%d", page.name, n), func(b *testing.B) {
				b.ReportAllocs()
				size := 0
				for b.Loop() {
					size = len(shown(b, s, page.path, true))
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}

// TestWhatClientsMeetComesFirst, before what only those see who ask servers directly, however many these are.
func TestWhatClientsMeetComesFirst(t *testing.T) {
	t.Parallel()
	cfg := site(t, 20, 1, "")
	var all []*result.Result
	for _, c := range cfg.Cells() {
		reason := map[prober.Way]string{prober.ByBalancer: "timeout", prober.ByServer: "refused"}[c.Way]
		all = append(all, probed(c, time.Second, reason))
	}
	page := shown(t, over(t, cfg, all...), "/services", true)
	balancer, servers := strings.Index(page, "<td>balancer mail.contoso.com</td>"), strings.Index(page, "<td>all 20 servers</td>")
	if balancer < 0 || servers < balancer {
		t.Errorf("the balancer is at %d, the servers at %d of %s", balancer, servers, page)
	}
}

// TestServicesAfterARestart are as before, and say so.
func TestServicesAfterARestart(t *testing.T) {
	t.Parallel()
	cfg, dir := site(t, 3, 2, ""), t.TempDir()
	recent, kept, _, end := remembering(t, dir)
	for _, c := range cfg.Cells() {
		recent.Add(probed(c, 100*time.Second, ""))
	}
	if err := kept.Save(); err != nil {
		t.Fatal(err)
	}
	end()
	again, _, _, end := remembering(t, dir)
	defer end()
	s := over(t, cfg)
	s.Recent = again
	again.Add(probed(cfg.Cells()[0], time.Second, ""))
	page := shown(t, s, "/services", true)
	for _, want := range []string{"7 were last probed before the exporter was restarted", "✓ 1m <i>1s</i>", "Works through the balancer and at all 3 servers", "AB:CD"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q:\n%s", want, page)
		}
	}
}
