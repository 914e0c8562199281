package autodiscover

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// label is the host name that clients try below a mail domain.
const label = "autodiscover."

// Domain returns an address's mail domain as A-labels in lower case. It must lie below a public suffix: a look-up for
// user@co.uk would hand the user's password to whoever registered autodiscover.co.uk.
func Domain(email string) (string, error) {
	at := strings.LastIndexByte(email, '@')
	if at <= 0 || len(email) > 320 || strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q is not a mail address: write user@domain", cut(email))
	}
	return CheckDomain(email[at+1:])
}

// CheckDomain returns a mail domain as A-labels in lower case, under Domain's rules.
func CheckDomain(domain string) (string, error) {
	name, address, err := target.ParseHost(domain)
	switch {
	case err != nil:
		return "", fmt.Errorf("the mail domain is malformed: %w", err)
	case address.IsValid():
		return "", errors.New("the mail domain is an address; Autodiscover looks for names below a domain")
	case len(label+name) > 253:
		return "", errors.New("the mail domain is too long to have a name below it")
	}
	registrable, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return "", fmt.Errorf("the mail domain %s is a public suffix: anybody may register names below it, so nothing is looked up there", name)
	}
	if registrable == name && strings.HasPrefix(name, label) {
		return "", fmt.Errorf("the mail domain %s is the name that clients try when they give up a mail domain, so nothing is looked up there", name)
	}
	return name, nil
}

// cut shortens what a caller wrote, for an error.
func cut(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// Hosts are the hosts to ask, in order (Microsoft Learn, "Autodiscover for Exchange"): the mail domain itself, then
// autodiscover below it. There are no others: nothing outside of the mail domain is ever built. domain is what Domain
// returned.
func Hosts(domain string) []string { return []string{domain, label + domain} }

// SRVName is where a mail domain's service record stands. It ends in a dot, so that no resolver appends a search domain.
func SRVName(domain string) string { return "_autodiscover._tcp." + domain + "." }
