package docs_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/example"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// load is a module at a simulated site, and what one of its probes costs there.
type load struct {
	lab.Load
	prober.Definition
	part lab.Part
	cost lab.Cost
}

// loads are those of all probers, not measured yet.
func loads(t *testing.T) []*load {
	t.Helper()
	var all []*load
	for _, d := range probes.All() {
		e, err := example.Parse(d.Example)
		if err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		i := slices.IndexFunc(labs.All(), func(p lab.Part) bool { return p.Prober == d.Name })
		if i < 0 || len(labs.All()[i].Loads) == 0 {
			t.Errorf("nobody says what %s costs", d.Name)
			continue
		}
		part := labs.All()[i]
		for _, l := range part.Loads {
			l.Every = cmp.Or(l.Every, e.Interval)
			all = append(all, &load{Load: l, Definition: d, part: part})
		}
	}
	return all
}

// usual tells whether the load is that of the module as the prober's example has it.
func (l *load) usual() bool { return l.About == l.part.Loads[0].About }

// name is the module's, in Markdown.
func (l *load) name() string { return fmt.Sprintf("`%s`, %s", l.Name, l.About) }

// perDay is how many probes of a target there are in a day.
func (l *load) perDay() int { return int(24 * time.Hour / l.Every) }

// peer starts the site.
func (l *load) peer(t *testing.T) lab.Peer {
	t.Helper()
	var p lab.Peer
	if i := slices.IndexFunc(l.part.Cases, func(c lab.Case) bool { return c.Name == l.At }); i >= 0 {
		p = l.part.Cases[i].Start(t)
		p.Target = p.Server
	} else {
		site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{l.At}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(site.Close)
		scenario, _ := site.Scenario(l.At)
		p = lab.Peer{Target: scenario.Address, Authority: site.Authority(), Cost: func() lab.Cost { return site.Cost(l.At) }}
	}
	p.Logon = ""
	if l.Keys != nil { // else the case's own, which may tell where its servers are
		p.Keys = l.Keys
	}
	if l.Logon {
		host, port, err := net.SplitHostPort(p.Target)
		if err != nil {
			t.Fatal(err)
		}
		p.Logon = fmt.Sprintf("username: '%s', password: %s, schemes: [ntlm]", lab.Username, lab.Password)
		p.LogonTargets = []string{net.JoinHostPort(cmp.Or(p.Hostname, host), port)}
	}
	return p
}

// measure counts at the site what one probe costs.
func (l *load) measure(t *testing.T) {
	t.Helper()
	peer := l.peer(t)
	if counted := peer.Cost(); counted != (lab.Cost{}) { // and another load's probe would be laid to this one
		t.Fatalf("the site has counted %+v before it was probed: each one that is started must count for itself", counted)
	}
	file, err := peer.WriteConfig(t.TempDir(), l.Name)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	run := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	probe := func() lab.Cost {
		answer, err := run.Probe(t.Context(), runner.Request{Module: l.Name, Target: peer.Target, Hostname: peer.Hostname})
		if err != nil {
			t.Fatal(err)
		}
		if failed := answer.Result.Failure != nil; failed != l.Fails {
			t.Fatalf("failed: %v: %v", failed, answer.Result.Failure)
		}
		return settled(t, peer.Cost)
	}
	var before lab.Cost
	if !l.First { // the first one finds its way, and makes its folder
		before = probe()
	}
	l.cost = probe().Less(before)
}

// settled waits until every connection has ended.
func settled(t *testing.T, cost func() lab.Cost) lab.Cost {
	t.Helper()
	for range 1000 {
		if c := cost(); c.Open == 0 {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("connections stay open after the probe: %+v", cost())
	return lab.Cost{}
}
