package autodiscover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// The methods of asking.
const (
	POX  = "pox"  // POST of plain old XML
	SOAP = "soap" // GetUserSettings
	JSON = "json" // version 2: a GET without logon
	Get  = "get"  // a GET without logon, whose 401 names the front end
)

// Methods lists the closed set.
var Methods = []string{POX, SOAP, JSON, Get}

// Settings are what a module of this prober can set.
type Settings struct {
	Email           string                 `yaml:"email"`             // whose settings are asked for; a target that is a mail address has precedence
	Methods         []string               `yaml:"methods"`           // of Methods
	Attempts        int                    `yaml:"attempts"`          // look-ups by each method, on connections of their own
	Expect          map[string]Expectation `yaml:"expect"`            // by TYPE.Element
	RedirectDomains []string               `yaml:"redirect_domains"`  // where redirects may lead, beside the mail domain
	BareDomainLogon bool                   `yaml:"bare_domain_logon"` // log on at the mail domain's own host too
	FollowUp        bool                   `yaml:"follow_up"`         // reach the EWS URLs that are returned
	Spellings       bool                   `yaml:"spellings"`         // ask by another spelling of the path too
	Nameserver      string                 `yaml:"nameserver"`        // for the service record; empty: the system's

	// ports are those of https and http.
	ports struct{ https, http uint16 }
}

// UsePorts makes look-ups go to other ports than those of https and http, for tests.
func (s *Settings) UsePorts(https, http uint16) { s.ports.https, s.ports.http = https, http }

func defaults() *Settings {
	s := &Settings{Methods: []string{POX}, Attempts: 3, Spellings: true}
	s.ports.https, s.ports.http = 443, 80
	return s
}

const (
	maxAttempts = 10
	maxLookUps  = 12 // of all methods: a look-up may take five connections, and a probe has 64
	maxList     = 50
)

// Check implements prober.Prober. It brings names into their normal spelling.
func (s *Settings) Check(report func(field, problem string)) {
	if s.Email != "" {
		if err := checkEmail(s.Email); err != nil {
			report("email", err.Error())
		}
	}
	s.checkMethods(report)
	s.checkExpect(report)
	if len(s.RedirectDomains) > maxList {
		report("redirect_domains", fmt.Sprintf("%d entries: at most %d", len(s.RedirectDomains), maxList))
	}
	for i, d := range s.RedirectDomains {
		name, err := autodiscover.CheckDomain(d)
		if err != nil {
			report(fmt.Sprintf("redirect_domains[%d]", i), err.Error())
			continue
		}
		s.RedirectDomains[i] = name
	}
	if s.Nameserver != "" {
		address, err := parseNameserver(s.Nameserver)
		if err != nil {
			report("nameserver", err.Error())
		} else {
			s.Nameserver = address.String()
		}
	}
}

func (s *Settings) checkMethods(report func(field, problem string)) {
	if len(s.Methods) == 0 {
		report("methods", "needs one of "+strings.Join(Methods, ", "))
	}
	for i, m := range s.Methods {
		field := fmt.Sprintf("methods[%d]", i)
		if !slices.Contains(Methods, m) {
			report(field, suggest.OneOf(m, Methods))
		} else if slices.Index(s.Methods, m) != i {
			report(field, fmt.Sprintf("%q is there already", m))
		}
	}
	switch {
	case s.Attempts < 1 || s.Attempts > maxAttempts:
		report("attempts", fmt.Sprintf("%d: from 1 to %d", s.Attempts, maxAttempts))
	case s.Attempts*len(s.Methods) > maxLookUps:
		report("attempts", fmt.Sprintf("%d attempts by each of %d methods are more than the %d look-ups that a probe makes", s.Attempts, len(s.Methods), maxLookUps))
	}
}

// ForMailbox implements prober.MailboxUser: it is this address whose settings are asked for.
func (s *Settings) ForMailbox(address string) prober.Prober {
	other := *s
	other.Email = address
	return &other
}

// parseNameserver reads an address with or without a port.
func parseNameserver(text string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil || a.Port() == 0 {
		return a, fmt.Errorf("%.64q is not an address with or without a port, as in 192.0.2.53 or [2001:db8::53]:5353", text)
	}
	return a, nil
}

// checkEmail holds an address to letters that need no quotation (RFC 5322 §3.2.3, dot-atom), so that none hides a
// password or a header, and its domain to lie below a public suffix.
func checkEmail(email string) error {
	local, _, _ := strings.Cut(email, "@")
	for _, c := range []byte(local) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", rune(c)) {
			return fmt.Errorf("not a mail address: before the @ stand letters, digits and marks, and no %q", c)
		}
	}
	if strings.Count(email, "@") != 1 {
		return fmt.Errorf("not a mail address: it has %d @, and needs one", strings.Count(email, "@"))
	}
	_, err := autodiscover.Domain(email)
	return err
}

// Need implements prober.Prober: a second for each way of a look-up.
func (s *Settings) Need() time.Duration { return 4 * time.Second }

// paths are where the methods ask.
var paths = map[string]string{
	POX: autodiscover.POXPath, SOAP: autodiscover.SOAPPath, JSON: "/autodiscover/autodiscover.json", Get: autodiscover.POXPath,
}

// Paths implements prober.Prober.
func (s *Settings) Paths() []string {
	var all []string
	for _, m := range s.Methods {
		if !slices.Contains(all, paths[m]) {
			all = append(all, paths[m])
		}
	}
	return all
}

// Plan implements prober.Prober. Which ways a look-up takes, and whether there is a spelling to ask by, is not known before.
func (s *Settings) Plan(bool) []string {
	steps := slices.Clone(s.Methods)
	if s.FollowUp {
		steps = append(steps, followUp)
	}
	return steps
}

// logsOn tells whether a method is worth a secret.
func logsOn(method string) bool { return method == POX || method == SOAP }

// hostOf is a target for a host of a look-up.
func (s *Settings) hostOf(name string) target.Target {
	return target.Target{Raw: name, Scheme: "https", Host: name, Port: s.ports.https, Name: name}
}
