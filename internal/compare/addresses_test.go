package compare_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const four, five, six = "192.0.2.10", "192.0.2.11", "2001:db8::10"

// at has a result be that of one address of a name.
func at(r *result.Result, address string) *result.Result {
	r.Name, r.At = "mail.contoso.com", address
	for _, c := range r.Connections {
		c.Address = netip.AddrPortFrom(netip.MustParseAddr(address), 443)
	}
	return r
}

func works(address string) *result.Result { return at(examples.Continue(), address) }

func fails(address string, stage failure.Stage, reason string) *result.Result {
	return at(failed("mail", stage, reason), address)
}

// unrouted is an address that was not asked.
func unrouted(address string) *result.Result {
	return at(&result.Result{Undecided: "Not asked: there is no route", UndecidedReason: result.NotAsked}, address)
}

// mail is a dialogue in lines: those of the client begin with "> ".
func mail(address string, lines ...string) *result.Result {
	talk := &result.Talk{Outcome: "221 bye"}
	for _, text := range lines {
		line := wire.Line{From: wire.Server, Text: text}
		if asks, ok := strings.CutPrefix(text, "> "); ok {
			line = wire.Line{From: wire.Client, Text: asks}
		}
		talk.Lines = append(talk.Lines, line)
	}
	c := &result.Conversation{Protocol: "other", Talk: talk, Origin: origin.Origin{Kind: origin.Exchange}}
	return at(&result.Result{Conversations: []*result.Conversation{c}, Deciding: c}, address)
}

// refusing offers these schemes.
func refusing(address string, schemes ...string) *result.Result {
	r := works(address)
	final := r.Deciding.Final
	final.Status, final.Reason = 401, "Unauthorized"
	for _, s := range schemes {
		final.Header = append(final.Header, origin.Field{Name: "WWW-Authenticate", Value: s})
	}
	return r
}

func certified(address, thumbprint string) *result.Result {
	r := works(address)
	r.DecidingConnection.Secure.Chain[0].SHA1 = thumbprint
	return r
}

