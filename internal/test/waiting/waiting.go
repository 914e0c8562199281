// Package waiting runs the tests of a package, more of them at once than there are processors where they wait more than they work, and
// waits for the end of what they began.
package waiting

import (
	"flag"
	"strconv"
	"testing"
	"time"

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
	VerifyTestMain(m)
}

// ShortTestMain does so with -short only: the whole run has tests that measure, or load the machine.
func ShortTestMain(m *testing.M, atOnce int) {
	if flag.Parse(); testing.Short() {
		TestMain(m, atOnce)
		return
	}
	VerifyTestMain(m)
}

// VerifyTestMain runs the tests and looks for what they left running. What ends by itself gets time to: net/http's server keeps a
// connection that it ends for half a second, and goleak alone looks for less.
func VerifyTestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patience is how long is waited for goroutines to end.
const patience = 10 * time.Second

// patient are tests that end when all is ended which they began, or when patience is at an end.
type patient struct{ *testing.M }

func (p patient) Run() int {
	code := p.M.Run()
	for end := time.Now().Add(patience); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	return code
}
