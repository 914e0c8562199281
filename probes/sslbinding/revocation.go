package sslbinding

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
)

// Certificates come from whoever runs the target, so what they make a probe fetch is little.
const (
	maxLeaves = 4 // certificates that are checked
	maxAsked  = 8 // places that are asked, of all certificates together
)

// checkRevocation asks the places that the certificates seen name. What could not be checked stays unknown.
func (p *probe) checkRevocation(ctx context.Context) {
	step := p.run.Step("revocation")
	var skipped []string
	p.places, skipped = p.whereToAsk()
	var fs []func()
	for i := range p.places {
		at := &p.places[i]
		one := step.Step(at.Kind)
		fs = append(fs, func() {
			at.Ask(ctx, p.run)
			one.Detail("%s", at)
			one.End(at.Err())
		})
	}
	prober.Parallel(fs...)
	var first error
	for i := range p.places {
		at := &p.places[i]
		p.note(at.Leaf, at.Status)
		if first == nil {
			first = at.Err()
		}
	}
	step.Detail("%d places asked%s", len(p.places), also(skipped))
	step.End(first)
}

func also(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	return "; not checked: " + some(skipped)
}

// whereToAsk lists the places to ask, those of required bindings first, and what is not checked.
func (p *probe) whereToAsk() (ask []revocation.Place, skipped []string) {
	seen := slices.DeleteFunc(slices.Clone(p.bindings), func(b *binding) bool { return !b.seen() })
	for i, g := range groups(seen) {
		leaf := g.doors[0].peer.Certificates[0]
		issuer := p.issuer(g.doors[0])
		if issuer == nil || i >= maxLeaves {
			skipped = append(skipped, g.doors[0].leaf().SHA1)
			continue
		}
		for _, at := range revocation.Named(leaf) {
			at.Leaf, at.Issuer = leaf, issuer
			if len(ask) == maxAsked || !revocation.Fetchable(at.URL) {
				skipped = append(skipped, at.URL)
				continue
			}
			ask = append(ask, at)
		}
	}
	return ask, skipped
}

// note keeps what is known of a certificate with every binding that shows it. Who says "revoked" is believed first.
func (p *probe) note(leaf *x509.Certificate, s revocation.Status) {
	if s == revocation.NotKnown {
		return
	}
	for _, b := range p.bindings {
		if b.seen() && b.peer.Certificates[0].Equal(leaf) && (b.revoked == nil || s == revocation.Revoked) {
			b.revoked = new(s == revocation.Revoked)
		}
	}
}

// readStaples takes what servers staple to their handshakes: a check that asks nobody.
func (p *probe) readStaples() {
	for _, b := range p.bindings {
		if !b.seen() || len(b.peer.Staple) == 0 {
			continue
		}
		at := revocation.Place{Kind: "ocsp", Leaf: b.peer.Certificates[0], Issuer: p.issuer(b)}
		if at.Issuer != nil && at.ReadOCSP(b.peer.Staple, time.Now()) == nil {
			p.note(at.Leaf, at.Status)
		}
	}
}

// findPlaces tells of places that do not answer, or not usefully.
func (p *probe) findPlaces() {
	for i := range p.places {
		at := &p.places[i]
		switch {
		case at.Err() == nil:
		case at.Reached:
			p.find(RevocationUnusable, warning, "What %s gives (%s) is of no use: %s.", at.URL, at.Kind, at.Failure)
		default:
			p.find(RevocationUnreachable, warning, "%s (%s), which the certificate %q names, did not answer: %s.", at.URL, at.Kind, at.Leaf.Subject.String(), at.Failure)
		}
	}
}