// TestAlike: one sentence says which family or address differs, and in what.
func TestAlike(t *testing.T) {
	t.Parallel()
	fronted := func(address, front string) *result.Result {
		r := works(address)
		r.Deciding.Origin.Frontend = front
		return r
	}
	ehlo := []string{"220 EX01.contoso.com Microsoft ESMTP MAIL Service ready at Sat, 14 Mar 2026 09:26:53 +0100", "> EHLO probe", "250-EX01 Hello [192.0.2.7]", "250-SIZE 37748736"}
	for name, test := range map[string]struct {
		results []*result.Result
		want    string
	}{
		"alike":            {[]*result.Result{works(six), works(four)}, "works at each of the 2 addresses of mail.contoso.com, and answers alike"},
		"the only address": {[]*result.Result{works(four)}, "works at 192.0.2.10, the only address of mail.contoso.com: there is nothing to compare"},
		"the only address fails": {
			[]*result.Result{fails(four, failure.Receive, "closed")},
			"fails (receive: closed) at 192.0.2.10, the only address of mail.contoso.com: there is nothing to compare",
		},
		"a family that nobody listens on": {
			[]*result.Result{fails(six, failure.Connect, "timeout"), works(four), works(five)},
			"works over IPv4 (192.0.2.10 and 192.0.2.11), fails over IPv6 (2001:db8::10; connect: timeout): what listens at 2001:db8::10, or the way from here to it; clients that take such an address first wait, or fail",
		},
		"one of a family": {
			[]*result.Result{works(six), works(four), fails(five, failure.Receive, "closed")},
			"works at 2001:db8::10 and 192.0.2.10, fails at 192.0.2.11 (receive: closed): begin with what serves 192.0.2.11",
		},
		"no route from here": {
			[]*result.Result{unrouted(six), works(four)},
			"works over IPv4 (192.0.2.10); not asked over IPv6 (2001:db8::10; there is no route)",
		},
		"no route on the way": {
			[]*result.Result{fails(six, failure.Connect, "unreachable"), works(four)},
			"works over IPv4 (192.0.2.10), fails over IPv6 (2001:db8::10; connect: unreachable): there is no way from here to 2001:db8::10, which may be this machine's doing; ask from a client",
		},
		"policy forbids one": {
			[]*result.Result{fails(six, failure.Policy, "address_not_allowed"), works(four)},
			"works over IPv4 (192.0.2.10); not asked over IPv6 (2001:db8::10; policy: address_not_allowed)",
		},
		"a password is refused once": {
			[]*result.Result{fails(six, failure.Auth, "suspended"), fails(four, failure.Receive, "closed")},
			"fails over IPv4 (192.0.2.10; receive: closed); not asked over IPv6 (2001:db8::10; auth: suspended)",
		},
		"in the same way": {
			[]*result.Result{fails(six, failure.TLS, "certificate_expired"), fails(four, failure.TLS, "certificate_expired")},
			"fails at each of the 2 addresses of mail.contoso.com in the same way (tls: certificate_expired): which address is asked makes no difference",
		},
		"in different ways": {
			[]*result.Result{fails(six, failure.TLS, "certificate_expired"), fails(four, failure.Receive, "closed")},
			"fails over IPv6 (2001:db8::10; tls: certificate_expired), fails over IPv4 (192.0.2.10; receive: closed), in different ways",
		},
		"schemes": {
			[]*result.Result{refusing(six, "Basic realm=x"), refusing(four, "NTLM", "Negotiate")},
			"works at each of the 2 addresses of mail.contoso.com; the answers differ in schemes: basic over IPv6, negotiate, ntlm over IPv4",
		},
		"a certificate": {
			[]*result.Result{certified(six, "AAAAAAAA00"), certified(four, "BBBBBBBB00"), certified(five, "BBBBBBBB00")},
			"works at each of the 3 addresses of mail.contoso.com; the answers differ in certificate: CN=mail.contoso.com AAAAAAAA over IPv6, CN=mail.contoso.com BBBBBBBB over IPv4",
		},
		"a front end": {
			[]*result.Result{fronted(six, "EX02"), fronted(four, "EX01")},
			"works at each of the 2 addresses of mail.contoso.com; the answers differ in front end: ex02 over IPv6, ex01 over IPv4",
		},
		"the moment in a banner is none": {
			[]*result.Result{mail(six, ehlo...), mail(four, "220 EX01.contoso.com Microsoft ESMTP MAIL Service ready at Sat, 14 Mar 2026 09:26:54 +0100", "> EHLO probe", "250-EX01 Hello [2001:db8::7]", "250 SIZE 37748736")},
			"works at each of the 2 addresses of mail.contoso.com, and answers alike",
		},
		"a masked banner, and a capability that is taken out": {
			[]*result.Result{mail(six, append(ehlo, "250 STARTTLS", "> STARTTLS", "220 go")...), mail(four, append([]string{"220 ******"}, ehlo[1:]...)...)},
			"works at each of the 2 addresses of mail.contoso.com; the answers differ in banner: EX01.contoso.com Microsoft ESMTP MAIL Service over IPv6, ****** over IPv4; capabilities that not all have: STARTTLS over IPv6, nothing over IPv4",
		},
		"IMAP": {
			[]*result.Result{mail(six, "* OK ready", "> a1 CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS", "a1 OK done"), mail(four, "* OK ready", "> a1 CAPABILITY", "* CAPABILITY STARTTLS IMAP4", "a1 OK done")},
			"works at each of the 2 addresses of mail.contoso.com; the answers differ in capabilities that not all have: IMAP4REV1 over IPv6, IMAP4 over IPv4",
		},
		"POP3": {
			[]*result.Result{mail(six, "+OK <1.2@mail>", "> CAPA", "+OK", "STLS", "USER", "."), mail(four, "+OK <3.4@mail>", "> CAPA", "+OK", "USER", ".")},
			"works at each of the 2 addresses of mail.contoso.com; the answers differ in capabilities that not all have: STLS over IPv6, nothing over IPv4",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := compare.Sentence(test.results); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			for _, row := range compare.Table(test.results).Rows {
				if len(row) != 1+len(test.results) {
					t.Errorf("row %v has not %d cells", row, 1+len(test.results))
				}
			}
		})
	}
}

// played runs a comparison whose results are known.
func played(t *testing.T, results ...*result.Result) {
	t.Helper()
	requests := make([]runner.Request, len(results))
	for i, r := range results {
		requests[i].At = netip.MustParseAddr(r.At)
	}
	_, err := compare.Run(t.Context(), prober(func(req runner.Request) (runner.Answer, error) {
		return runner.Answer{Result: results[slices.Index(requests, req)]}, nil
	}), requests)
	if err != nil {
		t.Fatal(err)
	}
}

