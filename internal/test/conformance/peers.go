package conformance

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// peer is one that no prober may be taken in by, whatever it speaks.
type peer struct {
	does     string
	steps    []lab.Step
	tls      bool // within TLS
	hopeless bool // whatever is asked, this is no answer
	waits    bool // the time limit ends it
}

// unreached is where nobody listens.
const unreached = "peer that refuses connections"

// peers are what is to be played at peers that misbehave, and where there is none.
func (x *Examination) peers() []play {
	plays := []play{
		{where: "peer that does not exist", run: x.nowhere(nobody, 0)},
		{where: unreached, run: x.nowhere(closed, 0)},
		{where: "peer that there is no time for", run: x.nowhere(closed, time.Nanosecond)},
	}
	for _, p := range append(badPeers(), nastyPeers()...) {
		if x.short && p.waits {
			continue
		}
		plays = append(plays, play{where: "peer that " + p.does, run: func(s *stage) *Observation {
			var secure *tls.Config
			if p.tls {
				secure = script.TLS(s)
			}
			o := x.meet(s, x.least(script.Peer(lab.ServeTLS(s, secure, p.steps...))), brief, false, 1)
			o.Hopeless, o.Begun, o.Reached = p.hopeless, true, true
			return o
		}})
	}
	return plays
}

func badPeers() []peer {
	const garbage = "\x00\xff\x01\xfe no such protocol \r\n\r\n"
	return []peer{
		{"closes at once", nil, false, true, false},
		{"never says a word", []lab.Step{lab.Hang}, false, true, true},
		{"sends garbage", []lab.Step{lab.Write(garbage), lab.Hang}, false, true, false},
		{"sends garbage without end", []lab.Step{script.Endless(garbage)}, false, true, false},
		{"sends a byte now and then", []lab.Step{lab.Drip(strings.Repeat("2", 1000), 100*time.Millisecond)}, false, true, true},
		{"closes once TLS is there", []lab.Step{lab.Await}, true, false, false},
		{"never says a word over TLS", []lab.Step{lab.Hang}, true, false, true},
		{"sends garbage over TLS", []lab.Step{lab.Write(garbage), lab.Hang}, true, false, true},
		{"sends garbage over TLS without end", []lab.Step{script.Endless(garbage)}, true, false, false},
		{"sends a byte now and then over TLS", []lab.Step{lab.Drip(strings.Repeat("2", 1000), 100*time.Millisecond)}, true, false, true},
	}
}

// nowhere probes where nothing can be reached.
func (x *Examination) nowhere(where func(s *stage) lab.Peer, limit time.Duration) func(*stage) *Observation {
	return func(s *stage) *Observation {
		o := x.meet(s, x.least(where(s)), func(*config.Module) time.Duration { return limit }, false, 1)
		o.Hopeless, o.Begun = true, limit == 0
		return o
	}
}

func closed(s *stage) lab.Peer { return script.Closed(s) }

func nobody(*stage) lab.Peer { return lab.Peer{Target: script.Nowhere, Resolver: script.Leads{}} }

// least has a peer asked for as little as possible.
func (x *Examination) least(p lab.Peer) lab.Peer {
	p.Keys = x.Part.Least
	return p
}

// standsItsPeers holds that misbehaviour is told of and ended.
func standsItsPeers(x *Examination, complain complain) {
	if len(x.Part.Meets)+len(x.Part.Hostile) == 0 {
		complain("lab.Part: Meets names no group of broken and hostile peers (see internal/test/hostile), and Hostile has none of its own")
	}
	for _, o := range x.Seen {
		if f := o.failure(); strings.HasPrefix(f, "internal/") {
			complain("%s: the probe failed for %s (%v): a peer's misbehaviour is a failure of its own", o.Where, f, o.Result.Failure)
		}
		for _, step := range o.Result.Steps {
			if step.End < step.Start {
				complain("%s: the step %s has no end: call End on all ways out", o.Where, step.Name)
			}
		}
	}
}
