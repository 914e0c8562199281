package probes_test

import (
	"bytes"
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
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// handshakeRecord begins one of TLS (RFC 8446 section 5.1).
const handshakeRecord = 22

// between is somebody on the way to a server, who passes all on, and says something of his own.
type between struct {
	to     string
	behind int    // bytes of the server's, on each connection, behind which it is said; 0: it is not
	says   []byte // in one piece with what comes before

	mu     sync.Mutex
	before []byte // what the server said in clear text on a connection that went on over TLS; nil without one
	last   []byte // of that, what it said since the client had spoken last
}

// listen starts it, and gives its address. It ends with the test.
func (b *between) listen(t *testing.T) string {
	t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = at.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := at.Accept()
			if err != nil {
				return
			}
			running.Go(func() { b.pass(client) })
		}
	})
	return at.Addr().String()
}

func (b *between) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer server.Close()
	var clear, last []byte
	go func() {
		each(client, func(said []byte) bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			if said[0] == handshakeRecord && len(clear) > 0 && b.before == nil {
				b.before, b.last = slices.Clone(clear), slices.Clone(last)
			}
			last = nil
			_, err := server.Write(said)
			return err == nil
		})
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	each(server, func(said []byte) bool {
		b.mu.Lock()
		at := b.behind - len(clear) // in what was said now
		clear, last = append(clear, said...), append(last, said...)
		b.mu.Unlock()
		if at > 0 && at <= len(said) {
			said = slices.Concat(said[:at], b.says, said[at:])
		}
		_, err := client.Write(said)
		return err == nil
	})
}

// each gives what comes to f, as long as that wants more.
func each(from io.Reader, f func(said []byte) bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !f(buffer[:n]) || err != nil {
			return
		}
	}
}

// TestNothingInClearTextCountsOverTLS: whatever prober begins in clear text and goes on over TLS, what somebody on the way puts
// behind the server's consent, or before that was asked for, is never taken for what the server says over TLS.
func TestNothingInClearTextCountsOverTLS(t *testing.T) {
	t.Parallel()
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
	upgrades := 0
	for _, s := range site.Scenarios() {
		for _, v := range s.Verdicts {
			if s.OverHTTP() || v.Failure != lab.None || cfg.Modules[v.Module].Auth != "" {
				continue
			}
			honest := &between{to: s.Address}
			if probeVia(t, cfg, v.Module, honest); honest.before == nil {
				continue
			}
			upgrades++
			whole := len(honest.before)
			for where, b := range map[string]*between{
				"behind the consent":      {to: s.Address, behind: whole, says: honest.last},
				"behind the consent, TLS": {to: s.Address, behind: whole, says: []byte{handshakeRecord, 3, 3}},
				"before it was asked":     {to: s.Address, behind: whole - len(honest.last), says: honest.last},
			} {
				t.Run(v.Module+" at "+s.Name+", "+where, func(t *testing.T) { judgeInjected(t, probeVia(t, cfg, v.Module, b), honest.last) })
			}
		}
	}
	if upgrades == 0 {
		t.Error("no prober begins in clear text and goes on over TLS")
	}
}

func probeVia(t *testing.T, cfg *config.Config, module string, b *between) *result.Result {
	t.Helper()
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: b.listen(t), Limit: max(5*time.Second, cfg.Modules[module].Settings.Need()+4*time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// judgeInjected holds that the handshake was not gone on from, and that nothing counts as said over TLS.
func judgeInjected(t *testing.T, r *result.Result, injected []byte) {
	t.Helper()
	if r.Failure == nil || r.Failure.Stage != failure.TLS {
		t.Errorf("%q was put into the clear text, and the probe reports %v", injected, r.Failure)
	}
	for _, c := range r.Conversations {
		if c.Talk == nil {
			continue
		}
		for _, line := range c.Talk.Lines {
			if line.TLS && line.From == wire.Server && bytes.Contains(injected, []byte(line.Text)) {
				t.Errorf("%q counts as said over TLS", line.Text)
			}
		}
	}
}
