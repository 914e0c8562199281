package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// steps writes siblings and what is below them, and which were planned and not begun. under is what their names have in
// common, prefix holds the lines that connect them to their parents, and whole are conversations that the siblings are parts
// of: they come below the last one, for they end with it.
func (p *printer) steps(siblings []*result.Step, under, prefix string, whole []*result.Conversation) {
	missing := p.missing(under)
	for i, s := range siblings {
		branch, below := "├─ ", "│  "
		if i == len(siblings)-1 && len(missing) == 0 {
			branch, below = "└─ ", "   "
		}
		own := p.conversationsOf(s)
		if i == len(siblings)-1 {
			own = append(own, whole...)
		}
		p.step(s, prefix+branch, own)
		within, after := partly(s, own)
		p.steps(s.Steps, s.Name+".", prefix+below, within)
		p.conversations(after, prefix+below)
	}
	for i, name := range missing {
		branch := "├─ "
		if i == len(missing)-1 {
			branch = "└─ "
		}
		p.line("%8s %8s  %s%s· %s  not reached", "–", "–", prefix, branch, name)
	}
}

// partly parts the conversations of a step into those that its last step was a part of, and those after it.
func partly(s *result.Step, own []*result.Conversation) (within, after []*result.Conversation) {
	for _, x := range own {
		begun, known := x.Begun()
		if known && len(s.Steps) > 0 && begun < s.Steps[len(s.Steps)-1].End {
			within = append(within, x)
		} else {
			after = append(after, x)
		}
	}
	return within, after
}

// stateOfStep is a step's at a glance: one that succeeded, and is odd or whose answer or part did not, is a warning.
func (l lookup) stateOfStep(s *result.Step, own []*result.Conversation) State {
	if s.Failure != nil {
		return Failed
	}
	bad := func(x *result.Conversation) bool { return stateOf(x) == Failed }
	part := func(c *result.Step) bool { return l.stateOfStep(c, l.conversationsOf(c)) != Succeeded }
	if s.Odd || slices.ContainsFunc(own, bad) || slices.ContainsFunc(s.Steps, part) {
		return Warned
	}
	return Succeeded
}

// step writes one step. Where conversations follow, they name the endpoint.
func (p *printer) step(s *result.Step, branch string, own []*result.Conversation) {
	mark := map[State]painted{Succeeded: p.color(green, "✓"), Warned: p.color(yellow, "!"), Failed: p.color(red, "✗")}[p.stateOfStep(s, own)]
	took := "–"
	if s.End >= s.Start {
		took = Length(s.End - s.Start)
	}
	detail := s.Detail
	if detail == "" && len(own) == 0 {
		detail = endpoint(p.connection(s.Connection))
	}
	p.line("%8.3f %8s  %s%s %s  %s", s.Start, took, branch, mark, s.Name, detail)
	if why := reason(s); why != "" {
		p.note(branchBelow(branch), "%s", p.once(why))
		p.told = append(p.told, why)
	}
}

// once is why a step failed, in short where another has failed so already: what is said of each operation begins with its name.
func (p *printer) once(why string) string {
	operation, rest, _ := strings.Cut(why, ": ")
	if rest != "" && !strings.Contains(operation, " ") && slices.ContainsFunc(p.told, func(told string) bool { return strings.HasSuffix(told, ": "+rest) }) {
		return operation + ": the same as before"
	}
	return why
}

// Length writes how long something took, in seconds. What took too little to show is not nothing.
func Length(s wire.Seconds) string {
	if s > 0 && s < 0.0005 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", s)
}

// reason is why a step failed, "" where a step within it says the same.
func reason(s *result.Step) string {
	if s.Failure == nil {
		return ""
	}
	for _, child := range s.Steps {
		if child.Failure != nil && child.Failure.Message == s.Failure.Message {
			return ""
		}
	}
	return s.Failure.Message
}

// missing are the planned steps of a level that no step of the probe has the name of. A level is what begins with under
// and has no further point in its name.
func (l lookup) missing(under string) []string {
	var names []string
	for _, name := range l.r.Planned {
		part, ok := strings.CutPrefix(name, under)
		if ok && !strings.Contains(part, ".") && !slices.Contains(names, name) && !begun(l.r.Steps, name) {
			names = append(names, name)
		}
	}
	return names
}

func begun(steps []*result.Step, name string) bool {
	return slices.ContainsFunc(steps, func(s *result.Step) bool { return s.Name == name || begun(s.Steps, name) })
}

// branchBelow continues a branch on the next line.
func branchBelow(branch string) string {
	return strings.NewReplacer("├─ ", "│  ", "└─ ", "   ").Replace(branch) + "   "
}

// note writes a line without times.
func (p *printer) note(prefix, format string, args ...any) {
	p.line("%17s  "+"%s%s", "", prefix, fmt.Sprintf(format, args...))
}

// lookup finds what belongs together in a Result.
type lookup struct{ r *result.Result }

func (l lookup) connection(id int) *wire.Connection {
	for _, c := range l.r.Connections {
		if c.ID == id && id != 0 {
			return c
		}
	}
	return nil
}

// spoken is the connection that a conversation went over: what a proxy was asked went to the proxy.
func (l lookup) spoken(x *result.Conversation) *wire.Connection {
	c := l.connection(x.Connection)
	if x.Origin.Kind == origin.Proxy && c != nil && c.Proxy != nil {
		return c.Proxy.Connection
	}
	return c
}

