package wire

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// shownBy is what one handshake after another shows, of a server that is asked with the same memory.
func shownBy(t *testing.T, pair tls.Certificate, chains *Chains, opts *TLS) (*Conn, error) {
	t.Helper()
	c := connect(t, serve(t, serverConfig(pair), shake), testLimit)
	c.dialer.Chains = chains
	return c, c.Handshake(opts)
}

// verifiedChain is a leaf with what issued it, and what verifies it.
func verifiedChain(t *testing.T, ca *authority, name string) (tls.Certificate, *TLS) {
	t.Helper()
	between := ca.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "in between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	issuer := &authority{between.Leaf, between.PrivateKey.(*ecdsa.PrivateKey)}
	pair := issuer.leaf(t, name)
	pair.Certificate = append(pair.Certificate, between.Leaf.Raw)
	return pair, &TLS{ServerName: name, Roots: ca.pool()}
}

// TestChains_sameAnswer: a chain that is remembered shows all that one shows that was verified just now, in a record of its own.
func TestChains_sameAnswer(t *testing.T) {
	t.Parallel()
	pair, opts := verifiedChain(t, newAuthority(t), "mail.contoso.com")
	var chains Chains
	var seen []*Conn
	for range 3 {
		c, err := shownBy(t, pair, &chains, opts)
		wantFailure(t, err, "", "")
		seen = append(seen, c)
	}
	if chains.find(opts, seen[0].peer.Certificates, time.Now()) == nil {
		t.Fatal("nothing is remembered")
	}
	plain, err := shownBy(t, pair, nil, opts)
	wantFailure(t, err, "", "")
	for _, c := range seen {
		if diff := cmp.Diff(plain.Record.Secure, c.Record.Secure); diff != "" {
			t.Errorf("-verified +remembered:\n%s", diff)
		}
		if diff := cmp.Diff(plain.Peer(), c.Peer(), cmpopts.IgnoreFields(Peer{}, "Suite")); diff != "" {
			t.Errorf("-verified +remembered:\n%s", diff)
		}
		if p := c.Peer(); !c.Leaf().Equal(plain.Leaf()) || len(p.Path()) != 3 || p.Path()[0] != p.Certificates[0] || p.Path()[1] != p.Certificates[1] {
			t.Errorf("leaf %v, path of %d that is not of what was sent", c.Leaf().Subject, len(p.Path()))
		}
	}
	seen[1].Record.Secure.Chain[0].Names[0] = "redacted"
	if got := seen[2].Record.Secure.Chain[0].Names[0]; got != "mail.contoso.com" {
		t.Errorf("what is taken out of one record is taken out of another: %q", got)
	}
}

// TestChains_carryNothingOver: to another name, to other authorities, to other intermediates, or to another configuration.
func TestChains_carryNothingOver(t *testing.T) {
	t.Parallel()
	const name = "mail.contoso.com"
	ca, other := newAuthority(t), newAuthority(t)
	pair, opts := verifiedChain(t, ca, name)
	alone := pair
	alone.Certificate = pair.Certificate[:1]
	for title, test := range map[string]struct {
		pair   tls.Certificate
		opts   TLS
		reason string
	}{
		"another name":              {pair, TLS{ServerName: "owa.contoso.com", Roots: opts.Roots}, "certificate_name"},
		"no name":                   {pair, TLS{Roots: opts.Roots}, "certificate_invalid"},
		"other authorities":         {pair, TLS{ServerName: name, Roots: other.pool()}, "certificate_authority"},
		"the system's":              {pair, TLS{ServerName: name}, "certificate_authority"},
		"no intermediate":           {alone, *opts, "certificate_authority"},
		"another leaf of the name":  {other.leaf(t, name), *opts, "certificate_authority"},
		"the name of another shown": {ca.leaf(t, "owa.contoso.com"), *opts, "certificate_name"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			var chains Chains
			_, err := shownBy(t, pair, &chains, opts)
			wantFailure(t, err, "", "")
			for range 2 { // what is refused is not remembered either
				c, err := shownBy(t, test.pair, &chains, &test.opts)
				wantFailure(t, err, "tls", test.reason)
				if c.Record.Secure.Verified || c.Peer().Refused == nil {
					t.Error("it counts as verified")
				}
			}
		})
	}
}

