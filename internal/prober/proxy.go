package prober

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Proxy is what a module's connections go through, over http or https.
type Proxy struct {
	Target  target.Target // its host and port
	TLS     wire.TLS      // of an https one
	Prefer  wire.Preference
	Dialer  *wire.Dialer
	Secrets *Secrets // the logon there; nil without one
}

// ProxySteps are the steps within a step connect that goes through a module's proxy.
var ProxySteps = []StepHelp{
	{"proxy_resolve", "Looking the proxy up, once in a probe."},
	{"proxy_connect", "Connecting to the proxy."},
	{"proxy_tls", "TLS with an https proxy."},
	{"proxy_tunnel", "Asking the proxy to lead to the target's address (CONNECT), with its logon where it asks for one."},
}

// IsProxyStep tells whether a step is one of ProxySteps.
func IsProxyStep(name string) bool {
	_, part, ok := strings.Cut(name, "connect.")
	return ok && slices.ContainsFunc(ProxySteps, func(s StepHelp) bool { return s.Name == part })
}

// What a proxy is given for its answer to CONNECT, and how much of one that is no success is read.
const (
	leadOn      = 10 * time.Second
	answerLimit = 16 << 10
)

// way is a proxy as one probe uses it. It is safe for the goroutines of the probe.
type way struct {
	Proxy
	recorder *Recorder
	agent    string

	mu       sync.Mutex
	resolved *wire.Resolution
	lost     error // why it could not be looked up
	asks     bool  // it has asked for a logon that the probe can make

	verdicts sync.RWMutex // is held for reading while a logon is on its way
	refusal  error        // of a logon in this probe
}

// passage is one connection on its way through the proxy.
type passage struct {
	*way
	conn  *wire.Conn // aimed at the target's address
	hop   *wire.Conn // to the proxy
	step  *Step      // proxy_tunnel
	at    string     // its name
	logon proxyLogon
}

// lead makes a connection, which was aimed at an address, go through the proxy. Its steps are proxy_resolve, the first time,
// proxy_connect, with https proxy_tls, and proxy_tunnel. Errors are failures of stage connect (proxy_*), policy, auth or internal.
func (w *way) lead(ctx context.Context, step *Step, conn *wire.Conn) error {
	p := &passage{way: w, conn: conn}
	for again := true; again; {
		err := p.reach(ctx, step)
		if err != nil {
			return err
		}
		p.step = step.Step("proxy_tunnel")
		p.at = p.step.Name()
		p.step.Detail("CONNECT %s", conn.Record.Address)
		again, err = p.tunnel(ctx)
		err = p.cause(err)
		if failed := p.step.End(err); failed != nil {
			return err
		}
	}
	return nil
}

// reach connects to the proxy, with TLS where it is an https one.
func (p *passage) reach(ctx context.Context, step *Step) error {
	resolution, err := p.resolve(ctx, step)
	if err != nil {
		return err
	}
	connect := step.Step("proxy_connect")
	address := netip.AddrPortFrom(resolution.Addresses[0], p.Target.Port)
	p.hop, err = p.Dialer.Connect(ctx, p.conn.Record.ID, p.Target.Name, resolution, address)
	p.conn.By(p.hop)
	connect.Detail("%s", p.hop)
	if failure.Is(err, failure.Connect) {
		err = failure.New(failure.Connect, ReasonProxyUnreached, "the module's proxy was not reached, so the target was not asked: %w", err)
	}
	if failed := connect.End(err); failed != nil {
		return err
	}
	if p.Target.Scheme != "https" {
		return nil
	}
	secure := step.Step("proxy_tls")
	if err = p.hop.Handshake(&p.TLS); err != nil {
		err = failure.New(failure.Connect, ReasonProxyTLS, "TLS with the module's proxy failed, so the target was not asked: %w", err)
	}
	secure.Detail("%s", tlsDetail(p.hop.Record.Secure))
	if failed := secure.End(err); failed != nil {
		return err
	}
	return nil
}

