//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHangupReloads signals its own process, which runs the other tests' exporters too: none of them runs meanwhile.
func TestHangupReloads(t *testing.T) {
	file := write(t, "modules:\n  before: "+flow()+"\n")
	r := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file)
	url := r.url(t)
	if err := os.WriteFile(file, []byte("modules:\n  after: "+flow()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if _, body := get(t, url+"/config"); strings.Contains(body, "after:") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("SIGHUP does not reload:\n%s", &r.errors)
}
