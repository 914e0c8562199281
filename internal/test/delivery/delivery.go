// Package delivery runs the whole way of an alert on loopback, with the files that are shipped: the exporter's program, a
// real Prometheus with the example of a scrape configuration and the rules, a real Alertmanager with its example, and a
// receiver for what that sends. All durations of those files are divided by one factor, when the chain starts. It serves
// `make demo` and the end-to-end tests.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// Options say what to run, and over what.
type Options struct {
	Dir      string   // for all files; ends up with those of each server below it
	Exporter string   // path of the exporter's program
	Configs  []string // its configuration files
	Factor   int      // by which durations are divided
	Jobs     []Job
	Receive  func(Notification) // what Alertmanager sends; never two at once
}

// Chain is a running one.
type Chain struct {
	Exporter, Alertmanager string // URLs
	Prometheus             servers.Prometheus

	ctx  context.Context // ends with the chain, for a cause
	end  context.CancelCauseFunc
	runs sync.WaitGroup
}

// Start starts the chain, and returns when all of it serves. It runs until Close, until ctx ends, or until one of its
// programs does.
func Start(ctx context.Context, o Options) (*Chain, error) {
	c := &Chain{}
	c.ctx, c.end = context.WithCancelCause(ctx)
	if err := c.start(o); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Chain) start(o Options) error {
	receiver, err := c.receive(o.Receive)
	if err != nil {
		return err
	}
	exporter, err := c.run(o, exporterServer(o), "")
	if err != nil {
		return err
	}
	config, err := alertmanagerConfig(o.Factor, receiver)
	if err != nil {
		return err
	}
	alertmanager, err := c.run(o, servers.Alertmanager, config)
	if err != nil {
		return err
	}
	if err := writeRules(o.Dir, o.Factor); err != nil {
		return err
	}
	config, err = prometheusConfig(o, exporter, alertmanager)
	if err != nil {
		return err
	}
	prometheus, err := c.run(o, servers.PrometheusServer, config)
	c.Exporter, c.Alertmanager, c.Prometheus.URL = "http://"+exporter, "http://"+alertmanager, "http://"+prometheus
	return err
}

// exporterServer runs the exporter. Its limit for one address is lifted, because the whole simulated site has one.
func exporterServer(o Options) servers.Server {
	return servers.Server{Program: o.Exporter, Args: func(p servers.Place) []string {
		args := []string{"--web.listen-address=" + p.Address, "--limit.probes-per-address=100"}
		for _, file := range o.Configs {
			args = append(args, "--config.file="+file)
		}
		return args
	}}
}

// run runs one of the programs, and ends the chain when it ends.
func (c *Chain) run(o Options, s servers.Server, config string) (address string, err error) {
	name := filepath.Base(s.Program)
	dir := filepath.Join(o.Dir, name+".files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a directory for %s: %w", name, err)
	}
	r, err := s.Run(c.ctx, servers.Place{Dir: dir, Lines: config})
	if err != nil {
		return "", err
	}
	c.runs.Go(func() {
		c.end(fmt.Errorf("%s ended: %w", name, errors.Join(r.Wait(), errors.New("see its log in "+dir))))
	})
	return r.Address, nil
}

// Done is closed when the chain ends; Err tells why.
func (c *Chain) Done() <-chan struct{} { return c.ctx.Done() }

// Err is why the chain ended: context.Canceled when it was asked to.
func (c *Chain) Err() error { return context.Cause(c.ctx) }

// Close ends the chain. Nothing of it is left then: no process, no socket, no goroutine.
func (c *Chain) Close() {
	c.end(context.Canceled)
	c.runs.Wait()
}
