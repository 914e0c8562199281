// Package lab is what the prober brings to the simulated site: servers that greet.
package lab

import (
	"crypto/tls"
	"io"
	"net"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Part is the prober's.
func Part() lab.Part {
	const module = "greeting"
	return lab.Part{
		Prober:  "greeting",
		Modules: []lab.Module{{Name: module, Keys: []string{"timeout: 3s"}}},
		Least:   []string{"greeting: {expect: '220'}"},
		Most:    []string{"greeting: {expect: '220'}"},
		Meets: []lab.Meeting{
			{Group: "Names", But: map[string]string{"gives 1,000 addresses": ""}},
			{Group: "Connections", But: map[string]string{
				"accepts, and resets at once":    "receive/reset",
				"accepts, and closes at once":    "receive/closed",
				"accepts, and never says a word": "receive/timeout",
			}},
		},
		Loads: []lab.Load{{About: "as it comes", At: "greeting-healthy"}},
		Scenarios: []lab.Scenario{
			{
				Name: "greeting-healthy", Description: "A server that greets as a mail server does.",
				Verdicts: []lab.Verdict{{Module: module, Failure: lab.None, Outcome: "expected"}},
				Serve:    greets("220 mail.contoso.test"),
			},
			{
				Name: "greeting-other", Description: "A server of another kind at the mail server's port.",
				Verdicts: []lab.Verdict{{Module: module, Failure: "content/other_greeting", Finding: "greeting_unexpected", Outcome: "other"}},
				Serve:    greets("SSH-2.0-OpenSSH_9.2"),
			},
		},
		Cases: []lab.Case{{
			Name: "greeting-cut", Want: lab.Verdict{Failure: "receive/closed"},
			Start: func(t lab.TB) lab.Peer {
				return lab.Peer{Target: lab.Serve(t, lab.Write("220 mail")).Addr()}
			},
		}},
	}
}

// greets is a server that says one line, and closes.
func greets(line string) func(net.Conn, *tls.Config, func()) {
	return func(conn net.Conn, _ *tls.Config, request func()) {
		request()
		_, _ = io.WriteString(conn, line+"\r\n") // a client that went away misses nothing
		_ = conn.Close()
	}
}
