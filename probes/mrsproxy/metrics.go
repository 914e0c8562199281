package mrsproxy

import (
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a probe comes to. The set is closed.
const (
	enabled          = "enabled"          // after the logon Exchange answers, and does not forbid
	reachable        = "reachable"        // it asks for a logon as it should, and nothing shows whether it is switched on
	disabled         = "disabled"         // after the logon Exchange forbids
	denied           = "denied"           // the logon is refused
	schemeMismatch   = "scheme_mismatch"  // a scheme that has to be offered is not
	preauthenticated = "preauthenticated" // something in front asks for a logon of its own, or leads elsewhere
	notPublished     = "not_published"    // the path does not lead to Exchange
	backendDown      = "backend_down"     // Exchange's front end has nobody behind it who answers
	failed           = "failed"           // anything else
)

var outcomes = []string{enabled, reachable, disabled, denied, schemeMismatch, preauthenticated, notPublished, backendDown, failed}

var (
	outcomeMetric = &result.Metric{
		Name: "probe_mrs_proxy_outcome", Labels: []string{"outcome"}, Own: []string{"outcome"},
		Help:     "How it stands with the endpoint of mailbox moves: 1 for what happened, 0 for the rest of the closed set.",
		Presence: "always",
	}
	serviceUp = &result.Metric{
		Name:     "probe_mrs_proxy_service_up",
		Help:     "Whether the replication service's own path is answered by the service, and not by IIS or somebody else.",
		Presence: "with `service`, where it is asked and the answer shows who made it",
	}
	statusCode = expect.StatusCode("with `expect`, for each of the two requests that was sent")
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	blank := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}, outcome: failed}
	blank.measure()
}

// measure turns what was seen into samples.
func (p *probe) measure() {
	r := p.run.Result
	for _, o := range outcomes {
		r.Add(outcomeMetric, result.Truth(o == p.outcome), o)
	}
	if up, known := p.running(); known {
		r.Add(serviceUp, result.Truth(up))
	}
	if p.first != nil {
		p.run.Offered(p.offered)
	}
	for _, l := range []*late{p.control, p.late} {
		if l != nil && l.HeadSent {
			r.Add(statusCode, float64(l.Status()), l.step.Name())
		}
	}
	if p.late != nil {
		if wait, ok := p.late.Waited(); ok {
			r.Add(expect.WaitSeconds, float64(wait))
		}
	}
}

// tabulate shows a person who was asked, where that came from, and who answered.
func (p *probe) tabulate() {
	if p.first == nil {
		return
	}
	table := result.Table{Title: "Who was asked", Columns: []string{"URL", "host from", "address", "front end", "back end"}}
	shown := func(c *result.Conversation, url string) {
		address := ""
		for _, conn := range p.run.Result.Connections {
			if conn.ID == c.Connection {
				address = conn.Address.String()
			}
		}
		host := "the target"
		if p.run.Result.Direct {
			host = "parameter hostname"
		}
		table.Rows = append(table.Rows, []string{url, host, address, c.Origin.Frontend, c.Origin.Backend})
	}
	last := p.first
	if p.second != nil {
		last = p.second
	}
	shown(last, last.URL)
	if p.service != nil {
		shown(p.service, p.service.URL)
	}
	p.run.Result.Tables = append(p.run.Result.Tables, table)
}
