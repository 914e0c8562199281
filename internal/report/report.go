// Package report shows a Result to a person: first the verdict, then what to change, then every step with its times,
// the endpoint really used and who answered.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Options say how Text looks.
type Options struct {
	Color bool // ANSI colours, for a terminal
}

// Text writes r as a page of text. What came from the target is escaped: it cannot drive a terminal.
func Text(w io.Writer, r *result.Result, opts Options) error {
	p := &printer{lookup: lookup{r}, paint: painter(opts.Color), shown: map[*result.Conversation]bool{}}
	p.verdict()
	p.act()
	for _, f := range r.Findings {
		p.finding(f)
	}
	p.head()
	for _, t := range r.Tables {
		p.table(t)
	}
	if len(r.Steps)+len(r.Conversations) > 0 {
		p.line("\n%8s %8s", "at (s)", "took (s)")
		p.steps(r.Steps, "", "", nil)
		p.rest()
	}
	_, err := w.Write(p.b.Bytes())
	return err
}

// JSON writes r as indented JSON. Control characters that JSON itself lets through are escaped too, so that looking at
// it in a terminal is harmless.
func JSON(w io.Writer, r *result.Result) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result as JSON: %w", err)
	}
	_, err = io.WriteString(w, plain.Lines(string(data))+"\n")
	return err
}

// Heading writes one sentence in the colour of a state.
func Heading(w io.Writer, sentence string, state State, opts Options) error {
	p := &printer{paint: painter(opts.Color)}
	p.line("%s", p.color(colors[state], sentence))
	_, err := w.Write(p.b.Bytes())
	return err
}

// Finding writes one finding.
func Finding(w io.Writer, f result.Finding, opts Options) error {
	p := &printer{paint: painter(opts.Color)}
	p.finding(f)
	_, err := w.Write(p.b.Bytes())
	return err
}

// printer writes one report into memory, where nothing fails.
type printer struct {
	lookup
	b     bytes.Buffer
	paint func(color, text string) string
	shown map[*result.Conversation]bool
	told  []string // why steps failed
}

// line writes one line. Every string among the arguments is escaped, unless it is a painted one.
func (p *printer) line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = plain.Escape(s)
		}
	}
	text := fmt.Sprintf(format, args...)
	p.b.WriteString(strings.TrimRight(text, " ") + "\n")
}

// painted is text that was escaped, and then coloured.
type painted string

func (p *printer) color(color, text string) painted {
	return painted(p.paint(color, plain.Escape(text)))
}

const (
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

// colors are those of the states. What is undecided has one of its own: it is neither well nor known to be wrong.
var colors = map[State]string{Failed: red, Warned: yellow, Undecided: magenta, Succeeded: green}

func painter(on bool) func(color, text string) string {
	if !on {
		return func(_, text string) string { return text }
	}
	return func(color, text string) string { return "\x1b[" + color + "m" + text + "\x1b[0m" }
}

func (p *printer) verdict() {
	state, end := StateOf(p.r), " "
	if state == Undecided {
		end = ":"
	}
	verdict := Verdict(p.r)
	word := verdict[:max(0, strings.Index(verdict, end))]
	p.line("%s%s", p.color(colors[state], word), verdict[len(word):])
}

// Verdict is what came of a probe, in a sentence that begins with "Failed", "Warning", "Succeeded", or why it shows none of these.
func Verdict(r *result.Result) string {
	if f := r.Failure; f != nil {
		return fmt.Sprintf("Failed after %s s (%s: %s): %s", Length(r.Duration), f.Stage, f.Reason, f.Message)
	}
	undecided := ""
	if r.Undecided != "" {
		undecided = r.Undecided + "."
	}
	if f := warning(r); f != nil { // what has to be done comes before what was not tested
		return strings.TrimSpace(fmt.Sprintf("Warning after %s s (%s): %s. %s", Length(r.Duration), f.Code, firstSentence(f.Sentence), undecided))
	}
	if undecided != "" {
		return undecided
	}
	answer := ""
	if r.Deciding.Answered() {
		answer = ", answered by " + By(r.Deciding.Origin)
	}
	return fmt.Sprintf("Succeeded in %s s: %s of %s%s.", Length(r.Duration), r.Prober, r.Target, answer)
}

var kinds = map[origin.Kind]string{
	origin.Exchange: "Exchange", origin.EWSServer: "an EWS server (not known to be Exchange)", origin.IIS: "IIS", origin.HTTPSys: "Windows (http.sys)",
	origin.Middlebox:  "a box in front of the server",
	origin.MailServer: "a mail server that is not Exchange", origin.DNSServer: "a name server", origin.Gateway: "a gateway of Windows", origin.Proxy: "a proxy on the way out",
}

// By names who answered.
func By(o origin.Origin) string {
	name := kinds[o.Kind]
	if name == "" {
		name = "an unidentified server"
	}
	var more []string
	for _, part := range []struct{ label, value string }{
		{"", origin.Title(o.Product)}, {"front end ", o.Frontend}, {"back end ", o.Backend}, {"version ", o.Version},
	} {
		if part.value != "" {
			more = append(more, part.label+part.value)
		}
	}
	if len(more) > 0 {
		name += " (" + strings.Join(more, ", ") + ")"
	}
	return name
}

func (p *printer) finding(f result.Finding) {
	color := map[result.Severity]string{result.Error: red, result.Warning: yellow, result.Info: cyan}[f.Severity]
	p.line("\n%s %s: %s", p.color(color, string(f.Severity)), f.Code, f.Sentence)
	p.line("  What to do: ews_exporter finding %s (or the page /findings/%s of an exporter)", f.Code, f.Code)
}

func (p *printer) head() {
	r := p.r
	p.line("\nModule  %s (prober %s)", r.Module, r.Prober)
	p.line("Target  %s", r.Target)
	if r.Name != "" && r.Name != r.Target {
		p.line("Name    %s", r.Name)
	}
	if r.Address != "" && r.Address != r.Target {
		p.line("Address %s", r.Address)
	}
	if r.Auth != "" {
		p.line("Auth    %s", r.Auth)
	}
	if r.Proxy != "" {
		p.line("Proxy   %s", r.Proxy)
	}
	p.line("Begun   %s, limit %.3f s", r.Start.UTC().Format(time.RFC3339), r.Limit)
}
