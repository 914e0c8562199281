package main

import (
	"runtime/debug"
	"testing"
)

// TestCollectSeldom: what the environment says of garbage holds, and without a word of it the exporter's own.
func TestCollectSeldom(t *testing.T) {
	for _, test := range []struct {
		gogc, limit string
		changes     bool
	}{{"", "", true}, {"100", "", false}, {"", "64MiB", false}} {
		t.Setenv("GOGC", test.gogc)
		t.Setenv("GOMEMLIMIT", test.limit)
		before := percent()
		end := collectSeldom()
		if got := percent() == gcPercent; got != test.changes {
			t.Errorf("GOGC=%q GOMEMLIMIT=%q: set to %d: %t", test.gogc, test.limit, gcPercent, got)
		}
		end()
		if got := percent(); got != before {
			t.Errorf("GOGC=%q GOMEMLIMIT=%q: %d is left, was %d", test.gogc, test.limit, got, before)
		}
	}
}

// percent is what the collector is told at this moment.
func percent() int {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	return now
}
