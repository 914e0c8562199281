package servers

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPortsAreGivenOnce: what was given to one server is given to no other of the same tests, though nobody listens there yet.
func TestPortsAreGivenOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	given := map[string]bool{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				address, err := freeAddress(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if given[address] {
					t.Errorf("%s was given twice", address)
				}
				given[address] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
}

// TestHAProxySharesNoPort: it would by default, and each of two would get some of the other's connections.
func TestHAProxySharesNoPort(t *testing.T) {
	t.Parallel()
	program := Need(t, haproxy.Program)
	place := Place{Origin: "127.0.0.1:9", Dir: t.TempDir(), Lines: "mode http"}
	taken := haproxy.Start(t, place)
	other := haproxy
	other.Config = strings.ReplaceAll(other.Config, "{{.Address}}", taken)
	if err := other.settle(t.Context(), &place); err != nil {
		t.Fatal(err)
	}
	second, err := launch(t.Context(), program, place, other.Args(place), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.End()
	select {
	case <-second.ended:
	case <-time.After(startLimit):
		t.Error("two share a port")
	}
	if said := second.tail(); !bytes.Contains(bytes.ToLower(said), []byte("address already in use")) {
		t.Errorf("it says %s", said)
	}
}
