package servers

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// group puts a server in a process group of its own, for its workers to end with it, asks it to end by SIGTERM, and
// lets it end with the test's process too, should that be killed before it cleans up.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
}

// killGroup ends what is left of the group. That there is nothing left is the usual case, and no error.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// listens tells whether somebody listens at address. It asks the kernel, because a connection made to find out would
// be passed on to the origin, and be counted there.
func listens(_ context.Context, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		return err
	}
	defer func() { _ = table.Close() }()
	port := fmt.Sprintf(":%04X", at.Port())
	for lines := bufio.NewScanner(table); lines.Scan(); {
		const local, state, listening = 1, 3, "0A" // proc(5): the fields, and TCP_LISTEN
		fields := strings.Fields(lines.Text())
		if len(fields) > state && fields[state] == listening && strings.HasSuffix(fields[local], port) {
			return nil
		}
	}
	return fmt.Errorf("nobody listens at %s", address)
}
