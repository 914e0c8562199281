package collector

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// exchanges adds what the deciding exchange and all final responses show.
func exchanges(s *series, r *result.Result) {
	var status, version, ssl float64
	if f := r.Deciding.Response(); f != nil {
		status = float64(f.Status)
		version = protocolVersion(f.Proto)
		ssl = result.Truth(r.DecidingConnection != nil && r.DecidingConnection.Secure != nil)
	}
	s.add(httpStatus, status)
	s.add(httpVersion, version)
	s.add(httpSSL, ssl)
	responses(s, r.Conversations)
}

// protocolVersion is 1.1 of "HTTP/1.1", and 0 of what says no version.
func protocolVersion(proto string) float64 {
	version, err := strconv.ParseFloat(strings.TrimPrefix(proto, "HTTP/"), 64)
	if err != nil {
		return 0
	}
	return version
}

// httpPhases adds blackbox_exporter's phases: those of the deciding connection, and the two of an exchange; those of a proxy are our
// own, and connect is the proxy's there, as in blackbox_exporter. Its processing runs from the moment the connection is
// there, so it holds the writing of the request, and ends with the first byte of any response, a 100 included.
func httpPhases(s *series, r *result.Result) {
	if c := r.DecidingConnection; c != nil {
		if c.Resolve != nil || c.Address.IsValid() {
			s.add(httpDuration, float64(c.Resolve.Length()), "resolve")
		}
		span(s, "connect", c.Connect)
		if c.Proxy != nil {
			span(s, "proxy_tls", c.Proxy.TLS)
			span(s, "proxy_tunnel", c.Proxy.Tunnel)
		}
		span(s, "tls", c.TLS)
	}
	x := r.Deciding
	if x == nil || x.HTTP == nil || x.First == nil {
		return
	}
	if x.Head != nil {
		s.add(httpDuration, float64(*x.First-x.Head.Start), "processing")
	}
	if x.End != nil {
		s.add(httpDuration, float64(*x.End-*x.First), "transfer")
	}
}

func span(s *series, phase string, measured *wire.Span) {
	if measured != nil {
		s.add(httpDuration, float64(measured.Length()), phase)
	}
}

// responses counts final responses. 401 and 501 are always there, so that a sum over time starts from 0 and not from
// their first occurrence.
func responses(s *series, all []*result.Conversation) {
	var room [8]count
	counts := room[:0]
	add := func(status int, who origin.Kind, n float64) {
		i := slices.IndexFunc(counts, func(c count) bool { return c.status == status && c.origin == who })
		if i < 0 {
			i = len(counts)
			counts = append(counts, count{status: status, origin: who})
		}
		counts[i].responses += n
	}
	for _, x := range all {
		if x.Response() != nil {
			add(x.Final.Status, kind(x.Origin.Kind), 1)
		}
	}
	for _, status := range []int{401, 501} {
		if !slices.ContainsFunc(counts, func(c count) bool { return c.status == status }) {
			add(status, origin.Unknown, 0)
		}
	}
	slices.SortFunc(counts, func(a, b count) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.origin, b.origin))
	})
	for _, c := range counts {
		s.add(httpResponses, c.responses, strconv.Itoa(c.status), string(c.origin))
	}
}

// count is how many responses had one status and came from one kind of origin.
type count struct {
	status    int
	origin    origin.Kind
	responses float64
}
