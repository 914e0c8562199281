package revocation

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Bounds of what is fetched.
const (
	fetchLimit = 5 * time.Second
	MaxCRL     = 8 << 20
	maxOCSP    = 64 << 10
	MaxTries   = 2 // connections to a place
)

// fetches are those under way in all probes together: a list may be large, and any place may hang.
var fetches = newShare(4)

// errNotChecked marks what says nothing of the place: it was not asked, or what it gives is not for us to read.
var errNotChecked = errors.New("not checked")

// fetch asks a place: a GET of a CRL, a POST to an OCSP responder. Redirects are not followed. It sets tried and reached.
func (at *Place) fetch(ctx context.Context, run *prober.Run) ([]byte, error) {
	if !run.Elsewhere() {
		return nil, errNotChecked
	}
	request, t, err := at.request(run.Agent)
	if err != nil {
		return nil, err
	}
	release, err := fetches.take(ctx, run.Target.Host, net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port))))
	if err != nil {
		return nil, err
	}
	defer release()
	bounded, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	conn, err := dial(bounded, run, t)
	if err != nil {
		at.Tried = ctx.Err() == nil && !failure.Is(err, failure.Policy) && !failure.Is(err, failure.Internal)
		return nil, err
	}
	defer conn.Close()
	limit := int64(MaxCRL)
	if at.Kind == "ocsp" {
		limit = maxOCSP
	}
	x, body, err := conn.Do(request, limit)
	return body, at.answered(ctx, x.Record.Final, err)
}

// answered judges the response as such.
func (at *Place) answered(ctx context.Context, final *wire.Response, err error) error {
	switch {
	case err != nil:
		at.Tried = ctx.Err() == nil
		return err
	case final.Status >= 300 && final.Status < 400:
		return failure.New(failure.Status, "redirect", "%s redirects with %d, and redirects are not followed", at.URL, final.Status)
	case final.Truncated:
		at.Tried, at.Reached = true, true
		return failure.New(failure.Content, unusable, "%s gives more than %d bytes, which are not read", at.URL, final.BodyLength)
	case final.Status != 200:
		at.Tried = true
		return failure.New(failure.Status, "status", "%s answered %d %s", at.URL, final.Status, final.Reason)
	}
	at.Tried, at.Reached = true, true
	return nil
}

// request makes the request, and says where it goes.
func (at *Place) request(agent string) (*wire.Request, target.Target, error) {
	t, err := target.Parse(at.URL, "")
	if err != nil {
		return nil, t, failure.New(failure.Content, "url", "%q: %w", at.URL, err)
	}
	path := t.Path
	if path == "" {
		path = "/"
	}
	r := &wire.Request{
		Method: "GET", URL: at.URL, Target: path, Host: t.Authority(),
		Header: []origin.Field{{Name: "User-Agent", Value: agent}, {Name: "Connection", Value: "close"}},
	}
	if at.Kind == "ocsp" {
		if r.Body, err = ocsp.CreateRequest(at.Leaf, at.Issuer, nil); err != nil {
			return nil, t, failure.New(failure.Content, "request", "make an OCSP request: %w", err)
		}
		r.Method = "POST"
		r.Header = append(r.Header, origin.Field{Name: "Content-Type", Value: "application/ocsp-request"})
	}
	return r, t, nil
}

// dial connects to the first of a place's addresses that answers.
func dial(ctx context.Context, run *prober.Run, t target.Target) (*wire.Conn, error) {
	res, err := run.ResolveBeside(ctx, t.Host)
	if err != nil {
		return nil, err
	}
	for _, a := range candidates(res.Addresses) {
		var conn *wire.Conn
		e := prober.Endpoint{Addr: netip.AddrPortFrom(a, t.Port), From: res, Name: t.Host, Elsewhere: true}
		if t.Scheme == "https" {
			e.TLS = &wire.TLS{ServerName: t.Host, Roots: run.Module.TLS.Roots}
		}
		if conn, err = run.OpenBeside(ctx, e); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// candidates are the first address, and the first of the other family or else the second, at most MaxTries.
func candidates(all []netip.Addr) []netip.Addr {
	for i, a := range all {
		if a.Is4() != all[0].Is4() {
			return []netip.Addr{all[0], all[i]}
		}
	}
	return all[:min(len(all), MaxTries)]
}
