package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// maxCells bounds what services ask for together: each is a scrape, and a line of /sd.
const maxCells = 50_000

// checkServices looks at the services, and puts what they name in the place of what refers to them. Where a service is wrong, what
// refers to it is left as it is: all that followed would be mistakes that are none.
func (l *loader) checkServices() {
	if l.config.Implied {
		l.adopt()
	}
	for name, m := range l.config.Modules {
		l.spare(join("modules", name), m)
	}
	for _, key := range slices.Sorted(maps.Keys(l.config.Services)) {
		l.checkService(join("services", key), l.config.Services[key])
	}
	for name := range l.config.mentioned() {
		if m := l.config.Modules[name]; m != nil && m.Settings != nil {
			l.calm(m)
		}
	}
	if l.sound("services") {
		l.refer()
	}
}

// checkService looks at what one service says by itself, and brings hosts into their normal spelling.
func (l *loader) checkService(path string, s *Service) {
	if s.Name == "" {
		l.report(path+".name", "required: what clients use, such as mail.contoso.com")
	} else if name, err := hostOf(s.Name); err != nil {
		l.report(path+".name", err.Error())
		if _, said := l.places[path+".balancers"]; !said {
			s.Balancers = nil
		}
	} else {
		s.Name = name
	}
	for key, hosts := range map[string][]string{"balancers": s.Balancers, "servers": s.Servers} {
		l.checkPlaces(path+"."+key, hosts, hostOf)
	}
	l.checkPlaces(path+".domains", s.Domains, domainOf)
	l.checkPlaces(path+".mailboxes", s.Mailboxes, mailboxOf)
	if len(s.Modules) == 0 {
		l.report(path+".modules", "required: the names of modules, such as "+strings.Join(firstFew(slices.Sorted(maps.Keys(l.config.Modules))), ", "))
	}
	listed := map[string]bool{}
	for i, name := range s.Modules {
		field, again := item(path+".modules", i), listed[name]
		listed[name] = true
		switch m := l.config.Modules[name]; {
		case m == nil:
			l.report(field, fmt.Sprintf("there is no module %.64q; %s", name, suggest.Hint(name, slices.Collect(maps.Keys(l.config.Modules)))))
		case again:
			l.report(field, "is there already")
		case m.Settings != nil && l.sound(path+".name") && len(s.cells(m)) == 0:
			l.report(field, fmt.Sprintf("%s is asked of %s, and the service has none", m.Prober, waysOf(m)))
		}
	}
	l.checkPorts(s)
}

func firstFew(names []string) []string { return names[:min(3, len(names))] }

// waysOf says of what a module is asked, in the words of a service's keys.
func waysOf(m *Module) string {
	var keys []string
	for _, p := range m.Definition.Paths {
		key, _ := (&Service{}).places(p.Way)
		keys = append(keys, key)
	}
	return strings.Join(keys, " and ")
}

// checkPlaces reads each entry of a list, whose normal spelling takes its place.
func (l *loader) checkPlaces(path string, list []string, read func(string) (string, error)) {
	seen := map[string]bool{}
	for i := range list {
		text, err := read(list[i])
		switch {
		case err != nil:
			l.report(item(path, i), err.Error())
			continue
		case seen[text]:
			l.report(item(path, i), fmt.Sprintf("%.64q is there already", text))
		}
		list[i], seen[text] = text, true
	}
}

// hostOf reads host or host:port.
func hostOf(s string) (string, error) {
	if strings.ContainsAny(s, "/@?#") {
		return "", fmt.Errorf("%.64q is not a host: write the host alone, or host:port", s)
	}
	t, err := target.Parse(s, "")
	if err != nil {
		return "", err
	}
	_, port := splitHost(s)
	return hostPort(t.Host, port), nil
}

func domainOf(s string) (string, error) {
	name, address, err := target.ParseHost(s)
	if err == nil && address.IsValid() {
		err = fmt.Errorf("%s is an address, and not a mail domain", name)
	}
	return name, err
}

func mailboxOf(s string) (string, error) {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", errors.New("not a mail address, such as probe@contoso.com")
	}
	return s, nil
}

// checkPorts refuses a port that modules of several protocols would ask at: it can be right for one of them alone.
func (l *loader) checkPorts(s *Service) {
	first := map[string]*Module{} // of each field with a port
	for _, c := range l.config.cellsOf(s) {
		if _, port := splitHost(c.Target); port == "" {
			continue
		}
		other := first[c.field]
		if other == nil {
			first[c.field] = c.Module
		} else if other.Definition.Scheme != c.Module.Definition.Scheme {
			l.report(c.field, fmt.Sprintf("the modules %s and %s speak different protocols, and would ask at the same port; give one of them a service of its own, or leave the port out", other.Name, c.Module.Name))
		}
	}
}

