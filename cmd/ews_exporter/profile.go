package main

import (
	"runtime"
	"sync"
)

// Go notes where every 512th KiB is allocated, for /debug/pprof/heap, which costs every hundredth probe. So nothing is noted but where
// somebody may ask.
func init() { runtime.MemProfileRate = 0 }

// profileHeap has it noted from now on.
var profileHeap = sync.OnceFunc(func() { runtime.MemProfileRate = 512 << 10 })
