package conformance

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// stage is what something is played on: it ends what was started there, and keeps why it could not be played. It is a lab.TB.
type stage struct {
	context.Context
	ends  []func()
	fault string
}

// Helper is there for lab.TB.
func (s *stage) Helper() {}

// Cleanup has f called when the stage ends.
func (s *stage) Cleanup(f func()) { s.ends = append(s.ends, f) }

// Fatalf ends what is played.
func (s *stage) Fatalf(format string, args ...any) {
	s.fault = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// Skipf ends what cannot be played on this machine, and is no fault. The run says so at its end.
func (s *stage) Skipf(format string, args ...any) {
	s.must(servers.Note("conformance: " + fmt.Sprintf(format, args...)))
	runtime.Goexit()
}

// must ends what is played where err is one.
func (s *stage) must(err error) {
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// folder is an empty one that goes with the stage.
func (s *stage) folder() string {
	dir, err := os.MkdirTemp("", "conformance")
	s.must(err)
	s.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// act runs f on a stage and gives why it could not be run to its end; empty where it was.
func act(ctx context.Context, f func(*stage)) string {
	s := &stage{Context: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, end := range slices.Backward(s.ends) {
				end()
			}
		}()
		f(s)
	}()
	<-done
	return s.fault
}
