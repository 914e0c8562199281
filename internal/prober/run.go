package prober

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// MaxConnections is how many connections one probe may open.
const MaxConnections = 64

// Run is one probe under way. Its methods may be called by several goroutines of one probe; the Result is the
// prober's to fill once they are done.
type Run struct {
	Target target.Target
	Module *config.Module
	Result *result.Result
	Agent  string // the User-Agent: "ews_exporter/VERSION"

	// Secrets gives the logon of the module's auth; nil without one.
	Secrets *Secrets
	// Others are the logons of the auths that the prober's own settings name, by the auth's name.
	Others   map[string]*Secrets
	Redactor *secret.Redactor
	// Pauses is the process's; nil: nothing is remembered from probe to probe.
	Pauses *Pauses
	// Turns are the process's; nil: nobody waits for a turn.
	Turns  *Turns
	Dialer *wire.Dialer

	// Elsewhere dials hosts that a target names, not the configuration (see policy.Elsewhere); nil: they are not asked.
	Elsewhere *wire.Dialer

	// Progress is told of each step that begins (running) or ends; nil: nobody wants to know. It must not wait.
	Progress func(step string, running bool)

	of *Run // the probe's own, for a view that At made; nil for that itself

	mu          sync.Mutex
	connections int
	issued      map[string]bool // values that responses handed out and that the redactor knows
}

// At is a view of the run for a host that the probe was sent to on its way. It goes by that host's own name, and shares
// Result, limits, policy and redaction. Its logons are the same account's, and only where the auth's targets name the
// host: without that Open fails.
func (r *Run) At(t target.Target) *Run {
	root := r.root()
	view := &Run{
		Target: t, Module: root.Module, Result: root.Result, Agent: root.Agent,
		Redactor: root.Redactor, Dialer: root.Dialer, Elsewhere: root.Elsewhere, of: root,
	}
	if root.Secrets != nil {
		view.Secrets = root.Secrets.at(root.Module.Name, t)
	}
	return view
}

// root is the run that views share.
func (r *Run) root() *Run {
	if r.of != nil {
		return r.of
	}
	return r
}

// Now is the time since the probe began.
func (r *Run) Now() wire.Seconds { return wire.Seconds(time.Since(r.Dialer.Epoch).Seconds()) }

// Step is a step under way.
type Step struct {
	run    *Run
	record *result.Step
}

// Step begins a step at the top of the tree.
func (r *Run) Step(name string) *Step { return r.begin(name, &r.Result.Steps) }

// Step begins a step within s; its name is s's, a dot, and part.
func (s *Step) Step(part string) *Step { return s.run.begin(s.record.Name+"."+part, &s.record.Steps) }

func (r *Run) begin(name string, siblings *[]*result.Step) *Step {
	mu := &r.root().mu
	mu.Lock()
	defer mu.Unlock()
	record := &result.Step{Name: name, Start: r.Now()}
	*siblings = append(*siblings, record)
	r.tell(name, true)
	return &Step{r, record}
}

func (r *Run) tell(step string, running bool) {
	if r.Progress != nil {
		r.Progress(step, running)
	}
}

// Name is the step's dotted name.
func (s *Step) Name() string { return s.record.Name }

// Detail sets the line that a person reads beside the step. A nil step has none.
func (s *Step) Detail(format string, args ...any) {
	if s != nil {
		s.record.Detail = fmt.Sprintf(format, args...)
	}
}

// End ends the step; err, if any, is why it did not succeed. It returns err as a failure.
func (s *Step) End(err error) *failure.Failure {
	s.run.tell(s.record.Name, false)
	s.record.End = s.run.Now()
	s.record.Failure = failure.From(err)
	return s.record.Failure
}

