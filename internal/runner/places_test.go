package runner

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// TestPlaceTooLate: a place that comes free when the time of who waits for it is up goes to the next.
func TestPlaceTooLate(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddr("192.0.2.1")
	p := newPlaces(2, 10)
	if err := p.take(t.Context(), at); err != nil { // stays, so that the address is not forgotten
		t.Fatal(err)
	}
	tooLate := 0
	for range 200 {
		if err := p.take(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		go func() { waited <- p.take(ctx, at) }()
		time.Sleep(time.Millisecond) // until it waits
		p.free(at)
		cancel()
		if <-waited == nil {
			p.free(at)
		} else {
			tooLate++
		}
		next, enough := context.WithTimeout(t.Context(), 5*time.Second)
		err := p.take(next, at)
		enough()
		if err != nil {
			t.Fatalf("a place is lost: %v", err)
		}
		p.free(at)
	}
	if tooLate == 0 {
		t.Error("never was a place too late, so nothing was tested")
	}
}
