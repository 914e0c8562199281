package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// period is how often the progress line changes.
const period = 100 * time.Millisecond

// progress shows on one line of a terminal what a probe does meanwhile: some of them wait for 5 s on purpose.
type progress struct {
	w io.Writer // nil: nobody is watching

	mu    sync.Mutex
	steps []string // under way, in order of their begin
	width int      // of what stands on the line, in characters
}

// watch makes a progress line on the terminal that standard error is; without one it shows nothing.
func (c *command) watch() *progress {
	if f, ok := c.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &progress{w: f}
	}
	return &progress{}
}

// step is runner.Options.Progress.
func (p *progress) step(name string, running bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if running {
		p.steps = append(p.steps, name)
	} else if i := slices.Index(p.steps, name); i >= 0 {
		p.steps = slices.Delete(p.steps, i, i+1)
	}
}

// show writes the line anew: the step that began last of those under way, and for how long all of it takes by now.
func (p *progress) show(what string, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	step := ""
	if len(p.steps) > 0 {
		step = p.steps[len(p.steps)-1] + ", "
	}
	p.replace(plain.Text(fmt.Sprintf("%s: %s%.1f s", what, step, time.Since(since).Seconds()), 78))
}

// replace puts text in the place of what stands on the line.
func (p *progress) replace(text string) {
	width := utf8.RuneCountInString(text)
	_, _ = fmt.Fprintf(p.w, "\r%s%s\r", text, strings.Repeat(" ", max(0, p.width-width))) // nothing depends on it
	p.width = width
}

// during shows the line until the function that it returns is called.
func (p *progress) during(what string) (end func()) {
	if p.w == nil {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	begun := time.Now()
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				p.mu.Lock()
				defer p.mu.Unlock()
				p.replace("")
				return
			case <-ticker.C:
				p.show(what, begun)
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// watched is a prober whose probes are watched.
type watched struct {
	runner.Prober
	compare.Finder
	line *progress
}

// Probe implements runner.Prober.
func (w watched) Probe(ctx context.Context, req runner.Request) (runner.Answer, error) {
	defer w.line.during(req.Module + " of " + req.Target)()
	return w.Prober.Probe(ctx, req)
}
