package wire

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"
)

// The bounds of Chains.
const (
	chainsFor     = 5 * time.Minute // after which a chain is verified again
	maxChains     = 1000            // at once
	maxChainBytes = 2 << 20         // of all, as they were sent; read out of that it is several times as much
	maxChainSize  = maxChainBytes / 128
	maxPathCerts  = 50 // on all paths of one, for what is sent may be crossed in many ways
)

// Chains remembers chains of certificates that were verified, because a probe meets the same one again and again, and to verify
// it takes a sixth of the handshake. It knows a chain by all bytes that were sent, by the name, and by the very pool of authorities
// that was given, so that nothing of one carries over to another; a pool must not grow once it is used. It forgets before any of
// the dates comes that decide: of what was sent, and of the authorities on the paths. What was refused is never remembered.
//
// It is safe for concurrent use, and ready as it is; a nil one remembers nothing.
type Chains struct {
	mu    sync.Mutex
	of    map[chainKey]*chain
	bytes int
}

type chainKey struct {
	roots weak.Pointer[x509.CertPool] // equal for the same pool alone, also once that is gone; zero: the system's
	name  string
	sent  uint64 // a hash
}

// chain is one that was verified.
type chain struct {
	sent        []*x509.Certificate
	bytes       int
	paths       [][]*x509.Certificate
	from, until time.Time // by the wall clock, as dates are

	described []Certificate
}

var chainSeed = maphash.MakeSeed()

func keyOf(opts *TLS, sent []*x509.Certificate) chainKey {
	var h maphash.Hash
	h.SetSeed(chainSeed)
	for _, cert := range sent {
		_, _ = h.Write(cert.Raw)
	}
	return chainKey{weak.Make(opts.Roots), opts.ServerName, h.Sum64()}
}

// asksSystem tells whether the operating system verifies: it knows of changes by itself, and is asked each time.
func (t *TLS) asksSystem() bool {
	return t.Roots == nil && (runtime.GOOS == "windows" || runtime.GOOS == "darwin" || runtime.GOOS == "ios")
}

// find gives what was verified of the same chain for the same purpose; nil where that is not known, or need not hold any more.
func (c *Chains) find(opts *TLS, sent []*x509.Certificate, now time.Time) *chain {
	if c == nil || len(sent) == 0 || opts.asksSystem() {
		return nil
	}
	key := keyOf(opts, sent)
	now = now.Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.of[key]
	if known == nil || now.Before(known.from) || !now.Before(known.until) || !slices.EqualFunc(sent, known.sent, (*x509.Certificate).Equal) {
		return nil
	}
	return known
}

// remember notes what was verified now, at the cost of any other ones where there is no room.
func (c *Chains) remember(opts *TLS, sent []*x509.Certificate, paths [][]*x509.Certificate, now time.Time) {
	if c == nil || opts.asksSystem() {
		return
	}
	verified := newChain(sent, paths, now.Round(0))
	if verified == nil {
		return
	}
	key := keyOf(opts, sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[chainKey]*chain{}
	}
	c.forget(key)
	for other := range c.of {
		if len(c.of) < maxChains && c.bytes+verified.bytes <= maxChainBytes {
			break
		}
		c.forget(other)
	}
	c.of[key] = verified
	c.bytes += verified.bytes
}

// forget drops one, if it is there.
func (c *Chains) forget(key chainKey) {
	if known := c.of[key]; known != nil {
		c.bytes -= known.bytes
		delete(c.of, key)
	}
}

// Forget drops all, as for another configuration.
func (c *Chains) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of, c.bytes = nil, 0
}

// newChain is what is remembered of a chain; nil where that is too much. It is read anew from a copy: certificates as crypto/tls gives
// them hold all of the message that they came in.
func newChain(sent []*x509.Certificate, paths [][]*x509.Certificate, now time.Time) *chain {
	c := &chain{from: now}
	on := 0
	for _, path := range paths {
		on += len(path)
	}
	for _, cert := range sent {
		c.bytes += len(cert.Raw)
	}
	if c.bytes > maxChainSize || on > maxPathCerts {
		return nil
	}
	c.until = nextDate(now, now.Add(chainsFor), append(paths[:len(paths):len(paths)], sent)...)
	copies := make(map[*x509.Certificate]*x509.Certificate, len(sent))
	for _, cert := range sent {
		if copies[cert] == nil {
			own, err := x509.ParseCertificate(bytes.Clone(cert.Raw))
			if err != nil { // it was read before
				return nil
			}
			copies[cert] = own
		}
		c.sent = append(c.sent, copies[cert])
		c.described = append(c.described, describe(cert))
	}
	for _, path := range paths {
		path = slices.Clone(path)
		for i, cert := range path {
			path[i] = cmp.Or(copies[cert], cert) // an authority is the pool's
		}
		c.paths = append(c.paths, slices.Clip(path))
	}
	c.sent, c.paths = slices.Clip(c.sent), slices.Clip(c.paths) // who appends to what he is given writes to a copy
	return c
}

// nextDate is when the first of the certificates begins or ceases to be valid, until when at the latest: up to it the same holds as now.
func nextDate(now, until time.Time, paths ...[]*x509.Certificate) time.Time {
	for _, path := range paths {
		for _, cert := range path {
			for _, date := range []time.Time{cert.NotBefore, cert.NotAfter} {
				if !date.Before(now) && date.Before(until) {
					until = date
				}
			}
		}
	}
	return until
}

// descriptions are the chain's, for a record of its own.
func (c *chain) descriptions() []Certificate {
	all := slices.Clone(c.described)
	for i := range all {
		all[i].Names = slices.Clone(all[i].Names)
	}
	return all
}
