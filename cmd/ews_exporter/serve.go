package main

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/ews-exporter/ews_exporter/internal/logging"
)

// What is in flight when the exporter stops may finish within patience; then it is answered as it is. Together they stay
// under the 30 s that Kubernetes gives a container.
const (
	patience = 25 * time.Second
	farewell = 4 * time.Second
)

func (c *command) runServe(ctx context.Context) int {
	return c.serveUntil(ctx, &c.serve, func([]net.Listener) {})
}

// serveUntil serves until ctx ends. ready is called once the listeners are open.
func (c *command) serveUntil(ctx context.Context, flags *serveFlags, ready func([]net.Listener)) int {
	if problem := flags.problem(); problem != "" {
		return c.usage("%s", problem)
	}
	defer collectSeldom()()
	if flags.pprof {
		profileHeap()
	}
	log := logging.New(c.stderr, c.log)
	store, err := load(flags.files, log)
	if err != nil {
		return c.fail("%v", err)
	}
	// Go reads the system's authorities once, at the first need, and would go without for ever where no file was left to open.
	_, _ = x509.SystemCertPool()
	if err := toolkit.Validate(*flags.web.WebConfigFile); err != nil {
		return c.fail("--web.config.file %s: %v", *flags.web.WebConfigFile, err)
	}
	memory, err := openMemory(flags.storage, log)
	if err != nil {
		return c.fail("%v", err)
	}
	listeners, err := listen(ctx, flags.web, flags.taken)
	if err != nil {
		return c.fail("%v", err)
	}
	e := newExporter(store, flags, addresses(listeners), log)
	defer e.remember(memory)()
	log.Info("Starting "+name, "version", version.Info(), "build_context", version.BuildContext())
	ready(listeners)
	if err := e.serve(ctx, listeners, flags.web, log); err != nil {
		return c.fail("%v", err)
	}
	log.Info("Stopped")
	return exitOK
}

// serve answers on all listeners until ctx ends or one of them fails.
func (e *exporter) serve(ctx context.Context, listeners []net.Listener, flags *toolkit.FlagConfig, log *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anyone can ask, or an early one would end the process
	defer signal.Stop(hangup)
	base := context.WithoutCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() {
		log.Info("Stopping: no new probes, and those in flight may finish; a second signal ends them", "patience", e.patience)
	})
	for _, l := range listeners {
		// A server of its own for each, because the toolkit changes the server that it serves.
		server := e.guard.Server(base, e.handler)
		group.Go(func() error {
			if err := toolkit.Serve(e.guard.Listener(l), server, flags, log); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			e.stop()
			return e.shutDown(base, server) //nolint:contextcheck // ctx has ended, base has not
		})
	}
	group.Go(func() error {
		ticks, stop := every(e.interval)
		defer stop()
		e.reloadOn(ctx, hangup, ticks)
		return nil
	})
	return group.Wait()
}

// shutDown lets what is in flight finish, hurries it when patience ends, and closes what is left then.
func (e *exporter) shutDown(ctx context.Context, server *http.Server) error {
	timer := time.AfterFunc(e.patience, e.runner.Hurry)
	defer timer.Stop()
	ctx, cancel := context.WithTimeout(ctx, e.patience+farewell)
	defer cancel()
	if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	} else if err != nil {
		return err
	}
	return nil
}