// resolve looks the proxy up, once in a probe.
func (w *way) resolve(ctx context.Context, step *Step) (*wire.Resolution, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resolved != nil || w.lost != nil {
		return w.resolved, w.lost
	}
	lookup := step.Step("proxy_resolve")
	res, err := w.Dialer.Resolve(ctx, w.Target.Host, w.Prefer)
	if err != nil {
		w.lost = failure.New(failure.Connect, ReasonProxyLookup, "the module's proxy was not found, so the target was not asked: %w", err)
	} else {
		w.resolved = res
		lookup.Detail("%s → %s", w.Target.Host, join(res.Addresses))
	}
	lookup.End(w.lost)
	return w.resolved, w.lost
}

// tunnel asks the proxy to lead on, and enters where it does. Where it asks for a logon that the probe can make, that is made:
// over the same connection, or, where the proxy ends that, over another one, for which it is to be called again.
func (p *passage) tunnel(ctx context.Context) (again bool, err error) {
	logsOn := p.asked()
	for {
		if logsOn { // for the last time around
			p.verdicts.RLock()
			defer p.verdicts.RUnlock()
			if err := p.logon.begin(ctx, p.way, p.hop); err != nil {
				return false, err
			}
		}
		x, body, err := p.ask()
		p.logon.judge(x.Record.Final)
		switch final := x.Record.Final; {
		case err != nil:
			return false, p.broken(x, err)
		case final.Status/100 == 2:
			p.conn.Enter(p.hop)
			return false, nil
		case final.Status != 407 || logsOn || p.Secrets == nil || !offersBasic(final):
			err := p.refused(x, body)
			if final.Status == 407 && logsOn {
				p.noteRefusal(err)
			}
			return false, err
		}
		p.noteAsked()
		if !p.hop.Reusable() {
			p.hop.Close()
			return true, nil
		}
		logsOn = true
	}
}

func (w *way) asked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asks
}

func (w *way) noteRefusal(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusal = err
}

// cause is why a logon failed: one that is held back because of another in this probe failed for what that was answered.
func (w *way) cause(err error) error {
	if !failure.Is(err, failure.Auth, auth.Suspended) {
		return err
	}
	w.verdicts.Lock() // until those on their way have been answered
	defer w.verdicts.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusal != nil {
		return w.refusal
	}
	return err
}

func (w *way) noteAsked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks = true
}

// ask sends CONNECT and reads what comes back. The address is asked for that policy has permitted, and not its name: nobody here
// has seen what that leads to at the proxy.
func (p *passage) ask() (*wire.Dialogue, []byte, error) {
	to := p.conn.Record.Address.String()
	fields := []origin.Field{{Name: "User-Agent", Value: p.agent}}
	if p.logon.authorization != "" {
		fields = append(fields, origin.Field{Name: "Proxy-Authorization", Value: p.logon.authorization})
	}
	begun := p.recorder.Now()
	x, body, err := p.hop.Ask(&wire.Request{Method: "CONNECT", URL: to, Target: to, Host: to, Header: fields}, time.Now().Add(leadOn), answerLimit)
	p.conn.Record.Proxy.Tunnel = &wire.Span{Start: begun, End: p.recorder.Now()}
	if final := x.Record.Final; final != nil {
		p.step.Detail("CONNECT %s: %s", to, answer(final))
	}
	return x, body, err
}

// early refuses what came with the proxy's answer before a handshake, when the target waits to be spoken to. In a protocol in
// which it speaks first its words may come so.
func (w *way) early(step *Step, conn *wire.Conn) error {
	n, asked := conn.Early()
	if n == 0 {
		return nil
	}
	p := &passage{way: w, conn: conn, at: step.Name() + ".connect.proxy_tunnel"}
	return p.tell(asked, nil, ReasonProxyAnswer, "the proxy %s answered CONNECT with %s and sent %d bytes more, while the target speaks TLS and waits to be spoken to: that is a page, and no tunnel",
		conn.Record.Proxy.Address, answer(asked.Record.Final), n)
}

// answer is a status line without the protocol.
func answer(r *wire.Response) string {
	return (&result.Conversation{HTTP: &result.HTTP{Final: r}}).Answer()
}
