package lab

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Cost is what clients cost a scenario, counted where they arrive.
type Cost struct {
	Connections int
	Requests    int
	Logons      int           // secrets that were verified, whether right or not
	Writes      int           // folders and items that were made or deleted
	Held        time.Duration // for how long connections were open, added up over those that have ended
	Open        int           // connections that are open still
}

// Meter counts a Cost. It is safe for concurrent use.
type Meter struct {
	mu   sync.Mutex
	cost Cost
}

func (m *Meter) add(what *int, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*what += n
}

// Connection counts one that begins now; what it returns is called when the connection ends.
func (m *Meter) Connection() (ended func()) {
	began := time.Now()
	m.add(&m.cost.Connections, 1)
	m.add(&m.cost.Open, 1)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.cost.Open--
		m.cost.Held += time.Since(began)
	}
}

// Request counts one.
func (m *Meter) Request() { m.add(&m.cost.Requests, 1) }

func (m *Meter) logon() { m.add(&m.cost.Logons, 1) }

// writing are the operations that change a mailbox.
var writing = []string{"CreateFolder", "CreateItem", "DeleteItem"}

func (m *Meter) operation(name string) {
	if slices.Contains(writing, name) {
		m.add(&m.cost.Writes, 1)
	}
}

// Read is the Cost so far.
func (m *Meter) Read() Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cost
}

// count makes an HTTP server count its connections and requests.
func (m *Meter) count(server *http.Server) {
	var open sync.Map // of what to call when a connection ends, by connection
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Store(conn, m.Connection())
		case http.StateClosed, http.StateHijacked:
			if ended, ok := open.LoadAndDelete(conn); ok {
				ended.(func())() //nolint:forcetypeassert // as stored above
			}
		}
	}
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Request()
		handler.ServeHTTP(w, r)
	})
}

// Cost is what the running scenario of that name was cost so far, at its balancer.
func (s *Site) Cost(scenario string) Cost {
	c, ok := s.Scenario(scenario)
	if !ok {
		return Cost{}
	}
	return c.origin.meter.Read()
}
