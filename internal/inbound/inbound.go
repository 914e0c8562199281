// Package inbound guards the exporter's own port. Whoever reaches it is hostile until shown otherwise: how many connections
// there are, how much a request may hold and how long it may take, whether an answer is read, and by which name the exporter
// is asked, is bounded here, before a password is looked at and before anything is run.
package inbound

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// The sizes of one request.
const (
	maxHead    = 16 << 10 // bytes of its head; net/http adds 4 KiB
	maxBody    = 64 << 10 // bytes of its body
	maxStreams = 10       // requests at once over one connection of HTTP/2: a client with more to ask opens another
	writeRate  = 32 << 10 // bytes per second of an answer that a client must take on the whole, beyond times.slack
)

// times bound what clients may take. A probe may take as long as its module and its scrape let it: no time runs while the
// handler works and nothing is written.
type times struct {
	head  time.Duration // for a head, and for a TLS handshake
	read  time.Duration // for a whole request
	idle  time.Duration // between two requests
	slack time.Duration // for which a client may take nothing of an answer
	stuck time.Duration // after which a connection whose client takes nothing makes room for others
}

var usual = times{head: 10 * time.Second, read: 20 * time.Second, idle: 2 * time.Minute, slack: 30 * time.Second, stuck: 5 * time.Second}

// Options are a Guard's parts.
type Options struct {
	Probes  int           // that may run at once (--limit.probes): the bounds on connections go by it
	Allowed []policy.Rule // names, beside those that are always allowed, that the exporter may be asked by
	Prefix  string        // below which everything is served, as in /ews; "": none
	Refused func(string)  // counts a request for a probe that was refused, by runner's reason
	Log     *slog.Logger
}

// Guard holds the bounds for all listeners together.
type Guard struct {
	log      *slog.Logger
	refused  func(string)
	prefix   string
	hosts    *hosts
	files    *files
	limit    limits
	times    times
	refusals throttle
	requests atomic.Int64 // over HTTP/2, in flight
	probes   atomic.Int64 // in flight

	mu      sync.Mutex
	conns   map[*conn]struct{}
	clients map[client]int // how many connections each has
}

// limits are how many there may be at once.
type limits struct {
	connections int // in all; as many requests of HTTP/2
	perClient   int
}

// New makes a Guard. Make it before the first connection: what is open now is what the exporter itself needs.
func New(o Options) *Guard {
	files := newFiles()
	return &Guard{
		log: o.Log, refused: o.Refused, prefix: o.Prefix, hosts: newHosts(o.Allowed, o.Log), files: files, limit: limitsFor(o.Probes, files), times: usual,
		conns: map[*conn]struct{}{}, clients: map[client]int{},
	}
}

// limitsFor leaves room for every probe's caller twice and for the pages, and files for the probes where those are few. One
// client, which may be Prometheus or a proxy in front of everybody, gets three quarters of it at most.
func limitsFor(probes int, f *files) limits {
	all := 2*probes + 200
	if f.limit > 0 {
		all = max(4, min(all, (f.limit-f.base-f.reserve())/2))
	}
	return limits{connections: all, perClient: all - all/4}
}

// Server makes a server for a listener of this Guard. base is the context of its requests.
func (g *Guard) Server(base context.Context, handler http.Handler) *http.Server {
	server := &http.Server{
		Handler:           handler,
		MaxHeaderBytes:    maxHead,
		ReadHeaderTimeout: g.times.head,
		ReadTimeout:       g.times.read,
		IdleTimeout:       g.times.idle,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, own(c))
		},
		ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReadFrameSize: 16 << 10,
			MaxReceiveBufferPerConnection: maxBody, MaxReceiveBufferPerStream: maxBody,
			SendPingTimeout: g.times.slack, PingTimeout: g.times.head,
		},
	}
	// The exporter toolkit puts its handler, which asks for the password, in front of ours. The server asks for its base
	// context after that and before the first connection, so there the bounds go in front of both.
	server.BaseContext = func(net.Listener) context.Context {
		server.Handler = g.Handler(server.Handler)
		return base
	}
	return server
}

// Prober refuses probes while few files are left to open, so that those that run have enough, and /-/healthy and /metrics
// answer on.
func (g *Guard) Prober(next runner.Prober) runner.Prober { return &sparing{next, g} }

type sparing struct {
	next  runner.Prober
	guard *Guard
}

func (s *sparing) Probe(ctx context.Context, req runner.Request) (runner.Answer, error) {
	g := s.guard
	running := int(g.probes.Add(1))
	defer g.probes.Add(-1)
	if inUse, short := g.files.short(g.connections(), running); short {
		return runner.Answer{}, &runner.Refusal{Status: http.StatusServiceUnavailable, Reason: runner.OutOfFiles, Message: outOfFiles(inUse, g.files.limit)}
	}
	return s.next.Probe(ctx, req)
}

func (g *Guard) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}
