package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// ownKeys are those that only a module itself can say.
var ownKeys = []string{"prober", "targets"}

// defaults decodes what all modules have that do not say otherwise. One file alone may say it.
func (d *decoder) defaults(section entry) {
	if !d.once("defaults", section.line) {
		return
	}
	d.inside("defaults", section, func(list []entry) {
		list = slices.DeleteFunc(list, func(e entry) bool {
			own := slices.Contains(ownKeys, e.key)
			if own {
				d.problem(e.line, join("defaults", e.key), "each module says this for itself")
			}
			return own
		})
		d.structure("defaults", list, reflect.ValueOf(d.template).Elem(), nil)
	})
}

// module makes a module with its defaults, of whose fields mistakes are told where the defaults stand.
func (l *loader) module(name string) *Module {
	m := *l.template
	m.Name, m.TLS.Pins = name, slices.Clone(m.TLS.Pins)
	if m.ProxyTLS != nil {
		own := *m.ProxyTLS
		own.Pins = slices.Clone(own.Pins)
		m.ProxyTLS = &own
	}
	for field, at := range l.inherited {
		l.places[join("modules", name)+"."+field] = at
	}
	return &m
}

// inherits tells whether the module has the field of the defaults.
func (l *loader) inherits(path, key string) bool {
	ours, ok := l.places["defaults."+key]
	return ok && l.places[path+"."+key] == ours
}

// spare takes from a module what it has by default and has no use for. That it could log on, and not by this auth, a person
// should know.
func (l *loader) spare(path string, m *Module) {
	if a := l.config.Auths[m.Auth]; a != nil && l.inherits(path, "auth") {
		limiter, limited := m.Settings.(prober.LogonLimiter)
		if m.Definition.NoLogon && !a.certificateAlone() {
			m.Auth = ""
		} else if limited {
			if field, problem := limiter.LogonProblem(a.Schemes); problem != "" && field == "" {
				m.Auth = ""
				if _, placed := l.places[path]; placed { // else nobody has said a word of it
					l.warn(path, "goes without the auth of defaults: "+problem)
				}
			}
		}
	}
	if m.Definition.NoProxy && l.inherits(path, "proxy_url") {
		m.ProxyURL, m.ProxyAuth, m.ProxyTLS = ProxyURL{}, "", nil
	}
}

// checkDefaults looks at what modules have by default, so that a mistake there is told once.
func (l *loader) checkDefaults() {
	if _, said := l.places["defaults"]; !said {
		return
	}
	m := *l.template
	if m.ProxyTLS != nil {
		own := *m.ProxyTLS // each module brings its own into the form that is used
		m.ProxyTLS = &own
	}
	if a := l.config.Auths[m.ProxyAuth]; a != nil && len(a.Modules) > 0 {
		m.Name = a.Modules[0] // whether it is for a module is asked of each
	}
	if m.Timeout <= 0 {
		l.report("defaults.timeout", "must be more than 0")
	}
	l.checkConnection("defaults", &m)
	if m.Auth != "" && l.config.Auths[m.Auth] == nil {
		l.report("defaults.auth", unknownAuth(m.Auth, l.config.Auths))
	}
}

// told tells whether it is the defaults where this mistake of a module is, and was told already.
func (l *loader) told(field string) bool {
	at := l.place(field)
	return strings.HasPrefix(field, "modules.") && slices.ContainsFunc(l.problems, func(p Problem) bool {
		return within(p.Field, "defaults") && (place{p.File, p.Line}) == at
	})
}
