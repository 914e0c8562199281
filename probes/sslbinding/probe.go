// Package sslbinding shows every certificate that every door of a host shows: each address, port and form of SNI, side
// by side, because IIS binds certificates to each of them apart, and one wrong binding breaks the outside while the
// inside works.
package sslbinding

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// knockLimit bounds one door, see doorLimit.
const knockLimit = 6 * time.Second

// probe is one survey.
type probe struct {
	*Settings
	run      *prober.Run
	name     string // what SNI and the certificate check go by
	bindings []*binding
	spare    atomic.Int32       // connections that are left for looking closer
	places   []revocation.Place // of revocation lists and responders that were asked
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, name: cmp.Or(run.Module.TLS.ServerName, run.Target.Name)}
	if run.Target.Scheme != "https" {
		run.Result.Fail(failure.New(failure.Config, reasonNotTLS, "%s is an http URL, and certificates are shown over TLS: write the host, or an https URL", run.Target.Raw))
		return
	}
	unresolved := p.plan(ctx)
	p.knock(ctx)
	p.steady(ctx)
	p.readStaples()
	if s.Revocation {
		p.checkRevocation(ctx)
	}
	p.judge(unresolved)
	p.measure()
	p.tabulate()
}

// plan looks up the target and the servers, and lists the doors. A name that does not resolve hides nothing of the
// others; the first such failure is returned.
func (p *probe) plan(ctx context.Context) *failure.Failure {
	var first error
	var lookups []lookup
	add := func(server string, res *wire.Resolution, err error) {
		if err == nil {
			lookups = append(lookups, lookup{server, res})
		}
		first = cmp.Or(first, err)
	}
	res, err := p.run.ResolveTarget(ctx)
	add("", res, err)
	for _, server := range p.Addresses {
		res, err := p.run.Resolve(ctx, nil, server)
		add(server, res, err)
	}
	hosts, addresses := gather(lookups)
	bindings, free, left := p.doors(hosts, p.run.Target.Port, p.name)
	p.bindings = bindings
	p.spare.Store(int32(free)) //nolint:gosec // at most prober.MaxConnections
	if addresses+left > 0 {
		p.cutOff(addresses, left)
	}
	return failure.From(first)
}

// knock looks at all doors side by side: one that hangs holds up no other.
func (p *probe) knock(ctx context.Context) {
	var fs []func()
	for _, b := range p.bindings {
		step := p.run.Step(b.form.step()) // begun here, for a steady order
		fs = append(fs, func() {
			p.look(ctx, b, step)
			if b.form == own && b.seen() {
				p.lookCloser(ctx, b)
			}
		})
	}
	prober.Parallel(fs...)
}

// look asks one door for its certificate.
func (p *probe) look(ctx context.Context, b *binding, step *prober.Step) {
	ctx, cancel := p.doorLimit(ctx, b)
	defer cancel()
	err := p.shake(ctx, b, step)
	if !b.seen() && legible(b, err) && p.glimpse(ctx, b, step) == nil {
		b.unshaken = failure.From(err)
	}
	if !b.seen() {
		step.Detail("%s, SNI %s: no certificate", b.address, b.sni)
		b.failure = step.End(err)
		return
	}
	b.chain = examine(&b.peer, time.Now())
	step.Detail("%s, SNI %s: %s %s", b.address, b.sni, b.leaf().SHA1, b.leaf().Title())
	// What follows the certificate (an alert that asks for a client's own, say) says nothing of the binding.
	b.asking = asking(b, err)
	err = nil
	if b.form == own && b.peer.Refused != nil && !p.run.Module.TLS.Insecure {
		err = b.peer.Refused
	}
	step.End(err)
}

// legible tells whether a handshake ended in a way that may leave the certificate to be read in clear text: there is nothing
// in common, or the exporter's TLS does not take the certificate.
func legible(b *binding, err error) bool {
	common := []wire.Alert{wire.HandshakeFailure, wire.InsufficientSecurity, wire.IllegalParameter}
	return failure.Is(err, failure.TLS, "certificate_unsupported", "handshake") ||
		failure.Is(err, failure.TLS, "alert") && slices.Contains(common, b.peer.Alert)
}

