package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// ReasonTooManyDatagrams is that of a probe that wants to send more datagrams than its bound.
const ReasonTooManyDatagrams = "too_many_datagrams"

// Datagrams bounds what one probe sends in datagrams: how many in all, and how fast to one address. It is safe for concurrent
// use.
type Datagrams struct {
	Most int           // in all, to whomever
	Pace time.Duration // between two to one address, whatever the port

	mu   sync.Mutex
	sent int
	next map[netip.Addr]time.Time // from when on the next one may go there
}

// Sent is how many were sent so far.
func (g *Datagrams) Sent() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

// admit counts a datagram and waits for its turn at an address.
func (g *Datagrams) admit(ctx context.Context, to netip.AddrPort) error {
	g.mu.Lock()
	if g.sent >= g.Most {
		g.mu.Unlock()
		return failure.New(failure.Policy, ReasonTooManyDatagrams, "a probe may send %d datagrams, and this one wants more", g.Most)
	}
	g.sent++
	at := time.Now()
	if next := g.next[to.Addr()]; next.After(at) {
		at = next
	}
	if g.next == nil {
		g.next = map[netip.Addr]time.Time{}
	}
	g.next[to.Addr()] = at.Add(g.Pace)
	g.mu.Unlock()
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return failure.New(failure.Send, "timeout", "send a datagram to %s: the time limit came before its turn", to)
	}
}

// Datagram is one that wants an answer.
type Datagram struct {
	Host    string // that was looked up for the address, or the address as it was written
	To      netip.AddrPort
	Payload []byte
	Wait    time.Duration // for the answer
	// Accept tells whether what came is the answer. What is not may have been sent by anybody: it is left out of account, and
	// the wait goes on.
	Accept func(datagram []byte) bool
}

// What is read while an answer is waited for.
const (
	maxDatagram = 4096 // bytes of one; what is longer is cut, and no answer then
	maxStrays   = 64   // datagrams that are no answer
)

// Exchange sends a datagram from a port of its own and waits for the answer. The kernel hands over only what comes from the
// address and port that were asked. Errors are what Check and Acquire gave; failures of stage policy (too_many_datagrams), send
// (timeout, error), connect (refused, unreachable, error: what the network said of the datagram), receive (timeout; malformed,
// where only other things than the answer came); or of stage internal.
func (d *Dialer) Exchange(ctx context.Context, bounds *Datagrams, g Datagram) (answer []byte, err error) {
	if d.Check != nil {
		if err := d.Check(g.Host, g.To); err != nil {
			return nil, err
		}
	}
	if d.Acquire != nil {
		release, err := d.Acquire(ctx, g.To.Addr())
		if err != nil {
			return nil, err
		}
		defer release()
	}
	if err := bounds.admit(ctx, g.To); err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", g.To.String()) // sends nothing yet
	if err != nil {
		return nil, notDelivered(g, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if answer, err = g.exchange(ctx, conn); err == nil && d.Hold != nil {
		err = d.Hold(g.To.Addr(), Unpacked*len(answer))
	}
	return answer, err
}

func (g Datagram) exchange(ctx context.Context, conn net.Conn) ([]byte, error) {
	_ = conn.SetDeadline(time.Now().Add(g.Wait))
	if ctx.Err() != nil { // its AfterFunc may have run just before
		_ = conn.SetDeadline(time.Unix(1, 0))
	}
	if _, err := conn.Write(g.Payload); err != nil {
		return nil, notDelivered(g, err)
	}
	buffer := make([]byte, maxDatagram)
	for strays := 0; ; strays++ {
		n, err := conn.Read(buffer)
		switch {
		case err != nil && !isTimeout(err):
			return nil, notDelivered(g, err)
		case err != nil && strays == 0:
			return nil, failure.New(failure.Receive, "timeout", "ask %s by a datagram: no answer came within %s", g.place(), g.Wait)
		case err != nil, strays >= maxStrays:
			return nil, failure.New(failure.Receive, "malformed", "ask %s by a datagram: %d datagrams came, none of which is an answer to the question", g.place(), strays)
		case g.Accept(buffer[:n]):
			return buffer[:n], nil
		}
	}
}

// place names whom a datagram goes to for a person.
func (g Datagram) place() string {
	if g.Host == g.To.Addr().String() {
		return g.To.String()
	}
	return g.To.String() + " (" + g.Host + ")"
}

// notDelivered says what the network said of a datagram: the system tells of an ICMP error by the next call.
func notDelivered(g Datagram, err error) error {
	return failure.New(failure.Connect, connectReason(err), "ask %s by a datagram: %w", g.place(), err)
}

// Unpacked is how many times as much as itself a message of DNS is counted as, for what it takes once it is read: a record of
// twelve bytes may bear names of 255 that stand in the message once. Who reads one refuses what takes more.
const Unpacked = 12

// Message sends a message over the connection and reads the one that comes back, each behind its length in two bytes (RFC 1035
// section 4.2.2), until then or the probe's limit. Errors are failures of stage send and receive: closed, reset, timeout, error.
func (c *Conn) Message(payload []byte, until time.Time) ([]byte, error) {
	c.deadline(until)
	out := append(binary.BigEndian.AppendUint16(nil, uint16(len(payload))), payload...) // #nosec G115 -- a question is short
	if _, err := c.stream.Write(out); err != nil {
		c.ended(err)
		return nil, failure.New(failure.Send, streamReason(err), "send a message to %s: %w", c, err)
	}
	var length [2]byte
	if n, err := io.ReadFull(c.in(), length[:]); err != nil {
		c.ended(err)
		return nil, c.receiveFailure("wait for a message", partOf("message", n), err)
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	if err := c.hold(Unpacked * len(message)); err != nil {
		return nil, c.receiveFailure("read a message", "", err)
	}
	if n, err := io.ReadFull(c.in(), message); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		c.ended(err)
		return nil, c.receiveFailure("read a message", partOf("message", len(length)+n), err)
	}
	return message, nil
}