// endpoint names what was really reached: the address, the name that was asked for, the certificate that came.
func endpoint(c *wire.Connection) string {
	if c == nil {
		return ""
	}
	text := c.Address.String()
	if !c.Address.IsValid() {
		return c.Name
	}
	if c.Name != "" && c.Name != c.Address.Addr().String() {
		text += " (" + c.Name + ")"
	}
	if c.Proxy != nil {
		text += " through the proxy " + c.Proxy.Address.String()
	}
	if c.Secure == nil {
		return text + ", without TLS"
	}
	if len(c.Secure.Chain) == 0 {
		return text + ", no certificate seen"
	}
	text += ", certificate " + c.Secure.Chain[0].Subject
	if !c.Secure.Verified {
		text += " (not verified)"
	}
	return text
}

// conversationsOf gives the conversations of a step. Steps may share a name, so connection and time tell theirs apart.
func (l lookup) conversationsOf(s *result.Step) []*result.Conversation {
	var own []*result.Conversation
	for _, x := range l.r.Conversations {
		if x.Step == s.Name && (s.Connection == 0 || s.Connection == x.Connection) && during(s, x) {
			own = append(own, x)
		}
	}
	return own
}

// during tells whether a conversation was begun within a step.
func during(s *result.Step, x *result.Conversation) bool {
	begun, known := x.Begun()
	return !known || s.Start <= begun && begun <= s.End
}

// rest writes conversations that belong to no step in the tree: nothing measured is hidden.
func (p *printer) rest() {
	for _, x := range p.r.Conversations {
		p.conversation(x, "")
	}
}

// event is one thing that happened in a conversation.
type event struct {
	at   wire.Seconds
	text string
}

// manyAlike is how many conversations in a row are written that differ in nothing but their times.
const manyAlike = 4

// conversations writes them in their order. Where more than a few in a row are alike, as the requests of somebody who waits for
// news are, the first and the last stand for all.
func (p *printer) conversations(all []*result.Conversation, prefix string) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && alike(all[0], all[n]) {
			n++
		}
		for i, x := range all[:n] {
			switch {
			case n <= manyAlike, i == 0, i == n-1:
				p.conversation(x, prefix)
			case i == 1:
				p.note(prefix, "… %d more like these", n-2)
				fallthrough
			default:
				p.shown[x] = true
			}
		}
		all = all[n:]
	}
}

// alike tells whether two exchanges over one connection went well and were answered alike.
func alike(a, b *result.Conversation) bool {
	return a.HTTP != nil && b.HTTP != nil && stateOf(a) == Succeeded && stateOf(b) == Succeeded && a.Connection == b.Connection &&
		subject(a) == subject(b) && len(a.Interim) == len(b.Interim) && a.Answer() == b.Answer() && By(a.Origin) == By(b.Origin)
}

func (p *printer) conversation(x *result.Conversation, prefix string) {
	if p.shown[x] {
		return
	}
	p.shown[x] = true
	p.note(prefix, "%s", subject(x))
	p.note(prefix, "to %s", endpoint(p.spoken(x)))
	for _, e := range events(x) {
		p.line("%8.3f %8s  %s%s", e.at, "", prefix, e.text)
	}
	if x.Answered() {
		who := "answered by " + By(x.Origin)
		if x.Origin.Evidence != "" {
			who += ", as shown by " + x.Origin.Evidence
		}
		p.note(prefix, "%s", who)
	}
	said := slices.ContainsFunc(p.told, func(why string) bool { return strings.Contains(why, x.Error) })
	if x.Error != "" && !said {
		p.note(prefix, "%s", x.Error)
	}
}

// subject is what a conversation was about: a request, or the protocol.
func subject(x *result.Conversation) string {
	if x.HTTP != nil {
		return x.Method + " " + x.URL
	}
	return strings.ToUpper(string(x.Protocol))
}

// events are what was sent and what came back, in order of time.
func events(x *result.Conversation) []event {
	if x.Talk != nil {
		return spoken(x.Talk)
	}
	if x.HTTP == nil {
		return nil
	}
	return exchanged(x.HTTP)
}

// arrows show which way something went.
var arrows = map[wire.Side]string{wire.Client: "→ ", wire.Server: "← "}

// spoken are the lines of a talk.
func spoken(t *result.Talk) []event {
	var all []event
	secure := false
	for _, line := range t.Lines {
		if line.TLS && !secure && len(all) > 0 {
			all = append(all, event{line.At, "  from here on over TLS"})
		}
		secure = line.TLS
		all = append(all, event{line.At, arrows[line.From] + line.Text})
	}
	if t.LeftOut > 0 {
		all = append(all, event{t.Span.End, fmt.Sprintf("  and %d lines more, which are not kept", t.LeftOut)})
	}
	return all
}

func exchanged(x *result.HTTP) []event {
	var all []event
	if x.Head != nil {
		all = append(all, event{x.Head.End, "→ request head"})
	}
	if x.Body != nil {
		all = append(all, event{x.Body.End, fmt.Sprintf("→ request body, %d bytes", x.BodyLength)})
	}
	for _, r := range x.Interim {
		all = append(all, event{r.At, "← " + statusLine(r)})
	}
	if x.Final != nil {
		all = append(all, event{x.Final.At, "← " + statusLine(x.Final)})
	}
	if x.Stray > 0 && x.End != nil {
		all = append(all, event{*x.End, fmt.Sprintf("← %d bytes more, which belong to no response", x.Stray)})
	}
	slices.SortStableFunc(all, func(a, b event) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	return all
}

func statusLine(r *wire.Response) string {
	return strings.TrimRight(fmt.Sprintf("%s %d %s", r.Proto, r.Status, r.Reason), " ")
}
