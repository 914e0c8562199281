// Command demo shows the 501 that no server logs on its way to an alert, on loopback: a simulated Kemp LoadMaster in the
// setting that breaks hybrid Exchange, the exporter, and a real Prometheus and Alertmanager with the files that are
// shipped. `make demo` runs it. It leaves nothing running, and nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// pace is how fast it goes.
type pace struct {
	factor  int    // divides every duration
	variant string // of the module: what its name ends with. Its wait has to fit between two scrapes
}

// usual keeps the wait of 5 s, for it is what the alert tells of; a minute between scrapes divided by 8 has room for it.
var usual = pace{factor: 8}

// patience is for each thing to happen, on a machine that is busy.
const patience = 4 * time.Minute

// The scenarios of the simulated site: the balancer, the server behind it, and the setting that mends the balancer.
const (
	balancer = "kemp-rfc2616"
	server   = "healthy"
	mended   = "kemp-fixed"
	service  = "mail.contoso.test"
)

const missing = `It takes the exporter (make build), and on PATH Prometheus 2.42 or later, and Alertmanager. On Debian and its like this
installs the two as root, and starts neither as a service:
    scripts/install-test-servers.sh prometheus amtool
With Docker nothing needs to be installed: docker compose -f deploy/compose.yaml up --build
`

func main() {
	exporter := flag.String("exporter", "build/ews_exporter", "the exporter's program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Stdout, *exporter, usual); {
	case err == nil:
		fmt.Println("\nThat is all. Nothing is left running.")
	case ctx.Err() != nil:
		fmt.Println("\nStopped. Nothing is left running.")
	case errors.Is(err, servers.ErrMissing):
		fmt.Fprintf(os.Stderr, "demo: %v.\n"+missing, err)
		os.Exit(1) //nolint:gocritic // what was started has ended
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // what was started has ended
	}
}

// run shows it all, and ends all that it started.
func run(ctx context.Context, out io.Writer, exporter string, p pace) error {
	exporter, err := filepath.Abs(exporter)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ews_exporter-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	site, err := lab.Start(ctx, labs.All(), lab.Options{Only: []string{balancer, server}})
	if err != nil {
		return err
	}
	defer site.Close()
	if err := lab.WriteConfig(dir, site); err != nil {
		return err
	}
	broken, _ := site.Scenario(balancer)
	module := broken.Verdicts[0].Module + p.variant // the one that the scenario is there for
	s := &story{out: out, factor: p.factor, site: site, notes: make(chan delivery.Notification, 100), began: time.Now()}
	s.chain, err = delivery.Start(ctx, delivery.Options{
		Dir: dir, Exporter: exporter, Configs: []string{filepath.Join(dir, "ews_exporter.yml")}, Factor: p.factor,
		Jobs: []delivery.Job{{Module: module, Targets: []delivery.Target{
			{Address: s.address(balancer), Service: service}, {Address: s.address(server), Service: service, Via: "direct"},
		}}},
		Receive: func(n delivery.Notification) { s.notes <- n },
	})
	if err != nil {
		return err
	}
	defer s.chain.Close()
	return s.tell(ctx)
}