// Connection is the last connection that was opened within the step; nil when none was, or for a nil step.
func (s *Step) Connection() *wire.Connection {
	if s == nil {
		return nil
	}
	mu := &s.run.root().mu
	mu.Lock()
	defer mu.Unlock()
	for _, child := range slices.Backward(s.record.Steps) {
		for _, c := range s.run.Result.Connections {
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

// Panic is what Parallel raises again: where the panic happened. Its value is left behind, for it may hold a secret.
type Panic struct{ Stack string }

// Parallel runs fs side by side and returns when all have ended. A panic in one is raised again here, as a Panic.
func (r *Run) Parallel(fs ...func()) {
	var wg sync.WaitGroup
	panics := make(chan Panic, len(fs))
	for _, f := range fs {
		wg.Go(func() {
			defer func() {
				if fault := recover(); fault != nil {
					panics <- Panic{string(debug.Stack())}
				}
			}()
			f()
		})
	}
	wg.Wait()
	select {
	case p := <-panics:
		panic(p)
	default:
	}
}

// Resolve looks the target up, as step "resolve".
func (r *Run) Resolve(ctx context.Context) (*wire.Resolution, error) {
	return r.ResolveHost(ctx, r.Target.Host)
}

// ResolveHost looks another host up that the module's configuration names, as step "resolve" too.
func (r *Run) ResolveHost(ctx context.Context, host string) (*wire.Resolution, error) {
	return r.resolve(ctx, r.Step("resolve"), host)
}

// ResolveWithin looks the target up, as step "resolve" within step.
func (r *Run) ResolveWithin(ctx context.Context, step *Step) (*wire.Resolution, error) {
	return r.resolve(ctx, step.Step("resolve"), r.Target.Host)
}

// ResolveAbsolute is ResolveWithin, but the name is asked for as it stands: no resolver appends a search domain to it.
func (r *Run) ResolveAbsolute(ctx context.Context, step *Step) (*wire.Resolution, error) {
	if r.Target.Addr.IsValid() {
		return r.ResolveWithin(ctx, step)
	}
	return r.resolve(ctx, step.Step("resolve"), r.Target.Host+".")
}

func (r *Run) resolve(ctx context.Context, step *Step, host string) (*wire.Resolution, error) {
	res, err := r.Dialer.Resolve(ctx, host, wire.Preference{Protocol: r.Module.IPProtocol, Fallback: r.Module.IPProtocolFallback})
	res.Name = strings.TrimSuffix(res.Name, ".") // as policy knows it
	if err != nil {
		step.Detail("%s", host)
		r.inVain(res)
		return nil, step.End(err)
	}
	step.Detail("%s → %s", host, join(res.Addresses))
	if res.Dropped > 0 {
		step.Detail("%s → %s, and %d more that are not looked at", host, join(res.Addresses), res.Dropped)
	}
	step.End(nil)
	return res, nil
}

// inVain keeps how long a look-up in vain took, which is worth knowing where nothing else decides.
func (r *Run) inVain(res *wire.Resolution) {
	mu := &r.root().mu
	mu.Lock()
	defer mu.Unlock()
	if r.Result.DecidingConnection == nil {
		r.Result.DecidingConnection = &wire.Connection{Name: r.Target.Name, Resolve: res.Span}
	}
}

func join(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// Dial opens a connection to the target's port at address, as steps "connect" and, over https, "tls" within step. The
// connection is recorded whatever happens; the caller closes it when err is nil.
func (r *Run) Dial(ctx context.Context, step *Step, res *wire.Resolution, address netip.Addr) (*wire.Conn, error) {
	conn, err := r.Connect(ctx, step, res, netip.AddrPortFrom(address, r.Target.Port))
	if err != nil || r.Target.Scheme != "https" {
		return conn, err
	}
	if err := r.Handshake(step, conn, r.tls()); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Connect opens a TCP connection to address, as step "connect" within step. The connection is recorded whatever happens;
// the caller closes it when err is nil.
func (r *Run) Connect(ctx context.Context, step *Step, res *wire.Resolution, address netip.AddrPort) (*wire.Conn, error) {
	connect := step.Step("connect")
	id, err := r.connectionID()
	if err != nil {
		return nil, connect.End(err)
	}
	conn, err := r.Dialer.Connect(ctx, id, r.Target.Name, res, address)
	r.keep(conn.Record)
	connect.record.Connection = id
	connect.Detail("%s", conn)
	if connect.End(err) != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Handshake secures a connection, as step "tls" within step. It leaves the connection open, also when it fails.
func (r *Run) Handshake(step *Step, conn *wire.Conn, opts *wire.TLS) error {
	secure := step.Step("tls")
	secure.record.Connection = conn.Record.ID
	err := conn.Handshake(opts)
	secure.Detail("%s", tlsDetail(conn.Record.Secure))
	secure.End(err)
	return err
}

func tlsDetail(s *wire.Secure) string {
	if len(s.Chain) == 0 {
		return "no certificate seen"
	}
	return fmt.Sprintf("%s, certificate %s", s.Version, s.Chain[0].Subject)
}

func (r *Run) tls() *wire.TLS {
	name := r.Module.TLS.ServerName
	if name == "" || r.Target.Name != r.root().Target.Name { // server_name is of the target alone
		name = r.Target.Name
	}
	return &wire.TLS{
		ServerName: name,
		Roots:      r.Module.TLS.Roots(),
		MinVersion: r.Module.TLS.Version(),
		Pins:       r.Module.TLS.Pins,
		Insecure:   r.Module.TLS.InsecureSkipVerify,
	}
}

// Request builds a request to the target.
func (r *Run) Request(method, path string, fields []origin.Field, body []byte) *wire.Request {
	return &wire.Request{
		Method: method, URL: r.Target.URL(path), Target: path, Host: r.Target.Authority(),
		Header: fields, Body: body, SendLength: method == "POST" || method == "PUT",
	}
}

// connectionID numbers the next connection, within the limit of a probe.
func (r *Run) connectionID() (int, error) {
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.connections >= MaxConnections {
		return 0, failure.New(failure.Policy, "too_many_connections", "a probe may open %d connections, and this one wants more", MaxConnections)
	}
	r.connections++
	return r.connections, nil
}

// keep records a connection that was really dialled.
func (r *Run) keep(c *wire.Connection) {
	if c.Connect == nil {
		return
	}
	mu := &r.root().mu
	mu.Lock()
	defer mu.Unlock()
	r.Result.Connections = append(r.Result.Connections, c)
}

// Keep records an exchange of step and reads who answered it. body is what was read of the final response's body: an
// excerpt is kept of error pages only, because anything else may be mail.
func (r *Run) Keep(step string, x *wire.Exchange, body []byte, err error) *result.Exchange {
	e := &result.Exchange{Step: step, Exchange: x, Origin: origin.Origin{Kind: origin.Unknown}}
	if err != nil {
		e.Error = err.Error()
	}
	if f := x.Final; f != nil {
		r.hideIssued(f)
		e.Origin = origin.Identify(&origin.Response{Proto: f.Proto, Status: f.Status, Reason: f.Reason, Header: f.Header, Body: body})
		f.Excerpt = excerpt(f, r.Redactor, body)
	}
	mu := &r.root().mu
	mu.Lock()
	defer mu.Unlock()
	r.Result.Exchanges = append(r.Result.Exchanges, e)
	return e
}

// What a response hands out and counts as secret. A target that hands out more than a probe has use for must not fill
// the redactor, which then hides everything.
const (
	maxIssued = 32 // cookies and tokens of a probe
	minIssued = 8  // bytes; shorter ones stand in any text
)

// hideIssued makes cookies and the tokens of challenges known as secret.
func (r *Run) hideIssued(f *wire.Response) {
	var values []string
	for _, cookie := range f.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(cookie, ";")
		_, value, _ := strings.Cut(pair, "=")
		values = append(values, strings.Trim(strings.TrimSpace(value), `"`))
	}
	for _, c := range auth.ParseChallenges(f.Values("WWW-Authenticate")) {
		values = append(values, c.Token68)
	}
	r = r.root()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		if len(v) >= minIssued && !r.issued[v] && len(r.issued) < maxIssued {
			if r.issued == nil {
				r.issued = map[string]bool{}
			}
			r.issued[v] = true
			r.Redactor.Add(v)
		}
	}
}

// maxExcerpt is how much of an error page is kept for a person.
const maxExcerpt = 1024

func excerpt(f *wire.Response, redactor *secret.Redactor, body []byte) string {
	if f.Status < 400 || strings.Contains(strings.ToLower(f.Get("Content-Type")), "xml") {
		return ""
	}
	return plain.Cut(redactor.String(string(body)), maxExcerpt)
}

// Find records a finding.
func (r *Run) Find(code string, severity result.Severity, who origin.Origin, format string, args ...any) {
	r.Result.Findings = append(r.Result.Findings, result.Finding{
		Code: code, Severity: severity, Origin: who.Kind, Product: who.Product, Sentence: fmt.Sprintf(format, args...),
	})
}

// Blame says of the last finding, which is the one behind the probe's failure, which box is at fault, where that is not
// simply the one whose answer shows it.
func (r *Run) Blame(who result.Blame) {
	r.Result.Findings[len(r.Result.Findings)-1].Blames = who
}

// Contrast looks again at who answered, now that all exchanges of the probe are there: what carries no identity, where
// another response of the same URL carried Exchange's, came from a box in front of it.
func (r *Run) Contrast() {
	for _, e := range r.Result.Exchanges {
		if e.Final == nil {
			continue
		}
		var others []origin.Origin
		for _, o := range r.Result.Exchanges {
			if o != e && o.Final != nil && o.URL == e.URL {
				others = append(others, o.Origin)
			}
		}
		e.Origin = origin.Contrast(e.Origin, others)
	}
}

// Headers gives configured headers in a fixed order after the probe's own.
func Headers(own []origin.Field, configured map[string]string) []origin.Field {
	names := make([]string, 0, len(configured))
	for name := range configured {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		own = slices.DeleteFunc(own, func(f origin.Field) bool { return strings.EqualFold(f.Name, name) })
		own = append(own, origin.Field{Name: name, Value: configured[name]})
	}
	return own
}
