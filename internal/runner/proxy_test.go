package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// outward is a site behind a proxy, and an exporter that asks it.
type outward struct {
	*runner.Runner
	site, proxy *lab.Script

	mu    sync.Mutex
	heads []string // that the proxy was sent
}

// asksOnce refuses a CONNECT whose head lacks this logon; "" refuses none.
func (o *outward) asksOnce(authorization string) func(head string) string {
	return func(head string) string {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.heads = append(o.heads, head)
		if strings.Contains(head, authorization) {
			return ""
		}
		return script.Responds("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"x\"\r\n", "who?")
	}
}

// sent counts the heads that the proxy was sent with a text.
func (o *outward) sent(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, head := range o.heads {
		n += strings.Count(head, text)
	}
	return n
}

// goOut starts a site that answers well, a proxy over the scheme that wants a logon unless that is empty, and an exporter with
// module "out", whose further keys may name PROXY, its port, and SITE.
func goOut(t *testing.T, scheme, authorization, auths, keys string, change func(*runner.Options)) *outward {
	t.Helper()
	o := &outward{}
	o.site = lab.ServeTLS(t, script.TLS(t), script.Each(script.Request(lab.Write(script.Sized("<x/>")))))
	if scheme == "https" {
		o.proxy = lab.ServeTLS(t, script.TLS(t), script.Tunnels(o.asksOnce(authorization)))
	} else {
		o.proxy = lab.Serve(t, script.Tunnels(o.asksOnce(authorization)))
	}
	fill := strings.NewReplacer("PROXY", script.Port(o.proxy), "SITE", script.Port(o.site))
	cfg := load(t, fill.Replace(fmt.Sprintf(`
auths: {other: {username: x, password: none-of-it, schemes: [basic], targets: [elsewhere.example]}%s}
modules:
  out: {prober: asker, ip_protocol: ip4, proxy_url: "%s://127.0.0.1:PROXY", tls_config: {ca_file: ca.pem}%s}
policy: {allow: [127.0.0.0/8], deny: [127.6.6.6]}
`, auths, scheme, keys)), map[string]string{"ca.pem": string(script.Authority().PEM())})
	options := runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
		Resolver: loopbackResolver{},
	}
	if change != nil {
		change(&options)
	}
	o.Runner = runner.New(options)
	return o
}

func (o *outward) ask(t *testing.T, target string) *result.Result {
	t.Helper()
	answer, err := o.Probe(t.Context(), runner.Request{Module: "out", Target: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

const proxyPassword = "pr0xy-s3cret"

// proxyAuth is an auth for the proxy, and the module's key that names it; it goes out as proxyLogon.
const (
	proxyAuth  = `, outward: {username: svc, password: ` + proxyPassword + `, schemes: [basic], targets: ["127.0.0.1:PROXY"]}`
	proxyKey   = `, proxy_auth: outward`
	proxyLogon = "Proxy-Authorization: Basic c3ZjOnByMHh5LXMzY3JldA=="
)

// TestThroughAProxy: a site that nothing but a proxy leads to is probed like any other, and what is measured says what it is of.
func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scheme, logon, auths, keys string }{
		"http":                  {scheme: "http", keys: ", asker: {times: 3}"},
		"https":                 {scheme: "https", keys: ", asker: {times: 3}"},
		"https with a logon":    {scheme: "https", logon: proxyLogon, auths: proxyAuth, keys: proxyKey + ", asker: {times: 3}"},
		"a logon not asked for": {scheme: "https", auths: proxyAuth, keys: proxyKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := goOut(t, c.scheme, c.logon, c.auths, c.keys, nil)
			res := o.ask(t, "mail.contoso.test:"+script.Port(o.site))
			if res.Failure != nil {
				t.Fatal(res.Failure)
			}
			for _, conn := range res.Connections {
				switch hop := conn.Proxy; {
				case hop == nil || conn.Address.String() != o.site.Addr() || hop.Address.String() != o.proxy.Addr():
					t.Errorf("the connection leads to %s by %+v", conn.Address, hop)
				case conn.Connect == nil || conn.Connect != hop.Connect || hop.Tunnel == nil || conn.TLS == nil || (hop.TLS != nil) != (c.scheme == "https"):
					t.Errorf("not everything was measured, or too much: %+v, %+v", conn, hop)
				case hop.Tunnel.Start < hop.Connect.End || conn.TLS.Start < hop.Tunnel.End:
					t.Errorf("it was measured in another order than it was done: %+v, %+v", conn, hop)
				case conn.WireSent == 0 || hop.WireSent <= conn.WireSent:
					t.Errorf("%d bytes went through the tunnel, and %d to the proxy", conn.WireSent, hop.WireSent)
				}
			}
			if n := o.sent("CONNECT " + o.site.Addr() + " HTTP/1.1\r\nHost: " + o.site.Addr() + "\r\nUser-Agent: ews_exporter/test\r\n"); n != len(o.heads) {
				t.Errorf("the proxy was asked otherwise than for the address that policy permits: %q", o.heads)
			}
			if logons := o.sent("Proxy-Authorization"); c.logon == "" && logons > 0 || c.logon != "" && (logons != 3 || len(o.heads) > 6) {
				t.Errorf("%d logons in %d requests: one for each connection, after it was asked for, and none else", logons, len(o.heads))
			}
			if head := o.site.Received(0); strings.Contains(head, "Proxy-") {
				t.Errorf("the site was sent what is the proxy's: %s", head)
			}
		})
	}
}

