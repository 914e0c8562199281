// Package lab is what the prober brings to the simulated site: ASP.NET's state service, and what else may be at its port.
package lab

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// The modules: one for a farm that needs the service, one for hosts on which nobody should reach it.
const needed, unwanted = "session_state_alive", "session_state"

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "session_state",
		Modules: []lab.Module{
			{Name: unwanted, About: "where nobody should reach the state service", Keys: []string{"timeout: 8s", "session_state: {expect: unreachable}"}},
			{Name: needed, About: "where a web farm needs it", Keys: []string{"timeout: 8s", "session_state: {expect: alive}"}},
		},
		Scenarios: scenarios(),
		Faults: []lab.Fault{
			{Module: unwanted, At: "state-answers", Alert: "EwsServiceFailing", Says: []string{"content/state_service_exposed"}, Panels: true},
			{Module: needed, At: "state-answers", Panels: true},
		},
		Loads: []lab.Load{
			{About: "as it comes, where nobody is reached", At: "state-closes", Keys: []string{"session_state: {expect: unreachable}"}},
			{About: "with `expect: alive`", At: "state-answers", Keys: []string{"session_state: {expect: alive}"}},
		},
		Least: []string{"session_state: {expect: alive}"},
		Most:  []string{"session_state: {expect: alive}"},
		Cases: cases(),
		Meets: []lab.Meeting{
			{Group: "Names", But: map[string]string{"gives 1,000 addresses": ""}},
			{Group: "Connections", But: map[string]string{
				"accepts, and never says a word": "receive/timeout",
				"accepts, and resets at once":    "content/not_state_service", // once it was asked
				"accepts, and closes at once":    "receive/closed",
			}},
		},
		Hostile: []lab.Group{hostile()},
	}
}

func scenarios() []lab.Scenario {
	return []lab.Scenario{
		{
			Name: "state-answers", Description: "ASP.NET's state service, open to everybody: it answers without a logon.",
			Verdicts: []lab.Verdict{
				{Module: unwanted, Failure: "content/state_service_exposed", Finding: "session_state_exposed", Outcome: "alive", Shows: true},
				{Module: needed, Failure: lab.None, Outcome: "alive"},
			},
			Serve: service,
		},
		{
			Name: "state-closes", Description: "A state service that takes connections of its own machine alone: it ends others at once.",
			Verdicts: []lab.Verdict{
				{Module: unwanted, Failure: lab.None, Outcome: "closed", Shows: true},
				{Module: needed, Failure: "receive/closed", Outcome: "closed"},
			},
			Serve: func(conn net.Conn, _ *tls.Config, _ func()) { _ = conn.Close() },
		},
		{
			Name: "state-silent", Description: "Something takes the connection at the state service's port, and never says a word.",
			Verdicts: []lab.Verdict{
				{Module: unwanted, Failure: lab.None, Outcome: "silent", Shows: true},
				{Module: needed, Failure: "receive/timeout", Outcome: "silent"},
			},
			Serve: func(conn net.Conn, _ *tls.Config, _ func()) {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			},
		},
		{
			Name: "state-other", Description: "Another service at the state service's port, which ends the connection once it is asked.",
			Verdicts: []lab.Verdict{
				{Module: unwanted, Failure: lab.None, Outcome: "not_state_service"},
				{Module: needed, Failure: "content/not_state_service", Outcome: "not_state_service", Shows: true},
			},
			Serve: func(conn net.Conn, _ *tls.Config, request func()) {
				_, _ = bufio.NewReader(conn).ReadString('\n')
				request()
				lab.End(conn, conn)
			},
		},
	}
}

// unknown is the answer to who asks for a session that nobody has.
const unknown = "404 Not Found\r\nX-AspNet-Version: 4.0.30319\r\nCache-Control: private\r\nContent-Length: 0\r\n\r\n"

