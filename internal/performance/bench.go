//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// bench is what all measurements share: a folder, the peers, and the programs that run.
type bench struct {
	options
	peers
	dir     string
	running []*process
}

// process is a program under measurement, or a helper of one.
type process struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	log bytes.Buffer // what it says on standard error
}

func newBench(ctx context.Context, o options) (*bench, error) {
	dir, err := os.MkdirTemp("", "performance")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	far, err := b.start(ctx, self, "serve", dir)
	if err == nil {
		far.out.Scan()
		err = json.Unmarshal(far.out.Bytes(), &b.peers)
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("start the server to be probed: %w", err)
	}
	return b, nil
}

// start runs a program until close.
func (b *bench) start(ctx context.Context, program string, args ...string) (*process, error) {
	p := &process{Cmd: exec.CommandContext(ctx, program, args...)} // #nosec G204 -- the person who measures names the programs
	p.Stderr = &p.log
	p.Env = append(os.Environ(), "GOMAXPROCS=2")
	in, err := p.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	return p, nil
}

func (b *bench) close() {
	for _, p := range b.running {
		p.end()
	}
	_ = os.RemoveAll(b.dir)
}

func (p *process) end() {
	_ = p.in.Close()
	_ = p.Process.Kill()
	_ = p.Wait()
}

// cpu is the processor time that the process has used so far, as the kernel accounts it.
func (p *process) cpu() (time.Duration, error) {
	var t unix.Timespec
	clock := int32(^p.Process.Pid<<3 | 2) // clock_getcpuclockid(3): CPUCLOCK_SCHED of the process
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("read the processor time of %s: %w", p.Path, err)
	}
	return time.Duration(t.Nano()), nil
}

// resident is the memory of the process that is in RAM, in bytes.
func (p *process) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0, err
	}
	var kib int64
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10, nil
		}
	}
	return 0, errors.New("/proc has no VmRSS")
}

// startExporter starts the exporter with a module for the health check, and gives its address too.
func (b *bench) startExporter(ctx context.Context, flags ...string) (*process, string, error) {
	config := filepath.Join(b.dir, "ews_exporter.yml")
	text := fmt.Sprintf(`modules:
  health:
    prober: ews_sync
    timeout: 60s
    tls_config: {ca_file: %q}
    ews_sync: {operations: [healthcheck]}
policy: {allow: [127.0.0.0/8]}
`, b.CA)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, "", err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	p, err := b.start(ctx, b.exporter, append(flags, "--config.file="+config, "--web.listen-address="+address, "--limit.probes=5000", "--limit.probes-per-address=5000")...)
	if err != nil {
		return nil, "", fmt.Errorf("%w (make build makes it)", err)
	}
	return p, address, b.await(ctx, p, address)
}

func (b *bench) startBlackbox(ctx context.Context, _ ...string) (*process, string, error) {
	config := filepath.Join(b.dir, "blackbox.yml")
	text := fmt.Sprintf(`modules:
  health:
    prober: http
    timeout: 60s
    http:
      method: GET
      preferred_ip_protocol: ip4
      valid_status_codes: [200]
      fail_if_not_ssl: true
      fail_if_body_not_matches_regexp: ["^200 OK<br/>"]
      tls_config: {ca_file: %q, server_name: %s}
`, b.CA, serverName)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, "", err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	p, err := b.start(ctx, b.blackbox, "--config.file="+config, "--web.listen-address="+address)
	if err != nil {
		return nil, "", err
	}
	return p, address, b.await(ctx, p, address)
}

// await waits until somebody listens.
func (b *bench) await(ctx context.Context, p *process, address string) error {
	var dialer net.Dialer
	for range 500 {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s does not listen on %s: %s", p.Path, address, p.log.String())
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func pool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file) // #nosec G703 -- a file that this program wrote
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return roots, nil
}
