package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// terminal is a real one: what is written to it can be read from screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		servers.Skip(t, "there is no terminal to be had: "+err.Error())
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		servers.Skip(t, "the terminal cannot be unlocked: "+err.Error())
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		servers.Skip(t, "the terminal cannot be opened: "+err.Error())
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

// TestProbeOnATerminal: a line tells what is waited for, goes away, and the report comes in colour.
func TestProbeOnATerminal(t *testing.T) {
	site, file := simulated(t)
	t.Setenv("NO_COLOR", "")
	screen, tty := terminal(t)
	seen := make(chan []byte)
	go func() {
		var all bytes.Buffer
		_, _ = all.ReadFrom(screen) // ends with an error once the other side is closed
		seen <- all.Bytes()
	}()
	code := run(t.Context(), []string{"probe", quick, address(site, "kemp-rfc2616"), "--config.file=" + file}, tty, tty, tty)
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	text := string(<-seen)
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	line, report, ok := strings.Cut(text, "\x1b[31mFailed\x1b[0m")
	if !ok {
		t.Fatalf("the verdict is not in red:\n%q", text)
	}
	if !slices.ContainsFunc(example.Steps, func(s prober.StepHelp) bool { return strings.Contains(line, s.Name+", ") }) {
		t.Errorf("the progress line does not say what is waited for: %q", line)
	}
	if strings.Contains(line, "\n") || !strings.HasSuffix(line, " \r") {
		t.Errorf("the progress line does not go away: %q", line)
	}
	if !strings.Contains(report, "\x1b[32m✓\x1b[0m") {
		t.Errorf("the tree is not coloured: %q", report)
	}
}
