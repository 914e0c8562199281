package mailservice

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// Kind is one of the two protocols, as its prober's part of the lab knows it.
type Kind struct {
	Prober string
	Title  string
	POP3   bool
}

func (k Kind) server(m server) lab.Scenario {
	m.pop = k.POP3
	return lab.Scenario{Serve: m.serve}
}

func (k Kind) choose(imap, pop string) string { return (&server{pop: k.POP3}).choose(imap, pop) }

// keys are those of a module with this security.
func (k Kind) keys(security string) string { return k.Prober + ": {security: " + security + "}" }

// Part is what the prober of a protocol brings to the simulated site.
func (k Kind) Part() lab.Part {
	module, upgrading := k.Prober, k.Prober+"_starttls"
	return lab.Part{
		Prober: k.Prober,
		Modules: []lab.Module{
			{Name: module, About: "logs on over TLS from the start", Logon: lab.Basic, Keys: []string{"timeout: 8s"}},
			{Name: upgrading, About: "begins in clear text", Keys: []string{"timeout: 8s", k.keys("starttls")}},
		},
		Scenarios: k.scenarios(module, upgrading),
		Faults: []lab.Fault{
			{Module: upgrading, At: k.Prober + "-starttls-missing", Alert: "EwsServiceFailing", Says: []string{"tls/starttls_not_offered"}, Panels: true},
			{Module: upgrading, At: k.Prober + "-plain-logon", Panels: true, Long: true},
			{Module: module, At: k.Prober + "-healthy", Panels: true},
		},
		Loads: []lab.Load{
			{About: "as it comes", At: k.Prober + "-healthy"},
			{About: "with `security: starttls`", At: k.Prober + "-starttls", Keys: []string{k.keys("starttls")}},
		},
		Least: []string{k.keys("implicit")}, // so that it meets the same handshakes as others do
		Most:  []string{k.keys("starttls")},
		Cases: k.cases(),
		Meets: []lab.Meeting{
			{Group: "Names", But: map[string]string{"gives 1,000 addresses": ""}},
			{Group: "Connections"},
			{Group: "TLS handshakes", But: map[string]string{
				"wants a certificate of the client (TLS 1.3)":         "",
				"wants a certificate of the client (TLS 1.2)":         "",
				"wants to negotiate anew after the request (TLS 1.2)": "",
				"ends TLS with an alert after the request (TLS 1.2)":  "",
			}},
			{Group: "Certificates", But: map[string]string{
				"shows one with 2,000 names":            "",
				"sends 100 certificates behind its own": "",
			}},
		},
		Hostile: []lab.Group{k.hostile()},
	}
}

func (k Kind) scenarios(module, upgrading string) []lab.Scenario {
	named := func(name, description string, m server, verdicts ...lab.Verdict) lab.Scenario {
		s := k.server(m)
		s.Name, s.Description, s.Verdicts = k.Prober+"-"+name, description, verdicts
		return s
	}
	return []lab.Scenario{
		named("healthy", "Exchange's "+k.Title+" service with TLS from the start; it lets the probe's account in.", server{implicit: true}, lab.Verdict{Module: module, Failure: lab.None}),
		named("starttls", "Exchange's "+k.Title+" service that begins in clear text, and takes passwords over TLS alone.", server{}, lab.Verdict{Module: upgrading, Failure: lab.None}),
		named("starttls-missing", "No certificate is set for the service, or somebody on the way takes the offer of TLS out.", server{noTLS: true},
			lab.Verdict{Module: upgrading, Failure: "tls/starttls_not_offered", Finding: k.Prober + "_starttls_missing"}),
		named("plain-logon", "The service takes passwords in clear text, too.", server{clear: true},
			lab.Verdict{Module: upgrading, Failure: lab.None, Finding: k.Prober + "_plain_logon_without_tls"}),
		named("refuses", "The service is inactive: it greets with a refusal, and closes.", server{implicit: true, greeting: k.choose("* BYE Connection is closed.", "-ERR Connection is closed.")},
			lab.Verdict{Module: module, Failure: "status/greeting_refused"}),
	}
}

// account is that of the probe. The password of cases is another than that of the site.
const account = "username: 'CONTOSO\\probe', password: a-secret-of-the-case-9, schemes: [basic]"

