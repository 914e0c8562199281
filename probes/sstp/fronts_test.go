package sstp_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	parts "github.com/ews-exporter/ews_exporter/probes/sstp/lab"
)

var update = flag.Bool("update", false, "write the table of real servers into README.md")

// fronted is what a probe reports through each real server in front of the simulated VPN server.
var fronted = map[string]struct{ outcome, findings string }{
	"nginx":            {"http_error", "answered_by_middlebox, sstp_length_refused"},
	"nginx-unbuffered": {"http_error", "answered_by_middlebox, sstp_length_refused"},
	"haproxy-http":     {"connected", ""},
	"haproxy-tcp":      {"connected", ""},
	"apache":           {"http_error", "answered_by_middlebox, sstp_length_refused"},
	"squid":            {"http_error", "answered_by_middlebox, sstp_length_refused"},
}

// fronts are those of one program each, and what differs in what they do to a body. Squid serves and asks plain HTTP.
func fronts() (all []servers.Front) {
	for _, f := range append(servers.Fronts(), servers.AnswerFronts()...) {
		if _, asked := fronted[f.Name]; asked && (len(all) == 0 || !has(all, f.Name)) {
			all = append(all, f)
		}
	}
	return all
}

func has(all []servers.Front, name string) bool {
	for _, f := range all {
		if f.Name == name {
			return true
		}
	}
	return false
}

// TestFronts calls the simulated VPN server through real nginx, HAProxy, Apache httpd and Squid: it is the length that they mind,
// and the controls show it. The page's table is written from what they did.
func TestFronts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	authority := script.Authority()
	certificate, err := authority.Issue(time.Now().Add(time.Hour), lab.Service)
	if err != nil {
		t.Fatal(err)
	}
	all := fronts()
	if len(all) != len(fronted) {
		t.Fatalf("%d of %d fronts are there", len(all), len(fronted))
	}
	rows := make([]string, len(all))
	t.Run("through", func(t *testing.T) {
		for i, front := range all {
			t.Run(front.Name, func(t *testing.T) {
				t.Parallel()
				res := through(t, front, certificate, authority)
				want := fronted[front.Name]
				if outcome(res) != want.outcome || codes(res) != want.findings {
					t.Errorf("outcome %s, findings %s, want %s, %s\n%v", outcome(res), codes(res), want.outcome, want.findings, res.Failure)
				}
				rows[i] = row(front, res)
			})
		}
	})
	servers.HoldTable(t, "README.md", "| in front of the server | outcome | finding | the client's request | with length 0 | `GET` | `FOO` |\n|---|---|---|---|---|---|---|\n", rows, *update)
}

// through calls the simulated server through a front.
func through(t *testing.T, front servers.Front, certificate tls.Certificate, authority *lab.Authority) *result.Result {
	t.Helper()
	shows := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	r := over(t, authority, "revocation: false")
	if front.Name == "squid" {
		address := front.Start(t, lab.Serve(t, parts.Server).Addr(), tls.Certificate{})
		return probe(t, r, "http://"+address, 12*time.Second)
	}
	return probe(t, r, front.Start(t, lab.ServeTLS(t, shows, parts.Server).Addr(), certificate), 12*time.Second)
}

// row is what a front did, request by request.
func row(front servers.Front, res *result.Result) string {
	cells := []string{front.Description, "`" + outcome(res) + "`", "", "—", "—", "—", "—"}
	for _, f := range res.Findings {
		if strings.HasPrefix(f.Code, "sstp_") {
			cells[2] = fmt.Sprintf("[%s](findings/%[1]s.md)", f.Code)
		}
	}
	for _, c := range res.Conversations {
		for i, step := range []string{"call.request", "length_zero.request", "get.request", "unknown_verb.request"} {
			switch {
			case c.Step != step:
			case c.Response() != nil:
				cells[3+i] = c.Answer()
			case strings.Contains(c.Error, "said nothing"):
				cells[3+i] = "silence"
			default:
				cells[3+i] = "the end"
			}
		}
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
