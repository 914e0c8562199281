package autodiscover

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// maxFollowed is how many of the URLs returned are reached.
const maxFollowed = 4

// followUp reaches the EWS URLs that were returned, side by side and without logon, and says who is there.
func (p *probe) followUp(ctx context.Context) {
	var urls []string
	for _, a := range p.attempts {
		if a.answered == nil || a.answered.answer == nil {
			continue
		}
		for _, s := range a.answered.answer.URLs {
			ews := strings.HasSuffix(s.Protocol, ".EwsUrl") || strings.EqualFold(s.Protocol, "JSON."+jsonProtocol)
			if ews && !slices.Contains(urls, s.Value) {
				urls = append(urls, s.Value)
			}
		}
	}
	urls = urls[:min(len(urls), maxFollowed)]
	failures := make([]*failure.Failure, len(urls))
	var fs []func()
	for i, u := range urls {
		step := p.run.Step(followUp)
		fs = append(fs, func() { failures[i] = step.End(p.reach(ctx, step, u)) })
	}
	prober.Parallel(fs...)
	for i, f := range failures {
		if f != nil && f.Stage != failure.Internal && !p.run.Found(EWSUnreachable) {
			p.run.Find(EWSUnreachable, warning, origin.Origin{Kind: origin.Unknown}, "The EWS URL %s, which Autodiscover returned, does not lead to Exchange: %s.", urls[i], f.Message)
		}
	}
}

// reach asks a URL without logon, by POST as clients do: a server may answer 405 to anything else. A 401 shows that it is
// there, and so does whatever EWS or Exchange says.
func (p *probe) reach(ctx context.Context, step *prober.Step, text string) error {
	step.Detail("%s", text)
	u, err := url.Parse(text)
	if err != nil {
		return failure.New(failure.Content, reasonMalformed, "the URL is malformed: %w", err)
	}
	t, err := target.Parse(u.Scheme+"://"+u.Host, "")
	if err != nil {
		return failure.New(failure.Content, reasonMalformed, "the URL's host is malformed: %w", err)
	}
	rules := p.redirects()
	outside := rules == nil || !rules.Allowed(t.Host) // of the mail domain, and a server named it
	if outside && !p.run.Elsewhere() {
		return failure.New(failure.Policy, policy.AddressNotAllowed, "%s is outside of the mail domain, and is not asked", t.Host)
	}
	resolution, err := p.run.Resolve(ctx, step, prober.Absolute(t))
	if err != nil {
		return err
	}
	endpoint := p.run.Endpoint(t, resolution)
	endpoint.Elsewhere = outside
	conn, err := p.run.Network.Open(ctx, step, endpoint)
	if err != nil {
		return err
	}
	defer conn.Close()
	return on(step, conn, func() error {
		fields := append(p.fields(), origin.Field{Name: "Content-Type", Value: ews.ContentType})
		request := prober.RequestTo(t, "POST", cmp.Or(u.EscapedPath(), "/"), fields, nil)
		x, body, err := conn.Do(request, 64<<10)
		e := p.run.Exchanged(step.Name()+".request", conn, x.Record, body, err)
		if e.Final == nil {
			return err
		}
		step.Detail("%s → %s %s", text, line(e.Final), plain.Text(e.Origin.Frontend, 64))
		there := e.Origin.Kind == origin.Exchange || e.Origin.Kind == origin.EWSServer
		said := ews.Parse(prober.Document(ctx, e.Final, body)).Kind
		switch {
		case e.Final.Status == 401 && e.Origin.Kind != origin.Middlebox, said == ews.Answered, said == ews.Faulted:
			return nil
		case there && e.Origin.Portal == "" && e.Final.Status < 500:
			return nil
		}
		return failure.New(failure.Status, reasonStatus, "%s answered %s%s", conn, line(e.Final), e.Reading.Text())
	})
}
