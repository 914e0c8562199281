package main

import (
	"maps"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// typed lets a module that must have targets be asked for the one that a person wrote by hand, where no configuration file says
// what it may be asked for.
func (c *command) typed(cfg *config.Config) *config.Config {
	f := &c.probe
	module := cfg.Modules[f.module]
	if len(f.files) > 0 || module == nil || module.WantsTargets() == "" {
		return cfg
	}
	aim, err := prober.AimOf(module.Definition, module.Settings, f.target, f.hostname)
	if err != nil {
		return cfg // the runner says so
	}
	rule, err := policy.ParseRule(aim.Target.Host)
	if err != nil {
		return cfg
	}
	changed, bound := *cfg, *module
	bound.Targets = policy.Targets{rule}
	changed.Modules = maps.Clone(cfg.Modules)
	changed.Modules[f.module] = &bound
	return &changed
}
