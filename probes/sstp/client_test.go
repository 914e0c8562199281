package sstp_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestSimulatedServerJudgedByAClient: sstp-client, which is not ours, takes the simulated VPN server for one, up to where it would
// log on.
func TestSimulatedServerJudgedByAClient(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a real client")
	}
	servers.Need(t, "sstpc")
	s := site(t)
	for _, name := range []string{"sstp-healthy", "sstp-sha1"} {
		t.Run(name, func(t *testing.T) { // one after the other: the clients of one machine share a socket
			scenario, _ := s.Scenario(name)
			said := ""
			for range 20 { // the client gives up now and then before it has sent anything, where TLS takes it more than one turn
				if said = dial(t, scenario.Address); strings.Contains(said, "Sending Connect-Request") {
					break
				}
			}
			for _, word := range []string{"CONNECT ACK", "CRYPTO BIND REQ"} {
				if !strings.Contains(said, word) {
					t.Errorf("sstpc does not say %q:\n%s", word, said)
				}
			}
		})
	}
}

// dial has sstpc call, in a terminal of its own without which it does not run, and gives what it logs within some seconds.
func dial(t *testing.T, address string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var said bytes.Buffer
	line := "sstpc --nolaunchpppd --cert-warn --log-level 4 --log-stderr --user probe --password none " + host + ":" + port
	cmd := exec.CommandContext(ctx, "script", "--quiet", "--return", "--command", line, os.DevNull) //nolint:gosec // the test's own
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &said, time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	_ = cmd.Run() // it does not end well by itself, for there is no pppd
	return said.String()
}
