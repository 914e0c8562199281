package browser_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/inbound"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
	"github.com/ews-exporter/ews_exporter/web"
)

// exporter is the pages over real probes of the simulated site.
type exporter struct {
	*httptest.Server
	site   *lab.Site
	probes atomic.Int32 // that were run

	reloads atomic.Int32
}

// first is the module of the first prober in the list, with which the form begins; module is the simulated site's own of that
// prober, which waits for 1 s instead of 5 s.
var (
	first  = probes.All()[0].Name
	module = first + "_fast"
)

// start starts both. The start page offers to try the scenarios named.
func start(t *testing.T, options lab.Options, offered ...string) *exporter {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	e := &exporter{site: site}
	var tries []web.Try
	for _, scenario := range offered {
		tries = append(tries, web.Try{About: "Try " + scenario, Module: module, Target: e.target(t, scenario)})
	}
	recent := &web.Recent{}
	quiet := slog.New(slog.DiscardHandler)
	run := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Log: quiet, Resolver: loopback{},
		Observe: func(r *result.Result) { e.probes.Add(1); recent.Add(r) },
	})
	guard := inbound.New(inbound.Options{Probes: runner.DefaultMaxProbes, Refused: func(string) {}, Log: quiet})
	e.Server = httptest.NewServer(guard.Handler(web.New(web.Options{
		Prober: run, Self: collector.NewSelf(func() map[string]bool { return nil }, func() map[string]bool { return nil }), Recent: recent, Findings: docs.Findings, Probers: probes.All(), Tries: tries,
		Log: quiet, Version: "1.0.0", Modules: func() []string { return []string{first, module} },
		Redacted: func(string) string { return strings.Repeat("a_very_long_key_of_a_configuration: ", 8) + "\n" }, Reload: func() error { e.reloads.Add(1); return nil }, Ready: func() bool { return true },
	})))
	t.Cleanup(e.Close)
	return e
}

// target is a scenario under the name that its certificate has.
func (e *exporter) target(t *testing.T, scenario string) string {
	t.Helper()
	s, ok := e.site.Scenario(scenario)
	if !ok {
		t.Fatalf("there is no scenario %s", scenario)
	}
	return strings.Replace(s.Address, "127.0.0.1", "mail.contoso.test", 1)
}

// loopback is where all names of contoso.test are.
type loopback struct{}

func (loopback) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if !strings.HasSuffix(host, ".contoso.test") {
		return nil, fmt.Errorf("no such host: %s", host)
	}
	return slices.Clone([]netip.Addr{netip.MustParseAddr("127.0.0.1")}), nil
}
