package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// State is how something looks at a glance.
type State string

// The states, worst first.
const (
	Failed    State = "failed"
	Warned    State = "warning"   // it works, and a finding says what is wrong with it
	Undecided State = "undecided" // nothing failed, but what the probe is for was not tested
	Succeeded State = "succeeded"
	Unknown   State = "unknown" // nothing is known of it
)

// StateOf is the state of a probe.
func StateOf(r *result.Result) State {
	if !r.Success() {
		return Failed
	}
	if slices.ContainsFunc(r.Findings, func(f result.Finding) bool { return f.Severity == result.Warning }) {
		return Warned
	}
	if r.Undecided != "" {
		return Undecided
	}
	return Succeeded
}

// Word is what came of a probe in a word or two, for a table: "✓ works".
func Word(r *result.Result) string {
	switch StateOf(r) {
	case Failed:
		return "✗ failed"
	case Warned:
		return "! warning"
	case Undecided:
		word, _, _ := strings.Cut(r.Undecided, ":")
		return "? " + strings.ToLower(word)
	}
	return "✓ works"
}

// Wrong says in one sentence what is wrong, "" for nothing. A finding that explains a failure tells more than it.
func Wrong(r *result.Result) string {
	if r.Failure != nil {
		if i := slices.IndexFunc(r.Findings, func(f result.Finding) bool { return f.Severity == result.Error }); i >= 0 {
			return firstSentence(r.Findings[i].Sentence)
		}
		return firstSentence(r.Failure.Message)
	}
	if f := warning(r); f != nil {
		return firstSentence(f.Sentence)
	}
	_, why, _ := strings.Cut(r.Undecided, ": ")
	return why
}

// warning is the one that somebody has to act on first; nil for none.
func warning(r *result.Result) *result.Finding {
	var first *result.Finding
	for i, f := range r.Findings {
		if f.Severity == result.Warning && (first == nil || r.Verdict != nil && r.Verdict.Finding == f.Code && first.Code != f.Code) {
			first = &r.Findings[i]
		}
	}
	return first
}

// firstSentence is what a text says first. A point within a name or a number ends nothing.
func firstSentence(text string) string {
	for i := range text {
		rest := text[i:]
		if strings.HasPrefix(rest, ". ") && len(rest) > 2 && unicode.IsUpper(rune(rest[2])) {
			return text[:i]
		}
	}
	return strings.TrimSuffix(text, ".")
}

// View is a Result arranged for a page. Its strings are as the target sent them: the page escapes.
type View struct {
	*result.Result
	State     State
	Verdict   string  // one sentence
	Act       []Entry // who acts, what to do first, and the proof
	Path      []Hop   // who stood between the prober and the mailbox; empty where that cannot be told
	Ticks     []Tick  // of the time axis
	Phases    []Phase // those that the rows show
	Rows      []*Row  // the tree of steps
	Endpoints []*wire.Connection
}

// Row is one line of the tree: a step, or a conversation within one.
type Row struct {
	Step         *result.Step  // nil for a conversation
	Conversation *Conversation // nil for a step
	State        State
	Start        wire.Seconds
	Took         wire.Seconds
	Bars         []Bar
	Detail       string
	Failure      string // what went wrong, where nothing within it says the same
	Rows         []*Row
}

// Conversation is a conversation with what belongs to it.
type Conversation struct {
	*result.Conversation
	Endpoint *wire.Connection // nil when nothing is known of it
	By       string           // who answered
	Title    string           // what was asked, and what came of it
	Deciding bool
}

// NewView arranges r.
func NewView(r *result.Result) *View {
	v := &View{Result: r, State: StateOf(r), Verdict: Verdict(r), Act: Act(r.Verdict), Path: path(r)}
	b := &builder{lookup: lookup{r}, axis: newAxis(r), shown: map[*result.Conversation]bool{}}
	v.Ticks = b.axis.ticks()
	v.Rows = b.rows(r.Steps)
	for _, x := range r.Conversations { // those of no step: nothing measured is hidden
		v.Rows = b.conversation(v.Rows, x)
	}
	used := map[Phase]bool{}
	collect(v.Rows, used)
	v.Phases = slices.DeleteFunc(slices.Clone(phases), func(p Phase) bool { return !used[p] })
	v.Endpoints = slices.Clone(r.Connections)
	slices.SortStableFunc(v.Endpoints, func(a, b *wire.Connection) int { return a.ID - b.ID })
	return v
}

