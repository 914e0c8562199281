// Package revocation asks the places of revocation data that certificates name, lists (RFC 5280) and OCSP responders (RFC 6960),
// and says what they know of a certificate. What a place gives is bounded, verified, and remembered while it is valid.
package revocation

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

// unusable is the reason, of stage content, of an answer that is of no use.
const unusable = "revocation_unusable"

// Status is what is known of a certificate's revocation.
type Status int

// What a place may tell.
const (
	NotKnown Status = iota
	Good
	Revoked
)

// Place is one place of revocation data that a certificate names, and what came of asking it.
type Place struct {
	Kind         string // "crl" or "ocsp"
	URL          string
	Leaf, Issuer *x509.Certificate

	Tried   bool // it was asked, or an answer of it is still valid
	Reached bool // it answered
	Status  Status
	until   time.Time        // how long the answer holds
	Failure *failure.Failure // why there is no usable answer
}

// Named are the places that a certificate names, each once.
func Named(leaf *x509.Certificate) []Place {
	var all []Place
	add := func(kind string, urls []string) {
		for _, url := range urls {
			if !slices.ContainsFunc(all, func(p Place) bool { return p.Kind == kind && p.URL == url }) {
				all = append(all, Place{Kind: kind, URL: url})
			}
		}
	}
	add("ocsp", leaf.OCSPServer)
	add("crl", leaf.CRLDistributionPoints)
	return all
}

// Fetchable tells whether it is a kind of place that can be asked: ldap is not.
func Fetchable(url string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(url), "://")
	return scheme == "http" || scheme == "https"
}

// Ask asks one place, unless an answer of it is still valid.
func (at *Place) Ask(ctx context.Context, run *prober.Run) {
	if answers.recall(at) {
		return
	}
	body, err := at.fetch(ctx, run)
	if err != nil {
		at.Failure = failure.From(err)
		return
	}
	if at.Kind == "ocsp" {
		err = at.ReadOCSP(body, time.Now())
	} else {
		err = at.readCRL(body, time.Now())
	}
	if err != nil {
		at.Failure = failure.New(failure.Content, unusable, "%w", err)
		return
	}
	answers.keep(at)
}

// Err is the failure as an error, nil where the place was not asked: that is no fault of its own.
func (at *Place) Err() error {
	if at.Failure == nil || !at.Tried {
		return nil
	}
	return at.Failure
}

// String tells a person what came of it.
func (at *Place) String() string {
	switch {
	case !at.Tried && at.Failure != nil:
		return fmt.Sprintf("%s: not checked: %s", at.URL, at.Failure)
	case at.Failure != nil:
		return at.URL
	case at.Status == Revoked:
		return at.URL + ": revoked"
	}
	return at.URL + ": not revoked"
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
	all map[question]Place
}

// question is a place and the certificate that it was asked about.
type question struct {
	kind, url    string
	leaf, issuer [sha256.Size]byte
}

func (at *Place) question() question {
	return question{at.Kind, at.URL, sha256.Sum256(at.Leaf.Raw), sha256.Sum256(at.Issuer.Raw)}
}

func (m *memory) recall(at *Place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.all[at.question()]
	if !ok || time.Now().After(known.until) {
		return false
	}
	at.Tried, at.Reached, at.Status, at.until = true, true, known.Status, known.until
	return true
}

func (m *memory) keep(at *Place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[question]Place{}
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
		m.all[at.question()] = Place{Status: at.Status, until: at.until}
	}
}
