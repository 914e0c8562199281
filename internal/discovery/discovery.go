// Package discovery finds what there is to probe: what the services of the configuration ask for, with the addresses that names
// have now where each is asked by itself.
package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	// fresh is how long a look-up is good for: whoever asks more often costs the name servers nothing.
	fresh = 30 * time.Second
	// patience is the time of all look-ups together. Prometheus gives a service discovery as long as one scrape.
	patience = 5 * time.Second
	// atOnce is how many names are looked up at a time.
	atOnce = 16
)

// Finder finds cells. It is safe for concurrent use.
type Finder struct {
	Config   func() *config.Config // the one in force
	Resolver wire.Resolver         // nil: the system's
	Log      *slog.Logger

	looking sync.Mutex // held while names are looked up
	names   atomic.Pointer[names]
	listed  atomic.Pointer[listed]
}

// listed are the cells of a configuration, which are made once, and not for everybody who asks.
type listed struct {
	of    *config.Config
	cells []config.Cell
}

// cells are those of a configuration, before names are looked up. Nobody changes them.
func (f *Finder) cells(cfg *config.Config) []config.Cell {
	if now := f.listed.Load(); now != nil && now.of == cfg {
		return now.cells
	}
	now := &listed{cfg, cfg.Cells()}
	f.listed.Store(now)
	return now.cells
}

// names are what is known of those that are looked up. They are never changed.
type names map[string]name

// name is what is known of one.
type name struct {
	addresses []netip.Addr // of the last look-up that found some
	at        time.Time    // of the last look-up
	err       error        // of the last look-up
}

// Cells are what the services ask for now. Where a look-up fails, the addresses that were found last stay; the error is that of a
// name of which none were ever found. So a list never gets shorter because a name server is silent.
// They are by the configuration that comes with them.
func (f *Finder) Cells(ctx context.Context) (*config.Config, []config.Cell, error) {
	cfg := f.Config()
	cells := f.cells(cfg)
	known := f.lookUp(ctx, cells)
	for _, c := range cells {
		if n := known[c.Host()]; c.Resolve && len(n.addresses) == 0 {
			return cfg, nil, fmt.Errorf("service %s: the addresses of its balancer cannot be found: %w", c.Service.Key, n.err)
		}
	}
	return cfg, known.spread(cells), nil
}

// Listed are those that Cells gave last, without a look-up; those of names that were never looked up are missing.
func (f *Finder) Listed() []config.Cell { return f.known().spread(f.cells(f.Config())) }

func (f *Finder) known() names {
	if known := f.names.Load(); known != nil {
		return *known
	}
	return nil
}

// spread puts a cell for each address in the place of those that stand for all addresses of a name.
func (known names) spread(cells []config.Cell) []config.Cell {
	if !slices.ContainsFunc(cells, func(c config.Cell) bool { return c.Resolve }) {
		return cells
	}
	var spread []config.Cell
	for _, c := range cells {
		if !c.Resolve {
			spread = append(spread, c)
			continue
		}
		for _, a := range known[c.Host()].addresses {
			spread = append(spread, c.At(a.String()))
		}
	}
	return spread
}

// lookUp brings what is known of the cells' names up to date, and forgets other names.
func (f *Finder) lookUp(ctx context.Context, cells []config.Cell) names {
	f.looking.Lock()
	defer f.looking.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // who leaves must not cost others the answer
	defer cancel()
	now, before := names{}, f.known()
	for _, c := range cells {
		if c.Resolve {
			now[c.Host()] = before[c.Host()]
		}
	}
	var mu sync.Mutex
	var due errgroup.Group
	due.SetLimit(atOnce)
	for host, n := range maps.Clone(now) {
		if time.Since(n.at) < fresh {
			continue
		}
		due.Go(func() error {
			n := f.one(ctx, host, n)
			mu.Lock()
			defer mu.Unlock()
			now[host] = n
			return nil
		})
	}
	_ = due.Wait() // what failed is told of each
	f.names.Store(&now)
	return now
}

// one looks one name up.
func (f *Finder) one(ctx context.Context, host string, n name) name {
	found, err := (&wire.Dialer{Resolver: f.Resolver}).Resolve(ctx, host, wire.Preference{Fallback: true})
	switch {
	case err != nil && n.err == nil:
		f.Log.Warn("A balancer's name cannot be looked up; what was found last stays", "name", host, "err", err, "addresses", len(n.addresses))
	case err == nil && n.err != nil:
		f.Log.Info("A balancer's name can be looked up again", "name", host)
	}
	n.at, n.err = time.Now(), err
	if err == nil {
		n.addresses = slices.SortedFunc(slices.Values(found.Addresses), netip.Addr.Compare)
	}
	return n
}
