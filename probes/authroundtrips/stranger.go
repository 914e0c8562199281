package authroundtrips

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// stranger asks EWS once more, over a connection of its own and without credentials, while the connection that was logged
// on is still open: a box that keeps server connections for whoever comes next lets the stranger in by that logon. Only a
// logon of Windows belongs to a connection, so only after one is there something to find. What comes of it is for
// Recorder.Conclude to tell; that it cannot be asked is no failure of the probe.
func (p *probe) stranger(ctx context.Context, endpoint prober.Endpoint) {
	if !p.SharedLogonCheck || p.Method != "POST" || !p.byWindows() {
		return
	}
	step := p.run.Step("stranger")
	conn, err := p.run.Network.Open(ctx, step, endpoint)
	if step.End(err) != nil {
		return
	}
	defer conn.Close()
	request := step.Step("request")
	x, body, err := conn.Do(p.request(p.PathList[0], ""), bodyLimit)
	kept := p.run.Exchanged(request.Name(), conn, x.Record, body, err)
	request.End(err)
	step.Detail("without credentials: %s", kept.Answer())
	step.End(nil)
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