// shake has the handshake.
func (p *probe) shake(ctx context.Context, b *binding, step *prober.Step) error {
	return p.enter(ctx, b, step, func(conn *wire.Conn) error { return p.run.Secure(step, conn, p.options(b)) })
}

// glimpse reads what the door shows in clear text.
func (p *probe) glimpse(ctx context.Context, b *binding, step *prober.Step) error {
	alert := b.peer.Alert // what it says to a client of today
	err := p.enter(ctx, b, step, func(conn *wire.Conn) error {
		return step.Do("read", func() error { return conn.Glimpse(p.options(b)) })
	})
	b.peer.Alert = alert
	return err
}

// enter connects, begins TLS where a dialogue in clear text comes first, and goes on with what then does. It sets what the
// door shows.
func (p *probe) enter(ctx context.Context, b *binding, step *prober.Step, then func(*wire.Conn) error) error {
	conn, err := p.run.Network.Open(ctx, step, p.endpoint(b))
	if err != nil {
		return err
	}
	defer conn.Close()
	b.record = conn.Record
	if p.clear(b) {
		err := step.Do("starttls", func() error { return p.begin(ctx, b, conn) })
		if b.implicit && err == nil {
			return p.enter(ctx, b, step, then)
		}
		if err != nil {
			return err
		}
	}
	err = then(conn)
	b.peer = conn.Peer()
	return err
}

// endpoint is where a door is: TLS comes later.
func (p *probe) endpoint(b *binding) prober.Endpoint {
	return prober.Endpoint{Addr: b.address, From: b.resolution, Name: p.run.Target.Name}
}

// clear tells whether the door begins in clear text.
func (p *probe) clear(b *binding) bool {
	return !b.implicit && slices.Contains(p.StartTLS, int(b.address.Port()))
}

// options are those of a handshake that takes whatever the server shows: it is looked at, not used, so nothing is
// refused, and what is not trusted is known all the same.
func (p *probe) options(b *binding) *wire.TLS {
	o := &wire.TLS{
		ServerName: p.name, Roots: p.run.Module.TLS.Roots, Pins: p.run.Module.TLS.Pins,
		Insecure: true, MinVersion: tls.VersionTLS10, Lenient: true, Own: p.own(b),
	}
	switch b.form {
	case without:
		o.SNI = new("")
	case unknown:
		o.SNI = new(unknownName)
	}
	if p.clear(b) {
		o.Protocols = []string{}
	}
	return o
}

// own is the client's certificate for a door, which its auth has to list by the service's name and the door's port.
func (p *probe) own(b *binding) wire.Own {
	t := p.run.Target
	t.Port = b.address.Port()
	return p.run.Own(t)
}

// issuer finds the certificate that signed the leaf: in the chain that verifies, or among what was sent.
func (p *probe) issuer(b *binding) *x509.Certificate {
	if len(b.chain.path) > 1 {
		return b.chain.path[1]
	}
	leaf := b.peer.Certificates[0]
	when := time.Now()
	if when.After(leaf.NotAfter) {
		when = leaf.NotAfter
	}
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: p.run.Module.TLS.Roots, CurrentTime: when, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil || len(chains[0]) < 2 {
		return nil
	}
	return chains[0][1]
}

// cutOff tells what the limits left out.
func (p *probe) cutOff(addresses, connections int) {
	var parts []string
	if addresses > 0 {
		parts = append(parts, fmt.Sprintf("%d addresses beyond the %d that a probe looks at", addresses, wire.MaxAddresses))
	}
	if connections > 0 {
		parts = append(parts, fmt.Sprintf("%d connections beyond the %d that a probe may open", connections, p.connections()))
	}
	p.find(BindingsLeftOut, warning, "Not everything was looked at: %s were left out.", strings.Join(parts, ", and "))
}
