// Package httpcontent fetches a file that is meant for everybody, and holds it against what is expected: its status, its media
// type, what caches may do with it, and how it begins. It never logs on.
package httpcontent

import (
	"cmp"
	"context"
	"crypto/rand"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one run.
type probe struct {
	*Settings
	run        *prober.Run
	resolution *wire.Resolution
	links      map[door]*prober.Link

	content  *trail
	beside   *trail // a file beside one that was not found; nil where none was asked for
	nobody   *trail // a file that cannot exist there; nil where none was asked for
	redirect *trail // from port 80; nil where that was not asked
	met      map[string]bool
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, links: map[door]*prober.Link{}, met: map[string]bool{}}
	var err error
	if p.resolution, err = run.ResolveTarget(ctx); err == nil {
		p.fetch(ctx)
		for _, link := range p.links {
			link.Close() // what comes last is seen only then
		}
		p.decide(p.content)
		p.judge()
		run.Surplus()
	}
	run.Result.Fail(failure.From(err))
	s.measure(run.Result, p.met)
	run.Result.Add(file, 1, p.path())
}

// path is that of the file.
func (p *probe) path() string {
	return cmp.Or(p.run.Target.Path, p.Path)
}

// fetch asks for all that the verdict needs.
func (p *probe) fetch(ctx context.Context) {
	t := p.run.Target
	from := place{t.Scheme, t.Port, p.path()}
	p.content = p.follow(ctx, "content", from, func(next place) bool {
		secured := from.scheme == "http" && next.scheme == "https"
		return secured || next.scheme == from.scheme && next.port == from.port
	})
	if p.content.err != nil {
		return
	}
	if p.content.ends == answered && p.content.Status() == 404 {
		p.lookBeside(ctx)
	}
	if p.Redirect == "" {
		return
	}
	plain := place{"http", p.plainPort, from.path}
	if t.Scheme == "http" {
		plain.port = t.Port
	}
	p.redirect = p.follow(ctx, "redirect", plain, func(place) bool { return true })
}

// neighbour is a file beside another one whose extension every server maps; empty where the file itself has such a one, or
// is a folder. And one that cannot exist there.
func neighbour(file string) (beside, nobody string) {
	file, _, _ = strings.Cut(file, "?")
	extension := path.Ext(file)
	if strings.HasSuffix(file, "/") || extension == ".txt" || extension == "" {
		return "", ""
	}
	return strings.TrimSuffix(file, extension) + ".txt", path.Join(path.Dir(file), "no-such-file-"+strings.ToLower(rand.Text())+".txt")
}

// lookBeside asks what tells a file that is missing, or whose extension IIS does not serve, from a folder that is not served. IIS
// answers all of them 404, and names the sub-status in its own log alone.
func (p *probe) lookBeside(ctx context.Context) {
	at := p.content.last
	beside, nobody := neighbour(at.path)
	if beside == "" {
		return
	}
	stay := func(place) bool { return false }
	p.beside = p.follow(ctx, "beside", place{at.scheme, at.port, beside}, stay)
	p.nobody = p.follow(ctx, "beside", place{at.scheme, at.port, nobody}, stay)
}

// decide makes a trail's last answer the one that the common metrics tell of.
func (p *probe) decide(t *trail) {
	r := p.run.Result
	if t.Conversation == nil && t.step.Connection() == nil {
		return
	}
	r.Deciding, r.DecidingConnection = t.Conversation, t.step.Connection()
}
