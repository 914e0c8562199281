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
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// bench is what all measurements share: a folder, the peers, and the programs that run.
type bench struct {
	options
	peers
	dir  string
	ends []func() // of the programs
}

// process is a program under measurement.
type process struct{ pid int }

// helper is this program itself in another process, which is told what to do on its input.
type helper struct {
	process
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
	far, err := b.help(ctx, "serve", dir)
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

// help starts this program itself until close.
func (b *bench) help(ctx context.Context, args ...string) (*helper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &helper{}
	cmd := exec.CommandContext(ctx, self, args...) // #nosec G204 -- this program
	cmd.Stderr = &h.log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.in, h.out = in, bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	h.pid = cmd.Process.Pid
	b.ends = append(b.ends, func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return h, nil
}

// run starts one of the exporters, until close or end.
func (b *bench) run(ctx context.Context, s servers.Server) (r *exporter, err error) {
	if s.Program, err = exec.LookPath(s.Program); err != nil {
		return nil, err
	}
	if s.Program, err = filepath.Abs(s.Program); err != nil {
		return nil, err
	}
	running, err := s.Run(ctx, servers.Place{Dir: b.dir, Certificate: b.CA})
	if err != nil {
		return nil, err
	}
	b.ends = append(b.ends, running.End)
	return &exporter{process{running.PID}, running.Address, running.End}, nil
}

// exporter is one of the exporters that are compared.
type exporter struct {
	process
	address string
	end     func()
}

func (b *bench) close() {
	for _, end := range b.ends {
		end()
	}
	_ = os.RemoveAll(b.dir)
}

// cpu is the processor time that the process has used so far, as the kernel accounts it.
func (p process) cpu() (time.Duration, error) {
	var t unix.Timespec
	clock := int32(^p.pid<<3 | 2) // clock_getcpuclockid(3): CPUCLOCK_SCHED of the process
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", p.pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// resident is the memory of the process that is in RAM, in bytes.
func (p process) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
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

// startExporter starts the exporter with a module for the health check.
func (b *bench) startExporter(ctx context.Context, flags ...string) (*exporter, error) {
	parts := labs.All()
	part := parts[slices.IndexFunc(parts, func(p lab.Part) bool { return p.Health != nil })]
	return b.run(ctx, servers.Server{
		Program: b.exporter,
		Config: `modules:
  health:
    prober: ` + part.Prober + `
    timeout: 60s
    tls_config: {ca_file: "{{.Certificate}}"}
    ` + strings.Join(part.Health, "\n    ") + `
policy: {allow: [127.0.0.0/8]}
`,
		Args: func(p servers.Place) []string {
			return append(flags, "--config.file="+p.Config, "--web.listen-address="+p.Address, "--limit.probes=5000", "--limit.probes-per-address=5000")
		},
	})
}

// startBlackbox starts blackbox_exporter with a module of the same checks.
func (b *bench) startBlackbox(ctx context.Context, _ ...string) (*exporter, error) {
	return b.run(ctx, servers.Server{
		Program: b.blackbox,
		Config: `modules:
  health:
    prober: http
    timeout: 60s
    http:
      method: GET
      preferred_ip_protocol: ip4
      valid_status_codes: [200]
      fail_if_not_ssl: true
      fail_if_body_not_matches_regexp: ["^200 OK<br/>"]
      tls_config: {ca_file: "{{.Certificate}}", server_name: ` + serverName + `}
`,
		Args: func(p servers.Place) []string {
			return []string{"--config.file=" + p.Config, "--web.listen-address=" + p.Address}
		},
	})
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
