package main

import (
	"github.com/alecthomas/kingpin/v2"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/probes"
)

// The commands for Windows' service manager.
const (
	serviceInstall = "service install"
	serviceRemove  = "service remove"
	serviceRun     = "service run"
)

// serviceFlags are those of the commands for Windows' service manager.
type serviceFlags struct {
	name   string
	folder string   // in which the service runs
	serve  []string // the flags of serve
}

func (f *serviceFlags) declare(app *kingpin.Application) {
	service := app.Command("service", "Run as a service of Windows.")
	install := service.Command("install", "Install the service, to start with Windows; flags of serve stand after --, as in: service install -- --config.file=ews_exporter.yml. Paths in them count from the present folder. The service runs as NT SERVICE\\NAME, an account of its own with no rights but those of Users, and logs to the event log Application.")
	remove := service.Command("remove", "Stop the service and remove it.")
	run := service.Command("run", "What the service manager starts.")
	for _, c := range []*kingpin.CmdClause{install, remove, run} {
		c.Flag("name", "The service's name.").Default(name).StringVar(&f.name)
	}
	run.Flag("folder", "Folder in which to run.").Required().StringVar(&f.folder)
	for _, c := range []*kingpin.CmdClause{install, run} {
		c.Arg("FLAGS", "Flags of serve, after --.").StringsVar(&f.serve)
	}
}

// arguments are those by which the service manager starts the program.
func (f *serviceFlags) arguments() []string {
	return append([]string{"service", "run", "--name=" + f.name, "--folder=" + f.folder, "--"}, f.serve...)
}

// served is the exporter that the flags after -- describe; nil where they have a mistake, or ask for help.
func (c *command) served() (inner *command, code int) {
	inner = &command{stdin: c.stdin, stdout: c.stdout, stderr: c.stderr}
	if code, done := inner.parse(append([]string{"serve"}, c.service.serve...)); done {
		return nil, code
	}
	if problem := inner.serve.problem(); problem != "" {
		return nil, inner.usage("%s", problem)
	}
	return inner, exitOK
}

// installable says what is wrong with what is to be a service: it shows better here than in the event log, at the first start.
func (c *command) installable() (code int, ok bool) {
	inner, code := c.served()
	if inner == nil {
		return code, false
	}
	if _, err := config.Load(inner.serve.files, probes.All()); err != nil {
		return c.fail("the configuration has mistakes, and nothing was installed:\n%v", err), false
	}
	return exitOK, true
}
