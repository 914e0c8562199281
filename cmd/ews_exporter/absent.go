package main

import (
	"fmt"
	"slices"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// absent tells whether every way to ask shows that the site does not have what a prober asks for. That is no fault where
// everything is tried; a module that is probed by itself judges. An address without a route from here shows nothing.
func absent(d *prober.Definition, results []*result.Result) bool {
	results = slices.DeleteFunc(slices.Clone(results), func(r *result.Result) bool { return r.At != "" && r.Undecided != "" && len(r.Connections) == 0 })
	return len(results) > 0 && !slices.ContainsFunc(results, func(r *result.Result) bool {
		return r.Failure == nil || !slices.Contains(d.Absent, r.Failure.Name())
	})
}

// listedFor tells whether a service lists the module for this target: then what is not there is missing.
func listedFor(cfg *config.Config, module, target string) bool {
	return slices.ContainsFunc(cfg.Cells(), func(c config.Cell) bool {
		return c.Module.Name == module && (c.Target == target || c.Service.Name == target)
	})
}

// misdirected says why a prober that speaks something else than https cannot be asked of a target: it names the port, or the
// URL, of another service.
func misdirected(d *prober.Definition, raw string) error {
	scheme := d.Scheme
	if scheme == "" || scheme == "https" {
		return nil
	}
	asHTTPS, err := target.Parse(raw, "")
	if err != nil {
		return nil //nolint:nilerr // whoever probes says so
	}
	if as, err := target.ParseAs(scheme, raw, ""); err == nil && as.Port != asHTTPS.Port {
		return nil // no port is written: each has its own
	}
	return fmt.Errorf("%s is asked at another port than that of %s: probe it by itself", d.Name, raw)
}

func (one surveyed) word(r *result.Result) string {
	if one.absent && r.Failure != nil {
		return "– not there"
	}
	return report.Word(r)
}

// owners are those who act; nobody has to where there is nothing.
func (one surveyed) owners(r *result.Result) string {
	if one.absent {
		return ""
	}
	return report.Owners(r.Verdict)
}
