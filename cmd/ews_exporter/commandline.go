package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/inbound"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/logging"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/web"
)

const name = "ews_exporter"

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the probe failed, a file has mistakes, the exporter could not start
	exitUsage  = 2 // the command line is wrong, or nothing was probed
	exitOpen   = 3 // nothing failed, and a probe decided nothing of what it is for
)

// defaultOffset is what is taken off Prometheus's time limits, unless a flag says otherwise.
const defaultOffset = 500 * time.Millisecond

// command is one command line with everything around it.
type command struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *logging.Flags
	resolver       wire.Resolver // of the command probe; nil: the system's
	serve          serveFlags
	probe          probeFlags
	check          []string
	prometheus     []string // configurations of Prometheus to hold against ours
	lab            labFlags
	account        accountFlags
	healthcheck    string
	service        serviceFlags
	finding        string
	selected       string // the command, for what is said of its mistakes
}

// serveFlags are those of the exporter itself.
type serveFlags struct {
	files         []string
	web           *toolkit.FlagConfig
	autoReload    time.Duration // 0: only when asked to
	timeoutOffset time.Duration
	probes        int
	perAddress    int
	memory        units.Base2Bytes
	pprof         bool
	logProbes     string
	externalURL   string
	routePrefix   string
	mount         mount         // of these two, by problem
	hosts         []policy.Rule // names that the exporter may be asked by, beside its own
	storage       string
	noReport      bool
	tries         []web.Try // offered on the start page
	taken         string    // what to do where a port is taken
}

// run runs one command line and gives its exit code. It returns when ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&command{stdin: stdin, stdout: stdout, stderr: stderr}).run(ctx, args)
}

// parse reads a command line. done tells that no more is to be done than to exit with code: after --help, or a mistake.
func (c *command) parse(args []string) (code int, done bool) {
	var ended *int // kingpin answered by itself: --help, --version
	app := c.declare().UsageWriter(c.stdout).ErrorWriter(c.stderr).Terminate(func(code int) { ended = &code })
	selected, err := app.Parse(args)
	switch {
	case ended != nil:
		return *ended, true
	case err != nil:
		return c.mistake(app, args, err), true
	}
	c.selected = selected
	return exitOK, false
}

func (c *command) run(ctx context.Context, args []string) int {
	if code, done := c.parse(args); done {
		return code
	}
	switch c.selected {
	case "probe":
		return c.runProbe(ctx)
	case "check":
		return c.runCheck()
	case "lab":
		return c.runLab(ctx)
	case "account-script":
		return c.runAccountScript()
	case "finding":
		return c.runFinding()
	case "healthcheck":
		return c.runHealthcheck(ctx)
	case serviceInstall, serviceRemove, serviceRun:
		return c.runService()
	default:
		return c.runServe(ctx)
	}
}

// fail says why a command could not do its work.
func (c *command) fail(format string, args ...any) int {
	_, _ = fmt.Fprintf(c.stderr, "%s: %s\n", name, fmt.Sprintf(format, args...))
	return exitFailed
}

func (c *command) print(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stdout, format, args...)
}