// TestAProxyIsNoWayAroundPolicy: what may not be probed is not asked of the proxy either, and the proxy is nowhere that it must not be.
func TestAProxyIsNoWayAroundPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		change func(*outward) (module string)
		reason string
	}{
		"a target that is denied": {target: "public.example", reason: "address_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := goOut(t, "http", "", "", "", func(r *runner.Options) { r.Resolver = leads("169.254.169.254") })
			if f := o.ask(t, c.target).Failure; !failure.Is(f, failure.Policy, c.reason) {
				t.Errorf("failure %v, want policy/%s", f, c.reason)
			}
			if o.proxy.Connections() > 0 {
				t.Error("the proxy was asked")
			}
		})
	}
	t.Run("the exporter itself as the proxy", func(t *testing.T) {
		t.Parallel()
		var own netip.AddrPort
		listeners := func(r *runner.Options) { r.Listeners = []netip.AddrPort{own} }
		o := goOut(t, "http", "", "", "", nil)
		own = netip.MustParseAddrPort(o.proxy.Addr())
		cfg := load(t, fmt.Sprintf("modules: {out: {prober: asker, proxy_url: \"http://%s\"}}\npolicy: {allow: [127.0.0.0/8]}", o.proxy.Addr()), nil)
		options := runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Log: slog.New(slog.DiscardHandler)}
		listeners(&options)
		o.Runner = runner.New(options)
		if f := o.ask(t, o.site.Addr()).Failure; !failure.Is(f, failure.Policy, "own_listener") || o.proxy.Connections() > 0 {
			t.Errorf("failure %v, want policy/own_listener, and no connection", f)
		}
	})
}

// leads is a resolver by whom every name is at one address.
type leads string

func (l leads) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr(string(l))}, nil
}

