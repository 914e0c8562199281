package probes_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestFromAutodiscoverToTheBox: a mailbox move that failed, from end to end, as field notes have it. Autodiscover gives another host
// than people think of; that host is asked, and the box in front of it takes the late body for a new request. Each step says in
// one sentence what to know for the next.
func TestFromAutodiscoverToTheBox(t *testing.T) {
	t.Parallel()
	domain := peerOf(t, "autodiscover", "autodiscover-server-differs")
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"kemp-rfc2616-logon"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	kemp, _ := site.Scenario("kemp-rfc2616-logon")
	_, port, _ := net.SplitHostPort(kemp.Address)

	const thought = "ews." + lab.MailDomain // where people think that the move goes
	found := probeMoves(t, domain.Authority, domain.Resolver, domain.Adapt, fmt.Sprintf("{%s, targets: ['%s']}", domain.Logon, strings.Join(domain.LogonTargets, "', '")),
		"autodiscover", strings.Replace(strings.Join(domain.Keys, "\n    "), "attempts: 1", "attempts: 1, expect: {EXPR.Server: "+thought+"}", 1), domain.Target)
	wrong := sentenceOf(t, found, "autodiscover_wrong_url")
	_, after, _ := strings.Cut(wrong, "EXPR.Server is ")
	host, _, _ := strings.Cut(after, " ")
	if host != lab.Service || !strings.Contains(wrong, "expected is "+thought) {
		t.Fatalf("Autodiscover's wrong host is told as %q", wrong)
	}
	if differs := sentenceOf(t, found, "autodiscover_server_differs"); !strings.Contains(differs, "see that "+host+" takes mailbox moves") {
		t.Errorf("it does not lead on to that host: %q", differs)
	}

	target := net.JoinHostPort(host, port)
	asked := probeMoves(t, site.Authority(), script.Leads{}, nil, fmt.Sprintf("{username: '%s', password: %s, schemes: [basic], targets: ['%s']}", lab.Username, lab.Password, target),
		"mrs_proxy", "mrs_proxy: {expect: true, wait: 400ms}", target)
	sentence := sentenceOf(t, asked, "late_body_rejected")
	for _, want := range []string{"A box in front of the server (Kemp LoadMaster) answered 501 Invalid Request", "It took the late body for a new request.", `"100-Continue Handling" to "RFC-7231 Compliant"`} {
		if !strings.Contains(sentence, want) {
			t.Errorf("the sentence lacks %q: %s", want, sentence)
		}
	}
	if url := "https://" + target + "/EWS/mrsproxy.svc"; asked.Tables[0].Rows[0][0] != url || asked.Deciding.URL != url {
		t.Errorf("it says that %q was asked, want %s", asked.Tables[0].Rows[0], url)
	}
	if asked.Verdict == nil || asked.Verdict.Owner != "middlebox" || asked.Verdict.Certainty != "sure" {
		t.Errorf("it asks this of somebody: %+v", asked.Verdict)
	}
}

// peerOf starts a case of a part.
func peerOf(t *testing.T, prober, name string) lab.Peer {
	t.Helper()
	for _, p := range labs.All() {
		i := slices.IndexFunc(p.Cases, func(c lab.Case) bool { return p.Prober == prober && c.Name == name })
		if i >= 0 {
			return p.Cases[i].Start(t)
		}
	}
	t.Fatalf("%s has no case %s", prober, name)
	return lab.Peer{}
}

// probeMoves probes once by a module with an auth.
func probeMoves(t *testing.T, authority *lab.Authority, resolver lab.Resolver, adapt func(any), logon, prober, keys, target string) *result.Result {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf("auths:\n  a: %s\nmodules:\n  m:\n    prober: %s\n    auth: a\n    tls_config: {ca_file: ca.pem}\n    %s\npolicy: {%s}\n", logon, prober, keys, lab.Policy)
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	if adapt != nil {
		adapt(cfg.Modules["m"].Settings)
	}
	answer, err := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: resolver, Version: "test", Log: slog.New(slog.DiscardHandler),
	}).Probe(t.Context(), runner.Request{Module: "m", Target: target, Limit: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// sentenceOf is that of a finding, which has to be there.
func sentenceOf(t *testing.T, res *result.Result, code string) string {
	t.Helper()
	for _, f := range res.Findings {
		if f.Code == code {
			return f.Sentence
		}
	}
	t.Fatalf("%s is not found; failure %v, findings %v", code, res.Failure, res.Findings)
	return ""
}