// declare says what there is on the command line.
func (c *command) declare() *kingpin.Application {
	app := kingpin.New(name, "Probes Exchange Web Services and the IIS sites around it, from where clients stand, for Prometheus. "+
		"Without a command it serves; \""+name+" serve --help\" lists the flags for that.")
	app.Version(version.Print(name)).UsageTemplate(usageTemplate).UsageFuncs(manualFuncs)
	app.HelpFlag.Short('h')
	c.log = logging.AddFlags(app)

	serve := app.Command("serve", "Serve probes and metrics over HTTP.").Default()
	files(serve, &c.serve.files)
	c.serve.declare(serve, ":10501")

	probe := app.Command("probe", "Run one probe and print its report; with --direct, --addresses or --all, several. Exits with 0 when all succeeded, 1 when one failed, 2 when nothing was probed, 3 when nothing failed and a probe decided nothing of what it is for. It remembers nothing between runs: with a wrong password each run is one more try, and too many lock the account.").HelpLong(probeExamples)
	c.probe.declare(probe)

	check := app.Command("check", "Check configuration files. Exits with 1 when one has a mistake.")
	check.Arg("FILE", "Configuration files; globs are understood. They are checked as one configuration.").Required().StringsVar(&c.check)
	check.Flag("prometheus", "Prometheus's configuration: say whether the two fit, in names of jobs, labels, intervals and time limits; repeatable.").PlaceHolder("FILE").StringsVar(&c.prometheus)

	simulated := app.Command("lab", "Run a simulated Exchange site on loopback, one scenario per known fault.")
	c.lab.declare(simulated)

	found := app.Command("finding", "Print who acts on a finding, what it means and how to mend it; without CODE, list them all with a sentence each.")
	found.Arg("CODE", "As reports and probe_finding have it, such as late_body_rejected.").HintAction(findingCodes).StringVar(&c.finding)

	script := app.Command("account-script", "Print the PowerShell that makes the account of probes, with what the configured modules need and no more. It changes nothing until it is told to, and has no password in it.")
	script.Flag("config.file", "Configuration file; repeatable, and globs are understood.").Required().StringsVar(&c.account.files)

	health := app.Command("healthcheck", "Ask a running exporter whether it is healthy; for containers. Exits with 0 or 1.")
	health.Arg("URL", "What to ask.").Default("http://127.0.0.1:10501/-/healthy").StringVar(&c.healthcheck)

	c.service.declare(app)
	return app
}

func files(cmd *kingpin.CmdClause, to *[]string) {
	cmd.Flag("config.file", "Configuration file; repeatable, and globs are understood. As long as none defines modules there is one per prober, with its defaults.").
		StringsVar(to)
}

func (f *serveFlags) declare(cmd *kingpin.CmdClause, address string) {
	f.web = kingpinflag.AddFlags(cmd, address)
	f.taken = "choose one with --web.listen-address"
	cmd.Flag("config.auto-reload-interval", "How often to look whether the configuration's files have changed, and to reload them where they have, such as 30s. 0s never looks.").
		Default("0s").DurationVar(&f.autoReload)
	cmd.Flag("timeout-offset", "Taken off Prometheus's scrape timeout, so that the answer arrives in time.").
		Default(defaultOffset.String()).DurationVar(&f.timeoutOffset)
	cmd.Flag("limit.probes", "How many probes run at once; more are refused with 503.").
		Default(fmt.Sprint(runner.DefaultMaxProbes)).IntVar(&f.probes)
	cmd.Flag("limit.probes-per-address", "How many probes run at once against one address; more wait.").
		Default(fmt.Sprint(runner.DefaultMaxProbesPerAddress)).IntVar(&f.perAddress)
	cmd.Flag("limit.memory", "How much memory all probes together may take for what targets send, no address more than a quarter of it; further ones wait, and those that find none end. Leave the process twice as much.").
		Default(units.Base2Bytes(runner.DefaultMemory).String()).BytesVar(&f.memory)
	cmd.Flag("log.probes", "Which probes are logged at level info, one line each: failed, all or none. At --log.level=debug all are.").
		Default(string(runner.LogNone)).EnumVar(&f.logProbes, string(runner.LogFailed), string(runner.LogAll), string(runner.LogNone))
	cmd.Flag("web.allow-host", "A name that the exporter is asked by, where it is not the machine's own: a name or a glob as in *.contoso.com; repeatable. Without, requests by it get 403. Addresses, localhost, names without a dot and those of Kubernetes need none.").
		PlaceHolder("NAME").SetValue((*hostNames)(&f.hosts))
	cmd.Flag("web.external-url", "The URL by which browsers reach the exporter where a reverse proxy stands in front. Its host is one that the exporter may be asked by; its path, if any, is the prefix of all paths.").
		PlaceHolder("URL").StringVar(&f.externalURL)
	cmd.Flag("web.route-prefix", "Prefix of all paths, as they reach the exporter itself. Without it the path of --web.external-url; / where the proxy takes that off.").
		PlaceHolder("PATH").StringVar(&f.routePrefix)
	cmd.Flag("storage.path", "Folder in which it is remembered which auths are suspended, which targets asked to be left alone, and recent results for the pages, so that restarts do not forget. Without one they do.").
		StringVar(&f.storage)
	cmd.Flag("web.disable-report", "Serve no pages about probes, and remember none: they tell whoever may open them about your servers.").
		BoolVar(&f.noReport)
	cmd.Flag("web.enable-pprof", "Serve Go's profiles under /debug/pprof/.").BoolVar(&f.pprof)
}

