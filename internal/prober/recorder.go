package prober

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Recorder writes down what a probe does and learns. Its methods may be called by several goroutines of the probe; the
// Result is the prober's to fill once they are done.
type Recorder struct {
	Result *result.Result

	redactor *secret.Redactor
	epoch    time.Time
	progress func(step string, running bool)

	mu       sync.Mutex
	issued   map[string]bool        // values that responses handed out and that the redactor knows
	loggedOn map[int]bool           // connections that carried credentials, by their number
	freely   []*result.Conversation // in which EWS answered who had not logged on
	tunnels  []tunnel               // that a proxy did not open
}

// NewRecorder makes the Recorder of a probe that began when its Result says. progress is told of each step that begins
// (running) or ends; nil: nobody wants to know. It must not wait.
func NewRecorder(res *result.Result, redactor *secret.Redactor, progress func(step string, running bool)) *Recorder {
	return &Recorder{Result: res, redactor: redactor, epoch: res.Start, progress: progress}
}

// Now is the time since the probe began.
func (r *Recorder) Now() wire.Seconds { return wire.Seconds(time.Since(r.epoch).Seconds()) }

// Step is a step under way.
type Step struct {
	recorder *Recorder
	record   *result.Step
}

// Step begins a step at the top of the tree.
func (r *Recorder) Step(name string) *Step { return r.begin(name, &r.Result.Steps) }

// beside is a step for what is done beside the probe: nobody is told of it, nor of the steps within it.
func (r *Recorder) beside() *Step {
	return &Step{&Recorder{epoch: r.epoch}, &result.Step{}}
}

// Within begins a step within another one, or at the top where that is nil.
func (r *Recorder) Within(step *Step, part string) *Step {
	if step == nil {
		return r.Step(part)
	}
	return step.Step(part)
}

// Step begins a step within s; its name is s's, a dot, and part.
func (s *Step) Step(part string) *Step {
	return s.recorder.begin(s.record.Name+"."+part, &s.record.Steps)
}

func (r *Recorder) begin(name string, siblings *[]*result.Step) *Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := &result.Step{Name: name, Start: r.Now()}
	*siblings = append(*siblings, record)
	r.tell(name, true)
	return &Step{r, record}
}

func (r *Recorder) tell(step string, running bool) {
	if r.progress != nil {
		r.progress(step, running)
	}
}

// Name is the step's dotted name.
func (s *Step) Name() string { return s.record.Name }

// Detail sets the line that a person reads beside the step. A nil step has none.
func (s *Step) Detail(format string, args ...any) {
	if s != nil {
		secret.Own(format)
		s.record.Detail = fmt.Sprintf(format, args...)
	}
}

// End ends the step; err, if any, is why it did not succeed. It returns err as a failure.
func (s *Step) End(err error) *failure.Failure {
	s.recorder.tell(s.record.Name, false)
	s.record.End = s.recorder.Now()
	s.record.Failure = failure.From(err)
	return s.record.Failure
}

// Connection is the last connection that was opened within the step; nil when none was, or for a nil step.
func (s *Step) Connection() *wire.Connection {
	if s == nil {
		return nil
	}
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	for _, child := range slices.Backward(s.record.Steps) {
		for _, c := range s.recorder.Result.Connections {
			if c.ID == child.Connection {
				return c
			}
		}
	}
	return nil
}

// Fail says afterwards that the step did not succeed: the verdict came later. A nil step or failure changes nothing.
func (s *Step) Fail(f *failure.Failure) {
	if s != nil && f != nil && s.record.Failure == nil {
		s.record.Failure = f
	}
}

// Warn says that the step succeeded, and that what came of it is not as it should be. A nil step is not marked.
func (s *Step) Warn() {
	if s != nil {
		s.record.Odd = true
	}
}

// On notes the connection that the step uses, which tells steps of one name apart.
func (s *Step) On(conn *wire.Conn) { s.record.Connection = conn.Record.ID }

// Do runs f as a step within s.
func (s *Step) Do(part string, f func() error) error {
	step := s.Step(part)
	if failed := step.End(f()); failed != nil {
		return failed
	}
	return nil
}

// connected records a connection that was really dialled.
func (r *Recorder) connected(c *wire.Connection) {
	if c.Connect == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Result.Connections = append(r.Result.Connections, c)
}

// inVain keeps how long a look-up in vain took, which is worth knowing where nothing else decides.
func (r *Recorder) inVain(name string, res *wire.Resolution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Result.DecidingConnection == nil {
		r.Result.DecidingConnection = &wire.Connection{Name: name, Resolve: res.Span}
	}
}

// Exchanged records a conversation over HTTP, of step on conn, and reads who answered it. body is what was read of the
// final response's body: an excerpt is kept of error pages only, because anything else may be mail.
func (r *Recorder) Exchanged(step string, conn *wire.Conn, x *wire.Exchange, body []byte, err error) *result.Conversation {
	c := &result.Conversation{Step: step, Protocol: result.HTTPProtocol, HTTP: x, Origin: origin.Origin{Kind: origin.Unknown}}
	if f := x.Final; f != nil {
		r.hideIssued(f)
		response := &origin.Response{Proto: f.Proto, Status: f.Status, Reason: f.Reason, Header: f.Header, Body: body, URL: x.URL}
		c.Origin = origin.Identify(response)
		c.Reading = origin.Read(response, c.Origin)
		f.Excerpt = excerpt(f, r.redactor, body)
	}
	r.converse(c, conn, err)
	r.lookForLogon(c, conn, body)
	return c
}

