package rpchttp

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a channel comes to. The set is closed.
const (
	echoed       = "echo"          // the RPC proxy answered
	logonAsked   = "logon_asked"   // a logon was asked for, and none was made
	denied       = "denied"        // the logon is refused
	notInstalled = "not_installed" // the path is not there
	rpcError     = "rpc_error"     // the RPC proxy says that nobody is behind it
	refused      = "refused"       // the verb, or the request, is refused
	silent       = "silent"        // no answer came
	failed       = "failed"        // anything else
)

var outcomes = []string{echoed, logonAsked, denied, notInstalled, rpcError, refused, silent, failed}

var outcomeMetric = &result.Metric{
	Name: "probe_rpc_http_outcome", Labels: []string{"channel", "outcome"}, Own: []string{"channel", "outcome"},
	Help:     "What became of the echo request of each channel (`in`: RPC_IN_DATA, `out`: RPC_OUT_DATA): 1 for what happened, 0 for the rest of the closed set.",
	Presence: "always",
}

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	blank := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}}
	blank.measure()
}

// measure turns what was seen into samples.
func (p *probe) measure() {
	r := p.run.Result
	offered := false
	for i, name := range channels {
		outcome := failed
		if i < len(p.asked) {
			c := p.asked[i]
			outcome = c.outcome
			if c.first != nil && !offered {
				offered = true
				p.run.Offered(prober.ChallengesOf(c.first))
			}
		}
		for _, o := range outcomes {
			r.Add(outcomeMetric, result.Truth(o == outcome), name, o)
		}
	}
}

// tabulate shows a person what each request got.
func (p *probe) tabulate() {
	table := result.Table{Title: "Requests", Columns: []string{"request", "answer", "by", "outcome"}}
	for _, c := range p.asked {
		if last := c.last(); last != nil {
			table.Rows = append(table.Rows, []string{verbs[c.name], last.Answer(), last.Origin.Name(), c.outcome})
		} else {
			table.Rows = append(table.Rows, []string{verbs[c.name], "none", "", c.outcome})
		}
	}
	for _, a := range []struct {
		name  string
		asked *prober.Control
	}{{"GET", p.get}, {otherVerb, p.other}, {"RPC_IN_DATA, 1 GiB announced", p.announce}} {
		switch {
		case a.asked == nil:
		case a.asked.Conversation == nil:
			table.Rows = append(table.Rows, []string{a.name, "none", "", ""})
		default:
			table.Rows = append(table.Rows, []string{a.name, a.asked.Conversation.Answer(), a.asked.Conversation.Origin.Name(), ""})
		}
	}
	if len(table.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, table)
	}
}
