package sstp

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
)

// maxAsked is how many places are asked: certificates come from whoever runs the target.
const maxAsked = 8

// checkRevocation asks, as a Windows client must before it goes on, where the certificate and its issuers, the root apart, can be
// looked up.
func (p *probe) checkRevocation(ctx context.Context) {
	step := p.run.Step("revocation")
	p.wherever()
	var fs []func()
	for _, at := range p.places {
		one := step.Step(at.Kind)
		fs = append(fs, func() {
			at.Ask(ctx, p.run)
			one.Detail("%s", at)
			one.End(at.Err())
		})
	}
	prober.Parallel(fs...)
	step.Detail("%s", p.checked())
	var failed error
	if _, at := p.unreachable(); at != nil {
		failed = at.Failure
	}
	step.End(failed)
}

// wherever lists the places to ask.
func (p *probe) wherever() {
	if len(p.peer.Paths) == 0 {
		return
	}
	path := p.peer.Paths[0]
	for i, cert := range path[:len(path)-1] {
		for _, at := range revocation.Named(cert) {
			at.Leaf, at.Issuer = cert, path[i+1]
			if len(p.places) == maxAsked || !revocation.Fetchable(at.URL) {
				p.skipped = append(p.skipped, at.URL)
				continue
			}
			p.places = append(p.places, &at)
		}
	}
}

// checked says what was looked at.
func (p *probe) checked() string {
	text := fmt.Sprintf("%d places asked", len(p.places))
	switch {
	case len(p.peer.Paths) == 0:
		text = "not checked: the certificate leads to no authority that is known"
	case len(p.places)+len(p.skipped) == 0:
		text = "the certificate names no place to ask"
	}
	if n := len(p.skipped); n > 0 {
		text += fmt.Sprintf("; %d not asked: %s", n, strings.Join(p.skipped[:min(n, 3)], ", "))
	}
	return text
}

// known tells whether one of the places answered for a certificate so.
func (p *probe) known(cert *x509.Certificate, statuses ...revocation.Status) bool {
	return slices.ContainsFunc(p.places, func(at *revocation.Place) bool {
		return at.Leaf.Equal(cert) && slices.Contains(statuses, at.Status)
	})
}

// unreachable is a certificate for which every place that was tried was tried in vain, with one of them; nil where there is none.
// Who is not let there by the exporter's policy was not tried.
func (p *probe) unreachable() (*x509.Certificate, *revocation.Place) {
	for _, at := range p.places {
		if at.Err() != nil && !p.known(at.Leaf, revocation.Good, revocation.Revoked) {
			return at.Leaf, at
		}
	}
	return nil, nil
}

// revoked is a certificate that is, with the place that says so; nil where there is none.
func (p *probe) revoked() (*x509.Certificate, *revocation.Place) {
	for _, at := range p.places {
		if at.Status == revocation.Revoked {
			return at.Leaf, at
		}
	}
	return nil, nil
}
