package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// check looks at what the keys say together.
func (l *loader) check() {
	l.checkDefaults()
	l.checkServices()
	for _, name := range slices.Sorted(maps.Keys(l.config.Auths)) {
		l.checkAuth(join("auths", name), l.config.Auths[name])
	}
	listed := l.config.mentioned()
	for _, name := range slices.Sorted(maps.Keys(l.config.Modules)) {
		path, m := join("modules", name), l.config.Modules[name]
		if l.config.Implied && !listed[name] {
			l.checkConnection(path, m) // its prober's settings nobody wrote, but the defaults for how it connects somebody may have
			continue
		}
		l.checkModule(path, m)
		if listed[name] && m.Settings != nil && l.sound(path) {
			l.checkScrape(path, m)
		}
	}
	l.checkImplied(listed)
	l.checkCells()
	l.checkAccounts()
	if len(l.config.Auths) > 0 && len(l.config.Policy.Allow) == 0 {
		first := slices.Min(slices.Collect(maps.Keys(l.config.Auths)))
		l.warn(join("auths", first), "there is an auth and policy.allow is empty, so anybody who reaches the exporter can have any host probed; list what it is meant to probe")
	}
}

// checkImplied warns in one line of the modules that nobody wrote and no service asks for, as checkUse does of each of the others.
func (l *loader) checkImplied(listed map[string]bool) {
	var open []string
	for name, m := range l.config.Modules {
		if _, wants := m.Settings.(prober.LogonUser); l.config.Implied && !listed[name] && wants && m.Auth == "" {
			open = append(open, name)
		}
	}
	if len(open) == 0 {
		return
	}
	slices.Sort(open)
	l.warn("modules", "no file defines any, and these of those that there are so have no auth, so where a server asks for a logon their success proves nothing of what they are for: "+
		strings.Join(open, ", ")+"; name an auth in defaults, or define each that is used, with an auth or undecided_ok: true")
}

func (l *loader) checkModule(path string, m *Module) {
	if m.Settings == nil {
		l.checkProber(path, m.Prober)
	} else {
		own := join(path, m.Prober)
		m.Settings.Check(func(field, problem string) { l.report(own+dotted(field), problem) })
		l.checkTimeout(path, own, m)
		if doubter, ok := m.Settings.(prober.Doubter); ok && l.sound(own) {
			doubter.Doubts(func(field, doubt string) { l.warn(own+dotted(field), doubt) })
		}
	}
	l.checkConnection(path, m)
	l.checkUse(path, m)
	l.checkTargets(path, m)
}

// checkConnection looks at how a module connects. It brings what it finds into the form that is used: authorities, pins.
func (l *loader) checkConnection(path string, m *Module) {
	l.checkProtocol(path+".ip_protocol", m.IPProtocol)
	l.checkTLS(path+".tls_config", &m.TLS)
	l.checkProxy(path, m)
}

func (l *loader) checkProtocol(field, protocol string) {
	if all := []string{"ip4", "ip6"}; !slices.Contains(all, protocol) {
		l.report(field, suggest.OneOf(protocol, all))
	}
}

func unknownAuth(name string, auths map[string]*Auth) string {
	return fmt.Sprintf("unknown auth %.64q; %s", name, suggest.Hint(name, slices.Collect(maps.Keys(auths))))
}

// checkTargets demands targets of what must not be turned against just anybody.
func (l *loader) checkTargets(path string, m *Module) {
	if why := m.WantsTargets(); why != "" && len(m.Targets) == 0 && l.sound(path+".targets") {
		l.report(path+".targets", "required, because of "+why+": list the names, globs, addresses or networks that this module may be asked for")
	}
}

// dotted is a field's name as it goes below another.
func dotted(field string) string {
	if field == "" || field[0] == '[' {
		return field
	}
	return "." + field
}

func (l *loader) checkProber(path, prober string) {
	field := path + ".prober"
	if prober == "" {
		l.report(field, "a module needs a prober; "+suggest.Hint("", l.proberNames()))
		return
	}
	l.report(field, fmt.Sprintf("unknown prober %.64q; %s", prober, suggest.Hint(prober, l.proberNames())))
}

func (l *loader) checkTimeout(path, own string, m *Module) {
	field := path + ".timeout"
	if m.Timeout <= 0 {
		l.report(field, "must be more than 0")
		return
	}
	// What a mistaken setting needs says nothing.
	if need := m.Settings.Need(); m.Timeout < need && l.sound(own) {
		l.report(field, fmt.Sprintf("%s is too short: with these settings %s needs %s", spell(m.Timeout), m.Prober, spell(need)))
	}
}

// checkUse checks that the module and its auth go together.
func (l *loader) checkUse(path string, m *Module) {
	user, wants := m.Settings.(prober.LogonUser)
	switch {
	case m.UndecidedOK:
		l.warn(path+".undecided_ok", "a success that proves nothing raises no alert here")
	case wants && m.Auth == "":
		l.warn(path, "without an auth, "+user.WithoutLogon()+"; give it one, or say undecided_ok: true")
	}
	l.checkAuthOf(path, "auth", m.Auth, m)
	if others, ok := m.Settings.(prober.AuthUser); ok {
		for field, name := range others.Auths() {
			l.checkAuthOf(path, m.Prober+dotted(field), name, m)
			if a := l.config.Auths[name]; a != nil && a.certificateAlone() {
				l.report(join(path, m.Prober+dotted(field)), fmt.Sprintf("auth %s is a client's certificate alone, and logs on nowhere; name it in the module's auth", name))
			}
		}
	}
}

// checkAuthOf checks that the module may use the auth that one of its fields names.
func (l *loader) checkAuthOf(path, names, name string, m *Module) {
	if name == "" {
		return
	}
	a := l.config.Auths[name]
	if a == nil {
		l.report(join(path, names), unknownAuth(name, l.config.Auths))
		return
	}
	if m.Definition.NoLogon && !a.certificateAlone() {
		l.report(join(path, names), fmt.Sprintf("%s never logs on; leave the auth out, or name one that is a client's certificate alone", m.Prober))
		return
	}
	if limiter, ok := m.Settings.(prober.LogonLimiter); ok {
		if field, problem := limiter.LogonProblem(a.Schemes); problem != "" {
			at := join(path, names)
			if field != "" {
				at = join(path, m.Prober) + dotted(field)
			}
			l.report(at, problem)
		}
	}
	field, problem := a.Misfit(m)
	if field == "auth" {
		field = names
	}
	if problem != "" {
		l.report(join(path, field), problem)
	}
}
