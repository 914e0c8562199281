package autodiscover

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// sent lists the hosts that were sent an Authorization.
func sent(r *result.Result) []string {
	var hosts []string
	for _, e := range r.Conversations {
		for _, f := range e.Header {
			if f.Name == "Authorization" {
				hosts = append(hosts, e.URL)
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// TestSecretsStayWhereTheyBelong: each host of a look-up is asked about apart, redirects included.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scenario, settings string
		targets            []string // of the auth
		failure            string
		sent               []string // hosts
	}{
		"to the listed host":              {"autodiscover-healthy", "attempts: 1", []string{"autodiscover"}, "", []string{"autodiscover"}},
		"to no other":                     {"autodiscover-healthy", "attempts: 1", []string{"mail"}, "auth/target_not_listed", nil},
		"not after a redirect":            {"autodiscover-redirect-chain", "attempts: 1", []string{"redirect", "autodiscover"}, "auth/target_not_listed", []string{"redirect"}},
		"not by a mailbox in the path":    {"autodiscover-mailbox-path", "attempts: 1", []string{"autodiscover"}, "auth/target_not_listed", nil},
		"not by another spelling":         {"autodiscover-capitals", "attempts: 1", []string{"autodiscover"}, "status/unexpected_status", nil},
		"not to a service record's host":  {"autodiscover-srv", "attempts: 1", []string{"autodiscover"}, "auth/target_not_listed", nil},
		"not under another certificate":   {"autodiscover-certificate", "attempts: 1", []string{"autodiscover"}, "tls/certificate_name", nil},
		"not by methods that need none":   {"autodiscover-healthy", "methods: [json, get], attempts: 1", []string{"autodiscover"}, "", nil},
		"not to the mail domain's host":   {"autodiscover-bare", "attempts: 1", []string{"autodiscover", ""}, "auth/logon_required", nil},
		"to the mail domain's, if wanted": {"autodiscover-bare", "attempts: 1, bare_domain_logon: true", []string{""}, "", []string{""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, test.scenario)
			r := probeOnce(t, exporterFor(t, a, test.settings, lab.Password, test.targets), lab.MailAddress, "")
			if got := verdict(r); got != test.failure {
				t.Errorf("failure %q, want %q: %v", got, test.failure, r.Failure)
			}
			var hosts []string
			for _, u := range sent(r) {
				host, _, _ := strings.Cut(strings.TrimPrefix(u, "https://"), ":")
				hosts = append(hosts, strings.TrimSuffix(strings.TrimSuffix(host, lab.MailDomain), "."))
			}
			if !slices.Equal(hosts, test.sent) {
				t.Errorf("an Authorization went to %q, want %q", hosts, test.sent)
			}
		})
	}
}

// TestWrongPasswordCostsOneLogon, however many attempts and methods there are, and none when it is suspended.
func TestWrongPasswordCostsOneLogon(t *testing.T) {
	t.Parallel()
	a := start(t, "autodiscover-healthy")
	r := exporterFor(t, a, "methods: [get, pox, soap], attempts: 3", "wrong", []string{"autodiscover"})
	for range 2 {
		res := probeOnce(t, r, lab.MailAddress, "")
		logons := 0
		for _, e := range res.Conversations {
			if strings.HasSuffix(e.Step, ".autodiscover.request") && e.Method == http.MethodPost {
				logons++
			}
		}
		want := 0
		if verdict(res) == "auth/refused" {
			want = 1
		} else if verdict(res) != "auth/suspended" {
			t.Errorf("failure %v", res.Failure)
		}
		if logons != want {
			t.Errorf("%s: %d logons, want %d", verdict(res), logons, want)
		}
		for method, successes := range map[string]float64{Get: 3, POX: 0, SOAP: 0} {
			if attempts, got := value(res, attemptsMetric, method), value(res, successesMetric, method); attempts != 3 || got != successes {
				t.Errorf("%s: %v of %v attempts, want %v of 3", method, got, attempts, successes)
			}
		}
	}
}

func value(r *result.Result, m *result.Metric, labels ...string) float64 {
	for _, s := range r.Samples {
		if s.Metric == m && slices.Equal(s.Labels, labels) {
			return s.Value
		}
	}
	return -1
}

// TestPolicyHoldsForEveryHost: what is denied is a way that fails, and only where nothing is left the request is refused.
func TestPolicyHoldsForEveryHost(t *testing.T) {
	t.Parallel()
	a := start(t, "autodiscover-healthy")
	r := exporter(t, a, "attempts: 1")
	if res := probeOnce(t, r, lab.MailAddress, ""); !res.Success() {
		t.Fatal(res.Failure)
	}
	denied := func(names string) *runner.Runner {
		return exporterOf(t, a, "attempts: 1", lab.Password, []string{"autodiscover", "mail"}, "deny: ["+names+"]")
	}
	if res := probeOnce(t, denied("contoso.test"), lab.MailAddress, ""); !res.Success() {
		t.Errorf("the mail domain's own host is denied: %v", res.Failure)
	}
	res := probeOnce(t, denied("autodiscover.contoso.test"), lab.MailAddress, "")
	if verdict(res) != "policy/name_denied" || len(res.Connections) > 0 {
		t.Errorf("%s, %d connections", verdict(res), len(res.Connections))
	}
	for target, status := range map[string]int{lab.MailAddress: 403, "a@co.uk": 400, "a:b@contoso.test": 400} {
		_, err := denied("contoso.test, autodiscover.contoso.test").Probe(t.Context(), runner.Request{Module: "autodiscover", Target: target})
		var refusal *runner.Refusal
		if !errors.As(err, &refusal) || refusal.Status != status {
			t.Errorf("%s: %v, want %d", target, err, status)
		}
	}
}

// TestDirect asks one server under the service's name.
func TestDirect(t *testing.T) {
	t.Parallel()
	a := start(t, "autodiscover-wrong-url")
	r := exporter(t, a, "email: probe@contoso.test, methods: [pox, get], attempts: 2")
	res := probeOnce(t, r, fmt.Sprintf("127.0.0.1:%d", a.HTTPS), "autodiscover.contoso.test")
	if !res.Success() || value(res, wayMetric, POX, wayDirect) != 1 || value(res, answersMetric, POX) != 2 {
		t.Errorf("failure %v, way %v, answers %v", res.Failure, value(res, wayMetric, POX, wayDirect), value(res, answersMetric, POX))
	}
	_, err := r.Probe(t.Context(), runner.Request{Module: "autodiscover", Target: fmt.Sprintf("http://127.0.0.1:%d", a.HTTP), Hostname: "autodiscover.contoso.test"})
	var refusal *runner.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 403 {
		t.Errorf("plain http with an auth: %v", err)
	}
}

// TestBlackHolesLeaveTime: with every way but the last one silent, the last one still answers.
func TestBlackHolesLeaveTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the time limits of what gives no answer")
	}
	a := start(t, "autodiscover-black-holes")
	r := exporter(t, a, "attempts: 1")
	answer, err := r.Probe(t.Context(), runner.Request{Module: "autodiscover", Target: lab.MailAddress, Limit: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if res := answer.Result; !res.Success() || value(res, wayMetric, POX, waySRV) != 1 {
		t.Errorf("failure %v", res.Failure)
	}
}

// TestRequestsCanBeFoundInLogs: each request bears an id of its own, which the legs of its logon share.
func TestRequestsCanBeFoundInLogs(t *testing.T) {
	t.Parallel()
	a := start(t, "autodiscover-redirect-chain")
	r := probeOnce(t, exporter(t, a, "methods: [pox, soap, json, get], attempts: 1, follow_up: true"), lab.MailAddress, "")
	ids := map[string][]string{} // of a connection
	for _, e := range r.Conversations {
		id := ""
		for _, f := range e.Header {
			if f.Name == "client-request-id" {
				id = f.Value
			}
		}
		if len(id) != 36 {
			t.Errorf("%s %s in step %s: client-request-id %q", e.Method, e.URL, e.Step, id)
		}
		key := fmt.Sprint(e.Connection)
		if !slices.Contains(ids[key], id) {
			ids[key] = append(ids[key], id)
		}
	}
	seen := map[string]bool{}
	for connection, list := range ids {
		if len(list) != 1 || seen[list[0]] {
			t.Errorf("connection %s, which serves one request, bears the ids %v", connection, list)
		}
		seen[list[0]] = true
	}
	if len(seen) < 8 {
		t.Errorf("only %d requests were made", len(seen))
	}
}
