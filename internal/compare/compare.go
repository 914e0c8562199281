// Package compare probes one service through its load balancer and directly at the servers behind it, or at each address of its name,
// side by side.
package compare

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// MaxServers is how many servers one comparison asks directly, or how many addresses.
const MaxServers = 10

// Requests gives the request itself, and the same for each server of a list separated by commas: asked at the server's
// own address, under the name, port and path of the service. The error says what is wrong with the list.
func Requests(req runner.Request, servers string) ([]runner.Request, error) {
	through, err := target.Parse(req.Target, req.Hostname)
	if err != nil {
		return nil, fmt.Errorf("the service cannot be compared with its servers: %w", err)
	}
	all := []runner.Request{req}
	for server := range strings.SplitSeq(servers, ",") {
		server = strings.TrimSpace(server)
		if server == "" {
			continue
		}
		at, err := beside(through, server)
		if err != nil {
			return nil, fmt.Errorf("the server %q: %w", server[strings.LastIndex(server, "@")+1:], err) // less a password
		}
		direct := req
		direct.Target, direct.Hostname = at, through.Name
		if !slices.Contains(all, direct) {
			all = append(all, direct)
		}
	}
	switch {
	case len(all) == 1:
		return nil, fmt.Errorf("no server to ask directly is named: write their names or addresses, separated by commas")
	case len(all) > 1+MaxServers:
		return nil, fmt.Errorf("%d servers are named, and a comparison asks at most %d", len(all)-1, MaxServers)
	}
	return all, nil
}

// beside is the target of a server: as written where it is a URL, else with what the service's has around its host.
func beside(through target.Target, server string) (string, error) {
	t, err := target.Parse(server, "")
	if err != nil || strings.Contains(server, "://") {
		return server, err
	}
	if !strings.HasSuffix(server, ":"+strconv.Itoa(int(t.Port))) { // no port is written
		t.Port = through.Port
	}
	if strings.Contains(through.Raw, "://") {
		t.Scheme = through.Scheme
		return t.URL(through.Path), nil
	}
	if t.Port == 443 {
		return server, nil
	}
	return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port))), nil
}

// Run runs all requests at once. The results are in their order. When one is refused nothing is to be compared: the
// error says which and why, and is a *runner.Refusal where the runner gave one.
func Run(ctx context.Context, p runner.Prober, requests []runner.Request) ([]*result.Result, error) {
	results := make([]*result.Result, len(requests))
	group, ctx := errgroup.WithContext(ctx)
	for i, req := range requests {
		group.Go(func() error {
			answer, err := p.Probe(ctx, req)
			if err != nil {
				return of(requests, req, err)
			}
			results[i] = answer.Result
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if byAddress(results) {
		suspectPath(results)
		withoutRoute(results)
	}
	return results, nil
}

// of says of which request an error is, where there are several.
func of(requests []runner.Request, req runner.Request, err error) error {
	if len(requests) == 1 {
		return err
	}
	return fmt.Errorf("%s: %w", req.Target, err)
}

// heldBack are reasons of stage auth for which a logon was not sent: nobody judged it.
var heldBack = []string{auth.Suspended, auth.Waiting, auth.Unanswered, auth.NotRemembered}

// isHeldBack tells whether a logon was not sent.
func isHeldBack(r *result.Result) bool {
	return r.Failure != nil && r.Failure.Stage == failure.Auth && slices.Contains(heldBack, r.Failure.Reason)
}

// asked tells whether the probe got as far as to speak with anybody. What it could not ask says nothing of a server.
func asked(r *result.Result) bool {
	if r.Failure == nil {
		return true
	}
	switch r.Failure.Stage {
	case failure.Config, failure.Policy, failure.Resolve, failure.Connect, failure.Internal:
		return false
	case failure.Auth:
		return r.Deciding != nil && !isHeldBack(r)
	}
	return true
}
