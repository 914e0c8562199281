// Package mailprobe is what the probers of IMAP and POP3 share, which is all but their words: over one connection they wait for
// the greeting, ask what is offered before TLS and over it, log on where there is an auth, and say good-bye. No mail is read.
package mailprobe

import (
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Kind is a protocol: the words in which its prober differs.
type Kind struct {
	Name         string // the prober's, and the beginning of steps and codes: "imap"
	Title        string // "IMAP"
	Summary      string
	Protocol     result.Protocol
	Implicit     string // the scheme of targets with TLS from the start, with its port: "imaps"
	Clear        string // of those that begin in clear text
	Upgrade      string // the command that starts TLS: "STARTTLS"
	Greets       string // what a greeting begins with: "* OK"
	Dialogue     func(lines mailaccess.Lines) mailaccess.Dialogue
	Capabilities []string // of the metric, in lower case
	Exchange     Exchange // what it is called there
	Example      string
}

// Exchange is what Exchange calls the service and what is set of it.
type Exchange struct {
	Service  string // the front end's; the back end's ends with BE: "MSExchangeIMAP4"
	Settings string // "ImapSettings", of Get- and Set-
	Enabled  string // of Set-CASMailbox: prober.ImapEnabled
	Proxy    string // of Get-ServerComponentState: "ImapProxy"
	Usage    string // of Enable-ExchangeCertificate: "IMAP"
}

// What a connection is secured by.
const (
	Implicit = "implicit" // TLS from the start (RFC 8314)
	StartTLS = "starttls" // the server must offer it
	None     = "none"
)

// Settings are what a module of such a prober can set.
type Settings struct {
	Security string `yaml:"security"`

	kind *Kind
}

// Definition declares the prober of a kind.
func Definition(k *Kind) prober.Definition {
	step := func(name, help string) prober.StepHelp { return prober.StepHelp{Name: k.Name + "." + name, Help: help} }
	return prober.Definition{
		Name: k.Name, Summary: k.Summary, Advice: k.book(), Serves: k.serves(), Decides: result.ByTLS, Scheme: k.Implicit, Paths: prober.ServicePaths,
		Account: &prober.Account{Enabled: []string{k.Exchange.Enabled}},
		Absent:  []string{"connect/refused", "connect/timeout"}, // the service is not started, as Exchange installs it
		New:     func() prober.Prober { return &Settings{Security: Implicit, kind: k} },
		Steps: []prober.StepHelp{
			{Name: "resolve", Help: "look the target's name up"},
			{Name: k.Name, Help: "the dialogue, over one connection"},
			step("connect", "open a TCP connection"),
			step("tls", "the handshake, and the certificate's verification"),
			step("greeting", "wait for the greeting"),
			step("capabilities", "ask what is offered"),
			step("starttls", "ask for TLS by "+k.Upgrade+" (with security: starttls)"),
			step("capabilities_tls", "ask again over TLS (with security: starttls)"),
			step("logon", "log on by user name and password over TLS (with an auth)"),
		},
		Reasons:   k.reasons(),
		Metrics:   []*result.Metric{capabilityOffered, logonSuccess, greetingSeconds},
		Findings:  k.findings(),
		Dashboard: k.panels(),
		Example:   k.Example,
	}
}

func (k *Kind) reasons() []failure.Reason {
	all := []failure.Reason{smtp.NotOffered, smtp.Injected, mailaccess.GreetingRefused, mailaccess.LogonUnavailable}
	if k.Protocol == result.IMAP { // POP3 has no word for the difference
		all = append(all, smtp.StartTLSRefused, mailaccess.CapabilitiesRefused)
	}
	return all
}

// upgradeMissing and plainLogon are the codes of the findings.
func (k *Kind) upgradeMissing() string { return k.Name + "_starttls_missing" }
func (k *Kind) plainLogon() string     { return k.Name + "_plain_logon_without_tls" }

func (k *Kind) findings() []prober.Finding {
	return []prober.Finding{
		{Code: k.upgradeMissing(), Severity: result.Error, Summary: "The server does not offer " + k.Upgrade + "."},
		{Code: k.plainLogon(), Severity: result.Warning, Summary: "The server takes passwords in clear text, before TLS is there."},
	}
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if securities := []string{Implicit, StartTLS, None}; !slices.Contains(securities, s.Security) {
		report("security", suggest.OneOf(s.Security, securities))
	}
}

// LogonProblem implements prober.LogonLimiter: a password goes over TLS alone, and only by the schemes that send it as it is.
func (s *Settings) LogonProblem(schemes []string) (field, problem string) {
	switch {
	case s.Security == None:
		return "security", "none, and there is an auth: no secret is ever sent in clear text; set implicit or starttls, or leave the auth out"
	case len(schemes) > 0 && !slices.Contains(schemes, "basic"): // a certificate alone has none
		return "", "the auth's schemes lack basic, by which " + s.kind.Name + " logs on, with user name and password"
	}
	return "", ""
}

// Need implements prober.Prober: a server that is well greets within a second.
func (s *Settings) Need() time.Duration { return 2 * time.Second }

// Paths implements prober.Prober: nothing is requested.
func (s *Settings) Paths() []string { return nil }

// Aim implements prober.Aimer: a target without a port is asked on the port that goes with security.
func (s *Settings) Aim(raw, hostname string) (prober.Aim, error) {
	scheme := s.kind.Implicit
	if s.Security != Implicit {
		scheme = s.kind.Clear
	}
	t, err := target.ParseAs(scheme, raw, hostname)
	return prober.Aim{Target: t}, err
}

// Plan implements prober.Prober.
func (s *Settings) Plan(logon bool) []string {
	parts := []string{"connect", "greeting", "capabilities"}
	switch s.Security {
	case StartTLS:
		parts = append(parts, "starttls", "tls", "capabilities_tls")
	case Implicit:
		parts = []string{"connect", "tls", "greeting", "capabilities"}
	}
	if logon {
		parts = append(parts, "logon")
	}
	steps := []string{"resolve", s.kind.Name}
	for _, p := range parts {
		steps = append(steps, s.kind.Name+"."+p)
	}
	return steps
}