// service answers every request as the state service does that knows no session.
func service(conn net.Conn, _ *tls.Config, request func()) {
	in := bufio.NewReaderSize(conn, 512)
	defer func() { lab.End(conn, in) }()
	for conn.SetDeadline(time.Now().Add(10*time.Second)) == nil {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		if strings.TrimSpace(string(line)) != "" {
			continue
		}
		request()
		if _, err := io.WriteString(conn, unknown); err != nil {
			return
		}
	}
}

// cases are answers in the other form, and what looks alike.
func cases() []lab.Case {
	return []lab.Case{
		answers("a status line with HTTP version", "success", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-AspNet-Version: 2.0.50727\r\n\r\n"),
		answers("a session that somebody holds", "success", "423 Locked\r\nX-AspNet-Version: 4.0.30319\r\nLockCookie: 1\r\n\r\n"),
		answers("a service that was told to leave its version out", "success", "404 Not Found\r\nContent-Length: 0\r\n\r\n"),
		answers("a web server", "content/not_state_service", "HTTP/1.1 404 Not Found\r\nServer: nginx\r\n\r\n"),
		{Name: "nobody where nobody should be", Want: lab.Verdict{Failure: lab.None, Outcome: "refused"}, Start: func(t lab.TB) lab.Peer {
			p := script.Closed(t)
			p.Keys = []string{"session_state: {expect: unreachable}"}
			return p
		}},
		{Name: "nothing is said where nobody should be", Slow: true, Want: lab.Verdict{Failure: lab.None, Outcome: "silent"}, Start: func(t lab.TB) lab.Peer {
			p := script.Plain(t, lab.Hang)
			p.Keys = []string{"session_state: {expect: unreachable}"}
			return p
		}},
		{Name: "no address where nobody should be", Want: lab.Verdict{Failure: "resolve/not_found", Outcome: "failed"}, Start: func(lab.TB) lab.Peer {
			return lab.Peer{Target: script.Nowhere, Resolver: script.Leads{}, Keys: []string{"session_state: {expect: unreachable}"}}
		}},
	}
}

// answers is a server that gives this answer.
func answers(name, reports, text string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.Plain(t, lab.ReadHead, lab.Write(text))
		p.Keys = []string{"session_state: {expect: alive}"}
		return p
	}}
}

// hostile are peers that are broken, or mean harm.
func hostile() lab.Group {
	const other = "content/not_state_service"
	one := func(does, reports string, steps ...lab.Step) lab.Case {
		c := answers(does, reports, "")
		c.Start = func(t lab.TB) lab.Peer {
			p := script.Plain(t, steps...)
			p.Keys = []string{"session_state: {expect: alive}"}
			return p
		}
		return c
	}
	flood := func(c lab.Case) lab.Case {
		c.Floods = true
		return c
	}
	return lab.Group{Title: "State services", Who: "the peer", Cases: []lab.Case{
		one("greets before it is asked", other, lab.Write("220 mail.contoso.test\r\n"), lab.Hang),
		one("answers in binary", other, lab.ReadHead, lab.Write("\x00\x01\x02\r\n"), lab.Hang),
		one("answers with a status that the service has not", other, lab.ReadHead, lab.Write("302 Found\r\n\r\n"), lab.Hang),
		one("answers with what drives terminals", "success", lab.ReadHead, lab.Write("HTTP/1.1 404 \x1b[2J\u202e owned\r\nX-AspNet-Version: \x1b]0;x\x07\u2066\r\n\r\n"), lab.Hang),
		one("ends in the middle of its head, after a status of the service", "success", lab.ReadHead, lab.Write("404 Not Found\r\nX-Asp")),
		one("begins a line and does not end it", other, lab.ReadHead, lab.Write("404"), lab.Hang),
		one("resets when it is asked", other, lab.ReadLine, lab.Reset),
		flood(one("answers with a line without end", other, lab.ReadHead, script.Endless("4"))),
		flood(one("answers with fields without end", other, lab.ReadHead, lab.Write("HTTP/1.1 404 Not Found\r\n"), script.Endless("A: b\r\n"))),
	}}
}
