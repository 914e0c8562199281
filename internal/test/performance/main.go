//go:build linux

// Command performance measures what a probe costs, side by side with the least that it could cost and with
// blackbox_exporter, and writes docs/performance.md. It sends traffic to servers of its own on loopback only.
//
//	go run ./internal/test/performance -exporter build/ews_exporter [-write docs/performance.md] [-only cpu,memory,scale]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "performance:", err)
		os.Exit(1)
	}
}

// options are what a person may choose.
type options struct {
	exporter string // program
	blackbox string // program; measured where it is installed
	write    string // the page to write; empty: none
	only     string // the measurements to make, by name
	rounds   int    // of the processor measurement
	probes   int    // in each of its rounds
	parallel int    // probes at once in the processor measurement
	hanging  int    // probes at once in the memory measurement
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 { // the other side of a measurement, in a process of its own
		switch args[0] {
		case "serve":
			return serve(ctx, args[1])
		case "floor":
			return floor(args[1:])
		}
	}
	o := options{}
	flags := flag.NewFlagSet("performance", flag.ContinueOnError)
	flags.StringVar(&o.exporter, "exporter", "build/ews_exporter", "the `program` to measure")
	flags.StringVar(&o.blackbox, "blackbox", "prometheus-blackbox-exporter", "the `program` to compare it with")
	flags.StringVar(&o.write, "write", "", "the `page` to write what was measured to")
	flags.StringVar(&o.only, "only", "cpu,memory,scale", "which `measurements` to make")
	flags.IntVar(&o.rounds, "rounds", 9, "rounds of the processor measurement")
	flags.IntVar(&o.probes, "probes", 500, "probes in each round")
	flags.IntVar(&o.parallel, "parallel", 8, "probes at once, as Prometheus scrapes many targets")
	flags.IntVar(&o.hanging, "hanging", 2000, "probes at once that hang")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	for _, m := range []struct {
		name    string
		measure func(*bench, context.Context) (string, error)
	}{{"cpu", (*bench).processor}, {"memory", (*bench).memory}, {"scale", (*bench).scale}} {
		if !strings.Contains(o.only, m.name) {
			continue
		}
		measured, err := m.measure(b, ctx)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
		fmt.Println(measured)
		if o.write == "" {
			continue
		}
		if err := writeSection(o.write, m.name, b.circumstances(ctx)+measured); err != nil {
			return err
		}
	}
	return nil
}
