// Package waiting runs tests that wait more than they work: more of them at once than there are processors.
package waiting

import (
	"flag"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs so many parallel tests at once, unless -parallel says how many, and looks for what they left running.
func TestMain(m *testing.M, atOnce int) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// ShortTestMain does so with -short only: the whole run has tests that measure, or load the machine.
func ShortTestMain(m *testing.M, atOnce int) {
	if flag.Parse(); testing.Short() {
		TestMain(m, atOnce)
		return
	}
	goleak.VerifyTestMain(m)
}
