package main

import (
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/discovery"
	"github.com/ews-exporter/ews_exporter/internal/inbound"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/web"
)

// exporter is everything that serves, wired together.
type exporter struct {
	handler  http.Handler
	runner   *runner.Runner
	gate     *auth.Gate
	pauses   *prober.Pauses
	store    *config.Store
	self     *collector.Self
	recent   *web.Recent // nil: no results are remembered
	guard    *inbound.Guard
	log      *slog.Logger
	stopping atomic.Bool
	patience time.Duration // of a stop, with what is in flight
	files    []string      // paths and globs of the configuration
	interval time.Duration // at which they are looked at for changes; 0: never
}

// load reads the configuration for the first time. Each load logs its warnings.
func load(files []string, log *slog.Logger) (*config.Store, error) {
	return config.NewStore(func() (*config.Config, error) {
		c, err := config.Load(files, probes.All())
		if err != nil {
			return nil, err
		}
		for _, w := range c.Warnings {
			log.Warn("Configuration", "warning", w.String())
		}
		if c.Implied && len(files) > 0 {
			log.Info("No file defines modules, so there is one for each prober, with its defaults")
		}
		return c, nil
	})
}

func newExporter(store *config.Store, flags *serveFlags, own []netip.AddrPort, log *slog.Logger) *exporter {
	gate := auth.NewGate(time.Now)
	gate.LogTo(log)
	e := &exporter{gate: gate, pauses: &prober.Pauses{}, store: store, log: log, patience: patience, files: flags.files, interval: flags.autoReload}
	names := func() []string { return slices.Collect(maps.Keys(store.Current().Auths)) }
	e.self = collector.NewSelf(func() map[string]bool { return gate.Suspended(names()) },
		func() map[string]bool { return gate.Explained(names()) }, runner.BadRequest, runner.DeniedTarget, runner.DeniedAuth, runner.CrossSite, runner.UnknownHost, runner.TooManyProbes, runner.OutOfFiles, runner.Stopping)
	e.self.CountLogons(func() map[string]int64 { return gate.Logons(names()) })
	e.self.TellCertificates(func() map[string]time.Time { return store.Current().ClientCertificates() })
	e.self.TellModules(func() []collector.Module { return modulesOf(store.Current()) })
	book := runner.AllAdvice(probes.All())
	e.self.Advise(book, func() map[advice.Owner]string { return store.Current().Owners })
	e.self.Reloaded(true)
	observe, reports := e.self.Observe, ""
	if !flags.noReport {
		reports = flags.mount.at("report/")
		e.recent = &web.Recent{}
		observe = func(r *result.Result) {
			e.self.Observe(r)
			e.recent.Add(r)
		}
	}
	e.runner = runner.New(runner.Options{
		Config: store.Current, Gate: gate, Pauses: e.pauses, Listeners: own, Version: version.Version,
		MaxProbes: flags.probes, MaxProbesPerAddress: flags.perAddress, Memory: int(flags.memory), Log: log, LogProbes: runner.Logged(flags.logProbes), Reports: reports,
		Observe: observe, Panicked: e.self.Panicked, InFlight: e.self.InFlight,
	})
	e.guard = inbound.New(inbound.Options{Probes: flags.probes, Allowed: slices.Concat(flags.hosts, flags.mount.allowed()), Prefix: flags.mount.prefix, Refused: e.self.Refused, Log: log})
	finder := &discovery.Finder{Config: store.Current, Log: log}
	e.self.CountTargets(func() map[collector.Listing]int { return listed(finder.Listed()) })
	e.handler = web.New(web.Options{
		Cells: finder.Cells, Listed: finder.Listed, ProbeURL: flags.mount.at("probe"),
		Prober: e.guard.Prober(e.runner), Self: e.self, Recent: e.recent, Findings: docs.Findings, Probers: probes.All(), Advice: book, Tries: flags.tries, Log: log, Version: version.Version,
		Modules:  func() []string { return slices.Sorted(maps.Keys(store.Current().Modules)) },
		Redacted: e.redacted, Reload: e.reload, Ready: func() bool { return !e.stopping.Load() },
		Prefix: flags.mount.prefix, Origin: flags.mount.origin(), TimeoutOffset: flags.timeoutOffset, EnablePprof: flags.pprof,
	})
	return e
}

// modulesOf are the modules of a configuration.
func modulesOf(c *config.Config) (all []collector.Module) {
	for name, m := range c.Modules {
		all = append(all, collector.Module{Name: name, Prober: m.Prober, Auth: m.Auth})
	}
	return all
}

// listed counts the targets of cells: a target is one, for whichever mailboxes.
func listed(cells []config.Cell) map[collector.Listing]int {
	type target struct {
		collector.Listing
		name string
	}
	seen, all := map[target]bool{}, map[collector.Listing]int{}
	for _, c := range cells {
		t := target{collector.Listing{Service: c.Service.Name, Module: c.Module.Name, Via: c.Via()}, c.Target}
		if !seen[t] {
			seen[t] = true
			all[t.Listing]++
		}
	}
	return all
}

// redacted is the configuration in force without secrets: of one module, or whole.
func (e *exporter) redacted(module string) string {
	show := e.store.Current().Redacted
	if module != "" {
		m := e.store.Current().Modules[module]
		if m == nil {
			return "the module is no longer configured\n" // a reload came between
		}
		show = m.Redacted
	}
	text, err := show()
	if err != nil {
		return "the configuration cannot be shown: " + err.Error() + "\n"
	}
	return string(text)
}

// stop refuses new probes; those in flight go on.
func (e *exporter) stop() {
	e.stopping.Store(true)
	e.runner.Stop()
}
