// Package lab is a simulated Exchange site with its load balancers: one scenario per fault that is known from the
// field, each on its own port of loopback, over TLS, with exactly that fault on the wire. It serves `make run`, the
// tests and the docs. Scripted servers (Serve, ServeTLS, ServeEach) serve the tests of single packages.
package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultBasePort is the port of the first scenario of `make run`; the others follow in the table's order.
const DefaultBasePort = 10510

// maxConnections is how many connections one scenario serves at once; more of them wait.
const maxConnections = 128

// Options say what to start. The zero value starts everything on free ports.
type Options struct {
	BasePort int      // the first scenario's port; 0 gives each a free one
	Only     []string // names of the scenarios to start; nil for all. Their ports do not depend on it
	Password string   // of Username; default Password
}

// Site is a running lab.
type Site struct {
	parts     []Part
	authority *Authority
	config    *tls.Config
	password  string
	scenarios []Scenario
	balancers map[string]*atomic.Pointer[balancer] // how each scenario's behaves now

	ctx    context.Context // ends with the site
	cancel context.CancelFunc
	serves sync.WaitGroup

	mu      sync.Mutex
	closers map[io.Closer]struct{} // what is open
}

// Start starts the scenarios, those that all parts share and those of their own. They run until Close, or until ctx ends.
func Start(ctx context.Context, parts []Part, options Options) (*Site, error) {
	scenarios, err := choose(Scenarios(parts), options)
	if err != nil {
		return nil, err
	}
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	config, err := authority.ServerConfig()
	if err != nil {
		return nil, err
	}
	s := &Site{
		parts: parts, authority: authority, config: config, password: options.Password,
		balancers: map[string]*atomic.Pointer[balancer]{}, closers: map[io.Closer]struct{}{},
	}
	if s.password == "" {
		s.password = Password
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.serves.Go(func() { // ends everything that is open, however the site ends
		<-s.ctx.Done()
		s.closeAll()
	})
	for _, scenario := range scenarios {
		if err := s.start(scenario); err != nil {
			s.Close()
			return nil, fmt.Errorf("starting the lab's scenario %s on %s: %w", scenario.Name, scenario.Address, err)
		}
	}
	return s, nil
}

// choose returns the wanted scenarios with the addresses that they are to listen on.
func choose(all []Scenario, options Options) ([]Scenario, error) {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
		port := 0
		if options.BasePort != 0 {
			port = options.BasePort + i
		}
		all[i].Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	for _, name := range options.Only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the lab has no scenario %q; it has %s", name, strings.Join(names, ", "))
		}
	}
	if len(options.Only) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(s Scenario) bool { return !slices.Contains(options.Only, s.Name) }), nil
}

// start starts one scenario: its origin on a free port, and the balancer on the scenario's own.
func (s *Site) start(scenario Scenario) error {
	var listen net.ListenConfig
	front, err := listen.Listen(s.ctx, "tcp", scenario.Address)
	if err != nil {
		return err
	}
	s.keep(front)
	if serve := scenario.Serve; serve != nil {
		scenario.Address, scenario.origin = front.Addr().String(), &exchange{}
		meter := &scenario.origin.meter
		s.serves.Go(func() {
			s.accept(front, meter, func(conn net.Conn) { serve(conn, s.config.Clone(), meter.Request) })
		})
		s.scenarios = append(s.scenarios, scenario)
		return nil
	}
	return s.startHTTP(scenario, front)
}

// startHTTP starts what of a scenario speaks HTTP; front is where its balancer listens.
func (s *Site) startHTTP(scenario Scenario, front net.Listener) error {
	var listen net.ListenConfig
	back, err := listen.Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	scenario.Address = front.Addr().String()
	if scenario.origin == nil {
		scenario.origin = &exchange{}
	}
	scenario.origin.password = s.password
	scenario.origin.binding = bindingOf(s.config.Certificates[0].Certificate[0])
	if scenario.rebound {
		scenario.origin.binding = bindingOf(s.authority.cert.Raw)
	}
	server := scenario.origin.server()
	s.keep(server)
	s.serves.Go(func() { _ = server.Serve(back) }) // closes back; it ends with the site, never by itself
	behaves := new(atomic.Pointer[balancer])
	behaves.Store(&scenario.balancer)
	s.balancers[scenario.Name] = behaves
	meter := &scenario.origin.meter
	s.serves.Go(func() {
		s.accept(front, meter, func(conn net.Conn) { s.serve(conn, *behaves.Load(), back.Addr().String(), meter) })
	})
	s.scenarios = append(s.scenarios, scenario)
	return nil
}

// accept serves every connection that front takes, maxConnections at once, until the site ends.
func (s *Site) accept(front net.Listener, meter *Meter, serve func(net.Conn)) {
	slots := make(chan struct{}, maxConnections)
	for {
		select {
		case slots <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
		conn, err := front.Accept()
		if s.ctx.Err() != nil {
			return
		}
		if err != nil { // out of file descriptors, most likely, which passes
			<-slots
			time.Sleep(10 * time.Millisecond)
			continue
		}
		s.serves.Go(func() {
			defer func() { <-slots }()
			defer meter.Connection()()
			s.keep(conn)
			defer s.forget(conn)
			serve(conn)
		})
	}
}

func (s *Site) serve(conn net.Conn, b balancer, origin string, m *Meter) {
	client := tls.Server(conn, s.config)
	session := &session{client: client, in: bufio.NewReader(client), meter: m, dial: func() (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(s.ctx, "tcp", origin)
	}}
	session.run(b)
}

// keep notes what is open, to be closed with the site; at once when the site has ended.
func (s *Site) keep(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers[c] = struct{}{}
	if s.ctx.Err() != nil {
		_ = c.Close()
	}
}

func (s *Site) forget(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.closers, c)
}

func (s *Site) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.closers {
		_ = c.Close()
	}
}

// Close ends the site: no socket and no goroutine of it is left.
func (s *Site) Close() {
	s.cancel()
	s.serves.Wait()
}

// Scenarios are those that run, with their addresses, in the table's order.
func (s *Site) Scenarios() []Scenario { return slices.Clone(s.scenarios) }

// Scenario is the running scenario of that name.
func (s *Site) Scenario(name string) (Scenario, bool) {
	i := slices.IndexFunc(s.scenarios, func(c Scenario) bool { return c.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return s.scenarios[i], true
}

// Change gives a running scenario's balancer the behavior of another scenario's, which need not run: its administrator
// breaks or mends a setting. Connections that are open go on as they began.
func (s *Site) Change(scenario, like string) error {
	all := shared()
	i := slices.IndexFunc(all, func(c Scenario) bool { return c.Name == like })
	running := s.balancers[scenario]
	if i < 0 || running == nil {
		return fmt.Errorf("the lab's scenario %s cannot be changed into %s: the one has to run, the other to be known", scenario, like)
	}
	running.Store(&all[i].balancer)
	return nil
}

// Authority signed the certificate that every scenario shows.
func (s *Site) Authority() *Authority { return s.authority }
