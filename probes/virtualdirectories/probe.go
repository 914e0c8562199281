package virtualdirectories

import (
	"context"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	// bodyLimit is how much of an answer is read: enough to know an error page, or a form, by.
	bodyLimit = 64 << 10
	// listen is how long a connection is watched after its final response.
	listen = 20 * time.Millisecond
)

// probe is one round over the pages.
type probe struct {
	*Settings
	run      *prober.Run
	endpoint prober.Endpoint
	direct   bool // a server is asked past the balancer: the hostname parameter has the service's name
	pages    []*page

	asked *prober.Step // for the build; nil where that was not
	named string       // the build as Outlook on the web's page names it, less its last number; empty where that was not read
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, direct: !strings.EqualFold(run.Target.Host, run.Target.Name)}
	for _, name := range s.Directories {
		p.pages = append(p.pages, &page{directory: name})
	}
	resolution, err := run.ResolveTarget(ctx)
	if err == nil {
		p.endpoint = run.Endpoint(run.Target, resolution)
		err = p.ask(ctx)
	}
	if err == nil {
		p.judge()
		p.judgeBuild(time.Now())
		p.run.Result.Tables = append(p.run.Result.Tables, p.table())
	}
	run.Result.Fail(failure.From(err))
	p.measure()
}

// ask gets all pages. The first connection is opened alone: where there is no way to the target, one page tells it, and not
// nine. Then each page has a connection of its own, all at once. So one that hangs costs the others nothing, a connection
// that a server closes is that page's answer alone, and through a balancer more than one member is seen.
func (p *probe) ask(ctx context.Context) error {
	first := p.pages[0]
	first.step = p.run.Step(first.directory)
	conn, err := p.run.Network.Open(ctx, first.step, p.endpoint)
	if err != nil {
		p.run.Result.DecidingConnection = first.step.Connection()
		return first.step.End(err)
	}
	tries := []prober.Try{{Begin: func() {}, Do: func(bool) bool {
		p.get(ctx, first, conn)
		return true
	}}}
	for _, pg := range p.pages[1:] {
		tries = append(tries, prober.Try{Begin: func() { pg.step = p.run.Step(pg.directory) }, Do: func(bool) bool {
			p.open(ctx, pg)
			return true
		}})
	}
	prober.SideBySide(tries)
	return nil
}

// open opens a page's connection and gets it.
func (p *probe) open(ctx context.Context, pg *page) {
	conn, err := p.run.Network.Open(ctx, pg.step, p.endpoint)
	if err != nil {
		pg.state, pg.failure = unreached, pg.step.End(err)
		return
	}
	p.get(ctx, pg, conn)
}

// get gets a page over its connection.
func (p *probe) get(ctx context.Context, pg *page, conn *wire.Conn) {
	defer conn.Close()
	pg.get = pg.step.Step("page")
	var body []byte
	var err error
	pg.exchange, body, err = p.request(pg.step.Name(), conn, pathOf(pg.directory))
	pg.took = tookOf(pg.exchange, p.run.Now())
	pg.read(conn, body, err, p.direct)
	pg.get.Detail("%s: %s", pathOf(pg.directory), pg.answer())
	pg.get.End(nil) // whether it succeeded shows when all pages are there
	pg.step.End(nil)
	if pg.directory == buildDirectory && (pg.state == healthy || pg.exchange.Status() == 404) && pg.exchange.Origin.Version == "" {
		p.named = p.askBuild(ctx)
	}
}

// tookOf is how long a request took to its last byte, or until it was given up.
func tookOf(c *result.Conversation, now wire.Seconds) wire.Seconds {
	begun, ok := c.Begun()
	switch {
	case !ok:
		return 0
	case c.End != nil:
		return *c.End - begun
	}
	return now - begun
}

// request gets a path over a connection, as a balancer's check does.
func (p *probe) request(step string, conn *wire.Conn, path string) (*result.Conversation, []byte, error) {
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"}}
	x, body, err := conn.Do(p.run.Request("GET", path, fields, nil), bodyLimit)
	if err == nil {
		x.Listen(listen)
	}
	return p.run.Exchanged(step, conn, x.Record, body, err), body, err
}
