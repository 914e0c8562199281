package conformance

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// watchHeap samples the heap until peak is asked for: how much more it came to hold, and of that how much more than had been
// counted by then. The collector runs often meanwhile, so that there is little garbage in the figures.
func watchHeap(counted func() int) (peak func() (most, beyond int)) {
	percent := debug.SetGCPercent(10)
	runtime.GC()
	base := heap()
	most, known, beyond := 0, 0, 0
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				grown := heap() - base
				most, known = max(most, grown), max(known, counted()) // what is given back is garbage for a while
				beyond = max(beyond, grown-known)
			case <-done:
				return
			}
		}
	}()
	return func() (int, int) {
		close(done)
		<-ended
		debug.SetGCPercent(percent)
		return most, beyond
	}
}

// heap is how many bytes objects take, those included that the collector has not found dead yet.
func heap() int {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64()) //nolint:gosec // of a machine's memory
}
