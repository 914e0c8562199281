package smtp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// What a connection is secured by.
const (
	StartTLS = "starttls" // the server must offer it
	Implicit = "implicit" // TLS from the start (RFC 8314)
	None     = "none"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Security string `yaml:"security"`
	EHLO     string `yaml:"ehlo"` // the name to give; empty for smtp.Self

	ExpectedCapabilities []string `yaml:"expected_capabilities"` // a keyword, with parameters where they matter: "auth ntlm"
	ExpectedNames        []string `yaml:"expected_names"`        // that the server announces, or its certificate covers

	MailFrom bool `yaml:"mail_from"` // begin a mail without a sender, and give it up

	relay bool // name a recipient nobody has, see RelayCheck
}

func defaults() *Settings { return &Settings{Security: StartTLS} }

// RelayCheck implements prober.RelayChecker.
func (s *Settings) RelayCheck() prober.Prober {
	checks := *s
	checks.MailFrom, checks.relay = true, true
	return &checks
}

// maxExpected bounds each list of what is expected.
const maxExpected = 50

var capability = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*( [!-~]+)*$`)

// Check implements prober.Prober. It brings names and capabilities into their normal spelling.
func (s *Settings) Check(report func(field, problem string)) {
	if securities := []string{StartTLS, Implicit, None}; !slices.Contains(securities, s.Security) {
		report("security", suggest.OneOf(s.Security, securities))
	}
	if problem := dialogue.CheckName(s.EHLO); s.EHLO != "" && problem != "" {
		report("ehlo", problem)
	}
	for i, text := range s.ExpectedCapabilities {
		s.ExpectedCapabilities[i] = strings.ToLower(text)
		if !capability.MatchString(s.ExpectedCapabilities[i]) || len(text) > 128 {
			report(fmt.Sprintf("expected_capabilities[%d]", i), fmt.Sprintf("%.64q is no keyword of EHLO, with its parameters parted by blanks where they matter, as in x-exps or auth ntlm", text))
		}
	}
	for i, text := range s.ExpectedNames {
		name, _, err := target.ParseHost(text)
		if err != nil {
			report(fmt.Sprintf("expected_names[%d]", i), err.Error())
			continue
		}
		s.ExpectedNames[i] = name
	}
	checkList("expected_capabilities", s.ExpectedCapabilities, report)
	checkList("expected_names", s.ExpectedNames, report)
}

// Doubts implements prober.Doubter: servers may offer what nobody has heard of.
func (s *Settings) Doubts(report func(field, doubt string)) {
	for i, text := range s.ExpectedCapabilities {
		keyword, _, _ := strings.Cut(text, " ")
		if !slices.Contains(capabilities, keyword) {
			report(fmt.Sprintf("expected_capabilities[%d]", i), fmt.Sprintf("%q is none of the usual keywords of EHLO; %s", keyword, suggest.Hint(keyword, capabilities)))
		}
	}
}

// checkList refuses a long list, and what stands in it twice.
func checkList(field string, list []string, report func(field, problem string)) {
	if len(list) > maxExpected {
		report(field, fmt.Sprintf("%d entries: at most %d", len(list), maxExpected))
	}
	for i, entry := range list {
		if slices.Index(list, entry) != i {
			report(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%.64q is there already", entry))
		}
	}
}

// Need implements prober.Prober: a server that is well greets within a second.
func (s *Settings) Need() time.Duration { return 2 * time.Second }

// Paths implements prober.Prober: nothing is requested.
func (s *Settings) Paths() []string { return nil }

// WantsTargets implements prober.Bound: a mail that is begun is logged, and counted by those who keep others out.
func (s *Settings) WantsTargets() string {
	if s.MailFrom && !s.relay {
		return "smtp.mail_from"
	}
	return ""
}

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve", "smtp", "smtp.connect"}
	switch s.Security {
	case StartTLS:
		steps = append(steps, "smtp.greeting", "smtp.ehlo", "smtp.starttls", "smtp.tls", "smtp.ehlo_tls")
	case Implicit:
		steps = append(steps, "smtp.tls", "smtp.greeting", "smtp.ehlo")
	default:
		steps = append(steps, "smtp.greeting", "smtp.ehlo")
	}
	if s.MailFrom {
		steps = append(steps, "smtp.mail")
	}
	if s.relay {
		steps = append(steps, "smtp.rcpt")
	}
	return steps
}
