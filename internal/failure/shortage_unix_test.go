//go:build !windows

package failure_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// dialled is what connecting to address gave.
func dialled(address *net.TCPAddr, errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", errno)}
}

// TestOurOwnShortageIsNobodysFault: whatever was being done when files, memory or ports ran out, the failure says that.
func TestOurOwnShortageIsNobodysFault(t *testing.T) {
	t.Parallel()
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443}
	nowhere := &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "nosuch0", Port: 443} // there is no such interface
	tests := map[string]struct {
		stage  failure.Stage
		reason string
		cause  error
		want   string
	}{
		"a socket":                  {failure.Connect, "error", dialled(here, syscall.EMFILE), "internal/out_of_files"},
		"a socket, on the machine":  {failure.Connect, "error", dialled(here, syscall.ENFILE), "internal/out_of_files"},
		"a resolver's socket":       {failure.Resolve, "server_failure", &net.DNSError{Err: "dial udp 192.0.2.53:53: socket: " + syscall.EMFILE.Error(), Name: "mail", IsTemporary: true}, "internal/out_of_files"},
		"a secret's file":           {failure.Auth, "secret_unreadable", &fs.PathError{Op: "open", Path: "/x", Err: syscall.EMFILE}, "internal/out_of_files"},
		"memory for a connection":   {failure.Connect, "error", dialled(here, syscall.ENOMEM), "internal/out_of_memory"},
		"memory of the network":     {failure.Send, "error", &net.OpError{Op: "write", Net: "tcp", Err: syscall.ENOBUFS}, "internal/out_of_memory"},
		"no local port":             {failure.Connect, "unreachable", dialled(here, syscall.EADDRNOTAVAIL), "internal/out_of_ports"},
		"no address of that family": {failure.Connect, "unreachable", dialled(nowhere, syscall.EADDRNOTAVAIL), "connect/unreachable"},
		"a name server's fault":     {failure.Resolve, "server_failure", &net.DNSError{Err: "server misbehaving", Name: "mail"}, "resolve/server_failure"},
		"a refusal":                 {failure.Connect, "refused", dialled(here, syscall.ECONNREFUSED), "connect/refused"},
		"a file that is not there":  {failure.Auth, "secret_unreadable", &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, "auth/secret_unreadable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := failure.New(test.stage, test.reason, "do something: %w", test.cause)
			if got := string(f.Stage) + "/" + f.Reason; got != test.want {
				t.Errorf("%s, want %s: %s", got, test.want, f)
			}
			if !errors.Is(f, test.cause) || !strings.HasPrefix(f.Message, "do something: "+test.cause.Error()) {
				t.Errorf("the cause is lost: %s", f)
			}
		})
	}
}

// TestShortageIsToldOnce: a failure that is wrapped in another stays what it was, with one remedy.
func TestShortageIsToldOnce(t *testing.T) {
	t.Parallel()
	first := failure.New(failure.Connect, "error", "connect to mail: %w", syscall.EMFILE)
	again := failure.New(failure.Auth, "connection_closed", "log on: %w", fmt.Errorf("once more: %w", first))
	if again.Stage != failure.Internal || again.Reason != failure.OutOfFiles || strings.Count(again.Message, "ulimit") != 1 {
		t.Errorf("%s/%s: %s", again.Stage, again.Reason, again)
	}
}
