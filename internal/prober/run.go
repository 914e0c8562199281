package prober

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Module is what a prober needs to know of the module that it runs for.
type Module struct {
	Name   string
	TLS    wire.TLS // ServerName is empty unless the module sets one
	Prefer wire.Preference
}

// Run is one probe under way: what is asked of it, and the three that a prober works with.
type Run struct {
	*Recorder // writes down what is done and learned
	*Network  // looks names up and opens connections
	*Session  // logs on with the module's auth, or with none

	// Others log on with the auths that the prober's own settings name, by the auth's name.
	Others map[string]*Session

	Target target.Target
	Module *Module
	Agent  string // the User-Agent: "ews_exporter/VERSION"
	// Outside tells that the exporter looks from where clients on the internet are, so that what is reached is open to them.
	Outside bool

	Pauses *Pauses // the process's; nil: nothing is remembered from probe to probe
	Turns  *Turns  // the process's; nil: nobody waits for a turn
}

// Parts are what a Run is made of.
type Parts struct {
	Recorder    *Recorder
	Target      target.Target
	Module      *Module
	Agent       string
	Outside     bool
	Dialer      *wire.Dialer
	Elsewhere   *wire.Dialer        // dials hosts that a target names (see policy.Elsewhere); nil: they are not asked
	Secrets     *Secrets            // the logon of the module's auth; nil without one
	Certificate *Certificate        // of the module's auth; nil without one
	Others      map[string]*Secrets // the logons of the auths that the prober's own settings name
	Proxy       *Proxy              // that connections go through; nil for none
	Pauses      *Pauses
	Turns       *Turns
}

// NewRun makes a Run.
func NewRun(p Parts) *Run {
	network := &Network{recorder: p.Recorder, module: p.Module, dialer: p.Dialer, elsewhere: p.Elsewhere, target: p.Target, certificate: p.Certificate}
	if p.Proxy != nil {
		network.way = &way{Proxy: *p.Proxy, recorder: p.Recorder, agent: p.Agent}
	}
	session := func(s *Secrets) *Session {
		return &Session{recorder: p.Recorder, network: network, secrets: s, target: p.Target}
	}
	r := &Run{
		Recorder: p.Recorder, Network: network, Session: session(p.Secrets), Others: map[string]*Session{},
		Target: p.Target, Module: p.Module, Agent: p.Agent, Outside: p.Outside, Pauses: p.Pauses, Turns: p.Turns,
	}
	for name, s := range p.Others {
		r.Others[name] = session(s)
	}
	return r
}

// Settle ends the probe's logons: those that a fault left without a verdict must not hold up others for ever.
func (r *Run) Settle() {
	r.Session.settle()
	for _, other := range r.Others {
		other.settle()
	}
	if r.way != nil && r.way.Secrets != nil {
		r.way.Secrets.Settle()
	}
}

// Panic is what Parallel raises again: where the panic happened. Its value is left behind, for it may hold a secret.
type Panic struct{ Stack string }

// Parallel runs fs side by side and returns when all have ended. A panic in one is raised again here, as a Panic.
func Parallel(fs ...func()) {
	var wg sync.WaitGroup
	panics := make(chan Panic, len(fs))
	for _, f := range fs {
		wg.Go(func() {
			defer func() {
				if fault := recover(); fault != nil {
					panics <- Panic{string(debug.Stack())}
				}
			}()
			f()
		})
	}
	wg.Wait()
	select {
	case p := <-panics:
		panic(p)
	default:
	}
}

// Request builds a request to the probe's target.
func (r *Run) Request(method, path string, fields []origin.Field, body []byte) *wire.Request {
	return RequestTo(r.Target, method, path, fields, body)
}

// RequestTo builds a request to a target.
func RequestTo(t target.Target, method, path string, fields []origin.Field, body []byte) *wire.Request {
	return &wire.Request{
		Method: method, URL: t.URL(path), Target: path, Host: t.Authority(),
		Header: fields, Body: body, SendLength: method == "POST" || method == "PUT",
	}
}

// Headers gives configured headers in a fixed order after the probe's own.
func Headers(own []origin.Field, configured map[string]string) []origin.Field {
	names := make([]string, 0, len(configured))
	for name := range configured {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		own = slices.DeleteFunc(own, func(f origin.Field) bool { return strings.EqualFold(f.Name, name) })
		own = append(own, origin.Field{Name: name, Value: configured[name]})
	}
	return own
}

// Prepare is how a probe begins that logs on: it reads the secret, looks the target up, and gives where it is. Errors are failures
// of stage auth, resolve or policy.
func (r *Run) Prepare(ctx context.Context) (Endpoint, error) {
	if err := r.Ready(); err != nil {
		return Endpoint{}, err
	}
	resolution, err := r.ResolveTarget(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	return r.Endpoint(r.Target, resolution), nil
}
