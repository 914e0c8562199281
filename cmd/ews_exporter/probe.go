package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/version"
	"golang.org/x/term"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/logging"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/probes"
)

// commandLineAuth is the auth that --username makes. No file can have one of that name.
const commandLineAuth = "--username"

// maxPassword bounds what is read of standard input.
const maxPassword = 64 << 10

// runProbe runs one probe, or several, and prints their reports.
func (c *command) runProbe(ctx context.Context) int {
	f := &c.probe
	if problem := f.problem(); problem != "" {
		return c.usage("%s", problem)
	}
	cfg, err := config.Load(f.files, probes.All())
	if err != nil {
		return c.notProbed(err)
	}
	cfg = f.proxied(c.typed(cfg))
	if f.relayCheck {
		if cfg, err = c.relayCheck(cfg); err != nil {
			return c.notProbed(err)
		}
	}
	req := runner.Request{Module: f.module, Target: f.target, Auth: f.auth, Hostname: f.hostname, Limit: f.timeout}
	if f.username != "" {
		if cfg, err = c.logon(cfg); err != nil {
			return c.notProbed(err)
		}
		req.Auth = commandLineAuth
	}
	watch := c.watch()
	run := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewBriefGate(time.Now), Version: version.Version,
		Log: logging.New(c.stderr, c.log), Progress: watch.step, LimitFrom: "--timeout", Resolver: c.resolver,
	})
	probe := watched{run, run, watch}
	switch {
	case f.service != "":
		return c.probeService(ctx, probe, cfg)
	case f.all:
		return c.probeAll(ctx, probe, req, cfg)
	case f.compares():
		return c.probeSides(ctx, probe, req)
	}
	answer, err := probe.Probe(ctx, req)
	if err != nil {
		return c.notProbed(err)
	}
	return c.exitCode(c.show(answer.Result), answer.Result)
}

// exitCode tells by the exit code what came of the probes; err is that of printing them.
func (c *command) exitCode(err error, results ...*result.Result) int {
	if err != nil {
		return c.fail("print the report: %v", err)
	}
	code := exitOK
	for _, r := range results {
		switch {
		case !r.Success():
			return exitFailed
		case r.UndecidedReason != "" && !r.UndecidedOK:
			code = exitOpen
		}
	}
	return code
}

func (c *command) notProbed(err error) int {
	c.fail("not probed: %v", err)
	return exitUsage
}

func (c *command) show(r *result.Result) error {
	if c.probe.json {
		return report.JSON(c.stdout, r)
	}
	return report.Text(c.stdout, r, report.Options{Color: colorful(c.stdout)})
}

// colorful tells whether w is a terminal that shows ANSI colours and whose user wants them (https://no-color.org).
func colorful(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && runtime.GOOS != "windows" && os.Getenv("NO_COLOR") == ""
}

// logon adds an auth with the user's name and password to a copy of cfg. The password may go to the target alone.
func (c *command) logon(cfg *config.Config) (*config.Config, error) {
	f := &c.probe
	if f.auth != "" {
		return nil, errors.New("--username and --auth exclude each other: give one")
	}
	patterns, err := c.bound(cfg)
	if err != nil {
		return nil, err
	}
	password, err := c.password()
	if err != nil {
		return nil, fmt.Errorf("read the password: %w", err)
	}
	changed := *cfg
	changed.Auths = maps.Clone(cfg.Auths)
	changed.Auths[commandLineAuth] = &config.Auth{
		Name: commandLineAuth, Username: f.username, Schemes: []string{"negotiate", "ntlm", "basic"},
		Targets: patterns, Secret: secret.FromValue(password),
	}
	return &changed, nil
}

// relayCheck makes the module of a copy of cfg one that looks whether a server relays.
func (c *command) relayCheck(cfg *config.Config) (*config.Config, error) {
	module := cfg.Modules[c.probe.module]
	if module == nil {
		return cfg, nil // the runner says so
	}
	checker, ok := module.Settings.(prober.RelayChecker)
	if !ok {
		return nil, fmt.Errorf("--relay-check is for modules that speak SMTP, and %s does not", c.probe.module)
	}
	changed, checks := *cfg, *module
	checks.Settings = checker.RelayCheck()
	changed.Modules = maps.Clone(cfg.Modules)
	changed.Modules[c.probe.module] = &checks
	return &changed, nil
}

// proxied has all modules of a copy of cfg connect through the proxy of the command line, if there is one.
func (f *probeFlags) proxied(cfg *config.Config) *config.Config {
	if f.proxy.IsZero() {
		return cfg
	}
	changed := *cfg
	changed.Modules = make(map[string]*config.Module, len(cfg.Modules))
	for name, module := range cfg.Modules {
		through := *module
		through.ProxyURL = f.proxy.ProxyURL
		changed.Modules[name] = &through
	}
	return &changed
}

// bound is where the password may go: the target, or the hosts that a look-up begins with.
func (c *command) bound(cfg *config.Config) ([]policy.TargetPattern, error) {
	f := &c.probe
	module := cfg.Modules[f.module]
	if module == nil {
		return nil, fmt.Errorf("unknown module %q; %s", f.module, suggest.Hint(f.module, slices.Collect(maps.Keys(cfg.Modules))))
	}
	aim, err := prober.AimOf(module.Definition, module.Settings, f.target, f.hostname)
	if err != nil {
		return nil, err
	}
	hosts := aim.Logons
	if len(aim.Hosts) == 0 {
		hosts = []target.Target{aim.Target}
	}
	patterns := make([]policy.TargetPattern, len(hosts))
	for i, t := range hosts {
		if patterns[i], err = policy.ParseTargetPattern(net.JoinHostPort(t.Name, strconv.Itoa(int(t.Port)))); err != nil {
			return nil, fmt.Errorf("the password cannot be bound to the target: %w", err)
		}
	}
	return patterns, nil
}

// password asks for a password without showing it, or reads one line where nobody sits at a terminal.
func (c *command) password() (string, error) {
	if f, ok := c.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = fmt.Fprintf(c.stderr, "Password of %s: ", c.probe.username)
		password, err := term.ReadPassword(int(f.Fd()))
		_, _ = fmt.Fprintln(c.stderr)
		return string(password), err
	}
	line, err := bufio.NewReader(io.LimitReader(c.stdin, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("standard input has none: write it as one line")
	}
	return line, nil
}
