package config

import (
	"reflect"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/example"
	"github.com/ews-exporter/ews_exporter/internal/policy"
)

// Service is what clients use under one name: what is asked of it, and where.
type Service struct {
	Key string `yaml:"-"` // below services
	// Name is what clients use, host or host:port: the label service of all that is probed for it.
	Name      string   `yaml:"name"`
	Balancers []string `yaml:"balancers"` // host or host:port; default: the name
	Resolve   bool     `yaml:"resolve"`   // each address of a balancer's name is asked by itself
	Servers   []string `yaml:"servers"`   // host or host:port, asked directly under the name
	Domains   []string `yaml:"domains"`   // mail domains
	Mailboxes []string `yaml:"mailboxes"` // mail addresses; modules that can name a mailbox run for each
	Modules   []string `yaml:"modules"`   // names of modules
}

// services decodes the section of that name.
func (d *decoder) services(section entry) {
	d.inside("services", section, func(list []entry) {
		for _, e := range list {
			path, ok := d.named("services", e)
			if !ok {
				continue
			}
			if !policy.ServiceName(e.key) {
				d.problem(e.line, path, "a service is called by letters, digits, - and _, not by digits alone: what clients use is its name")
			}
			s := &Service{Key: e.key}
			d.config.Services[e.key] = s
			d.value(path, e.line, e.value, reflect.ValueOf(s).Elem())
			if s.Balancers == nil && s.Name != "" {
				s.Balancers = []string{s.Name}
			}
		}
	})
}

// paces are the probers' examples that were read, by their text: each of thousands of modules asks for one of few.
var paces sync.Map

// pace is how a prober is asked as a rule; a minute where it does not say.
func (m *Module) pace() example.Example {
	if known, ok := paces.Load(m.Definition.Example); ok {
		return known.(example.Example) //nolint:forcetypeassert // nothing else is kept there
	}
	e, err := example.Parse(m.Definition.Example)
	if err != nil {
		e = example.Example{Interval: time.Minute}
	}
	paces.Store(m.Definition.Example, e)
	return e
}

// Scrape is how often Prometheus is to ask for the module, and its time limit: that of the module and what is kept back for the
// answer, in whole seconds, but no longer than the interval.
func (m *Module) Scrape(offset time.Duration) (interval, timeout time.Duration) {
	interval = m.scrapeInterval()
	timeout = (m.Timeout + offset + time.Second - 1).Truncate(time.Second)
	return interval, min(timeout, interval)
}

// scrapeInterval follows min_interval, which says how often is probed, as far as Prometheus can wait: what is probed less often
// is answered from the last result meanwhile.
func (m *Module) scrapeInterval() time.Duration {
	if m.interval > 0 {
		return m.interval
	}
	e := m.pace()
	if m.MinInterval > 0 {
		e.Interval = m.MinInterval
	}
	return e.Scrape()
}

// calm gives a module that a service lists, and that says nothing of it, the interval at which its prober probes as a rule: a
// service is scraped day and night.
func (l *loader) calm(m *Module) {
	_, said := l.places[join(join("modules", m.Name), "min_interval")]
	if e := m.pace(); !said && e.Interval > e.Scrape() {
		m.MinInterval = e.Interval
	}
	m.interval = m.scrapeInterval()
}

// mentioned are the modules that services list.
func (c *Config) mentioned() map[string]bool {
	all := map[string]bool{}
	for _, s := range c.Services {
		for _, name := range s.Modules {
			all[name] = true
		}
	}
	return all
}

// adopt has mistakes of modules that no file defines told where a service lists them.
func (l *loader) adopt() {
	for key, s := range l.config.Services {
		for i, name := range s.Modules {
			path := join("modules", name)
			if _, there := l.places[path]; !there {
				l.places[path] = l.place(item(join("services", key)+".modules", i))
			}
		}
	}
}
