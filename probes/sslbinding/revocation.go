package sslbinding

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// Certificates come from whoever runs the target, so what they make a probe fetch is little.
const (
	maxLeaves = 4 // certificates that are checked
	maxAsked  = 8 // places that are asked, of all certificates together
)

// status is what is known of a certificate's revocation.
type status int

const (
	notKnown status = iota
	good
	isRevoked
)

// place is one place of revocation data that a certificate names, and what came of asking it.
type place struct {
	kind         string // "crl" or "ocsp"
	url          string
	leaf, issuer *x509.Certificate

	tried   bool // it was asked, or an answer of it is still valid
	reached bool // it answered
	status  status
	until   time.Time        // how long the answer holds
	failure *failure.Failure // why there is no usable answer
}

// checkRevocation asks the places that the certificates seen name. What could not be checked stays unknown.
func (p *probe) checkRevocation(ctx context.Context) {
	step := p.run.Step("revocation")
	var skipped []string
	p.places, skipped = p.whereToAsk()
	var fs []func()
	for i := range p.places {
		at := &p.places[i]
		one := step.Step(at.kind)
		fs = append(fs, func() {
			p.ask(ctx, at)
			one.Detail("%s", at)
			one.End(at.err())
		})
	}
	prober.Parallel(fs...)
	var first error
	for i := range p.places {
		at := &p.places[i]
		p.note(at.leaf, at.status)
		if first == nil {
			first = at.err()
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
func (p *probe) whereToAsk() (ask []place, skipped []string) {
	seen := slices.DeleteFunc(slices.Clone(p.bindings), func(b *binding) bool { return !b.seen() })
	for i, g := range groups(seen) {
		leaf := g.doors[0].peer.Certificates[0]
		issuer := p.issuer(g.doors[0])
		if issuer == nil || i >= maxLeaves {
			skipped = append(skipped, g.doors[0].leaf().SHA1)
			continue
		}
		for _, at := range named(leaf) {
			at.leaf, at.issuer = leaf, issuer
			if len(ask) == maxAsked || !fetchable(at.url) {
				skipped = append(skipped, at.url)
				continue
			}
			ask = append(ask, at)
		}
	}
	return ask, skipped
}

// named are the places that a certificate names, each once.
func named(leaf *x509.Certificate) []place {
	var all []place
	add := func(kind string, urls []string) {
		for _, url := range urls {
			if !slices.ContainsFunc(all, func(p place) bool { return p.kind == kind && p.url == url }) {
				all = append(all, place{kind: kind, url: url})
			}
		}
	}
	add("ocsp", leaf.OCSPServer)
	add("crl", leaf.CRLDistributionPoints)
	return all
}

// fetchable tells whether it is a kind of place that can be asked: ldap is not.
func fetchable(url string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(url), "://")
	return scheme == "http" || scheme == "https"
}

// ask asks one place, unless an answer of it is still valid.
func (p *probe) ask(ctx context.Context, at *place) {
	if answers.recall(at) {
		return
	}
	body, err := p.fetch(ctx, at)
	if err != nil {
		at.failure = failure.From(err)
		return
	}
	if at.kind == "ocsp" {
		err = at.readOCSP(body, time.Now())
	} else {
		err = at.readCRL(body, time.Now())
	}
	if err != nil {
		at.failure = failure.New(failure.Content, RevocationUnusable, "%w", err)
		return
	}
	answers.keep(at)
}

// err is the failure as an error, nil where the place was not asked: that is no fault of its own.
func (at *place) err() error {
	if at.failure == nil || !at.tried {
		return nil
	}
	return at.failure
}

// String tells a person what came of it.
func (at *place) String() string {
	switch {
	case !at.tried && at.failure != nil:
		return fmt.Sprintf("%s: not checked: %s", at.url, at.failure)
	case at.failure != nil:
		return at.url
	case at.status == isRevoked:
		return at.url + ": revoked"
	}
	return at.url + ": not revoked"
}

// note keeps what is known of a certificate with every binding that shows it. Who says "revoked" is believed first.
func (p *probe) note(leaf *x509.Certificate, s status) {
	if s == notKnown {
		return
	}
	for _, b := range p.bindings {
		if b.seen() && b.peer.Certificates[0].Equal(leaf) && (b.revoked == nil || s == isRevoked) {
			b.revoked = new(s == isRevoked)
		}
	}
}

// readStaples takes what servers staple to their handshakes: a check that asks nobody.
func (p *probe) readStaples() {
	for _, b := range p.bindings {
		if !b.seen() || len(b.peer.Staple) == 0 {
			continue
		}
		at := place{kind: "ocsp", leaf: b.peer.Certificates[0], issuer: p.issuer(b)}
		if at.issuer != nil && at.readOCSP(b.peer.Staple, time.Now()) == nil {
			p.note(at.leaf, at.status)
		}
	}
}

// findPlaces tells of places that do not answer, or not usefully.
func (p *probe) findPlaces() {
	for i := range p.places {
		at := &p.places[i]
		switch {
		case at.err() == nil:
		case at.reached:
			p.find(RevocationUnusable, warning, "What %s gives (%s) is of no use: %s.", at.url, at.kind, at.failure)
		default:
			p.find(RevocationUnreachable, warning, "%s (%s), which the certificate %q names, did not answer: %s.", at.url, at.kind, at.leaf.Subject.String(), at.failure)
		}
	}
}

// answers keeps what places said, for all probes.
var answers = &memory{}

const (
	maxAnswers = 1000
	maxKept    = time.Hour // however long an answer is valid: whether the place can be reached is to be known too
)

// memory keeps answers as long as they are valid.
type memory struct {
	mu  sync.Mutex
	all map[question]place
}

// question is a place and the certificate that it was asked about.
type question struct {
	kind, url    string
	leaf, issuer [sha256.Size]byte
}

func (at *place) question() question {
	return question{at.kind, at.url, sha256.Sum256(at.leaf.Raw), sha256.Sum256(at.issuer.Raw)}
}

func (m *memory) recall(at *place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.all[at.question()]
	if !ok || time.Now().After(known.until) {
		return false
	}
	at.tried, at.reached, at.status, at.until = true, true, known.status, known.until
	return true
}

func (m *memory) keep(at *place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[question]place{}
	}
	now := time.Now()
	if len(m.all) >= maxAnswers {
		for q, old := range m.all {
			if now.After(old.until) {
				delete(m.all, q)
			}
		}
	}
	if latest := now.Add(maxKept); at.until.After(latest) {
		at.until = latest
	}
	if len(m.all) < maxAnswers && at.until.After(now) {
		m.all[at.question()] = place{status: at.status, until: at.until}
	}
}
