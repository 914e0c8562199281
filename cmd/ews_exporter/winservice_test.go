package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestServiceElsewhere: on systems without a service manager of Windows the commands say so.
func TestServiceElsewhere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("here it is")
	}
	for _, args := range [][]string{{"install"}, {"remove"}, {"run", "--folder=."}, {"install", "--", "--config.file=x.yml"}} {
		if got := execute(t, "", append([]string{"service"}, args...)...); got.code != exitFailed || !strings.Contains(got.errors, "service "+args[0]+" is for Windows") {
			t.Errorf("service %q gives %d, %s", args, got.code, got.errors)
		}
	}
}

// TestServiceKeepsFlags: by what the service manager starts, the exporter has the flags that were given to install.
func TestServiceKeepsFlags(t *testing.T) {
	t.Parallel()
	var first, started command
	if _, done := first.parse([]string{"service", "install", "--name=second", "--", "--config.file=a b.yml", "--limit.probes=7", "--config.file=-x.yml"}); done {
		t.Fatal("install is not understood")
	}
	first.service.folder = `C:\Program Files\ews exporter\`
	if _, done := started.parse(first.service.arguments()); done {
		t.Fatalf("%q is not understood", first.service.arguments())
	}
	if started.selected != serviceRun || started.service.name != "second" || started.service.folder != first.service.folder {
		t.Errorf("it starts %q as %+v", started.selected, started.service)
	}
	inner, _ := started.served()
	if inner == nil || inner.serve.probes != 7 || !slices.Equal(inner.serve.files, []string{"a b.yml", "-x.yml"}) {
		t.Errorf("of %q it serves by %+v", started.service.serve, inner)
	}
}

// TestServiceRefusesMistakes: what could not start is not installed.
func TestServiceRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flags []string
		says  string
	}{
		"an unknown flag":                {[]string{"--oops"}, "unknown long flag '--oops'"},
		"another command":                {[]string{"lab"}, "unexpected lab"},
		"a value out of bounds":          {[]string{"--limit.probes=0"}, "must be at least 1"},
		"a configuration with a mistake": {[]string{"--config.file=" + write(t, "oops: 1\n")}, "nothing was installed"},
		"a configuration that is not":    {[]string{"--config.file=nowhere.yml"}, "nowhere.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said output
			c := &command{stdout: &said, stderr: &said, service: serviceFlags{serve: test.flags}}
			if code, ok := c.installable(); ok || code == exitOK || !strings.Contains(said.String(), test.says) {
				t.Errorf("code %d, installable %t: %s", code, ok, said.String())
			}
		})
	}
}