func collect(rows []*Row, used map[Phase]bool) {
	for _, row := range rows {
		for _, b := range row.Bars {
			used[b.Phase] = true
		}
		collect(row.Rows, used)
	}
}

// Inside tells whether there is more to a row than its line.
func (r *Row) Inside() bool {
	return r.Conversation != nil || r.Detail != "" || r.Failure != "" || r.Step != nil && r.Step.Connection != 0
}

// Open tells whether what is inside is shown from the start: what decided, and what went wrong.
func (r *Row) Open() bool {
	return r.Conversation != nil && r.Conversation.Deciding || r.Step != nil && r.Failure != ""
}

// builder makes the rows of one view.
type builder struct {
	lookup
	axis  axis
	shown map[*result.Conversation]bool
}

func (b *builder) rows(steps []*result.Step) []*Row {
	var rows []*Row
	for _, s := range steps {
		row := &Row{
			Step: s, State: b.stateOfStep(s, b.conversationsOf(s)), Start: s.Start, Took: max(0, s.End-s.Start), Detail: s.Detail,
			Bars: []Bar{b.axis.bar(phaseOf(s.Name), s.Start, s.End)}, Rows: b.rows(s.Steps),
		}
		if s.Failure != nil {
			row.Failure = reason(s)
		}
		own := b.conversationsOf(s)
		for _, x := range own {
			b.place(row, x)
		}
		if row.Detail == "" && len(own) == 0 {
			row.Detail = endpoint(b.connection(s.Connection))
		}
		rows = append(rows, row)
	}
	return rows
}

// place puts a conversation below the last of the steps that it consists of.
func (b *builder) place(row *Row, x *result.Conversation) {
	for row.Step != nil {
		within, _ := partly(row.Step, []*result.Conversation{x})
		if len(within) == 0 {
			break
		}
		row = row.Rows[len(row.Step.Steps)-1]
	}
	if row.Rows = b.conversation(row.Rows, x); stateOf(x) == Failed && row.State == Succeeded {
		row.State = Warned
	}
}

// conversation appends the row of x, once.
func (b *builder) conversation(rows []*Row, x *result.Conversation) []*Row {
	if b.shown[x] {
		return rows
	}
	b.shown[x] = true
	c := &Conversation{Conversation: x, Endpoint: b.connection(x.Connection), Deciding: x == b.r.Deciding, Title: title(x)}
	row := &Row{Conversation: c, State: stateOf(x), Bars: b.axis.parts(x)}
	if len(row.Bars) > 0 {
		row.Start = row.Bars[0].Start
		row.Took = row.Bars[len(row.Bars)-1].End - row.Start
	}
	if x.Answered() {
		c.By = By(x.Origin)
	}
	if b.r.Failure == nil || x.Error != b.r.Failure.Message {
		row.Failure = x.Error
	}
	return append(rows, row)
}

// title is what a conversation began with, and what came of it.
func title(x *result.Conversation) string {
	what := strings.ToUpper(string(x.Protocol))
	if x.HTTP != nil {
		what = x.Method
	}
	return what + " → " + cmp.Or(x.Answer(), "no answer")
}

// stateOf judges a conversation alone.
func stateOf(x *result.Conversation) State {
	switch {
	case x.Response() != nil:
		return stateOfStatus(x.Final.Status)
	case x.Error != "":
		return Failed
	case x.Answered():
		return Succeeded
	}
	return Unknown
}

// stateOfStatus judges a status alone: a challenge is part of every logon.
func stateOfStatus(code int) State {
	switch {
	case code >= 400 && code != 401 && code != 407:
		return Failed
	case code == 401 || code == 407:
		return Unknown
	}
	return Succeeded
}