// TestProxyLogonsPassTheGate: a wrong password of the proxy's costs no more logons than any other, and a right one is not
// suspended for a target that is down.
func TestProxyLogonsPassTheGate(t *testing.T) {
	t.Parallel()
	t.Run("wrong", func(t *testing.T) {
		t.Parallel()
		o := goOut(t, "https", "Basic another", proxyAuth, proxyKey, nil)
		last := o.ask(t, "mail.contoso.test:"+script.Port(o.site))
		if !failure.Is(last.Failure, failure.Connect, prober.ReasonProxyLogonRefused) || last.Deciding == nil || last.Deciding.Origin.Kind != "proxy" || last.Deciding.Status() != 407 {
			t.Errorf("failure %v, decided by %+v", last.Failure, last.Deciding)
		}
		for range 20 {
			last = o.ask(t, "mail.contoso.test:"+script.Port(o.site))
		}
		if n := o.sent(proxyLogon); n != 1 || !failure.Is(last.Failure, failure.Auth, auth.Suspended) {
			t.Errorf("%d logons, and then %v", n, last.Failure)
		}
	})
	t.Run("right, and the target down", func(t *testing.T) {
		t.Parallel()
		o := goOut(t, "https", proxyLogon, proxyAuth, proxyKey, nil)
		for range 5 {
			if f := o.ask(t, "mail.contoso.test:1").Failure; !failure.Is(f, failure.Connect, prober.ReasonProxyUpstream) {
				t.Fatal(f)
			}
		}
		if f := o.ask(t, "mail.contoso.test:"+script.Port(o.site)).Failure; f != nil {
			t.Error(f)
		}
	})
}

// TestProxyLogonNeedsAVerifiedProxy: whoever stands between the exporter and the proxy is not sent the password.
func TestProxyLogonNeedsAVerifiedProxy(t *testing.T) {
	t.Parallel()
	o := goOut(t, "https", proxyLogon, proxyAuth, proxyKey+", proxy_tls_config: {min_version: TLS12}", nil) // the system's authorities
	if f := o.ask(t, "mail.contoso.test:"+script.Port(o.site)).Failure; !failure.Is(f, failure.Connect, prober.ReasonProxyTLS) || len(o.heads) > 0 {
		t.Errorf("failure %v, and the proxy was sent %q", f, o.heads)
	}
}

// TestTheTargetMaySpeakWithTheProxysAnswer: in SMTP the server speaks first, and its greeting may come in one segment with the 200.
func TestTheTargetMaySpeakWithTheProxysAnswer(t *testing.T) {
	t.Parallel()
	proxy := lab.Serve(t, lab.ReadHead, lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n220 mail.contoso.test\r\n"), lab.ReadLine, lab.Write("250 ok\r\n"), lab.Hang)
	var heard []string
	puppetDoes.Store(t.Name(), func(ctx context.Context, run *prober.Run) {
		resolution, _ := run.ResolveTarget(ctx)
		endpoint := run.Endpoint(run.Target, resolution)
		endpoint.TLS = nil
		conn, err := run.Network.Open(ctx, run.Step("talk"), endpoint)
		if err != nil {
			run.Result.Fail(failure.From(err))
			return
		}
		defer conn.Close()
		lines := conn.Lines()
		first, _ := lines.Hear()
		_ = lines.Say("EHLO x")
		second, _ := lines.Hear()
		heard = append(heard, first, second)
	})
	cfg := load(t, fmt.Sprintf("modules: {out: {prober: puppet, proxy_url: \"http://%s\", puppet: {path: %q}}}\npolicy: {allow: [127.0.0.0/8]}", proxy.Addr(), t.Name()), nil)
	answer, err := newRunner(cfg).Probe(t.Context(), runner.Request{Module: "out", Target: "127.0.0.1:25"})
	if err != nil || answer.Result.Failure != nil {
		t.Fatal(err, answer.Result.Failure)
	}
	if strings.Join(heard, "|") != "220 mail.contoso.test|250 ok" {
		t.Errorf("heard %q", heard)
	}
}

// TestACertificateBehindAProxyAccusesNobody: where nobody trusts it, it may be the site's own or that of a proxy that opens TLS.
func TestACertificateBehindAProxyAccusesNobody(t *testing.T) {
	t.Parallel()
	o := goOut(t, "http", "", "", "", nil)
	foreign, err := script.Namesake().ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	site := lab.ServeTLS(t, foreign, lab.Hang)
	res := o.ask(t, "mail.contoso.test:"+script.Port(site))
	if !failure.Is(res.Failure, failure.TLS, "certificate_authority") {
		t.Fatal(res.Failure)
	}
	if v := res.Verdict; v == nil || v.Certainty != "undecided" || v.AtFault != "" || v.Advice != "issuer_not_trusted_through_proxy" {
		t.Errorf("the verdict is %+v", v)
	}
}