// TestChains_dates: a chain is remembered for minutes, and no longer than all its dates hold, also where the clock is set.
func TestChains_dates(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	now := time.Now()
	opts := &TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}
	signed := func(from, until time.Time) *x509.Certificate {
		return ca.sign(t, &x509.Certificate{DNSNames: []string{"mail.contoso.com"}, NotBefore: from, NotAfter: until}).Leaf
	}
	long := signed(now.Add(-time.Hour), now.Add(time.Hour))
	soon := signed(now.Add(-time.Hour), now.Add(time.Minute))
	later := signed(now.Add(2*time.Minute), now.Add(time.Hour))
	for title, test := range map[string]struct {
		sent  []*x509.Certificate
		until time.Duration
	}{
		"minutes":                             {[]*x509.Certificate{long}, chainsFor},
		"until it expires":                    {[]*x509.Certificate{soon}, time.Minute},
		"until one beside it expires":         {[]*x509.Certificate{long, soon}, time.Minute},
		"until another one begins to be good": {[]*x509.Certificate{long, later}, 2 * time.Minute},
	} {
		var chains Chains
		chains.remember(opts, test.sent, [][]*x509.Certificate{{test.sent[0], ca.cert}}, now)
		for after, want := range map[time.Duration]bool{0: true, test.until - 2*time.Second: true, test.until: false, -time.Second: false, 24 * time.Hour: false} {
			if got := chains.find(opts, test.sent, now.Add(after)) != nil; got != want {
				t.Errorf("%s: remembered %s later: %t", title, after, got)
			}
		}
	}
	ca.cert.NotAfter = now.Add(30 * time.Second) // as if the authority were over first
	var chains Chains
	chains.remember(opts, []*x509.Certificate{long}, [][]*x509.Certificate{{long, ca.cert}}, now)
	if chains.find(opts, []*x509.Certificate{long}, now.Add(31*time.Second)) != nil {
		t.Error("it outlives the authority")
	}
}

// TestChains_bounds: however many chains there are, and however large, what is remembered is bounded, and given back.
func TestChains_bounds(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	now := time.Now()
	pool := ca.pool()
	leaf := ca.leaf(t, "x").Leaf
	var chains Chains
	remember := func(name string, sent ...*x509.Certificate) {
		chains.remember(&TLS{ServerName: name, Roots: pool}, sent, [][]*x509.Certificate{{sent[0], ca.cert}}, now)
		if len(chains.of) > maxChains || chains.bytes > maxChainBytes {
			t.Fatalf("%d chains of %d bytes", len(chains.of), chains.bytes)
		}
	}
	for i := range maxChains + 100 {
		remember(fmt.Sprint(i), leaf)
	}
	if len(chains.of) != maxChains {
		t.Errorf("%d chains are remembered, want %d", len(chains.of), maxChains)
	}
	large := ca.sign(t, &x509.Certificate{DNSNames: []string{"x"}, Subject: pkix.Name{CommonName: string(make([]byte, maxChainSize-1000))}}).Leaf
	for i := range 200 {
		remember(fmt.Sprint("large ", i), large)
	}
	before := chains.bytes
	remember("too large", large, leaf, leaf, leaf, leaf)
	if chains.bytes != before {
		t.Error("one is remembered that is too large")
	}
	many := make([][]*x509.Certificate, maxPathCerts)
	for i := range many {
		many[i] = []*x509.Certificate{leaf, ca.cert}
	}
	chains.remember(&TLS{ServerName: "crossed", Roots: pool}, []*x509.Certificate{leaf}, many, now)
	if chains.bytes != before {
		t.Error("one is remembered that has too many paths")
	}
	if chains.Forget(); len(chains.of) != 0 || chains.bytes != 0 {
		t.Error("something is left")
	}
}

// TestChains_holdNoMessage: what a server sends beside its certificates goes when the connection does; nor is a pool of
// authorities kept that nobody uses any more.
func TestChains_holdNoMessage(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	message := make([]byte, 64<<10)
	raw := message[:copy(message, ca.leaf(t, "x").Leaf.Raw)]
	sent, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := ca.pool()
	var chains Chains
	opts := &TLS{ServerName: "x", Roots: pool}
	chains.remember(opts, []*x509.Certificate{sent}, [][]*x509.Certificate{{sent, ca.cert}}, time.Now())
	freed := make(chan string, 2)
	runtime.AddCleanup(&message[0], func(string) { freed <- "message" }, "")
	runtime.AddCleanup(pool, func(string) { freed <- "pool" }, "")
	message, raw, sent, pool, opts = nil, nil, nil, nil, nil //nolint:ineffassign,wastedassign // nothing else holds them
	for range 2 {
		runtime.GC()
		select {
		case <-freed:
		case <-time.After(testLimit):
			t.Fatal("something is held")
		}
	}
	runtime.KeepAlive(&chains)
}

// TestChains_together: probes at once share one memory, while configurations come and go.
func TestChains_together(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	var chains Chains
	var running sync.WaitGroup
	for i := range 4 {
		pair, opts := verifiedChain(t, ca, fmt.Sprintf("ex%d.contoso.com", i%2))
		running.Go(func() {
			for range 3 {
				c, err := shownBy(t, pair, &chains, opts)
				if err != nil || !c.Record.Secure.Verified {
					t.Errorf("refused: %v", err)
				}
				c.Record.Secure.Chain[0].Names[0] = "changed"
				chains.Forget()
			}
		})
	}
	running.Wait()
}
