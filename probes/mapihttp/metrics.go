package mapihttp

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	endpointSuccess = &result.Metric{
		Name: "probe_mapi_http_endpoint_success", Labels: []string{"endpoint"}, Own: []string{"endpoint"},
		Help:     "1 when the endpoint showed its page after a logon; without an auth, when it asked for a logon.",
		Presence: "always, for each configured endpoint",
	}
	requestDuration = &result.Metric{
		Name: "probe_mapi_http_request_duration_seconds", Labels: []string{"request"}, Own: []string{"request"},
		Help: "How long a request took, from its first byte to the last one of the answer: the endpoint, `_unauthenticated` or " +
			"`_authenticated` behind it. Connection, handshake and the other legs of a logon are steps of their own.",
		Presence: "the request was answered",
	}
	exchangeInfo = &result.Metric{
		Name: "probe_mapi_http_exchange_info", Labels: []string{"endpoint", "version"}, Own: []string{"endpoint"},
		Help:     "1 for the build of Exchange that the endpoint's page names: four numbers without leading zeros. One series for each endpoint at most.",
		Presence: "the page came and names it",
	}
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	blank := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}}
	blank.measure()
}

// measure turns what was seen into samples.
func (p *probe) measure() {
	r := p.run.Result
	offered := false
	for i, name := range p.Endpoints {
		if i >= len(p.asked) {
			r.Add(endpointSuccess, 0, name)
			continue
		}
		e := p.asked[i]
		r.Add(endpointSuccess, result.Truth(e.success), name)
		took(r, name+"_"+unauthenticated, e.first)
		took(r, name+"_"+authenticated, e.second)
		if e.page && e.version != "" {
			r.Add(exchangeInfo, 1, name, e.version)
		}
		if e.first != nil && !offered {
			offered = true
			p.run.Offered(prober.ChallengesOf(e.first))
		}
	}
}

// took adds how long a request took.
func took(r *result.Result, request string, c *result.Conversation) {
	if c != nil && c.Head != nil && c.HTTP.End != nil {
		r.Add(requestDuration, float64(*c.HTTP.End-c.Head.Start), request)
	}
}

// tabulate shows a person who answered for each endpoint.
func (p *probe) tabulate() {
	table := result.Table{Title: "Endpoints", Columns: []string{"endpoint", "answer", "by", "front end", "back end", "Exchange"}}
	for _, e := range p.asked {
		c := e.last()
		if c == nil {
			continue
		}
		answer := c.Answer()
		if e.page {
			answer = "its page"
		}

		table.Rows = append(table.Rows, []string{e.name, answer, c.Origin.Name(), c.Origin.Frontend, c.Origin.Backend, e.version})
	}
	if len(table.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, table)
	}
}
