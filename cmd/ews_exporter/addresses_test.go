package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// names is a resolver that knows the addresses of these names alone.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, text := range n[host] {
		if a := netip.MustParseAddr(text); network == "ip" || a.Is4() == (network == "ip4") {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return all, nil
}

// executeWith is execute where these names have these addresses.
func executeWith(t *testing.T, n names, args ...string) ended {
	t.Helper()
	var out, errs bytes.Buffer
	c := &command{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, resolver: n}
	code := c.run(t.Context(), args)
	return ended{code, out.String(), errs.String()}
}

// dual is a name with an address of each family.
var dual = names{"mail.contoso.test": {"127.0.0.1", "::1"}}

// behindSix has [::1] at the port of a scenario lead to another scenario, and gives the port.
func behindSix(t *testing.T, at, to string) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(at)
	listener := listenAt(t, net.JoinHostPort("::1", port))
	if listener == nil {
		t.Fatalf("port %s of ::1 stays taken", port)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relayTo(client, to)
		}
	}()
	return port
}

// listenAt listens at an address, which another test's connection may hold for a moment; nil where it stays taken.
func listenAt(t *testing.T, address string) net.Listener {
	t.Helper()
	for range 20 {
		if listener, err := net.Listen("tcp", address); err == nil {
			t.Cleanup(func() { _ = listener.Close() })
			return listener
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// twins listen at both addresses of one port.
func twins(t *testing.T) (four, six net.Listener, port string) {
	t.Helper()
	for range 20 {
		six = listenAt(t, "[::1]:0")
		_, port, _ = net.SplitHostPort(six.Addr().String())
		if four, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			t.Cleanup(func() { _ = four.Close() })
			return four, six, port
		}
	}
	t.Fatal("no port is free at both addresses")
	return nil, nil, ""
}

// relayTo carries bytes both ways until either side ends.
func relayTo(client net.Conn, to string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

// TestProbeAddresses: one command, and one sentence that says which family differs, and in what.
func TestProbeAddresses(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	config := "--config.file=" + file
	for name, test := range map[string]struct {
		four, six string // scenarios
		code      int
		says      []string
	}{
		"alike": {"healthy", "kemp-fixed", exitOK, []string{"^Works at each of the 2 addresses of mail.contoso.test, and answers alike.\n"}},
		"one family fails, the other was not tested": {"kemp-rfc2616-logon", "sick-member", exitFailed, []string{
			`^Fails over IPv6 \(::1; status: server_error\); not tested over IPv4 \(127.0.0.1; .*; the answers differ in status: 504 Gateway Timeout over IPv6, 401 Unauthorized over IPv4; answered by: a box`,
		}},
		"one family fails, the other works": {"kemp-fixed", "kemp-rfc2616", exitFailed, []string{
			`^Works over IPv4 \(127.0.0.1\), fails over IPv6 \(::1; status: late_body_rejected\): begin with what serves ::1; the answers differ in status: 501 Invalid Request over IPv6, 200 OK over IPv4; answered by: `,
			`\n +at ::1 +at 127.0.0.1\n`, "error late_body_rejected: ",
		}},
		"a warning": {"answers-100", "expect-417", exitOK, []string{
			"^Works at each of the 2 addresses of mail.contoso.test; the answers differ in status: .*; warnings: expect_continue_rejected over IPv6, none over IPv4.\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := behindSix(t, address(site, test.four), address(site, test.six))
			got := executeWith(t, dual, "probe", quick, "mail.contoso.test:"+port, "--addresses", config)
			if got.code != test.code {
				t.Errorf("exit %d, want %d: %s", got.code, test.code, got.errors)
			}
			for _, want := range test.says {
				if !regexp.MustCompile(want).MatchString(got.out) {
					t.Errorf("%q is missing in\n%s", want, got.out)
				}
			}
		})
	}
}

// TestProbeAddressesForms: all modules, JSON, and what cannot be compared.
func TestProbeAddressesForms(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	port := behindSix(t, address(site, "kemp-fixed"), address(site, "kemp-rfc2616"))
	file = "--config.file=" + several(t, file)
	target := "mail.contoso.test:" + port
	all := executeWith(t, dual, "probe", "--all", target, "--addresses", file)
	for _, want := range []string{`^Summary of mail.contoso.test:\d+\n +module +at ::1 +at 127.0.0.1 +what that says\n`, `a_good +✗ failed +✓ works +works over IPv4`, `c_denied +– not probed +.*targets of auth`} {
		if !regexp.MustCompile(want).MatchString(all.out) {
			t.Errorf("%q is missing in\n%s%s", want, all.out, all.errors)
		}
	}
	asJSON := executeWith(t, dual, "probe", "a_good", target, "--addresses", "--json", file)
	var decoded struct {
		Sentence string
		Results  []struct{ Target, At, Name string }
	}
	if err := json.Unmarshal([]byte(asJSON.out), &decoded); err != nil || len(decoded.Results) != 2 || decoded.Results[0].At != "::1" || decoded.Results[0].Target != target || decoded.Sentence == "" {
		t.Errorf("%v\n%s", err, asJSON.out)
	}
	one := executeWith(t, names{"mail.contoso.test": {"127.0.0.1"}}, "probe", "a_good", target, "--addresses", file)
	if one.code != exitOK || !strings.HasPrefix(one.out, "Works at 127.0.0.1, the only address of mail.contoso.test: there is nothing to compare.\n\nSucceeded in ") {
		t.Errorf("exit %d: %s%s", one.code, one.out, one.errors)
	}
	none := executeWith(t, names{}, "probe", "a_good", target, "--addresses", file)
	if none.code != exitFailed || !strings.HasPrefix(none.out, "Mail.contoso.test gave no addresses to compare (resolve: not_found).\n\nFailed after ") {
		t.Errorf("exit %d: %s%s", none.code, none.out, none.errors)
	}
	many := names{"mail.contoso.test": {}}
	for i := range 11 {
		many["mail.contoso.test"] = append(many["mail.contoso.test"], fmt.Sprintf("127.0.0.%d", i+1))
	}
	for says, run := range map[string]ended{
		"has 11 addresses, and a comparison asks at most 10": executeWith(t, many, "probe", "a_good", target, "--addresses", file),
		"is an address":                     executeWith(t, dual, "probe", "a_good", "127.0.0.1:"+port, "--addresses", file),
		"ask one after the other":           executeWith(t, dual, "probe", "a_good", target, "--addresses", "--direct=ex01", file),
		"leave --all, --direct and --addre": executeWith(t, dual, "probe", "a_good", target, "--addresses", "--relay-check", file),
	} {
		if run.code != exitUsage || !strings.Contains(run.errors, says) {
			t.Errorf("exit %d, want %q in %s", run.code, says, run.errors)
		}
	}
}

// withholding is a listener whose connections drop what goes beyond a number of bytes, as a link does that carries no larger
// packets and says nothing.
type withholding struct {
	net.Listener
	most int
}

func (w withholding) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	return &withheld{conn, w.most}, err
}

type withheld struct {
	net.Conn
	left int
}

func (w *withheld) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	if n > 0 {
		if _, err := w.Conn.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// manyNames is a certificate that is valid for that many names more than one.
func manyNames(t *testing.T, authority *lab.Authority, more int) tls.Certificate {
	t.Helper()
	certificate, err := authority.IssueAs(func(c *x509.Certificate) {
		for i := range more {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("site%d.contoso.test", i))
		}
	}, "mail.contoso.test")
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// served serves over TLS at both addresses of one port, over IPv6 the first bytes of each connection alone. A certificate of many
// names is larger than a packet.
func served(t *testing.T, most, names int) (port, ca string) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate := manyNames(t, authority, names)
	four, six, port := twins(t)
	for _, listener := range []net.Listener{four, withholding{six, most}} {
		server := &http.Server{
			Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }),
			ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
		}
		go func() { _ = server.ServeTLS(listener, "", "") }()
		t.Cleanup(func() { _ = server.Close() })
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return port, ca
}

// TestPathMTU: large answers do not come from one address, small ones do, and from another both come. Without small ones, or
// where nothing large is sent, it may as well be a server that hangs.
func TestPathMTU(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		most, names int
		suspected   bool
	}{
		"large answers are lost":    {600, 200, true},
		"nothing comes at all":      {0, 200, false},
		"what is lost is not large": {300, 0, false},
		"a large answer came":       {2000, 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, ca := served(t, test.most, test.names)
			file := write(t, "modules: {m: "+flow("tls_config: {ca_file: "+ca+"}")+`}
policy: {allow: [127.0.0.0/8, "::1/128"]}
`)
			got := executeWith(t, dual, "probe", "m", "mail.contoso.test:"+port, "--addresses", "--json", "--timeout=4s", "--config.file="+file)
			var decoded struct {
				Results []struct {
					Failure  struct{ Stage, Reason string }
					Findings []struct{ Code, Severity, Sentence string }
					Verdict  struct{ Owner, Certainty, First string }
				}
			}
			if err := json.Unmarshal([]byte(got.out), &decoded); err != nil || len(decoded.Results) != 2 {
				t.Fatalf("%v: %s%s", err, got.out, got.errors)
			}
			six := decoded.Results[0]
			if six.Failure.Stage != "tls" || six.Failure.Reason != "timeout" {
				t.Errorf("it fails by %v", six.Failure)
			}
			if suspected := strings.Contains(got.out, "path_mtu_suspected"); suspected != test.suspected {
				t.Fatalf("suspected: %t, want %t: %s", suspected, test.suspected, got.out)
			}
			if !test.suspected {
				return
			}
			if v := six.Verdict; v.Owner != "network" || v.Certainty != "likely" || v.First != "ping -c 3 -s 100 ::1; ping -M do -c 3 -s 1440 ::1" {
				t.Errorf("the verdict is %+v", v)
			}
			if f := six.Findings; len(f) != 1 || f[0].Severity != "warning" || !strings.HasPrefix(f[0].Sentence, "From ::1 small answers came (600 bytes), and no more within the time limit; 127.0.0.1 gave the same in ") {
				t.Errorf("the findings are %+v", f)
			}
		})
	}
}

// TestAbsentAtAddresses: what is at no address that could be asked is not there; an address without a route shows nothing.
func TestAbsentAtAddresses(t *testing.T) {
	t.Parallel()
	d := &prober.Definition{Absent: []string{"connect/refused"}}
	refused := &result.Result{At: "127.0.0.1", Failure: failure.New(failure.Connect, "refused", "…")}
	unrouted := &result.Result{At: "2001:db8::10", Undecided: "Not asked: no route", UndecidedReason: result.NotAsked}
	for name, test := range map[string]struct {
		results []*result.Result
		want    bool
	}{
		"at the only one that was asked": {[]*result.Result{unrouted, refused}, true},
		"none was asked":                 {[]*result.Result{unrouted}, false},
		"it is at another":               {[]*result.Result{refused, {At: "::1"}}, false},
	} {
		if got := absent(d, test.results); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
