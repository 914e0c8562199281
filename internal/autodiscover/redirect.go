package autodiscover

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// MaxRedirects is how many redirects of any kind one look-up follows (MS-OXDSCLI; Exchange Web Services Managed API).
const MaxRedirects = 10

// Refusal is why a redirect is not followed.
type Refusal struct {
	Reason  string // from the closed set below
	Message string // for a person
}

func (r *Refusal) Error() string { return r.Message }

// The reasons of a Refusal.
const (
	TooMany    = "too_many_redirects"
	Unreadable = "malformed_redirect"
	NotHTTPS   = "redirect_not_https"
	WrongPath  = "redirect_path"
	Loop       = "redirect_loop"
	NotAllowed = "redirect_not_allowed" // neither the mail domain nor one of redirect_domains
)

// path is where a redirect may lead (Exchange Web Services Managed API, AutodiscoverService.cs, LegacyPathRegex; here
// it must match from end to end, and the other dialects' documents count too). A mailbox may stand in between.
var path = regexp.MustCompile(`(?i)^/autodiscover/([^/]+/)*autodiscover\.(xml|svc|json)$`)

// IsPath tells whether an escaped path is one of Autodiscover's documents. No segment of it leads up or means another
// path to a server that decodes it: none is "." or "..", or holds a slash, a backslash, or a control character.
func IsPath(escaped string) bool {
	if !path.MatchString(escaped) {
		return false
	}
	for segment := range strings.SplitSeq(escaped, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.ContainsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' || r < ' ' || r == 0x7f }) {
			return false
		}
	}
	return true
}

// Redirects follows one look-up and decides which redirects it may go along with. It is not safe for concurrent use.
type Redirects struct {
	domains []string // the mail domain first, then the configured ones
	address string   // the one looked up now
	tried   map[string]bool
	count   int
}

// NewRedirects begins a look-up. allowed are further domains that redirects may lead to (redirect_domains), each with
// what lies below it; they must lie below a public suffix too.
func NewRedirects(email string, allowed []string) (*Redirects, error) {
	domain, err := Domain(email)
	if err != nil {
		return nil, err
	}
	r := &Redirects{domains: []string{domain}, address: strings.ToLower(email), tried: map[string]bool{}}
	r.tried[r.address] = true
	for _, a := range allowed {
		name, err := CheckDomain(a)
		if err != nil {
			return nil, fmt.Errorf("redirect_domains: %w", err)
		}
		r.domains = append(r.domains, name)
	}
	return r, nil
}

// Allowed tells whether a redirect may lead to a host: it is the mail domain, one of the configured ones, or below one.
// host is a name as A-labels in lower case.
func (r *Redirects) Allowed(host string) bool {
	for _, d := range r.domains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// Ask notes that a URL, whose host is in lower case, is asked for the address at hand, so that no redirect leads there
// again.
func (r *Redirects) Ask(u string) { r.tried[r.key(u)] = true }

// key tells look-ups apart: another address may be asked for at the same URL. Exchange's paths do not know cases; those of
// boxes in front do, and some redirect to the other spelling.
func (r *Redirects) key(u string) string {
	u, _, _ = strings.Cut(u, "?")
	return r.address + " " + u
}

// URL says whether a redirect, a Location or a RedirectUrl, may be followed, and notes that it is. The error is a
// *Refusal. The result's host is a name as A-labels.
func (r *Redirects) URL(location string) (*url.URL, error) {
	if err := r.step(); err != nil {
		return nil, err
	}
	u, err := url.Parse(location)
	if err != nil || len(location) > maxURL {
		return nil, refuse(Unreadable, "the redirect's URL is malformed")
	}
	if u.Scheme != "https" {
		return nil, refuse(NotHTTPS, "the redirect leads to %s, which is not https", shown(u))
	}
	host, address, err := target.ParseHost(u.Hostname())
	switch {
	case err != nil || u.User != nil || u.Fragment != "":
		return nil, refuse(Unreadable, "the redirect's URL is malformed: %s", shown(u))
	case !IsPath(u.EscapedPath()): // before its host: to permit that would not help
		return nil, refuse(WrongPath, "the redirect leads to %s, which is no Autodiscover path", shown(u))
	case address.IsValid():
		return nil, refuse(NotAllowed, "the redirect leads to %s, an address: redirects are followed to host names alone", shown(u))
	case !r.Allowed(host):
		return nil, refuse(NotAllowed, "the redirect leads to %s, which is outside of %s: list its domain in redirect_domains if it belongs to you", shown(u), strings.Join(r.domains, ", "))
	}
	port, err := port(u)
	if err != nil {
		return nil, refuse(Unreadable, "the redirect's URL has no valid port: %s", shown(u))
	}
	if u.Host = host; port != 443 {
		u.Host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	if r.tried[r.key(u.String())] {
		return nil, refuse(Loop, "the redirect leads to %s, which was asked before", shown(u))
	}
	r.Ask(u.String())
	return u, nil
}

func port(u *url.URL) (int, error) {
	if u.Port() == "" {
		return 443, nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return int(n), err
}

// SRV says whether a service record's target may be asked, and notes that it is: to follow one is a redirect. The error
// is a *Refusal.
func (r *Redirects) SRV(host string, port uint16) (*url.URL, error) {
	return r.URL("https://" + net.JoinHostPort(strings.TrimSuffix(host, "."), strconv.Itoa(int(port))) + POXPath)
}

// Address says whether the look-up may begin anew for another address (redirectAddr), notes that it does, and returns
// the address's domain. The error is a *Refusal.
func (r *Redirects) Address(email string) (string, error) {
	if err := r.step(); err != nil {
		return "", err
	}
	domain, err := Domain(email)
	switch {
	case err != nil:
		return "", refuse(Unreadable, "the redirect leads to another address, but %v", err)
	case !r.Allowed(domain):
		return "", refuse(NotAllowed, "the redirect leads to an address at %s, which is outside of %s: list it in redirect_domains if it belongs to you", domain, strings.Join(r.domains, ", "))
	case r.tried[strings.ToLower(email)]:
		return "", refuse(Loop, "the redirect leads to the address %s, which was looked up before", plain.Text(email, maxText))
	}
	r.address = strings.ToLower(email)
	r.tried[r.address] = true
	return domain, nil
}

// step counts a redirect.
func (r *Redirects) step() error {
	r.count++
	if r.count > MaxRedirects {
		return refuse(TooMany, "there were more than %d redirects", MaxRedirects)
	}
	return nil
}

func refuse(reason, format string, args ...any) error {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// shown is a URL for a person, without what may be secret.
func shown(u *url.URL) string {
	if clean, ok := CleanURL(u.String()); ok {
		return clean
	}
	return plain.Text(u.Scheme+"://"+u.Host, maxText)
}
