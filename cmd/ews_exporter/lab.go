package main

import (
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
	"github.com/ews-exporter/ews_exporter/web"
)

// runLab runs the simulated site until ctx ends, and the exporter over it where asked to.
func (c *command) runLab(ctx context.Context) int {
	f := &c.lab
	dir := f.dir
	if dir == "" {
		temporary, err := os.MkdirTemp("", name+"-lab-")
		if err != nil {
			return c.fail("make a directory for the lab's configuration: %v", err)
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		dir = temporary
	}
	// The site outlives the signal: probes in flight may finish.
	site, err := lab.Start(context.WithoutCancel(ctx), labs.All(), lab.Options{BasePort: f.port})
	if err != nil {
		return c.fail("%v; where another program has the port, %s", err, f.elsewhere())
	}
	defer site.Close()
	if err := lab.WriteConfig(dir, site); err != nil {
		return c.fail("%v", err)
	}
	file := filepath.Join(dir, "ews_exporter.yml")
	if err := site.WriteTable(c.stdout); err != nil {
		return c.fail("%v", err)
	}
	c.print("\nConfiguration: %s\n", file)
	if !f.serve {
		module, target := asked(site, broken)
		c.print("Probe a target, for example: %s probe %s %s --config.file %s\n", name, module, target, file)
		<-ctx.Done()
		return exitOK
	}
	f.files, f.taken, f.tries = []string{file}, f.elsewhere(), tries(site)
	return c.serveUntil(ctx, &f.serveFlags, func(listeners []net.Listener) { c.invite(site, listeners[0].Addr()) })
}

// elsewhere says how to start the site where its ports are taken.
func (f *labFlags) elsewhere() string {
	command := os.Args[0] + " lab --base-port=0"
	if f.serve {
		command = os.Args[0] + " lab --serve --base-port=0 --web.listen-address=127.0.0.1:0"
	}
	return "take free ones:\n    " + command
}

// The scenarios of the examples: a fault, and the same without it.
const broken, mended = "kemp-rfc2616", "kemp-fixed"

// asked are the module that shows what a scenario is about, and its address.
func asked(site *lab.Site, scenario string) (module, target string) {
	s, _ := site.Scenario(scenario)
	module, _ = s.Advice()
	return module, s.Address
}

// tries are the scenarios that the start page offers: one for each kind of fault.
func tries(site *lab.Site) []web.Try {
	var all []web.Try
	for _, scenario := range site.Scenarios() {
		if scenario.Try != "" {
			module, _ := scenario.Advice()
			all = append(all, web.Try{About: scenario.Try, Module: module, Target: scenario.Address})
		}
	}
	return all
}

// invite prints what is worth trying.
func (c *command) invite(site *lab.Site, listening net.Addr) {
	exporter := "http://" + listening.String() + c.lab.mount.prefix
	c.print("\nOpen %s/ in a browser, or try:\n\n", exporter)
	for _, try := range []struct{ about, scenario, more string }{
		{"The load balancer that answers 501 to a late body (takes 5 s):", broken, ""},
		{"The same one, mended:", mended, ""},
		{"Every endpoint that was really used, and who answered:", broken, "&debug=true"},
	} {
		module, target := asked(site, try.scenario)
		c.print("# %s\ncurl '%s/probe?module=%s&target=%s%s'\n", try.about, exporter, module, target, try.more)
	}
	module, target := asked(site, broken)
	_, healthy := asked(site, "healthy")
	c.print("\nThe same in a terminal, and every other module over one of the sites:\n\n"+
		"%[1]s probe %[2]s %[3]s --config.file %[5]s\n%[1]s probe --all %[4]s --config.file %[5]s\n",
		os.Args[0], module, target, healthy, c.lab.files[0])
	c.print("\nStop with Ctrl-C.\n")
}