// cases are answers to logons, and what no scenario shows.
func (k Kind) cases() []lab.Case {
	verb := k.choose("AUTHENTICATE", "PASS")
	answered := func(name, reports, text string) lab.Case {
		return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
			m := server{pop: k.POP3, implicit: true, answers: map[string]string{verb: text}}
			if !k.POP3 { // the answer comes once the password did
				m.answers = nil
				return k.peer(t, account, "implicit", m.afterPassword(text))
			}
			return k.peer(t, account, "implicit", m.serve)
		}}
	}
	all := []lab.Case{
		answered("a password that the server calls wrong", "auth/refused", k.choose("NO [AUTHENTICATIONFAILED] no", "-ERR [AUTH] no")),
		answered("a refusal that does not say why", "auth/refused", k.choose("NO AUTHENTICATE failed.", "-ERR no")),
		answered("a refusal in Windows' words", "auth/refused", k.choose("NO Logon failure: unknown user name or bad password.", "-ERR Logon failure: unknown user name or bad password.")),
		answered("a server that cannot judge now", "status/logon_unavailable", k.choose("NO [UNAVAILABLE] later", "-ERR [SYS/TEMP] later")),
		answered("an answer that is none", "receive/malformed", k.choose("\x01", "HTTP/1.1 400 Bad Request")),
		{Name: "no logon by password over TLS", Want: lab.Reports("auth/scheme_not_offered"), Start: func(t lab.TB) lab.Peer {
			m := server{pop: k.POP3, implicit: true, answers: map[string]string{
				"CAPABILITY": "OK", "CAPA": "+OK\r\nTOP\r\n.",
			}}
			if !k.POP3 {
				m.answers = map[string]string{"AUTHENTICATE": "NO no", "LOGIN": "NO no"}
			}
			return k.peer(t, account, "implicit", m.serve)
		}},
		{Name: "a logon that succeeds over STARTTLS", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
			return k.peer(t, account, "starttls", (&server{pop: k.POP3}).serve)
		}},
		{Name: "clear text that is meant, and takes passwords", Want: lab.Reports("success, " + k.Prober + "_plain_logon_without_tls"), Start: func(t lab.TB) lab.Peer {
			return k.peer(t, "", "none", (&server{pop: k.POP3, clear: true}).serve)
		}},
		{Name: "TLS from the start where clear text is expected", Want: lab.Reports("receive/timeout"), Start: func(t lab.TB) lab.Peer {
			return k.peer(t, "", "starttls", (&server{pop: k.POP3, implicit: true}).serve)
		}},
		{Name: "clear text where TLS from the start is expected", Want: lab.Reports("tls/not_tls"), Start: func(t lab.TB) lab.Peer {
			p := script.Plain(t, lab.Write(k.choose("* OK ready\r\n", "+OK ready\r\n")), lab.Hang)
			p.Keys = []string{k.keys("implicit")}
			return p
		}},
	}
	return append(all, k.upgrades()...)
}

// upgrades are answers to the wish for TLS.
func (k Kind) upgrades() []lab.Case {
	if k.POP3 {
		return []lab.Case{k.talk("a server that does not say what it offers, and starts no TLS", "tls/starttls_not_offered, pop3_plain_logon_without_tls, pop3_starttls_missing", "+OK ready", "-ERR what?", "-ERR no")}
	}
	const offers = "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\n"
	return []lab.Case{
		k.talk("an offer of TLS that is not kept", "tls/starttls_refused", "* OK ready", offers+"ews1 OK", "ews2 NO not now", "* BYE\news3 OK"),
		k.talk("an offer of TLS that the server does not know any more", "tls/starttls_not_offered, imap_starttls_missing", "* OK ready", offers+"ews1 OK", "ews2 BAD what?", "* BYE\news3 OK"),
		k.talk("a server that does not say what it offers", "status/capabilities_refused", "* OK ready", "ews1 NO", "* BYE\news2 OK"),
	}
}

// talk is a server that says these replies one after the other, the first one unasked.
func (k Kind) talk(name, reports string, replies ...string) lab.Case {
	return k.plays(name, reports, says(replies...)...)
}

func (k Kind) plays(name, reports string, steps ...lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.Plain(t, steps...)
		p.Keys = []string{k.keys("starttls")}
		return p
	}}
}

// says has each of these said in answer to a line, the first one unasked.
func says(replies ...string) []lab.Step {
	var steps []lab.Step
	for i, r := range replies {
		if i > 0 {
			steps = append(steps, line)
		}
		steps = append(steps, lab.Write(strings.ReplaceAll(r, "\n", "\r\n")+"\r\n"))
	}
	return steps
}

// line reads one line, and nothing behind it, which may be a handshake.
func line(c *lab.Conn) error {
	one := make([]byte, 1)
	for one[0] != '\n' {
		if _, err := c.Read(one); err != nil {
			return err
		}
	}
	return nil
}
