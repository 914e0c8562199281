package authroundtrips

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// strangers ask EWS once more, each over a connection of its own and without credentials: one while the connection that was
// logged on is still open, and one after it was closed. A box that keeps server connections for whoever comes next lets
// them in by that logon; some boxes lend a connection between two requests, some only when its client has left. Only a
// logon of Windows belongs to a connection, so only after one is there something to find. What comes of it is for
// Recorder.Conclude to tell; that EWS cannot be asked is no failure of the probe.
func (p *probe) strangers(ctx context.Context, endpoint prober.Endpoint) {
	if !p.SharedLogonCheck || p.Method != "POST" || !p.byWindows() {
		return
	}
	if p.stranger(ctx, endpoint, "while the logon's connection is open") {
		return
	}
	p.link.Close()
	p.stranger(ctx, endpoint, "after the logon's connection was closed")
}

// stranger asks once, and tells whether it was let in.
func (p *probe) stranger(ctx context.Context, endpoint prober.Endpoint, when string) bool {
	step := p.run.Step("stranger")
	conn, err := p.run.Network.Open(ctx, step, endpoint)
	if err != nil {
		step.End(err)
		return false
	}
	defer conn.Close()
	request := step.Step("request")
	x, body, err := conn.Do(p.request(p.PathList[0], ""), bodyLimit)
	kept := p.run.Exchanged(request.Name(), conn, x.Record, body, err)
	request.End(err)
	step.Detail("without credentials, %s: %s", when, kept.Answer())
	step.End(nil)
	return kept.Status()/100 == 2
}

// byWindows tells whether an object was fetched by a logon of Windows.
func (p *probe) byWindows() bool {
	for _, o := range p.objects {
		if o.fetched && (o.scheme == "ntlm" || o.scheme == "negotiate") {
			return true
		}
	}
	return false
}
