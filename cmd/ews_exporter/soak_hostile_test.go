//go:build unix

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/hostile"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// stranger is a hostile peer of one prober.
type stranger struct {
	module           string
	keys             string // of a module that is made for it; empty where it meets one of the load
	target, hostname string
}

// soakStrangers are, in a long test, all hostile peers of all probers that can be asked by an address, or whose module says where
// their servers are.
func soakStrangers(t *testing.T) (all []stranger) {
	t.Helper()
	if !long() {
		return nil
	}
	for _, part := range labs.All() {
		groups, err := hostile.Cases(part)
		if err != nil {
			t.Fatal(err)
		}
		if definition(part).NoProxy {
			groups = append(groups, lab.Group{Cases: part.Cases})
		}
		for _, g := range groups {
			for _, c := range g.Cases {
				if s, ok := strangerOf(part, c.Start(t), len(all)); ok {
					all = append(all, s)
				}
			}
		}
	}
	t.Logf("%d hostile peers", len(all))
	return all
}

// strangerOf tells how a peer is asked without a resolver of its own.
func strangerOf(part lab.Part, peer lab.Peer, n int) (stranger, bool) {
	if definition(part).NoProxy {
		name := fmt.Sprintf("%s_%d", part.Prober, n)
		return stranger{module: name, keys: flowOf(part, peer.Keys), target: peer.Target}, peer.Server != "" && peer.Policy == ""
	}
	host, port, err := net.SplitHostPort(peer.Target)
	if err != nil || host != lab.Service {
		return stranger{}, false
	}
	return stranger{module: part.Prober, target: net.JoinHostPort("127.0.0.1", port), hostname: host}, true
}

// asksOf are probes of them.
func asksOf(strangers []stranger) (asks []ask) {
	for _, s := range strangers {
		query := url.Values{"module": {s.module}, "target": {s.target}}
		if s.hostname != "" {
			query.Set("hostname", s.hostname)
		}
		asks = append(asks, ask{path: "/probe?" + query.Encode(), answer: verdict, others: []int{http.StatusServiceUnavailable}})
	}
	return asks
}
