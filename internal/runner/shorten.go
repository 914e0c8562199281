package runner

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// The most that is kept of texts which a target may make as long as it likes, in bytes, and of lists.
const (
	maxMessage = 800 // the exporter's own sentences end before it, advice and all
	maxValue   = 4 << 10
	maxRaw     = 16 << 10
	maxFields  = 200
	maxLabel   = 256 // more than the metrics show
	maxName    = 1 << 10
)

// The most that is kept of all texts of a result that a target may make long and many, in bytes, and of those of one
// conversation. So whatever shows the result, such as JSON, is bounded too.
const (
	maxKept        = 1 << 20
	maxKeptOfOne   = maxKept / 4
	maxStepsDetail = maxKept / 4 // of the steps' and findings' sentences, beside these
	maxLooked      = 4 * maxKept // of what is looked through for secrets, which makes texts shorter
	perItem        = 64          // what one more item of a list takes beside its text
)

// room is how much may still be kept.
type room struct{ left int }

// cut gives so much of a text as may be kept.
func (r *room) cut(s string, most int) string {
	s = plain.Cut(s, max(min(most, r.left), len("…")))
	r.left -= len(s)
	return s
}

// own is cut for a part of a longer text, which would be kept with it.
func (r *room) own(s string, most int) string { return strings.Clone(r.cut(s, most)) }

// shorten cuts what a target made long. The conversation that decides goes before all others.
func shorten(res *result.Result) {
	sentences := &room{maxStepsDetail}
	shortenFailure(res.Failure)
	res.Undecided = plain.Cut(res.Undecided, maxMessage)
	for i := range res.Findings {
		res.Findings[i].Sentence = sentences.cut(res.Findings[i].Sentence, maxMessage)
	}
	for _, s := range res.Steps {
		sentences.step(s)
	}
	all := &room{maxKept}
	for _, c := range decidingFirst(res) {
		one := &room{min(all.left, maxKeptOfOne)}
		before := one.left
		one.conversation(c)
		all.left -= before - one.left
	}
	if !slices.Contains(res.Connections, res.DecidingConnection) {
		all.connection(res.DecidingConnection)
	}
	for _, c := range res.Connections {
		all.connection(c)
	}
	for _, sample := range res.Samples {
		for i, label := range sample.Labels {
			sample.Labels[i] = plain.Cut(label, maxLabel)
		}
	}
	for _, t := range res.Tables { // whose titles and columns are ours
		for _, row := range t.Rows {
			all.texts(row)
		}
	}
}

func shortenFailure(f *failure.Failure) {
	if f != nil {
		f.Message, f.Code = plain.Cut(f.Message, maxMessage), plain.Cut(f.Code, maxLabel)
	}
}

func (r *room) texts(all []string) {
	for i := range all {
		all[i] = r.cut(all[i], maxMessage)
	}
}

// decidingFirst are the conversations in the order in which there is room for them.
func decidingFirst(res *result.Result) []*result.Conversation {
	all := slices.Clone(res.Conversations)
	if i := slices.Index(all, res.Deciding); i > 0 {
		copy(all[1:], all[:i])
		all[0] = res.Deciding
	}
	return all
}

// leaveOut takes out what there is no room for anyhow, while it may hold secrets: whole texts, for one that is cut in two would
// not be found.
func leaveOut(res *result.Result) {
	all := &room{maxLooked}
	for _, c := range decidingFirst(res) {
		if t := c.Talk; t != nil {
			if n := fits(all, t.Lines, func(l wire.Line) int { return len(l.Text) }); n < len(t.Lines) {
				t.LeftOut += len(t.Lines) - n
				t.Lines = t.Lines[:n]
			}
		}
		if x := c.HTTP; x != nil {
			all.whole(x.Final)
			for _, interim := range x.Interim {
				all.whole(interim)
			}
		}
	}
}

// whole leaves of a response what fits as it is.
func (r *room) whole(x *wire.Response) {
	if x == nil {
		return
	}
	if fits(r, []string{x.Raw}, looked) == 0 {
		x.Raw = "…"
	}
	x.Header = x.Header[:min(len(x.Header), maxFields)]
	x.Header = x.Header[:fits(r, x.Header, func(f origin.Field) int { return looked(f.Name) + looked(f.Value) })]
}

