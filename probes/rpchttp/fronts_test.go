package rpchttp_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

var update = flag.Bool("update", false, "write the table of real servers into README.md")

// asks is a server that asks for a logon by a request's head alone, as IIS does.
var asks = script.Each(lab.Branch(func(string) []lab.Step {
	return []lab.Step{lab.Write(script.Responds("401 Unauthorized", "Server: Microsoft-IIS/10.0\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", ""))}
}))

// What the length gets, where it does not pass.
const (
	limited = "413"
	waits   = "no answer"
)

// announced is that of each front by its name; empty where it passes.
var announced = map[string]string{
	"nginx": limited, "nginx-unbuffered": limited, "haproxy-http": "", "haproxy-tcp": "", "haproxy-http-buffer-request": waits, "apache": waits, "squid": "",
}

// TestFronts: what real proxies do to the verbs and to the length. The page's table is written from what they did.
func TestFronts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	squid := slices.DeleteFunc(servers.AnswerFronts(), func(f servers.Front) bool { return f.Name != "squid" })
	all := append(servers.Fronts(), squid...)
	rows := make([]string, len(all))
	t.Run("through", func(t *testing.T) {
		for i, front := range all {
			t.Run(front.Name, func(t *testing.T) {
				t.Parallel()
				want, known := announced[front.Name]
				if !known {
					t.Fatal("nobody says what it does")
				}
				var target string
				if front.Name == "squid" { // it serves and asks plain HTTP
					target = "http://" + front.Start(t, lab.Serve(t, asks).Addr(), tls.Certificate{})
				} else {
					target = front.Start(t, lab.ServeTLS(t, secure, asks).Addr(), certificate)
				}
				res := probe(t, authority, target, "announce: true", "", 4*time.Second)
				if outcomes(res) != "in logon_asked, out logon_asked" {
					t.Fatalf("outcomes %s, failure %v", outcomes(res), res.Failure)
				}
				if (codes(res) == "") != (want == "") || want != "" && !strings.Contains(res.Findings[0].Sentence, "bytes got "+want) {
					t.Errorf("findings %v, want one that says %q; failure %v", res.Findings, want, res.Failure)
				}
				rows[i] = row(front, res)
			})
		}
	})
	servers.HoldTable(t, "README.md", "| in front of the server | `RPC_IN_DATA`, length 0 | `RPC_OUT_DATA` | length 1 GiB | finding |\n|---|---|---|---|---|\n", rows, *update)
}

// row is what a front did, request by request.
func row(front servers.Front, res *result.Result) string {
	cells := []string{front.Description, "", "", "silence", ""}
	for _, c := range res.Conversations {
		for i, step := range []string{"in.unauthenticated", "out.unauthenticated", "announce.request"} {
			if c.Step == step && c.Response() != nil {
				cells[1+i] = c.Answer()
			}
		}
	}
	for _, f := range res.Findings {
		cells[4] = fmt.Sprintf("[%s](findings/%[1]s.md)", f.Code)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