// Talked records a conversation in lines or packets, of step on conn, who answered it, and what came of it in a few
// words. conn is nil where none was needed.
func (r *Recorder) Talked(step string, protocol result.Protocol, conn *wire.Conn, talk *wire.Talk, who origin.Origin, err error) *result.Conversation {
	return r.converse(&result.Conversation{Step: step, Protocol: protocol, Talk: talk, Origin: who}, conn, err)
}

func (r *Recorder) converse(c *result.Conversation, conn *wire.Conn, err error) *result.Conversation {
	if conn != nil {
		c.Connection = conn.Record.ID
	}
	if err != nil {
		c.Error = err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Result.Conversations = append(r.Result.Conversations, c)
	return c
}

// What a response hands out and counts as secret. A target that hands out more than a probe has use for must not fill
// the redactor, which then hides everything.
const (
	maxIssued = 32 // cookies and tokens of a probe
	minIssued = 8  // bytes; shorter ones stand in any text
)

// hideIssued makes cookies and the tokens of challenges known as secret.
func (r *Recorder) hideIssued(f *wire.Response) {
	var values []string
	for _, cookie := range f.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(cookie, ";")
		_, value, _ := strings.Cut(pair, "=")
		values = append(values, strings.Trim(strings.TrimSpace(value), `"`))
	}
	for _, c := range auth.ParseChallenges(f.Values("WWW-Authenticate")) {
		values = append(values, c.Token68)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		if len(v) >= minIssued && !r.issued[v] && len(r.issued) < maxIssued && !r.named(v) {
			if r.issued == nil {
				r.issued = map[string]bool{}
			}
			r.issued[v] = true
			r.redactor.Add(v)
		}
	}
}

// named tells whether a value is a part of what was asked for, as a cookie that names the server is. It is no secret, and a target could
// otherwise have its own name taken out of its results, by which they are found.
func (r *Recorder) named(value string) bool {
	res, part := r.Result, strings.ToLower(value)
	return slices.ContainsFunc([]string{res.Target, res.Name, res.Mailbox, res.Address}, func(asked string) bool {
		return strings.Contains(strings.ToLower(asked), part)
	})
}

// maxExcerpt is how much of an error page is kept for a person.
const maxExcerpt = 1024

// maxPage is how much of it is looked through for secrets: much more than is kept, for one may lie across the end of that.
const maxPage = 16 << 10

func excerpt(f *wire.Response, redactor *secret.Redactor, body []byte) string {
	if f.Status < 400 || strings.Contains(strings.ToLower(f.Get("Content-Type")), "xml") {
		return ""
	}
	return plain.Cut(redactor.String(string(body[:min(len(body), maxPage)])), maxExcerpt)
}

// Conclude draws, once a probe is over, what follows whatever the prober.
func (r *Recorder) Conclude() {
	r.concludeTunnels()
	r.concludeCertificate()
	r.concludeFreely()
}

// Find records a finding.
func (r *Recorder) Find(code string, severity result.Severity, who origin.Origin, format string, args ...any) {
	secret.Own(format)
	r.Result.Findings = append(r.Result.Findings, result.Finding{
		Code: code, Severity: severity, Origin: who.Kind, Product: who.Product, Sentence: fmt.Sprintf(format, args...),
	})
}

// Found tells whether there is a finding with this code.
func (r *Recorder) Found(code string) bool {
	return slices.ContainsFunc(r.Result.Findings, func(f result.Finding) bool { return f.Code == code })
}

// FindBox records that a box in front of the server made the response of c itself, where it did. It is a finding behind a
// failure, and the first one tells.
func (r *Recorder) FindBox(c *result.Conversation) {
	if c.Response() != nil && c.Origin.Kind == origin.Middlebox && !r.Found(AnsweredByMiddlebox) {
		r.Find(AnsweredByMiddlebox, result.Error, c.Origin, "In step %s %s answered %s itself: the request did not get a real answer from a server%s.",
			c.Step, c.Origin.Name(), c.Answer(), c.Reading.Text())
	}
}

// Blame says of the last finding, which is the one behind the probe's failure, which box is at fault, where that is not
// simply the one whose answer shows it.
func (r *Recorder) Blame(who result.Blame) {
	r.Result.Findings[len(r.Result.Findings)-1].Blames = who
}

// Contrast looks again at who answered, now that all conversations of the probe are there: what carries no identity,
// where another response of the same URL carried Exchange's, came from a box in front of it.
func (r *Recorder) Contrast() {
	for _, c := range r.Result.Conversations {
		if c.Response() == nil {
			continue
		}
		var others []origin.Origin
		for _, o := range r.Result.Conversations {
			if o != c && o.Response() != nil && o.URL == c.URL {
				others = append(others, o.Origin)
			}
		}
		if before := c.Origin.Kind; before != origin.Middlebox {
			if c.Origin = origin.Contrast(c.Origin, others); c.Origin.Kind == origin.Middlebox {
				c.Reading.MadeByBox(c.Final.Status)
			}
		}
	}
}
