package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memoryGroup is a control group of the kernel that holds a process to the memory that the exporter's service gets.
type memoryGroup struct {
	dir   string
	limit int64 // bytes
	files groupFiles
}

// groupFiles are the names of what a group has in the two versions of the kernel's interface (Linux: Documentation/admin-guide,
// cgroup-v1/memory and cgroup-v2).
type groupFiles struct{ root, limit, peak, events string }

var groupVersions = []groupFiles{
	{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"},
	{"/sys/fs/cgroup", "memory.max", "memory.peak", "memory.events"},
}

// newMemoryGroup makes one with the limit of deploy/ews_exporter.service; nil, and a line that says so, where that is not possible.
func newMemoryGroup(t *testing.T) *memoryGroup {
	t.Helper()
	unit, err := os.ReadFile("../../deploy/ews_exporter.service")
	if err != nil {
		t.Fatal(err)
	}
	max := regexp.MustCompile(`(?m)^MemoryMax=(\d+)M$`).FindSubmatch(unit)
	if max == nil {
		t.Fatal("deploy/ews_exporter.service has no MemoryMax in megabytes")
	}
	limit, err := strconv.ParseInt(string(max[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range groupVersions {
		g := &memoryGroup{filepath.Join(files.root, fmt.Sprintf("ews_exporter-soak-%d", os.Getpid())), limit << 20, files}
		if os.Mkdir(g.dir, 0o700) != nil {
			continue
		}
		t.Cleanup(g.remove)
		if err = os.WriteFile(filepath.Join(g.dir, files.limit), []byte(strconv.FormatInt(g.limit, 10)), 0o600); err == nil {
			return g
		}
	}
	t.Logf("*** The exporter may take as much memory as there is, because no control group can be made here: %v", err)
	return nil
}

// remove removes the group, once its process, which has ended, has left it.
func (g *memoryGroup) remove() {
	for range 50 {
		if os.Remove(g.dir) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// enter is the beginning of a command line that runs what follows within the group; empty without one.
func (g *memoryGroup) enter() []string {
	if g == nil {
		return nil
	}
	return []string{"/bin/sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(g.dir, "cgroup.procs")}
}

// check holds that the process is in the group, and that the kernel has ended none there.
func (g *memoryGroup) check(t *testing.T, pid int) {
	t.Helper()
	if g == nil {
		return
	}
	if in := g.read("cgroup.procs"); !slices.Contains(strings.Fields(in), strconv.Itoa(pid)) {
		t.Errorf("process %d is not in the memory group, whose processes are %q", pid, in)
	}
	if kills := regexp.MustCompile(`(?m)^oom_kill (\d+)$`).FindStringSubmatch(g.read(g.files.events)); kills == nil || kills[1] != "0" {
		t.Errorf("the kernel ended processes in the memory group: %s", g.read(g.files.events))
	}
}

func (g *memoryGroup) read(name string) string {
	text, err := os.ReadFile(filepath.Join(g.dir, name)) // #nosec G304 -- the kernel's
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// String is a line of a table: the most that was ever used, and the limit.
func (g *memoryGroup) String() string {
	if g == nil {
		return ""
	}
	return fmt.Sprintf("| memory group, most and limit | %s | %d |\n", g.read(g.files.peak), g.limit)
}
