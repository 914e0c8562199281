package mrsproxy

import (
	"context"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/origin"
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
	if up, known := p.running(); known && !up {
		step.Warn()
	}
}

// running tells whether the service answered, and whether that shows. It listens at http.sys without IIS, which asks for a logon
// by Negotiate before the service gets to see the request. Where such a request bears no name, as at hardened servers, it may as
// well be IIS's own.
func (p *probe) running() (up, known bool) {
	c := p.service
	if c == nil || c.Origin.Kind == origin.Middlebox {
		return false, false
	}
	if s := c.Final.Status; s != 401 && s != 403 {
		return false, true
	}
	switch server := strings.ToLower(c.Final.Get("Server")); {
	case c.ByExchange(), strings.HasPrefix(server, "microsoft-iis/"):
		return false, true
	case !strings.HasPrefix(server, "microsoft-httpapi/"):
		return false, false
	}
	return slices.Contains(prober.SchemesOf(auth.ParseChallenges(c.Final.Values("WWW-Authenticate"))), "negotiate"), true
}

// exposed tells of a service that answers who comes from outside, by the name that everybody uses.
func (p *probe) exposed() {
	if up, _ := p.running(); up && p.run.Outside && !p.run.Result.Direct {
		p.run.Find(ServiceExposed, result.Warning, p.service.Origin, "The replication service itself answers at https://%s%s from outside (%s, %s): only %s has to be published. Let what publishes %s refuse that path.",
			p.run.Target.Authority(), servicePath, p.service.Answer(), p.service.Final.Get("Server"), p.Path, p.run.Target.Name)
		p.run.Blame(result.InBetween)
	}
}