// fits is how many of these items there is room for, which they take.
func fits[T any](r *room, items []T, size func(T) int) int {
	for i, item := range items {
		if r.left -= perItem + size(item); r.left < 0 {
			return i
		}
	}
	return len(items)
}

// looked is how much of a text is looked through.
func looked(s string) int { return min(len(s), secret.MaxText) }

func (r *room) conversation(c *result.Conversation) {
	c.Error = r.cut(c.Error, maxMessage)
	r.origin(&c.Origin)
	if c.Reading != nil {
		r.texts(c.Reading.Says)
		c.Reading.Advice = r.cut(c.Reading.Advice, maxMessage)
	}
	if t := c.Talk; t != nil {
		t.Outcome = r.cut(t.Outcome, maxMessage)
		r.lines(t)
	}
	if x := c.HTTP; x != nil {
		x.URL, x.StrayLine = r.cut(x.URL, maxValue), r.own(x.StrayLine, maxMessage)
		r.response(x.Final)
		for i := range x.Header {
			x.Header[i].Name, x.Header[i].Value = r.cut(x.Header[i].Name, maxMessage), r.cut(x.Header[i].Value, maxValue)
		}
		for _, interim := range x.Interim {
			r.response(interim)
		}
	}
}

func (r *room) lines(t *result.Talk) {
	for i := range t.Lines {
		if r.left -= perItem; r.left <= 0 {
			t.LeftOut += len(t.Lines) - i
			t.Lines = slices.Clone(t.Lines[:i])
			return
		}
		t.Lines[i].Text = r.cut(t.Lines[i].Text, maxMessage)
	}
}

func (r *room) step(s *result.Step) {
	s.Detail = r.cut(s.Detail, maxMessage)
	shortenFailure(s.Failure)
	for _, child := range s.Steps {
		r.step(child)
	}
}

// response also copies what it keeps: the fields are parts of the head as it came, and would hold all of it.
func (r *room) response(x *wire.Response) {
	if x == nil {
		return
	}
	x.Raw = r.own(x.Raw, maxRaw)
	x.Proto, x.Reason = r.own(x.Proto, maxMessage), r.own(x.Reason, maxMessage)
	x.Coding, x.Unreadable, x.Excerpt = r.own(x.Coding, maxMessage), r.own(x.Unreadable, maxMessage), r.cut(x.Excerpt, maxValue)
	x.Header = r.fields(x.Header)
}

func (r *room) fields(header []origin.Field) []origin.Field {
	header = header[:min(len(header), maxFields)]
	kept := make([]origin.Field, 0, len(header))
	for _, f := range header {
		if r.left -= perItem; r.left <= 0 {
			break
		}
		kept = append(kept, origin.Field{Name: r.own(f.Name, maxMessage), Value: r.own(f.Value, maxValue)})
	}
	return kept
}

// origin does the same for who answered, which is told in parts of the head too.
func (r *room) origin(o *origin.Origin) {
	for _, text := range []*string{&o.Product, &o.Frontend, &o.Backend, &o.Server, &o.Version, &o.Rule, &o.Evidence} {
		*text = r.own(*text, maxMessage)
	}
}

func (r *room) connection(c *wire.Connection) {
	if c == nil {
		return
	}
	c.Name = r.cut(c.Name, maxMessage)
	r.secure(c.Secure)
	if c.Proxy != nil {
		r.connection(c.Proxy.Connection)
	}
}

// secure leaves out the names of certificates for which there is no room.
func (r *room) secure(s *wire.Secure) {
	if s == nil {
		return
	}
	s.VerifyError, s.ServerName, s.ALPN = r.cut(s.VerifyError, maxMessage), r.cut(s.ServerName, maxMessage), r.cut(s.ALPN, maxMessage)
	for i := range s.Chain {
		c := &s.Chain[i]
		for _, text := range []*string{&c.Subject, &c.Issuer, &c.Serial} { // all else is ours
			*text = r.cut(*text, maxName)
		}
		for n, name := range c.Names {
			if r.left -= len(name); r.left <= 0 {
				c.Names = slices.Clone(c.Names[:n])
				break
			}
			c.Names[n] = plain.Cut(name, maxName)
		}
	}
}
