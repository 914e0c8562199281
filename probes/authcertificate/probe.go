// Package authcertificate fetches the document by which Exchange tells others how it signs tokens, and reads when the
// certificate ends. Whether that is trusted does not matter: Exchange signs it itself.
package authcertificate

import (
	"bytes"
	"context"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// probe is one run.
type probe struct {
	*Settings
	run *prober.Run

	exchange *result.Conversation // nil while none was had
	all      []*certificate       // as the document has them
	signing  []*certificate       // see signing
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	resolution, err := run.ResolveTarget(ctx)
	if err == nil {
		step := run.Step("metadata")
		err = p.fetch(ctx, step, run.Endpoint(run.Target, resolution))
		if err == nil {
			err = p.judge(step)
		}
		step.End(err)
		run.Result.Deciding, run.Result.DecidingConnection = p.exchange, step.Connection()
		run.Surplus()
	}
	run.Result.Fail(failure.From(err))
	p.measure()
	p.tabulate()
}

// fetch asks for the document, and reads its certificates.
func (p *probe) fetch(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	conn, err := p.run.Network.Open(ctx, step, e)
	if err != nil {
		return err
	}
	defer conn.Close()
	path := p.Path
	if p.run.Target.Path != "" {
		path = p.run.Target.Path
	}
	request := step.Step("request")
	request.On(conn)
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "application/json"}}
	x, body, cut := conn.Do(p.run.Request("GET", path, fields, nil), maxDocument)
	p.exchange = p.run.Exchanged(request.Name(), conn, x.Record, body, cut)
	request.End(cut)
	if x.Record.Final == nil || failure.Is(cut, failure.Receive, "malformed", "too_large") {
		return cut
	}
	request.Detail("%s", p.exchange.Answer())
	if err := p.refused(); err != nil {
		return err
	}
	if cut != nil {
		return cut // no client takes a part of it
	}
	return p.read(body)
}

// refused is the failure of an answer that is not the document.
func (p *probe) refused() error {
	x := p.exchange
	switch {
	case x.Origin.Portal != "":
		return failure.New(failure.Status, prober.ReasonLogonPage, "%s answered %s in place of the document%s", x.Origin.Subject(), x.Answer(), x.Cause())
	case x.Status() == 401, x.Status() == 407:
		return failure.New(failure.Status, reasonLogonAsked, "%s answered %s to %s: it asks for a logon, and Exchange gives this document to everybody%s", x.Origin.Subject(), x.Answer(), x.URL, x.Cause())
	case x.Status() != 200:
		return failure.New(failure.Status, reasonStatus, "%s answered %s to %s%s", x.Origin.Subject(), x.Answer(), x.URL, x.Cause())
	}
	return nil
}

// read reads the certificates of the document.
func (p *probe) read(body []byte) error {
	x := p.exchange
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, mark))
	switch {
	case x.Final.Truncated:
		return failure.New(failure.Content, reasonTooLarge, "what %s sent for %s is larger than %d KiB, and Exchange's document has a few", x.Origin.Name(), x.URL, maxDocument>>10)
	case x.Final.Unreadable != "":
		return failure.New(failure.Content, reasonNotMetadata, "what %s sent for %s cannot be read: %s", x.Origin.Name(), x.URL, x.Final.Unreadable)
	case len(trimmed) == 0 || trimmed[0] != '{':
		return failure.New(failure.Content, reasonNotMetadata, "what %s sent for %s is no JSON object%s", x.Origin.Name(), x.URL, looks(trimmed))
	}
	keys, err := parse(body)
	if err != nil {
		return failure.New(failure.Content, reasonMalformed, "the document that %s sent for %s cannot be used: %s", x.Origin.Name(), x.URL, err)
	}
	for _, k := range keys {
		p.all = append(p.all, read(k))
	}
	p.signing = signing(p.all)
	return nil
}

// looks says what else came.
func looks(body []byte) string {
	switch {
	case len(body) == 0:
		return ", but empty"
	case body[0] == '<':
		return ", but a page or XML"
	}
	return ""
}
