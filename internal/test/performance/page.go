//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// writeSection puts what was measured into the page, between the comments that hold its place.
func writeSection(file, name, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := "<!-- measured: "+name+" -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for %q: %s… %s", file, name, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644) // #nosec G306 G703 -- a page of the docs
}

// circumstances says where and with what a measurement was made.
func (b *bench) circumstances(ctx context.Context) string {
	processor := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`model name\s*:\s*(.+)`).FindSubmatch(text); found != nil {
			processor = string(found[1])
		}
	}
	return fmt.Sprintf("Measured %s on %d cores of a shared virtual machine (%s), %s, ews_exporter %s, blackbox_exporter %s.\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), processor, runtime.Version(), version(ctx, b.exporter), version(ctx, b.blackbox))
}

// version is what a program of the ecosystem says of itself in its first line.
func version(ctx context.Context, program string) string {
	said, err := exec.CommandContext(ctx, program, "--version").CombinedOutput() // #nosec G204 -- the person who measures names the programs
	found := regexp.MustCompile(`version (\S+?),? `).FindSubmatch(said)
	if err != nil || found == nil {
		return "(not installed)"
	}
	return string(found[1])
}
