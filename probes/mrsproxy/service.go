package mrsproxy

import (
	"context"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// asksService tells whether the replication service itself is asked: of a server that is asked directly, and from outside also
// by the name that everybody uses, where nobody should get to it.
func (p *probe) asksService() bool {
	return p.Service && (p.run.Result.Direct || p.run.Outside)
}

// askService asks for the service's own path: one GET without a body, over a connection that carries no credentials. What comes
// of it decides nothing of the probe.
func (p *probe) askService(ctx context.Context) {
	step := p.run.Step("service")
	step.End(func() error {
		conn, err := p.run.Network.Open(ctx, step, p.endpoint)
		if err != nil {
			return err
		}
		defer conn.Close()
		request := step.Step("request")
		x, body, err := conn.Do(p.request("GET", servicePath, nil, ""), bodyLimit)
		c := p.run.Exchanged(request.Name(), conn, x.Record, body, err)
		if c.Final != nil {
			p.service, err = c, nil
			step.Detail("%s: %s", servicePath, c.Answer())
		}
		request.End(err)
		return err
	}())
	if p.service != nil && !p.up() {
		step.Warn()
	}
}

// up tells whether the service answered: it listens at http.sys without IIS, which asks for a logon by Negotiate before the
// service gets to see the request.
func (p *probe) up() bool {
	if p.service == nil {
		return false
	}
	f := p.service.Final
	bySys := strings.HasPrefix(strings.ToLower(f.Get("Server")), "microsoft-httpapi/")
	offered := prober.SchemesOf(auth.ParseChallenges(f.Values("WWW-Authenticate")))
	return (f.Status == 401 || f.Status == 403) && bySys && slices.Contains(offered, "negotiate")
}

// exposed tells of a service that answers who comes from outside, by the name that everybody uses.
func (p *probe) exposed() {
	if p.run.Outside && !p.run.Result.Direct && p.up() {
		p.run.Find(ServiceExposed, result.Warning, p.service.Origin, "The replication service itself answers at https://%s%s from outside (%s, %s): only %s has to be published. Let what publishes %s refuse that path.",
			p.run.Target.Authority(), servicePath, p.service.Answer(), p.service.Final.Get("Server"), p.Path, p.run.Target.Name)
		p.run.Blame(result.InBetween)
	}
}
