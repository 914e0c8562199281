package compare_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		target, hostname, servers string
		want                      []string // targets of the servers
		name                      string   // that they are asked for
	}{
		"names":             {"mail.contoso.com", "", "ex01, ex02,", []string{"ex01", "ex02"}, "mail.contoso.com"},
		"each once":         {"mail.contoso.com", "", "ex01,ex01", []string{"ex01"}, "mail.contoso.com"},
		"the service's own": {"mail.contoso.com:8443", "", "ex01,[2001:db8::1],ex02:444", []string{"ex01:8443", "[2001:db8::1]:8443", "ex02:444"}, "mail.contoso.com"},
		"a host name":       {"10.0.0.5", "mail.contoso.com", "10.0.0.11", []string{"10.0.0.11"}, "mail.contoso.com"},
		"a URL": {
			"http://mail.contoso.com/EWS/a?b", "", "ex01,https://ex02/x",
			[]string{"http://ex01/EWS/a?b", "https://ex02/x"}, "mail.contoso.com",
		},
	} {
		req := runner.Request{Module: "m", Target: test.target, Hostname: test.hostname, Auth: "a"}
		got, err := compare.Requests(req, test.servers)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []runner.Request{req}
		for _, target := range test.want {
			want = append(want, runner.Request{Module: "m", Target: target, Hostname: test.name, Auth: "a"})
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, test := range map[string]struct{ target, servers, says string }{
		"none":        {"mail.contoso.com", " , ", "no server"},
		"too many":    {"mail.contoso.com", "a,b,c,d,e,f,g,h,i,j,k", "at most 10"},
		"malformed":   {"mail.contoso.com", "ex01,e x", `"e x"`},
		"the service": {"user@contoso.com", "ex01", "cannot be compared"},
	} {
		if _, err := compare.Requests(runner.Request{Target: test.target}, test.servers); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

type prober func(runner.Request) (runner.Answer, error)

func (p prober) Probe(_ context.Context, req runner.Request) (runner.Answer, error) { return p(req) }

func TestRun(t *testing.T) {
	t.Parallel()
	requests := []runner.Request{{Target: "a"}, {Target: "b"}, {Target: "c"}}
	got, err := compare.Run(t.Context(), prober(func(req runner.Request) (runner.Answer, error) {
		return runner.Answer{Result: &result.Result{Target: req.Target}}, nil
	}), requests)
	if err != nil || len(got) != 3 || got[0].Target != "a" || got[2].Target != "c" {
		t.Errorf("got %v, %v", got, err)
	}
	var refusal *runner.Refusal
	_, err = compare.Run(t.Context(), prober(func(req runner.Request) (runner.Answer, error) {
		if req.Target == "b" {
			return runner.Answer{}, &runner.Refusal{Status: 403, Message: "denied"}
		}
		return runner.Answer{Result: &result.Result{}}, nil
	}), requests)
	if !errors.As(err, &refusal) || refusal.Status != 403 || err.Error() != "b: denied" {
		t.Errorf("got %v", err)
	}
}

// as gives a result another target.
func as(r *result.Result, target string) *result.Result {
	r.Target = target
	return r
}

func failed(target string, stage failure.Stage, reason string) *result.Result {
	return &result.Result{Target: target, Failure: failure.New(stage, reason, "…")}
}

func warned(target string) *result.Result {
	r := as(examples.Continue(), target)
	r.Findings = []result.Finding{{Code: "continue_ignored", Severity: result.Warning}}
	return r
}

func TestSentence(t *testing.T) {
	t.Parallel()
	ok := func(target string) *result.Result { return as(examples.Continue(), target) }
	kemp := func(target string) *result.Result { return as(examples.Kemp(), target) }
	refused := func(target string) *result.Result { return failed(target, failure.Connect, "refused") }
	open := func(target, why string) *result.Result {
		r := as(examples.Continue(), target)
		r.Undecided = "Not tested: " + why
		return r
	}
	untrusted := func(target string) *result.Result {
		r := failed(target, failure.TLS, "certificate_authority")
		r.Verdict = &result.Verdict{Fault: result.Fault{Owner: advice.Exporter}, Also: []advice.Owner{advice.Certificate}}
		return r
	}
	moving := func(target string) *result.Result {
		r := failed(target, failure.Content, "response_error")
		r.Verdict = &result.Verdict{Fault: result.Fault{Owner: advice.Nobody}}
		return r
	}
	broken := func(target string) *result.Result { return failed(target, failure.Status, "http_500") }
	said := func(target string, who origin.Kind, blames result.Blame) *result.Result {
		r := broken(target)
		r.Deciding = &result.Conversation{Origin: origin.Origin{Kind: who}}
		r.Findings = []result.Finding{{Code: "x", Severity: result.Error, Blames: blames}}
		return r
	}
	logon := func(target, reason string) *result.Result {
		r := failed(target, failure.Auth, reason)
		r.Deciding = &result.Conversation{}
		return r
	}
	misdirected := func(target string) *result.Result {
		r := said(target, origin.HTTPSys, result.Server)
		r.Verdict = &result.Verdict{Fault: result.Fault{Owner: advice.Windows}, Also: []advice.Owner{advice.Exporter}}
		return r
	}
	for _, test := range []struct {
		results []*result.Result
		want    string
	}{
		{ // the account is spared, so nothing differs
			[]*result.Result{logon("mail", "suspended"), logon("ex01", "refused"), logon("ex02", "suspended")},
			"fails on ex01 (auth: refused), and the logon is held back through mail (auth: suspended): begin with the account and its password; ex02 could not be asked (auth: suspended)",
		},
		{
			[]*result.Result{logon("mail", "suspended"), ok("ex01")},
			"not asked through mail (auth: suspended), works on ex01: this proves nothing of the balancer",
		},
		{ // a server refused otherwise
			[]*result.Result{logon("mail", "suspended"), broken("ex01")},
			"fails through mail (auth: suspended) and on ex01 (status: http_500), in different ways: begin with the servers",
		},
		{
			[]*result.Result{misdirected("mail"), misdirected("ex01")},
			"fails through mail and on ex01 in the same way (status: http_500): the servers, or the module that asks them, not the balancer",
		},
		{
			[]*result.Result{kemp("192.0.2.10"), ok("ex01"), ok("ex02")},
			"fails through 192.0.2.10, works on ex01 and ex02: the balancer, a Kemp LoadMaster",
		},
		{
			[]*result.Result{kemp("mail"), ok("ex01"), ok("ex02"), refused("ex03")},
			"fails through mail (192.0.2.10), works on ex01 and ex02: the balancer, a Kemp LoadMaster; ex03 could not be asked (connect: refused)",
		},
		{[]*result.Result{refused("mail"), ok("ex01")}, "fails through mail, works on ex01: the balancer"},
		{
			[]*result.Result{moving("mail"), ok("ex01")},
			"fails through mail (content: response_error), works on ex01 at the same time: neither mailbox nor account, but a server that was not asked, the balancer, or that moment; probe again",
		},
		{ // another server than those that were asked
			[]*result.Result{said("mail", origin.Exchange, result.Server), ok("ex01")},
			"fails through mail (status: http_500), works on ex01: a server behind it, by that server's own words; ask each of them directly",
		},
		{
			[]*result.Result{broken("mail"), broken("ex01"), broken("ex02")},
			"fails through mail and on ex01 and ex02 in the same way (status: http_500): the servers, or a box on the way to all of them, not the balancer",
		},
		{
			[]*result.Result{broken("mail"), said("ex01", origin.Exchange, ""), said("ex02", origin.IIS, result.Server)},
			"fails through mail and on ex01 and ex02 in the same way (status: http_500): the servers, not the balancer",
		},
		{
			[]*result.Result{broken("mail"), said("ex01", origin.Exchange, result.Either)}, // a firewall takes STARTTLS out of what Exchange says
			"fails through mail and on ex01 in the same way (status: http_500): the servers, or a box on the way to all of them, not the balancer",
		},
		{
			[]*result.Result{broken("mail"), said("ex01", origin.Exchange, ""), said("ex02", origin.Middlebox, "")},
			"fails through mail and on ex01 and ex02 in the same way (status: http_500): the servers, or a box on the way to all of them, not the balancer",
		},
		{
			[]*result.Result{failed("mail", failure.Receive, "closed"), broken("ex01")},
			"fails through mail (receive: closed) and on ex01 (status: http_500), in different ways: begin with the servers",
		},
		{
			[]*result.Result{untrusted("mail"), untrusted("ex01")},
			"fails through mail and on ex01 in the same way (tls: certificate_authority): whoever configures this exporter or whoever issues and binds the certificates, not the balancer",
		},
		{
			[]*result.Result{broken("mail"), ok("ex01"), broken("ex02")},
			"fails through mail and on ex02 (status: http_500), works on ex01: begin with ex02",
		},
		{
			[]*result.Result{broken("mail"), refused("ex01"), refused("ex02")},
			"fails through mail (status: http_500), and none of the servers could be asked directly (connect: refused): this proves nothing yet",
		},
		{
			[]*result.Result{ok("mail"), ok("ex01"), broken("ex02")},
			"works through mail (192.0.2.10) and on ex01, fails on ex02 (status: http_500): ex02, which the balancer hides for now",
		},
		{
			[]*result.Result{ok("mail"), broken("ex02")},
			"works through mail (192.0.2.10), fails on ex02 (status: http_500): the balancer asks another server, or asks them otherwise",
		},
		{[]*result.Result{ok("mail"), ok("ex01"), ok("ex02"), ok("ex03")}, "works through mail (192.0.2.10) and on ex01, ex02 and ex03"},
		{[]*result.Result{ok("mail"), refused("ex01")}, "works through mail (192.0.2.10), and none of the servers could be asked directly (connect: refused)"},
		{
			[]*result.Result{warned("mail"), ok("ex01")},
			"works through mail (192.0.2.10) and on ex01, but only through the balancer with the warning continue_ignored: the balancer",
		},
		{
			[]*result.Result{open("mail", "a logon"), open("ex01", "a logon"), open("ex02", "a form")},
			"not tested through mail (192.0.2.10) or on ex01: a logon; not tested on ex02: a form",
		},
		{
			[]*result.Result{open("mail", "a logon"), ok("ex01"), broken("ex02"), refused("ex03")},
			"not tested through mail (192.0.2.10): a logon; ex03 could not be asked (connect: refused); works on ex01; fails on ex02 (status: http_500)",
		},
		{
			[]*result.Result{kemp("mail"), ok("ex01"), open("ex02", "a logon")},
			"fails through mail (192.0.2.10), works on ex01: the balancer, a Kemp LoadMaster; not tested on ex02: a logon",
		},
		{[]*result.Result{broken("mail"), open("ex01", "a logon")}, "fails through mail (status: http_500), and no server decides it: not tested on ex01: a logon"},
		{[]*result.Result{ok("mail"), open("ex01", "a logon")}, "works through mail (192.0.2.10), and no server decides it: not tested on ex01: a logon"},
		{[]*result.Result{warned("mail"), warned("ex01")}, "works through mail (192.0.2.10) and on ex01"},
	} {
		if got := compare.Sentence(test.results); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	results := []*result.Result{examples.Kemp(), as(examples.Continue(), "ex01"), failed("ex02", failure.Resolve, "not_found")}
	table := compare.Table(results)
	rows := map[string][]string{}
	for _, row := range table.Rows {
		if len(row) != len(table.Columns) {
			t.Errorf("row %v has not %d cells", row, len(table.Columns))
		}
		rows[row[0]] = row[1:]
	}
	if diff := cmp.Diff([]string{"", "through: mail.contoso.com", "directly: ex01", "directly: ex02"}, table.Columns); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string][]string{
		"verdict":       {"✗ failed (status: http_501)", "✓ works", "✗ failed (resolve: not_found)"},
		"status":        {"501 Invalid Request", "200 OK", "–"},
		"findings":      {"late_body_rejected, answered_by_middlebox", "none", "none"},
		"dialogue.wait": {"✗ 5.221 s", "✓ 0.157 s", "–"},
	} {
		if diff := cmp.Diff(want, rows[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
