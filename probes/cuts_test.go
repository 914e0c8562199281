package probes_test

import (
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// relay passes connections on to a server, and cuts each once so many bytes of the server's have passed: the connection is closed,
// or reset.
func relay(t *testing.T, to string, cut int, reset bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { pass(client.(*net.TCPConn), to, cut, reset) })
		}
	})
	return listener.Addr().String()
}

func pass(client *net.TCPConn, to string, cut int, reset bool) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	if n, _ := io.CopyN(client, server, int64(cut)); n == int64(cut) && reset {
		time.Sleep(2 * time.Millisecond) // what was sent arrives before it
		_ = client.SetLinger(0)
	}
}

// TestCutAnywhere: a connection that is cut behind any byte of a healthy server's is one failed probe, or one that does not mind, and
// the failure says where it was cut. No prober panics, and none says that there is no certificate once the server has begun to
// shake hands.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("probes hundreds of times")
	}
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range labs.All() {
		module, address := succeeds(site, cfg, part)
		if module == "" { // it needs a logon, or names
			continue
		}
		t.Run(part.Prober, func(t *testing.T) {
			var all sync.WaitGroup
			slots := make(chan bool, 4)
			for n := range 40 {
				slots <- true
				all.Go(func() {
					defer func() { <-slots }()
					judgeCut(t, cfg, module, relay(t, address, n*61, n%2 == 1), n*61)
				})
			}
			all.Wait()
		})
	}
}

// succeeds is a module of a part without a logon, and where it succeeds.
func succeeds(site *lab.Site, cfg *config.Config, part lab.Part) (module, address string) {
	for _, s := range site.Scenarios() {
		for _, v := range s.Verdicts {
			if m := cfg.Modules[v.Module]; m != nil && m.Prober == part.Prober && v.Failure == lab.None && m.Auth == "" {
				return v.Module, s.Address
			}
		}
	}
	return "", ""
}

// judgeCut probes a server whose connections are cut, and looks at what is said of it.
func judgeCut(t *testing.T, cfg *config.Config, module, target string, cut int) {
	t.Helper()
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
		Panicked: func() { t.Errorf("cut after %d bytes: a panic", cut) },
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: target, Limit: max(5*time.Second, cfg.Modules[module].Settings.Need()+4*time.Second)})
	if err != nil {
		t.Error(err)
		return
	}
	f := answer.Result.Failure
	if f == nil {
		return
	}
	if !slices.Contains([]failure.Stage{failure.TLS, failure.Send, failure.Receive}, f.Stage) {
		t.Errorf("cut after %d bytes: %s (%s)", cut, f.Name(), f.Message)
	}
	if cut > 0 && f.Stage == failure.TLS {
		for _, found := range answer.Result.Findings {
			if found.Severity == result.Error {
				t.Errorf("cut after %d bytes, %s: %s", cut, f.Name(), found.Sentence)
			}
		}
	}
}
