package rdgateway

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a transport comes to. The set is closed.
const (
	shook       = "handshake"    // the gateway answered the handshake
	logonAsked  = "logon_asked"  // a logon was asked for, and none was made
	denied      = "denied"       // the logon is refused
	noTransport = "no_transport" // the gateway does not offer it, or there is no gateway
	refused     = "refused"      // the verb, the request or the handshake is refused
	silent      = "silent"       // no answer came
	failed      = "failed"       // anything else
)

var outcomes = []string{shook, logonAsked, denied, noTransport, refused, silent, failed}

var outcomeMetric = &result.Metric{
	Name: "probe_rd_gateway_outcome", Labels: []string{"transport", "outcome"}, Own: []string{"outcome"},
	Help:     "What became of each transport of `transports`: 1 for what happened, 0 for the rest of the closed set.",
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
	for i, name := range p.Transports {
		outcome := failed
		if i < len(p.asked) {
			t := p.asked[i]
			outcome = t.outcome
			if t.out != nil && t.out.first != nil && !offered {
				offered = true
				p.run.Offered(prober.ChallengesOf(t.out.first))
			}
		}
		for _, o := range outcomes {
			r.Add(outcomeMetric, result.Truth(o == outcome), name, o)
		}
	}
}

// tabulate shows a person what each request got.
func (p *probe) tabulate() {
	table := result.Table{Title: "Requests", Columns: []string{"request", "transport", "answer", "by", "outcome"}}
	row := func(request, transport string, c *result.Conversation, outcome string) {
		answer, by := "none", ""
		if c != nil {
			answer, by = c.Answer(), c.Origin.Name()
		}
		table.Rows = append(table.Rows, []string{request, transport, answer, by, outcome})
	}
	for _, t := range p.asked {
		for _, c := range []*channel{t.out, t.in} {
			if c != nil {
				row(c.verb, t.name, c.answer(), "")
			}
		}
		if t.begun {
			became := "none"
			if t.hello != nil {
				became = t.hello.String()
			}
			table.Rows = append(table.Rows, []string{"handshake", t.name, became, "", ""})
		}
		if len(table.Rows) > 0 {
			table.Rows[len(table.Rows)-1][4] = t.outcome
		}
	}
	for _, c := range []struct {
		verb    string
		control *prober.Control
	}{{"GET", p.get}, {otherVerb, p.other}} {
		if c.control != nil {
			row(c.verb, "", c.control.Conversation, "")
		}
	}
	if len(table.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, table)
	}
}
