package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Hop is one of those who stand between the prober and the mailbox, as far as the probe could tell them apart.
type Hop struct {
	Name  string // "Kemp LoadMaster"
	Where string // "192.0.2.10:443"
	Note  string // what it did
	State State
}

// path tells what stands at the address that was reached, and the server behind it where one showed itself. Whom the
// findings blame is the one that failed; else whoever made the answer that did.
func path(r *result.Result) []Hop {
	c := r.DecidingConnection
	if c == nil && r.Deciding != nil {
		c = lookup{r}.connection(r.Deciding.Connection)
	}
	if r.Decides == result.ByNone || c == nil {
		return nil
	}
	hops := []Hop{{Name: "This exporter", Where: "asked " + r.Name, State: Succeeded}}
	where := c.Name
	if c.Address.IsValid() {
		where = c.Address.String()
	}
	if r.Proxy != "" {
		proxy, led := outward(r)
		if hops = append(hops, proxy); !led {
			return append(hops, Hop{Name: "The target", Where: where, Note: "was not asked", State: Unknown})
		}
	}
	server, ok := behind(r)
	if !ok {
		return append(hops, front(r, where, "who answered does not show", Unknown))
	}
	box := front(r, where, "passed the requests on", Succeeded)
	blame(r, &box, &server)
	return append(hops, box, server)
}

// outward is the proxy that connections go through, and whether it led on.
func outward(r *result.Result) (hop Hop, led bool) {
	hop = Hop{Name: "The proxy", Where: r.Proxy, Note: "led on", State: Succeeded}
	f := r.Failure
	switch {
	case f == nil || f.Stage != failure.Connect || !strings.HasPrefix(f.Reason, "proxy_"):
		return hop, true
	case r.Deciding.Answered() && r.Deciding.Origin.Kind == origin.Proxy:
		hop.Note = "answered " + r.Deciding.Answer()
	default:
		hop.Note = fmt.Sprintf("failed here: %s, %s", f.Stage, f.Reason)
	}
	hop.State = Failed
	return hop, false
}

// front is whoever accepted the connection, with what is to be said of it where nothing else is known.
func front(r *result.Result, where, note string, state State) Hop {
	hop := Hop{Name: "What answers there", Where: where, Note: note, State: state}
	for _, x := range r.Conversations {
		if x.Answered() && x.Origin.Kind == origin.Middlebox {
			hop.Name = boxName(x.Origin.Product)
			hop.State, hop.Note = stateOf(x), made(x)
		}
	}
	f := r.Failure
	switch {
	case f == nil:
	case !r.Deciding.Answered():
		hop.State, hop.Note = Failed, fmt.Sprintf("failed here: %s, %s", f.Stage, f.Reason)
	case r.Deciding.Origin.Kind == origin.Unknown:
		hop.State, hop.Note = Failed, "answered "+r.Deciding.Answer()+"; who made it does not show"
	case r.Deciding.Origin.Kind == origin.Middlebox:
		hop.Name = boxName(r.Deciding.Origin.Product)
		hop.State, hop.Note = Failed, made(r.Deciding)
	}
	return hop
}

// made says what a box did that answered itself.
func made(c *result.Conversation) string {
	if c.HTTP == nil {
		return "answered " + c.Answer()
	}
	return "made the " + c.Answer() + " itself"
}

func boxName(product string) string {
	if product == "" {
		return "A load balancer or proxy"
	}
	return origin.Title(product)
}

// behind is the server that showed itself: what it said to what decided, or else its worst answer.
func behind(r *result.Result) (Hop, bool) {
	chosen, names := shown(r)
	if chosen == nil {
		return Hop{}, false
	}
	hop := Hop{Name: serverName(chosen.Origin), Where: strings.Join(names, ", "), Note: "answered " + chosen.Answer(), State: Succeeded}
	switch {
	case blames(r) != nil: // the finding decides
		hop.State = stateOf(chosen)
	case chosen == r.Deciding && r.Failure != nil:
		hop.State, hop.Note = Failed, fmt.Sprintf("%s (%s: %s)", hop.Note, r.Failure.Stage, r.Failure.Reason)
	case chosen.Status() >= 500:
		hop.State = Failed
	}
	return hop, true
}

// serverName names a server that showed itself, as the beginning of a line.
func serverName(o origin.Origin) string {
	name := kinds[o.Kind]
	if o.Product != "" && o.Kind != origin.Exchange {
		name += " (" + origin.Title(o.Product) + ")"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// shown is the answer that tells most of the server, and the names of those that answered.
func shown(r *result.Result) (chosen *result.Conversation, names []string) {
	for _, x := range r.Conversations {
		if !x.Answered() || x.Origin.Kind == origin.Middlebox || x.Origin.Kind == origin.Proxy || kinds[x.Origin.Kind] == "" {
			continue
		}
		if name := x.Origin.Frontend; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		if chosen == nil || x == r.Deciding || chosen != r.Deciding && x.Status() > chosen.Status() {
			chosen = x
		}
	}
	return chosen, names
}

// blames is the worst finding that says which box is at fault; nil for none.
func blames(r *result.Result) *result.Finding {
	for _, severity := range []result.Severity{result.Error, result.Warning} {
		for i, f := range r.Findings {
			if f.Severity == severity && f.Blames != "" {
				return &r.Findings[i]
			}
		}
	}
	return nil
}

// blame marks the box that a finding blames: its fault shows in what the other one answered.
func blame(r *result.Result, box, server *Hop) {
	f := blames(r)
	if f == nil {
		return
	}
	state := Failed
	if f.Severity == result.Warning || f.Blames == result.Either {
		state = Warned
	}
	switch f.Blames {
	case result.InBetween:
		box.State, box.Note = state, "the fault lies here: "+f.Code
	case result.Server:
		server.State, server.Note = state, server.Note+"; the fault lies here: "+f.Code
	case result.Either:
		box.State, box.Note = state, "the fault lies here or behind: "+f.Code
		server.State, server.Note = state, server.Note+"; the fault lies here or before"
	}
}