// hostNames are the values of --web.allow-host.
type hostNames []policy.Rule

// Set adds one.
func (h *hostNames) Set(s string) error {
	rule, err := inbound.ParseHost(s)
	if err != nil {
		return fmt.Errorf("--web.allow-host: %w", err)
	}
	*h = append(*h, rule)
	return nil
}

func (h *hostNames) String() string { return "" }

// IsCumulative tells kingpin that the flag may be repeated.
func (h *hostNames) IsCumulative() bool { return true }

// The bounds of --limit.memory: with less, what ordinary servers send would be too much for a quarter of it.
const (
	leastMemory = 32 * units.MiB
	mostMemory  = units.TiB
)

// problem says what is wrong with the values of flags, "" for nothing.
func (f *serveFlags) problem() string {
	var err error
	f.mount, err = newMount(f.externalURL, f.routePrefix)
	switch {
	case err != nil:
		return err.Error()
	case f.timeoutOffset < 0:
		return fmt.Sprintf("--timeout-offset is %s, and must not be negative", f.timeoutOffset)
	case f.autoReload != 0 && f.autoReload < time.Second:
		return fmt.Sprintf("--config.auto-reload-interval is %s, and must be at least 1s, or 0s", f.autoReload)
	case f.probes < 1:
		return fmt.Sprintf("--limit.probes is %d, and must be at least 1", f.probes)
	case f.perAddress < 1:
		return fmt.Sprintf("--limit.probes-per-address is %d, and must be at least 1", f.perAddress)
	case f.memory < leastMemory || f.memory > mostMemory:
		return fmt.Sprintf("--limit.memory is %s, and must be from %s to %s", f.memory, leastMemory, mostMemory)
	}
	return ""
}

// probeFlags are those of the command probe.
type probeFlags struct {
	files          []string
	module, target string
	auth, hostname string
	username       string
	timeout        time.Duration
	json           bool
	direct         string
	addresses      bool
	all            bool
	service        string
	verbose, lines bool
	relayCheck     bool
	proxy          proxyFlag
}

func (f *probeFlags) declare(cmd *kingpin.CmdClause) {
	cmd.Arg("MODULE", "A module of the configuration. With --all there is none.").StringVar(&f.module)
	cmd.Arg("TARGET", "What to probe: a host, host:port, address or URL.").StringVar(&f.target)
	files(cmd, &f.files)
	cmd.Flag("auth", "An auth of the configuration, in place of the module's.").StringVar(&f.auth)
	cmd.Flag("username", "Log on with this name. The password is asked for, or read as one line where standard input is no terminal.").StringVar(&f.username)
	cmd.Flag("hostname", "The name that Host, SNI and the certificate check go by, in place of the target's.").StringVar(&f.hostname)
	cmd.Flag("proxy-url", "Connect through this proxy, http://HOST:PORT or https://HOST:PORT, as by a module's proxy_url. Those of the environment are ignored.").
		PlaceHolder("URL").SetValue(&f.proxy)
	cmd.Flag("timeout", "Time limit, where it is shorter than the module's.").DurationVar(&f.timeout)
	cmd.Flag("json", "Print the result as JSON.").BoolVar(&f.json)
	cmd.Flag("direct", "Compare with these servers, asked directly under the target's name: ex01,ex02. Ends in one sentence that says where the fault is.").
		StringVar(&f.direct)
	cmd.Flag("addresses", "Ask each address of the target's name alone, of IPv4 and of IPv6, and compare. Ends in one sentence that says which family or address differs, and in what.").
		BoolVar(&f.addresses)
	cmd.Flag("service", "Probe all that this service of the configuration lists: probe --service mail, or one of its modules, probe --service mail MODULE. Begins with a table of modules and places.").
		PlaceHolder("NAME").StringVar(&f.service)
	cmd.Flag("verbose", "With --all or --service: the whole report of every probe, and not only of what is not well.").BoolVar(&f.verbose)
	cmd.Flag("lines", "With --service: a line for each probe, for scripts: module, via, target, mailbox, state, seconds, failure, findings, parted by tabs, - for none.").BoolVar(&f.lines)
	cmd.Flag("relay-check", "Over SMTP, name a recipient that nobody has, to see whether the server relays for strangers. No mail is sent.").BoolVar(&f.relayCheck)
	cmd.Flag("all", "Run every module against the target: probe --all TARGET. Begins with a summary, and tells all about what is not well. With --direct or --addresses a row for each module, a column for each way or address.").BoolVar(&f.all)
}

