package inbound

import (
	"net"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// client is who connects: an address, or the 64 bits that one host of IPv6 commonly has for itself. The zero client, behind a
// socket without addresses, is bounded by the sum alone.
type client netip.Prefix

func clientOf(address net.Addr) client {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return client{}
	}
	a := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return client(p)
}

// Listener bounds the connections of l.
func (g *Guard) Listener(l net.Listener) net.Listener { return &listener{l, g} }

type listener struct {
	net.Listener
	guard *Guard
}

// The pauses of a listener while files or memory are short: from the first one, doubled up to the last.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// Accept gives the next connection that is within the bounds. It goes on where files or memory are short, which net/http
// does for some of the system's errors, and ends at others.
func (l *listener) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		raw, err := l.Listener.Accept()
		if reason := failure.Shortage(err); reason != "" {
			l.guard.refusals.warn(l.guard.log, "No connection can be taken, trying on", "reason", reason, "err", err)
			l.guard.makeRoom()
			time.Sleep(pause)
			pause = min(2*pause, lastPause)
			continue
		}
		if err != nil {
			return nil, err
		}
		pause = firstPause
		if c := l.guard.admit(raw); c != nil {
			return c, nil
		}
	}
}

// admit takes a connection in. Where there are too many, the one that has asked for nothing for longest makes room: of the
// same client where that has too many, else of the client with the most. Nil: every other one is at work, and raw was closed.
func (g *Guard) admit(raw net.Conn) *conn {
	c := &conn{Conn: raw, guard: g, client: clientOf(raw.RemoteAddr()), since: time.Now(), slack: g.times.slack}
	g.mu.Lock()
	var room *conn
	full := false
	switch {
	case c.client != client{} && g.clients[c.client] >= g.limit.perClient:
		room, full = g.waiting(c.client), true
	case len(g.conns) >= g.limit.connections:
		room, full = g.waiting(client{}), true
	}
	if full && room == nil {
		g.mu.Unlock()
		g.refusals.warn(g.log, "Connection refused: too many are at work", "client", raw.RemoteAddr(), "connections", g.limit.connections, "of_one_client", g.limit.perClient)
		_ = raw.Close()
		return nil
	}
	if room != nil {
		g.forget(room)
	}
	g.conns[c] = struct{}{}
	g.clients[c.client]++
	g.mu.Unlock()
	if room != nil {
		g.refusals.warn(g.log, "Connection closed to make room: it had asked for nothing", "client", room.RemoteAddr(), "connections", g.limit.connections, "of_one_client", g.limit.perClient)
		_ = room.Conn.Close()
	}
	return c
}

// makeRoom closes one connection that asks for nothing.
func (g *Guard) makeRoom() {
	g.mu.Lock()
	room := g.waiting(client{})
	if room != nil {
		g.forget(room)
	}
	g.mu.Unlock()
	if room != nil {
		_ = room.Conn.Close()
	}
}

// waiting is the connection that has waited for longest, of a client, or of the client that has the most: nil when all are at
// work. g.mu is held.
func (g *Guard) waiting(of client) *conn {
	var longest *conn
	now := time.Now()
	for c := range g.conns {
		switch {
		case of != client{} && c.client != of, c.working(now):
		case longest == nil, g.clients[c.client] > g.clients[longest.client],
			g.clients[c.client] == g.clients[longest.client] && c.since.Before(longest.since):
			longest = c
		}
	}
	return longest
}

// forget counts a connection no longer. g.mu is held.
func (g *Guard) forget(c *conn) {
	if _, ok := g.conns[c]; !ok {
		return
	}
	delete(g.conns, c)
	if g.clients[c.client]--; g.clients[c.client] <= 0 {
		delete(g.clients, c.client)
	}
}
