package rdgateway_test

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
	parts "github.com/ews-exporter/ews_exporter/probes/rdgateway/lab"
)

var update = flag.Bool("update", false, "write the table of real servers into README.md")

// fronted is what a probe reports through each real server in front of the simulated gateway, logged on by Basic.
var fronted = map[string]struct{ outcomes, findings string }{
	"nginx":                       {"websocket silent, http silent", "rd_gateway_packets_held"},
	"nginx-unbuffered":            {"websocket silent, http silent", "rd_gateway_packets_held"},
	"nginx-upgrading":             {"websocket handshake, http handshake", ""},
	"haproxy-http":                {"websocket handshake, http handshake", ""},
	"haproxy-tcp":                 {"websocket handshake, http handshake", ""},
	"haproxy-http-buffer-request": {"websocket handshake, http silent", "rd_gateway_packets_held"},
	"apache":                      {"websocket no_transport, http silent", "rd_gateway_no_websocket, rd_gateway_packets_held"},
	"squid":                       {"websocket no_transport, http handshake", "rd_gateway_no_websocket"},
}

// fronts are those whose ways with bodies and upgrades differ. Squid serves and asks plain HTTP.
func fronts() []servers.Front {
	squid := slices.DeleteFunc(servers.AnswerFronts(), func(f servers.Front) bool { return f.Name != "squid" })
	return slices.Concat(servers.Fronts(), []servers.Front{servers.Upgrading()}, squid)
}

// TestFronts asks the simulated gateway through real nginx, HAProxy, Apache httpd and Squid. The page's table is written from what
// they did.
func TestFronts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	authority := script.Authority()
	certificate, err := authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	all := fronts()
	rows := make([]string, len(all))
	t.Run("through", func(t *testing.T) {
		for i, front := range all {
			t.Run(front.Name, func(t *testing.T) {
				t.Parallel()
				want := fronted[front.Name]
				bare, res := through(t, front, certificate, authority)
				if outcomes(bare) != "http logon_asked, websocket logon_asked" {
					t.Errorf("without a logon: outcomes %s, failure %v", outcomes(bare), bare.Failure)
				}
				if outcomes(res) != want.outcomes || codes(res) != want.findings {
					t.Errorf("outcomes %s, findings %s, want %s, %s\n%v", outcomes(res), codes(res), want.outcomes, want.findings, res.Failure)
				}
				rows[i] = row(front, bare, res)
			})
		}
	})
	servers.HoldTable(t, "README.md", "| in front of the gateway | the verb, without a logon | `websocket` | `http` | findings |\n|---|---|---|---|---|\n", rows, *update)
}

// reversed asks the transport of one connection first: what becomes of the other's may spoil connections that a front keeps.
const reversed = "transports: [websocket, http]"

// through asks the simulated gateway through a front, without a logon and with one. Squid, which is plain HTTP, gets no logon.
func through(t *testing.T, front servers.Front, certificate tls.Certificate, authority *lab.Authority) (bare, res *result.Result) {
	t.Helper()
	shows := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	logon := account("basic", lab.Password)
	var target string
	if front.Name == "squid" {
		target, logon = "http://"+front.Start(t, lab.Serve(t, parts.Open).Addr(), tls.Certificate{}), ""
	} else {
		target = front.Start(t, lab.ServeTLS(t, shows, parts.Server(nil)).Addr(), certificate)
	}
	if logon == "" {
		asks := "http://" + front.Start(t, lab.Serve(t, parts.Server(nil)).Addr(), tls.Certificate{})
		return probe(t, authority, asks, both, "", 6*time.Second), probe(t, authority, target, reversed, "", 6*time.Second)
	}
	return probe(t, authority, target, both, "", 6*time.Second), probe(t, authority, target, reversed, logon, 6*time.Second)
}

// row is what a front did.
func row(front servers.Front, bare, res *result.Result) string {
	cells := []string{front.Description, bare.Conversations[0].Answer(), "", "", ""}
	for i, o := range strings.Split(outcomes(res), ", ") {
		_, outcome, _ := strings.Cut(o, " ")
		cells[2+i] = "`" + outcome + "`"
	}
	for _, f := range res.Findings {
		if strings.HasPrefix(f.Code, "rd_gateway_") {
			cells[4] += fmt.Sprintf(", [%s](findings/%[1]s.md)", f.Code)
		}
	}
	cells[4] = strings.TrimPrefix(cells[4], ", ")
	return "| " + strings.Join(cells, " | ") + " |\n"
}
