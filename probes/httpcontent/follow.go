package httpcontent

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

const (
	// maxRedirects is how many are followed: as many as curl's --max-redirs is commonly set to, and half of what browsers do.
	maxRedirects = 10
	// maxLocation is the length of a Location, in bytes, beyond which it is not followed.
	maxLocation = 8 << 10
	// bodyLimit is how much of a body is read: enough for a prefix, and to know an error page by.
	bodyLimit = 64 << 10
)

// place is where a request goes, always at the target's own name and address.
type place struct {
	scheme string
	port   uint16
	path   string // with its query
}

// at is the target with the place's scheme and port.
func (p *probe) at(to place) target.Target {
	t := p.run.Target
	t.Scheme, t.Port = to.scheme, to.port
	return t
}

// ending is why redirects were followed no further.
type ending int

const (
	answered  ending = iota // the last answer is no redirect
	elsewhere               // it leads where it is not followed to
	circle                  // it leads to where it came from, or there were too many
)

// trail is the way that redirects led, and the last answer.
type trail struct {
	step                 *prober.Step
	*result.Conversation          // the last answer; nil where none came
	body                 []byte   // of it
	last                 place    // that gave it
	passed               []string // the URLs asked, for a person
	ends                 ending
	to                   string // where the last answer leads, without what may be secret
	cut                  error  // why its body is not whole
	err                  error  // why there is no answer
}

// follow asks a place and goes on to where it leads, as long as within allows it.
func (p *probe) follow(ctx context.Context, name string, from place, within func(next place) bool) *trail {
	t := &trail{step: p.run.Step(name)}
	var seen []place
	for next := from; ; {
		seen, t.last = append(seen, next), next
		t.passed = append(t.passed, plain.Cut(p.at(next).URL(next.path), 256))
		if t.err = p.ask(ctx, t); t.err != nil {
			break
		}
		var same bool
		if next, same = p.leads(t); t.to == "" || t.Origin.Portal != "" {
			break
		}
		if same && (slices.Contains(seen, next) || len(seen) > maxRedirects) {
			t.ends = circle
			break
		}
		if !same || !within(next) {
			t.ends = elsewhere
			break
		}
	}
	t.step.End(t.err)
	return t
}

// door is where connections go, at the target's own address.
type door struct {
	scheme string
	port   uint16
}

// link is the one to a place's door.
func (p *probe) link(to place) *prober.Link {
	d := door{to.scheme, to.port}
	if p.links[d] == nil {
		p.links[d] = p.run.Link(p.run.Endpoint(p.at(to), p.resolution))
	}
	return p.links[d]
}

// ask asks the trail's last place, over a connection that is there already where it may be used again.
func (p *probe) ask(ctx context.Context, t *trail) error {
	at, conn := p.at(t.last), p.link(t.last)
	t.step.Detail("%s", t.passed[len(t.passed)-1])
	again := conn.Usable()
	if err := conn.Open(ctx, t.step); err != nil {
		return err
	}
	step := t.step.Step("request")
	step.On(conn.Conn)
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"}}
	x, body, err := conn.Do(prober.RequestTo(at, "GET", t.last.path, fields, nil), bodyLimit)
	t.Conversation, t.body, t.cut, t.to = p.run.Exchanged(step.Name(), conn.Conn, x.Record, body, err), body, err, ""
	if again && x.Record.Final == nil && ended(err) { // meanwhile, which tells nothing of the answer (RFC 9112 section 9.5)
		step.Detail("the connection was ended meanwhile: asked again over another")
		step.End(nil)
		conn.Close()
		return p.ask(ctx, t)
	}
	step.End(err)
	if x.Record.Final == nil || failure.Is(err, failure.Receive, "malformed", "too_large") {
		return err
	}
	step.Detail("%s", shown(t.Conversation))
	return nil // a body that breaks off may tell enough
}

// ended tells whether the peer had ended the connection.
func ended(err error) bool {
	return failure.Is(err, failure.Receive, "closed", "reset") || failure.Is(err, failure.Send, "closed", "reset")
}

// shown is an answer with the fields that matter here, for a person to compare a box with a server by.
func shown(c *result.Conversation) string {
	text := c.Answer()
	for _, name := range []string{"Content-Type", "Cache-Control", "Expires", "Age", "ETag"} {
		if values := c.Final.Values(name); len(values) > 0 {
			text += "; " + name + ": " + plain.Text(strings.Join(values, ", "), 100)
		}
	}
	return text
}

// redirects are the statuses that lead elsewhere (RFC 9110 section 15.4).
var redirects = []int{301, 302, 303, 307, 308}

// leads is where the last answer leads, and notes it for a person; same tells whether that is at the target's own name.
func (p *probe) leads(t *trail) (next place, same bool) {
	location := t.Final.Get("Location")
	if !slices.Contains(redirects, t.Final.Status) || location == "" {
		return place{}, false
	}
	t.to = fmt.Sprintf("a URL that cannot be read (%d bytes)", len(location))
	base, err := url.Parse(p.at(t.last).URL(t.last.path))
	if err != nil || len(location) > maxLocation {
		return place{}, false
	}
	u, err := base.Parse(location)
	if err != nil {
		return place{}, false
	}
	t.to = plain.Cut((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), 256) // no user, no password, no query
	host, _, err := target.ParseHost(u.Hostname())
	if err != nil || host != p.run.Target.Name || u.Scheme != "http" && u.Scheme != "https" {
		return place{}, false
	}
	next = place{u.Scheme, map[string]uint16{"http": 80, "https": 443}[u.Scheme], u.RequestURI()}
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			return place{}, false
		}
		next.port = uint16(n)
	}
	return next, strings.HasPrefix(next.path, "/") && !strings.ContainsFunc(next.path, unprintable)
}
