package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// What Go's garbage collector is told, unless GOGC says otherwise, or GOMEMLIMIT, for which the memory below would count. It
// collects when the heap has grown by a percentage; an idle exporter's is so small that this happens every thirty probes, and
// takes a tenth of all processor time. So it counts memory that is never touched, and so never there, as well. In turn the
// percentage is half of the usual one, which keeps the garbage small when thousands of probes hang.
const (
	headroom  = 32 << 20 // bytes
	gcPercent = 50
)

// collectSeldom has garbage collected less often for as long as the exporter serves: until the function it gives is called.
func collectSeldom() (end func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(gcPercent)
	untouched := make([]byte, headroom)
	return func() {
		runtime.KeepAlive(untouched)
		debug.SetGCPercent(before)
	}
}
