package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Bar is a stretch of time on the axis. X and Width are per cent of the axis, as SVG writes lengths.
type Bar struct {
	Phase
	Start, End wire.Seconds
	X, Width   string
}

// Phase names what a bar shows.
type Phase string

// The phases of a request, in the order in which it passes them, a dialogue of another protocol, and any other step.
const (
	Resolve   Phase = "resolve"
	Connect   Phase = "connect"
	TLS       Phase = "tls"
	Head      Phase = "head"
	Wait      Phase = "wait for 100"
	Body      Phase = "body"
	FirstByte Phase = "first byte"
	Transfer  Phase = "transfer"
	Talking   Phase = "dialogue"
	AnyStep   Phase = "step"
)

var phases = []Phase{Resolve, Connect, TLS, Head, Wait, Body, FirstByte, Transfer, Talking, AnyStep}

// Class is the phase as a name for style sheets.
func (p Phase) Class() string { return "phase-" + strings.ReplaceAll(string(p), " ", "-") }

// Tick is a mark on the axis.
type Tick struct {
	X  string
	At wire.Seconds
}

// axis is the one time axis of a view, from the probe's begin to the last thing that happened.
type axis struct{ end wire.Seconds }

func newAxis(r *result.Result) axis {
	end := max(r.Duration, 0.001)
	var walk func([]*result.Step)
	walk = func(steps []*result.Step) {
		for _, s := range steps {
			end = max(end, s.End)
			walk(s.Steps)
		}
	}
	walk(r.Steps)
	return axis{end}
}

func (a axis) percent(s wire.Seconds) float64 { return min(100, max(0, float64(s/a.end)*100)) }

func length(percent float64) string { return strconv.FormatFloat(percent, 'f', 2, 64) + "%" }

// minWidth keeps what took microseconds of a probe of seconds visible.
const minWidth = 0.35

func (a axis) bar(phase Phase, start, end wire.Seconds) Bar {
	end = max(start, end)
	width := max(minWidth, a.percent(end)-a.percent(start))
	return Bar{Phase: phase, Start: start, End: end, X: length(min(a.percent(start), 100-width)), Width: length(width)}
}

// ticks marks the axis at four to ten round numbers.
func (a axis) ticks() []Tick {
	step := math.Pow(10, math.Floor(math.Log10(float64(a.end))))
	for _, divisor := range []float64{1, 2, 5} {
		if float64(a.end)/(step/divisor) >= 4 {
			step /= divisor
			break
		}
	}
	var all []Tick
	for at := 0.0; at < float64(a.end)*0.93 && len(all) < 20; at += step { // the last one would stand outside
		all = append(all, Tick{X: length(a.percent(wire.Seconds(at))), At: wire.Seconds(at)})
	}
	return all
}

// phaseOf tells which phase a step is, by the last part of its name.
func phaseOf(step string) Phase {
	switch part := Phase(step[strings.LastIndexByte(step, '.')+1:]); part {
	case Resolve, Connect, TLS, Head, Body:
		return part
	case "continue":
		return Wait
	}
	return AnyStep
}

// parts are those of a conversation that were measured, in order of time.
func (a axis) parts(x *result.Conversation) []Bar {
	switch {
	case x.HTTP != nil:
		return a.exchanged(x.HTTP)
	case x.Talk != nil:
		return []Bar{a.bar(Talking, x.Span.Start, x.Span.End)}
	}
	return nil
}

func (a axis) exchanged(x *result.HTTP) []Bar {
	var bars []Bar
	var sent wire.Seconds // when the last byte of the request was out
	if x.Head != nil {
		bars, sent = append(bars, a.bar(Head, x.Head.Start, x.Head.End)), x.Head.End
	}
	if x.Head != nil && x.Body != nil && x.Body.End > x.Head.End {
		if expects(x) {
			bars = append(bars, a.bar(Wait, x.Head.End, x.Body.Start))
		}
		bars, sent = append(bars, a.bar(Body, x.Body.Start, x.Body.End)), x.Body.End
	}
	if x.Final == nil {
		return bars
	}
	if x.Final.First > sent && len(bars) > 0 {
		bars = append(bars, a.bar(FirstByte, sent, x.Final.First))
	}
	if x.End != nil {
		bars = append(bars, a.bar(Transfer, x.Final.First, *x.End))
	}
	return bars
}

func expects(x *wire.Exchange) bool {
	for _, f := range x.Header {
		if strings.EqualFold(f.Name, "Expect") {
			return true
		}
	}
	return false
}