// proxyFlag is the value of --proxy-url.
type proxyFlag struct{ config.ProxyURL }

// Set reads it.
func (p *proxyFlag) Set(s string) (err error) {
	if p.ProxyURL, err = config.ParseProxyURL(s); err != nil {
		return fmt.Errorf("--proxy-url: %w", err)
	}
	return nil
}

// problem says what is wrong with the arguments and flags, "" for nothing.
func (f *probeFlags) problem() string {
	switch {
	case f.timeout < 0:
		return fmt.Sprintf("--timeout is %s, and must not be negative", f.timeout)
	case f.service != "":
		return f.serviceProblem()
	case f.lines:
		return "--lines is for --service"
	case f.verbose && !f.all:
		return "--verbose is for --all and --service: one probe's report is whole"
	case f.all && f.username != "":
		return "--username is for one module: leave --all out, or name auths in a configuration"
	case f.relayCheck && (f.all || f.compares()):
		return "--relay-check is for one module and one target: leave --all, --direct and --addresses out"
	case f.addresses && f.direct != "":
		return "--addresses compares the addresses of one name, and --direct the service with servers of other names: ask one after the other"
	case f.all && f.module != "" && f.target != "":
		return "--all runs every module: leave MODULE out"
	case f.all && f.module != "": // the only argument
		f.module, f.target = "", f.module
	case f.all || f.module == "":
		return "required argument 'MODULE' or 'TARGET' not provided"
	case f.target == "":
		return "required argument 'TARGET' not provided"
	}
	return ""
}

// serviceProblem says what does not go together with --service: the configuration says the rest.
func (f *probeFlags) serviceProblem() string {
	switch {
	case f.target != "":
		return "--service knows its targets: leave TARGET out"
	case f.all || f.compares() || f.relayCheck || f.hostname != "" || f.auth != "" || f.username != "":
		return "--service runs what the configuration lists: leave --all, --direct, --addresses, --relay-check, --hostname, --auth and --username out"
	case f.lines && (f.json || f.verbose):
		return "--lines, --json and --verbose exclude each other: give one"
	}
	return ""
}

// labFlags are those of the command lab.
type labFlags struct {
	serveFlags
	serve bool
	dir   string
	port  int
}

func (f *labFlags) declare(cmd *kingpin.CmdClause) {
	cmd.Flag("serve", "Serve the exporter over the simulated site, too.").BoolVar(&f.serve)
	cmd.Flag("dir", "Where to write the site's configuration; without it a temporary directory, which is removed at the end.").StringVar(&f.dir)
	cmd.Flag("base-port", "The first scenario's port; 0 takes free ones.").Default(fmt.Sprint(lab.DefaultBasePort)).IntVar(&f.port)
	f.serveFlags.declare(cmd, "127.0.0.1:10501")
}
