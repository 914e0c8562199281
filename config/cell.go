package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Cell is one thing to be probed day and night: a module, asked of a service in one way, at one place.
type Cell struct {
	Service  *Service
	Module   *Module
	Way      prober.Way
	Target   string // the parameter target
	Hostname string // the parameter hostname; empty where the target is asked under its own name
	Mailbox  string // the parameter mailbox; empty for the module's own, and where it names none
	Resolve  bool   // it stands for one cell for each address of the target's name; see At

	// field is what of the configuration says so, for mistakes.
	field string
}

// Via is the label of that name: past the balancer and at one server, or as clients ask, which is also how a mail domain is.
func (c Cell) Via() string {
	if c.Way == prober.ByServer {
		return "direct"
	}
	return "balancer"
}

// Host is the target without its port.
func (c Cell) Host() string {
	host, _ := splitHost(c.Target)
	return host
}

// At is the cell for one address of its target's name. A port goes along; the name does as hostname, so that the address is asked
// for what clients ask for.
func (c Cell) At(address string) Cell {
	host, port := splitHost(c.Target)
	c.Target, c.Hostname, c.Resolve = hostPort(address, port), host, false
	return c
}

// Stands gives, for the address of a balancer's name that a service has each address asked of, that name and the address: it is
// asked in the name's stead, and may be where the name may. ok is false for every other target.
func (c *Config) Stands(module, target, hostname string) (name string, address netip.Addr, ok bool) {
	host, port := splitHost(target)
	address, err := netip.ParseAddr(host)
	if err != nil || hostname == "" {
		return "", address, false
	}
	for _, s := range c.Services {
		if !s.Resolve || !slices.Contains(s.Modules, module) {
			continue
		}
		for _, balancer := range s.Balancers {
			if host, own := splitHost(balancer); host == hostname && own == port {
				return balancer, address, true
			}
		}
	}
	return "", address, false
}

// Cells are all that the services ask for, in the order of services by name, then as the configuration lists modules, ways
// (balancers, servers, domains, as the prober declares them), places and mailboxes.
func (c *Config) Cells() []Cell {
	var all []Cell
	for _, key := range slices.Sorted(maps.Keys(c.Services)) {
		all = append(all, c.cellsOf(c.Services[key])...)
	}
	return all
}

func (c *Config) cellsOf(s *Service) []Cell {
	var all []Cell
	for _, name := range s.Modules {
		if m := c.Modules[name]; m != nil && m.Settings != nil {
			all = append(all, s.cells(m)...)
		}
	}
	return all
}

// cells are those of one module.
func (s *Service) cells(m *Module) []Cell {
	var all []Cell
	for _, path := range m.Definition.Paths {
		key, places := s.places(path.Way)
		for i, place := range places {
			c := Cell{Service: s, Module: m, Way: path.Way, Target: place, field: item(join("services", s.Key)+"."+key, i)}
			host, _ := splitHost(place)
			_, address, _ := target.ParseHost(host)
			switch {
			case path.Way == prober.ByServer && path.Hostname:
				c.Hostname = s.Host()
			case path.Way == prober.ByBalancer && address.IsValid() && host != s.Host():
				c.Hostname = s.Host() // no certificate is for an address
			case path.Way == prober.ByBalancer:
				c.Resolve = s.Resolve && !address.IsValid()
			}
			all = append(all, s.perMailbox(c)...)
		}
	}
	return all
}

// places are where the service is asked in a way, and the key that lists them.
func (s *Service) places(way prober.Way) (key string, places []string) {
	switch way {
	case prober.ByServer:
		return "servers", s.Servers
	case prober.ByDomain:
		return "domains", s.Domains
	default:
		return "balancers", s.Balancers
	}
}

// perMailbox gives a cell once for each mailbox, where its module can name one. A domain is asked for its own alone; where it
// has none of them, for what the module says.
func (s *Service) perMailbox(c Cell) []Cell {
	var all []Cell
	if _, names := c.Module.Settings.(prober.MailboxUser); names {
		for _, mailbox := range s.Mailboxes {
			_, domain, _ := strings.Cut(mailbox, "@")
			if c.Way == prober.ByDomain && !strings.EqualFold(domain, c.Target) {
				continue
			}
			c.Mailbox = mailbox
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return []Cell{c}
	}
	return all
}

// Host is the service's name without its port.
func (s *Service) Host() string {
	host, _ := splitHost(s.Name)
	return host
}

// Aim is what the cell's target stands for.
func (c Cell) Aim() (prober.Aim, error) {
	return prober.AimOf(c.Module.Definition, c.prober(), c.Target, c.Hostname)
}

// prober is the module's, for the cell's mailbox.
func (c Cell) prober() prober.Prober { return c.Module.For(c.Mailbox) }

// For is the module's prober for a mailbox; "" is the module's own, which is also that of a module that can name none.
func (m *Module) For(mailbox string) prober.Prober {
	if user, ok := m.Settings.(prober.MailboxUser); ok && mailbox != "" {
		return user.ForMailbox(mailbox)
	}
	return m.Settings
}

// MailboxOf says why a module may not be asked for a mailbox; nil where it may: a service lists the module and has the mailbox.
// So nobody who reaches the exporter can ask for just anybody's.
func (c *Config) MailboxOf(m *Module, mailbox string) error {
	if _, ok := m.Settings.(prober.MailboxUser); !ok {
		return fmt.Errorf("the module %q names no mailbox", m.Name)
	}
	for _, s := range c.Services {
		if slices.Contains(s.Modules, m.Name) && slices.Contains(s.Mailboxes, mailbox) {
			return nil
		}
	}
	return fmt.Errorf("no service that lists the module %q has this mailbox among its mailboxes", m.Name)
}

// splitHost takes a port off host:port; "" where there is none. An IPv6 address loses its brackets.
func splitHost(s string) (host, port string) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 && (strings.Count(s, ":") == 1 || strings.HasPrefix(s, "[") && s[i-1] == ']') {
		s, port = s[:i], s[i+1:]
	}
	return strings.Trim(s, "[]"), port
}

func hostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}