// checkCells holds what the services ask for against all that would refuse it: a target that is listed is to be probed.
func (l *loader) checkCells() {
	if !l.sound("services") {
		return
	}
	cells := l.config.Cells()
	if len(cells) > maxCells {
		l.report("services", fmt.Sprintf("the services ask for %d probes together, and at most %d are possible", len(cells), maxCells))
		return
	}
	permitted := remembered(policy.New(l.config.Policy.Allow, l.config.Policy.Deny, nil))
	type what struct{ module, target, hostname, mailbox, via string }
	seen := map[what]string{}
	for _, c := range cells {
		w := what{c.Module.Name, c.Target, c.Hostname, c.Mailbox, c.Via()}
		if other, twice := seen[w]; twice && other != c.Service.Key {
			l.report(c.field, fmt.Sprintf("the service %s has this too, and module %s would ask it twice", other, c.Module.Name))
		}
		seen[w] = c.Service.Key
		if l.sound(c.field) && l.sound(join("modules", c.Module.Name)) {
			if err := c.refused(l.config, permitted); err != nil {
				l.report(c.field, err.Error())
			}
		}
	}
	l.checkMailboxes()
}

// remembered asks policy once for each host: thousands of servers are as many rules, and each is asked about by each module.
func remembered(p *policy.Policy) func(target.Target) error {
	type host struct{ host, name string }
	said := map[host]error{}
	return func(t target.Target) error {
		h := host{t.Host, t.Name}
		if _, known := said[h]; !known {
			said[h] = p.Target(t)
		}
		return said[h]
	}
}

// refused says why a probe of the cell would be refused before its first packet; nil where it would not.
func (c Cell) refused(cfg *Config, permitted func(target.Target) error) error {
	aim, err := c.Aim()
	if err != nil {
		return fmt.Errorf("module %s cannot be asked for it: %w", c.Module.Name, err)
	}
	hosts := aim.Hosts
	if len(hosts) == 0 {
		hosts = []target.Target{aim.Target}
	}
	if err := errorOfAll(hosts, permitted); err != nil {
		return err
	}
	if err := c.Module.Targets.Target(aim.Target); err != nil {
		return fmt.Errorf("module %s may not be asked for it: %w", c.Module.Name, err)
	}
	a := cfg.Auths[c.Module.Auth]
	if a != nil && len(aim.Hosts) == 0 && a.Credential().Permit(c.Module.Name, aim.Target) != nil { // whose error shows the auth's targets
		return fmt.Errorf("module %s would not log on there: auth %s is not for %s; add service:%s to its targets", c.Module.Name, a.Name, net.JoinHostPort(aim.Target.Name, strconv.Itoa(int(aim.Target.Port))), c.Service.Key)
	}
	return nil
}

// errorOfAll is the first of the errors where there is one for each.
func errorOfAll(hosts []target.Target, check func(target.Target) error) error {
	var first error
	for _, t := range hosts {
		err := check(t)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// checkMailboxes has each module that runs for a mailbox look at it.
func (l *loader) checkMailboxes() {
	for key, s := range l.config.Services {
		for i, mailbox := range s.Mailboxes {
			for _, name := range s.Modules {
				user, ok := l.config.Modules[name].Settings.(prober.MailboxUser)
				field := item(join("services", key)+".mailboxes", i)
				if ok && l.sound(join("modules", name)) && l.sound(field) {
					user.ForMailbox(mailbox).Check(func(_, problem string) { l.report(field, fmt.Sprintf("module %s: %s", name, problem)) })
				}
			}
		}
	}
}

// checkScrape refuses a time limit that is longer than the interval of scrapes: Prometheus would leave such a target out, and
// say so in its log alone.
func (l *loader) checkScrape(path string, m *Module) {
	interval := m.scrapeInterval()
	if m.Timeout <= interval {
		return
	}
	field := path + ".timeout"
	if m.MinInterval > 0 && l.places[path+".timeout"] == (place{}) {
		field = path + ".min_interval"
	}
	l.report(field, fmt.Sprintf("the module is scraped every %s, and its time limit of %s is longer: Prometheus would leave it out; raise min_interval, or lower timeout", spell(interval), spell(m.Timeout)))
}
