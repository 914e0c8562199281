package hostile

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/probes"
)

// service is the name of what is probed.
const service = "mail.contoso.test"

// password is the account's, which the peers have no use for.
const password = "correct-horse-battery"

// site is what a probe meets: one peer, or several, and how a module is set to meet it.
type site struct {
	target   string            // as Prometheus gives it
	resolver wire.Resolver     // nil: every name of contoso.test leads to the peers
	auth     string            // keys of the auth, as a YAML flow mapping; empty for none
	settings map[string]string // of a prober, in place of those below
	roots    []byte            // PEM; nil: the authority's
	files    map[string]string // beside the configuration
	peers    []*peer
}

// settings are those of each prober, as small as it gets.
var settings = map[string]string{
	expectContinue: "wait: 1s",
	ewsSync:        "operations: [get_folder]",
	autodiscover:   "email: probe@contoso.test, methods: [pox], attempts: 1",
	authRoundtrips: "objects: 1",
	sslBinding:     "min_days: 0",
	smtpProber:     "security: implicit", // so that it meets the same handshakes
}

// shortest are the limits of probes of a peer that hangs, where that is not 3 s: autodiscover wants more, and ssl_binding
// gives each place of revocation data 5 s of its own.
var shortest = map[string]time.Duration{autodiscover: 4 * time.Second, sslBinding: 7 * time.Second}

// limit is the time that a probe has.
func limit(prober string, hangs bool) time.Duration {
	switch {
	case !hangs:
		return 20 * time.Second
	case shortest[prober] > 0:
		return shortest[prober]
	}
	return 3 * time.Second
}

// probe probes the site once, as the exporter does, and tells how long that took.
func (s site) probe(t *testing.T, prober string, hangs bool) (*result.Result, time.Duration) {
	t.Helper()
	cfg := s.configure(t, prober, limit(prober, hangs))
	if s.resolver == nil {
		s.resolver = leads{}
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: s.resolver,
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	begun := time.Now()
	if prober == smtpProber {
		s.target = strings.TrimPrefix(s.target, "https://")
	}
	answer, err := r.Probe(context.Background(), runner.Request{Module: "module", Target: s.target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result, time.Since(begun)
}

const configuration = `
%s
modules:
  module: {prober: %s, timeout: %s, ip_protocol: ip4, %s tls_config: {ca_file: ca.pem}, %[2]s: {%[5]s}}
policy: {allow: ["127.0.0.0/8", "contoso.test", "*.contoso.test"], deny: ["127.6.6.6"]}
`

func (s site) configure(t *testing.T, prober string, limit time.Duration) *config.Config {
	t.Helper()
	dir := t.TempDir()
	roots := s.roots
	if roots == nil {
		roots = authority().PEM()
	}
	set, ok := s.settings[prober]
	if !ok {
		set = settings[prober]
	}
	auths, use := "", ""
	if s.auth != "" {
		auths = fmt.Sprintf("auths: {account: {%s, targets: [%q]}}", s.auth, strings.TrimPrefix(s.target, "https://"))
		use = "auth: account,"
	}
	files := map[string]string{
		"ca.pem": string(roots), "secret": password + "\n",
		"ews.yml": fmt.Sprintf(configuration, auths, prober, limit, use, set),
	}
	for name, text := range s.files {
		files[name] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// verdict is what a result reports, in the table's words.
//
// No peer here asks for a logon before it misbehaves. That is a fault of its own, and not what the table is about.
func verdict(r *result.Result) string {
	said := "success"
	if r.Failure != nil && r.Failure.Reason != prober.ReasonNoLogonNeeded {
		said = string(r.Failure.Stage) + "/" + r.Failure.Reason
	}
	var codes []string
	for _, f := range r.Findings {
		if f.Code != prober.AnswersWithoutLogon {
			codes = append(codes, ", "+f.Code)
		}
	}
	slices.Sort(codes)
	return said + strings.Join(slices.Compact(codes), "")
}

// authority is that of all peers; making one takes time.
var authority = sync.OnceValue(func() *lab.Authority {
	a, err := lab.NewAuthority()
	if err != nil {
		panic(err)
	}
	return a
})

// secure is a peer's TLS: what the lab's servers have, of any version.
func secure(t testing.TB) *tls.Config {
	t.Helper()
	c, err := authority().ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// peer is a server that plays a script on every connection.
type peer struct {
	*lab.Script
	open atomic.Int64 // connections whose script goes on
}

// listen starts a peer. A nil config is plain TCP.
func listen(t testing.TB, config *tls.Config, steps ...lab.Step) *peer {
	return listenEach(t, config, steps)
}

// listenEach starts a peer that plays the nth script on the nth connection, and the last one on all that follow.
func listenEach(t testing.TB, config *tls.Config, scripts ...[]lab.Step) *peer {
	p := &peer{}
	counted := make([][]lab.Step, len(scripts))
	for i, steps := range scripts {
		counted[i] = []lab.Step{func(c *lab.Conn) error {
			p.open.Add(1)
			defer p.open.Add(-1)
			for _, step := range steps {
				if err := step(c); err != nil {
					return err
				}
			}
			return nil
		}}
	}
	p.Script = lab.ServeEach(t, config, counted...)
	return p
}

// port is where the peer listens.
func (p *peer) port() string {
	_, port, _ := net.SplitHostPort(p.Addr())
	return port
}

// at is a site of one peer, under the service's name.
func at(p *peer) site {
	return site{target: "https://" + net.JoinHostPort(service, p.port()), peers: []*peer{p}}
}

// raw is a row's peer that plays a script on TCP.
func raw(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site { return at(listen(t, nil, steps...)) }
}

// https is a row's peer that plays a script within TLS.
func https(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site { return at(listen(t, secure(t), steps...)) }
}

// wantEnded waits until the peers have seen their connections end: what a probe opened, it closes.
func (s site) wantEnded(t *testing.T) {
	t.Helper()
	for _, p := range s.peers {
		for i := 0; p.open.Load() > 0; i++ {
			if i == 500 {
				t.Errorf("%d connections were left open", p.open.Load())
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}
