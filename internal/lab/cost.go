package lab

import (
	"cmp"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cost is what clients cost a scenario, counted where they arrive.
type Cost struct {
	Connections int
	Requests    int
	Logons      int           // secrets that were verified, whether right or not
	Writes      int           // folders and items that were made or deleted
	Logged      int           // bytes that IIS writes of the requests into its log
	Held        time.Duration // for how long connections were open, added up over those that have ended
	Open        int           // connections that are open still
}

// Less is the Cost since before.
func (c Cost) Less(before Cost) Cost {
	return Cost{
		Connections: c.Connections - before.Connections, Requests: c.Requests - before.Requests, Logons: c.Logons - before.Logons,
		Writes: c.Writes - before.Writes, Logged: c.Logged - before.Logged, Held: c.Held - before.Held, Open: c.Open - before.Open,
	}
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

// Request counts one that is not of HTTP.
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
		m.web(r.Method+" "+r.RequestURI, textproto.MIMEHeader(r.Header))
		handler.ServeHTTP(w, r)
	})
}

// web counts a request of HTTP, by its first line and its fields, and the line that IIS writes of it with the fields that it has by default (Microsoft Learn, "Log
// Files for All Sites <logFile>": date, time, addresses and port, method, URI and query, user, User-Agent, status, substatus,
// Windows status, time taken), as long as that gets with IPv4.
func (m *Meter) web(request string, field textproto.MIMEHeader) {
	method, target, _ := strings.Cut(request, " ")
	target, _, _ = strings.Cut(target, " ")
	stem, query, _ := strings.Cut(target, "?")
	user := "-"
	if field.Get("Authorization") != "" {
		user = Username
	}
	line := strings.Join([]string{
		"2006-01-02", "15:04:05", "192.168.100.100", method, stem, cmp.Or(query, "-"), "443", user, "192.168.100.200",
		cmp.Or(field.Get("User-Agent"), "-"), "401", "1", "2148074254", "10000\r\n",
	}, " ")
	m.Request()
	m.add(&m.cost.Logged, len(line))
}

// Cost is what the running scenario of that name was cost so far, at its balancer.
func (s *Site) Cost(scenario string) Cost {
	c, ok := s.Scenario(scenario)
	if !ok {
		return Cost{}
	}
	return c.origin.meter.Read()
}
