package conformance

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// watchHeap samples the heap until peak is asked for: how much more it came to hold. The collector runs often meanwhile,
// so that there is little garbage in the figure.
func watchHeap() (peak func() uint64) {
	percent := debug.SetGCPercent(10)
	runtime.GC()
	base := heap()
	most := base
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-done:
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		debug.SetGCPercent(percent)
		return most - base
	}
}

// heap is how many bytes objects take, those included that the collector has not found dead yet.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
