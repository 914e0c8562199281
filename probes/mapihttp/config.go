package mapihttp

import (
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// The endpoints: the mailbox, and the address book (MS-OXCMAPIHTTP).
const (
	mailbox   = "emsmdb"
	addresses = "nspi"
)

var endpoints = []string{mailbox, addresses}

// paths are where Exchange has them. Case does not matter to it.
var paths = map[string]string{mailbox: "/mapi/emsmdb/", addresses: "/mapi/nspi/"}

// Settings are what a module of this prober can set.
type Settings struct {
	Endpoints []string `yaml:"endpoints"`
}

func defaults() *Settings { return &Settings{Endpoints: slices.Clone(endpoints)} }

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if len(s.Endpoints) == 0 {
		report("endpoints", "there is none: name emsmdb, nspi, or both")
	}
	for i, e := range s.Endpoints {
		if !slices.Contains(endpoints, e) {
			report(fmt.Sprintf("endpoints[%d]", i), suggest.OneOf(e, endpoints))
		} else if slices.Index(s.Endpoints, e) != i {
			report(fmt.Sprintf("endpoints[%d]", i), fmt.Sprintf("%q is there already", e))
		}
	}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() (all []string) {
	for _, e := range s.Endpoints {
		all = append(all, paths[e])
	}
	return all
}

// Plan implements prober.Prober.
func (s *Settings) Plan(logon bool) []string {
	parts := []string{"", ".connect", ".tls", "." + unauthenticated}
	if logon {
		parts = append(parts, ".logon", "."+authenticated)
	}
	steps := []string{"resolve"}
	for _, e := range s.Endpoints {
		for _, part := range parts {
			steps = append(steps, e+part)
		}
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "whether anybody behind the front end answers does not show, because Exchange shows its page only after a logon"
}
