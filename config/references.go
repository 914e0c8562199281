package config

import (
	"maps"
	"net"
	"slices"
	"strconv"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// refer puts in the place of each service:NAME what the service stands for there: in policy and a module's targets the hosts
// that its modules dial, in an auth's targets the names and ports at which those of its modules log on that use the auth.
func (l *loader) refer() {
	cells := l.config.Cells()
	p, all := &l.config.Policy, byService(cells)
	p.Allow = referred(l, "policy.allow", p.Allow, all, l.hosts)
	p.Deny = referred(l, "policy.deny", p.Deny, all, l.hosts)
	of := map[*Module][]Cell{} // or each module would look through what all others are asked for
	for _, c := range cells {
		of[c.Module] = append(of[c.Module], c)
	}
	for _, name := range slices.Sorted(maps.Keys(l.config.Modules)) {
		m := l.config.Modules[name]
		m.Targets = referred(l, join("modules", name)+".targets", m.Targets, byService(of[m]), l.hosts)
		if m.Settings != nil && m.WantsTargets() != "" && len(m.Targets) == 0 {
			m.Targets = unique(of[m], l.hosts)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.config.Auths)) {
		a := l.config.Auths[name]
		a.Targets = referred(l, join("auths", name)+".targets", a.Targets, all, func(c Cell) []policy.TargetPattern { return logons(a, c) })
	}
}

// stood are cells by the key of their service, and under policy.AllServices all of them: what a reference may stand for.
type stood map[string][]Cell

func byService(cells []Cell) stood {
	s := stood{policy.AllServices: cells}
	for _, c := range cells {
		s[c.Service.Key] = append(s[c.Service.Key], c)
	}
	return s
}

// referring is what may refer to a service.
type referring interface {
	comparable
	Service() string
}

// referred is list with what each reference stands for, by what a cell adds. A reference to no service is a mistake.
func referred[T referring](l *loader, field string, list []T, cells stood, of func(Cell) []T) []T {
	if !slices.ContainsFunc(list, func(t T) bool { return t.Service() != "" }) {
		return list
	}
	var all []T
	seen := map[T]bool{}
	for i, t := range list {
		add := []T{t}
		switch service := t.Service(); {
		case service == "":
		case service == policy.AllServices, l.config.Services[service] != nil:
			add = unique(cells[service], of)
		default:
			l.report(item(field, i), "there is no such service; "+suggest.Hint(service, slices.Collect(maps.Keys(l.config.Services))))
		}
		if len(add) == 0 {
			l.report(item(field, i), "none of the modules of this service uses it")
		}
		for _, t := range add {
			if !seen[t] {
				seen[t] = true
				all = append(all, t)
			}
		}
	}
	return all
}

// unique is what the cells add, each once.
func unique[T comparable](cells []Cell, of func(Cell) []T) []T {
	seen := map[T]bool{}
	var all []T
	for _, c := range cells {
		for _, t := range of(c) {
			if !seen[t] {
				seen[t] = true
				all = append(all, t)
			}
		}
	}
	return all
}

// hosts are the rules for what a cell dials: its target, or the hosts that its look-up begins with.
func (l *loader) hosts(c Cell) []policy.Rule {
	aim, err := c.Aim()
	if err != nil {
		return nil // it is told where the services are checked
	}
	var all []policy.Rule
	for _, t := range append([]target.Target{aim.Target}, aim.Hosts...) {
		if r, err := policy.ParseRule(t.Host); err == nil {
			all = append(all, r)
		}
	}
	return all
}

// logons are where a cell's module logs on, if it does so by the auth.
func logons(a *Auth, c Cell) []policy.TargetPattern {
	if !c.Module.uses(a.Name) {
		return nil
	}
	aim, err := c.Aim()
	if err != nil {
		return nil
	}
	hosts := aim.Logons
	if len(aim.Hosts) == 0 {
		hosts = []target.Target{aim.Target}
	}
	var all []policy.TargetPattern
	for _, t := range hosts {
		if p, err := policy.ParseTargetPattern(net.JoinHostPort(t.Name, strconv.Itoa(int(t.Port)))); err == nil {
			all = append(all, p)
		}
	}
	return all
}
