package main

import (
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/ews-exporter/ews_exporter/internal/lab"
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
	site, err := lab.Start(context.WithoutCancel(ctx), lab.Options{BasePort: f.port})
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
		c.print("Probe a target, for example: %s probe expect_continue %s --config.file %s\n", name, address(site, "kemp-rfc2616"), file)
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

func address(site *lab.Site, scenario string) string {
	s, _ := site.Scenario(scenario)
	return s.Address
}

// tries are the scenarios that the start page offers: one for each kind of fault.
func tries(site *lab.Site) []web.Try {
	var all []web.Try
	for _, try := range []struct{ scenario, about string }{
		{"kemp-rfc2616", "The load balancer that answers 501 to a late body (takes 5 s)"},
		{"kemp-fixed", "The same load balancer, mended"},
		{"ews-stream-buffered", "A proxy that keeps streamed notifications back (takes 4 s)"},
		{"ews-affinity-broken", "A balancer that parts clients from their subscriptions"},
		{"ews-soap-fault-200", "An error of EWS that looks like a success"},
		{"legs-split", "A balancer that tears logons by NTLM apart"},
		{"ntlm-per-request", "Servers that let every request log on anew"},
		{"smtp-inspected", "A firewall that overwrites what a mail server says"},
	} {
		scenario, _ := site.Scenario(try.scenario)
		module, _ := scenario.Advice()
		all = append(all, web.Try{About: try.about, Module: module, Target: scenario.Address})
	}
	return all
}

// invite prints what is worth trying.
func (c *command) invite(site *lab.Site, listening net.Addr) {
	exporter := "http://" + listening.String()
	c.print("\nOpen %s/ in a browser, or try:\n\n", exporter)
	for _, try := range []struct{ about, scenario, more string }{
		{"The load balancer that answers 501 to a late body (takes 5 s):", "kemp-rfc2616", ""},
		{"The same one, mended:", "kemp-fixed", ""},
		{"Every endpoint that was really used, and who answered:", "kemp-rfc2616", "&debug=true"},
	} {
		c.print("# %s\ncurl '%s/probe?module=expect_continue&target=%s%s'\n", try.about, exporter,
			address(site, try.scenario), try.more)
	}
	c.print("\nThe same in a terminal, and every other module over one of the sites:\n\n"+
		"%[1]s probe expect_continue %[2]s --config.file %[4]s\n%[1]s probe --all %[3]s --config.file %[4]s\n",
		os.Args[0], address(site, "kemp-rfc2616"), address(site, "healthy"), c.lab.files[0])
	c.print("\nStop with Ctrl-C.\n")
}