// TestPathMTU: it needs the contrast, and whatever else explains a silence is left to it.
func TestPathMTU(t *testing.T) {
	t.Parallel()
	stalls := func(stage failure.Stage, received int64, gap bool) *result.Result {
		r := fails(six, stage, "timeout")
		c := &wire.Connection{ID: 1, Connect: &wire.Span{}, WireReceived: received, Gap: gap}
		r.Connections, r.DecidingConnection = []*wire.Connection{c}, c
		return at(r, six)
	}
	shakes := func(received int64) *result.Result {
		r := works(four)
		r.DecidingConnection.WireReceived = received
		return r
	}
	begins := func(came int64) *result.Result {
		r := stalls(failure.Receive, came+100, false)
		r.Deciding = &result.Conversation{Step: "dialogue.wait", HTTP: &wire.Exchange{Method: "POST", URL: examples.Continue().Deciding.URL, BytesReceived: came}}
		return r
	}
	answers := func(wireReceived int64) *result.Result {
		r := works(four)
		r.Deciding.HTTP.WireReceived = wireReceived
		return r
	}
	both := stalls(failure.TLS, 300, false)
	both.At = four
	another := stalls(failure.TLS, 300, false)
	another.Connections = append(another.Connections, &wire.Connection{ID: 2, Address: another.DecidingConnection.Address, WireReceived: 4000})
	refused := fails(six, failure.Connect, "timeout")
	for name, test := range map[string]struct {
		stalled, whole *result.Result
		want           bool
	}{
		"small answers, no handshake":                {stalls(failure.TLS, 300, false), shakes(4000), true},
		"a later part, and no beginning":             {stalls(failure.TLS, 0, true), shakes(4000), true},
		"nothing at all":                             {stalls(failure.TLS, 0, false), shakes(4000), false},
		"the handshake fits into a packet":           {stalls(failure.TLS, 300, false), shakes(1200), false},
		"a large answer came over another":           {another, shakes(4000), false},
		"the other address stalls, too":              {stalls(failure.TLS, 300, false), both, false},
		"the peer ends the connection":               {fails(six, failure.TLS, "closed"), shakes(4000), false},
		"nobody listens":                             {refused, shakes(4000), false},
		"an answer that has begun":                   {begins(200), answers(4000), true},
		"an answer of which nothing came":            {begins(0), answers(4000), false},
		"an answer that is small":                    {begins(200), answers(900), false},
		"an answer that was not asked for elsewhere": {begins(200), mail(four, "220 x"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			played(t, test.stalled, test.whole)
			found := slices.ContainsFunc(test.stalled.Findings, func(f result.Finding) bool { return f.Code == runner.PathMTU })
			if found != test.want || len(test.whole.Findings) > 0 {
				t.Errorf("found: %t, want %t: %v, %v", found, test.want, test.stalled.Findings, test.whole.Findings)
			}
			if v := test.stalled.Verdict; found && (v == nil || v.Owner != advice.Network || v.Certainty != advice.Likely) {
				t.Errorf("the verdict is %+v", v)
			}
		})
	}
}

// TestWithoutRoute: where one family cannot be reached and the other can, the exporter's own network may be at fault.
func TestWithoutRoute(t *testing.T) {
	t.Parallel()
	served := works(four)
	served.Connections[0].WireReceived = 1000
	away := fails(six, failure.Connect, "unreachable")
	played(t, away, served)
	if v := away.Verdict; v == nil || v.Owner != advice.Exporter || !slices.Contains(v.Also, advice.Network) || v.Certainty != advice.Undecided {
		t.Errorf("the verdict is %+v", v)
	}
	beside := fails(five, failure.Connect, "unreachable")
	played(t, beside, served)
	if beside.Verdict != nil {
		t.Errorf("of the same family: %+v", beside.Verdict)
	}
}

type finder func() ([]netip.Addr, int, error)

func (f finder) Addresses(context.Context, runner.Request) ([]netip.Addr, int, error) { return f() }

// TestAddresses: each address is asked once, none by name, and not more than may be.
func TestAddresses(t *testing.T) {
	t.Parallel()
	req := runner.Request{Module: "m", Target: "mail.contoso.com"}
	two := []netip.Addr{netip.MustParseAddr(six), netip.MustParseAddr(four)}
	got, err := compare.Addresses(t.Context(), finder(func() ([]netip.Addr, int, error) { return two, 0, nil }), req)
	if err != nil || len(got) != 2 || got[0].At != two[0] || got[1].At != two[1] || got[1].Target != req.Target {
		t.Errorf("got %v, %v", got, err)
	}
	got, err = compare.Addresses(t.Context(), finder(func() ([]netip.Addr, int, error) {
		return nil, 0, failure.New(failure.Resolve, "timeout", "…")
	}), req)
	if err != nil || len(got) != 1 || got[0] != req {
		t.Errorf("a name that is not found: got %v, %v", got, err)
	}
	if _, err := compare.Addresses(t.Context(), finder(func() ([]netip.Addr, int, error) { return two, 9, nil }), req); err == nil || !strings.Contains(err.Error(), "has 11 addresses") {
		t.Errorf("too many: got %v", err)
	}
	if _, err := compare.Addresses(t.Context(), finder(func() ([]netip.Addr, int, error) {
		return nil, 0, &runner.Refusal{Status: 403, Message: "denied"}
	}), req); err == nil || err.Error() != "denied" {
		t.Errorf("a refusal: got %v", err)
	}
}
