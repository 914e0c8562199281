package autodiscover

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// query is what a target asks for.
type query struct {
	email  string // empty where the methods need none
	whom   string // the same in its normal form, where the target says it
	domain string // of a look-up; empty when the target itself is asked
	target target.Target
}

// Aim implements prober.Aimer: a mail address, or a mail domain, is looked up; any other host is asked itself.
func (s *Settings) Aim(raw, hostname string) (prober.Aim, error) {
	q, err := s.read(raw, hostname)
	if err != nil {
		return prober.Aim{}, err
	}
	aim := prober.Aim{Target: q.target, Whom: q.whom}
	if q.domain == "" {
		return aim, nil
	}
	for _, name := range autodiscover.Hosts(q.domain) {
		aim.Hosts = append(aim.Hosts, s.hostOf(name))
	}
	aim.Logons = aim.Hosts[1:]
	if s.BareDomainLogon {
		aim.Logons = aim.Hosts
	}
	return aim, nil
}

func (s *Settings) read(raw, hostname string) (query, error) {
	q := query{email: s.Email}
	if strings.Contains(raw, "@") && !strings.ContainsAny(raw, ":/") {
		if err := checkEmail(raw); err != nil {
			return q, fmt.Errorf("the target has an @, and is %w", err)
		}
		q.email = raw
		q.domain, _ = autodiscover.Domain(raw)
		q.whom = strings.ToLower(raw[:strings.LastIndexByte(raw, '@')+1]) + q.domain
	} else {
		t, err := target.Parse(raw, hostname)
		if err != nil {
			return q, err
		}
		q.target = t
		if hostname == "" && s.isDomain(t) {
			q.domain = t.Host
		}
	}
	if q.domain == "" {
		return q, s.checkEndpoint(&q)
	}
	if hostname != "" {
		return q, errors.New("a hostname goes with a host as target, and the target is a mail address")
	}
	q.target = s.hostOf(q.domain)
	q.target.Raw = raw
	return q, s.checkDomain(q)
}

// isDomain tells whether a target stands for a mail domain: it is a bare name, that of email's domain or one right
// below a public suffix.
func (s *Settings) isDomain(t target.Target) bool {
	if t.Addr.IsValid() || strings.Contains(t.Raw, ":") {
		return false
	}
	own, _ := autodiscover.Domain(s.Email)
	registrable, err := publicsuffix.EffectiveTLDPlusOne(t.Host)
	return t.Host == own || err == nil && registrable == t.Host
}

func (s *Settings) checkDomain(q query) error {
	if _, err := autodiscover.CheckDomain(q.domain); err != nil {
		return err
	}
	if own, err := autodiscover.Domain(q.email); err == nil && own != q.domain {
		return fmt.Errorf("the target is the mail domain %s, and the module's email is at %s: give a mail address as target", q.domain, own)
	}
	return s.checkNeeded(q)
}

// checkNeeded sees to an address where a method asks for one's settings.
func (s *Settings) checkNeeded(q query) error {
	if q.email == "" && slices.ContainsFunc(s.Methods, func(m string) bool { return m != Get }) {
		return errors.New("there is no mail address to look up: set email in the module, or give a mail address as target")
	}
	return nil
}

// checkEndpoint holds a URL's path against the methods, and takes it off: every method has its own.
func (s *Settings) checkEndpoint(q *query) error {
	path, _, hasQuery := strings.Cut(q.target.Path, "?")
	for _, m := range s.Methods {
		if path != "" && path != "/" && (hasQuery || !strings.EqualFold(path, paths[m])) {
			return fmt.Errorf("the target's path is not that of method %s, %s: write the host alone", m, paths[m])
		}
	}
	q.target.Path = ""
	return s.checkNeeded(*q)
}
