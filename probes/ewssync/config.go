package ewssync

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// The operations, as the configuration and the metrics name them.
const (
	HealthCheck  = "healthcheck"
	GetFolder    = "get_folder"
	Sync         = "sync"
	Notify       = "notify"
	Stream       = "stream"
	Availability = "availability"
	OOF          = "oof"
	ResolveNames = "resolve_names"
	TimeZones    = "time_zones"
)

// Operations are all of them, in the order in which a page shows them.
var Operations = []string{HealthCheck, GetFolder, Sync, Notify, Stream, Availability, OOF, ResolveNames, TimeZones}

// Settings are what a module of this prober can set.
type Settings struct {
	Operations           []string          `yaml:"operations"`
	Mailbox              string            `yaml:"mailbox"`
	Write                bool              `yaml:"write"`
	StreamHold           time.Duration     `yaml:"stream_hold"`
	EventWait            time.Duration     `yaml:"event_wait"`
	Impersonation        *Impersonation    `yaml:"impersonation"`
	AnchorMailbox        string            `yaml:"anchor_mailbox"`
	AffinityCookies      bool              `yaml:"affinity_cookies"`
	RequestServerVersion string            `yaml:"request_server_version"`
	Path                 string            `yaml:"path"`
	Headers              map[string]string `yaml:"headers" redact:"hidden"`
}

// Impersonation is the account to act as.
type Impersonation struct {
	Account string `yaml:"account"`
	By      string `yaml:"by"` // one of ews.Identities; empty for SmtpAddress
}

// Impersonates implements prober.Impersonator.
func (s *Settings) Impersonates() string {
	if s.Impersonation == nil {
		return ""
	}
	return s.Impersonation.Account
}

// defaults are the four parts of the analyser's test "Synchronization, Notification, Availability, and Automatic Replies".
func defaults() *Settings {
	return &Settings{
		Operations: []string{Sync, Notify, Availability, OOF}, AffinityCookies: true, StreamHold: 3 * time.Second, EventWait: 8 * time.Second,
		RequestServerVersion: ews.DefaultVersion, Path: ews.Path,
	}
}

// maxEventWait bounds how long an event may be waited for; one that takes longer is late for everybody.
const maxEventWait = time.Minute

// maxStreamHold is within the 30 minutes that a server keeps a stream.
const maxStreamHold = 10 * time.Minute

// versionShape admits the schema versions of servers to come, and nothing that would leave its place in the request.
var versionShape = regexp.MustCompile(`^(Exchange|V)[0-9A-Za-z_]{1,40}$`)

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if len(s.Operations) == 0 {
		report("operations", "name at least one")
	}
	for i, op := range s.Operations {
		field := fmt.Sprintf("operations[%d]", i)
		if !slices.Contains(Operations, op) {
			report(field, suggest.OneOf(op, Operations))
		} else if slices.Index(s.Operations, op) != i {
			report(field, fmt.Sprintf("%q is there already", op))
		}
	}
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	if !versionShape.MatchString(s.RequestServerVersion) {
		report("request_server_version", fmt.Sprintf("%q is no version: a server knows %s and later ones", s.RequestServerVersion, strings.Join(ews.Versions, ", ")))
	}
	if s.Write && !slices.ContainsFunc(s.Operations, s.writes) {
		report("write", fmt.Sprintf("only %s, %s and %s write, and none is among the operations", Sync, Notify, Stream))
	}
	if s.StreamHold < time.Second || s.StreamHold > maxStreamHold {
		report("stream_hold", fmt.Sprintf("%s: a stream is held from 1 s to %s", s.StreamHold, maxStreamHold))
	}
	if s.EventWait < time.Second || s.EventWait > maxEventWait {
		report("event_wait", fmt.Sprintf("%s: an event is waited for from 1 s to %s", s.EventWait, maxEventWait))
	}
	s.checkAccounts(report)
	config.CheckHeaders(s.Headers, report)
}

func (s *Settings) checkAccounts(report func(field, problem string)) {
	for _, f := range []struct{ name, value string }{{"mailbox", s.Mailbox}, {"anchor_mailbox", s.AnchorMailbox}} {
		if f.value != "" && !isAddress(f.value) {
			report(f.name, fmt.Sprintf("%q: a mail address, such as probe@contoso.com", f.value))
		}
	}
	if i := s.Impersonation; i != nil {
		if i.Account == "" || strings.ContainsFunc(i.Account, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			report("impersonation.account", "name the account to act as")
		}
		if i.By != "" && !slices.Contains(ews.Identities, ews.Identity(i.By)) {
			ways := make([]string, len(ews.Identities))
			for n, way := range ews.Identities {
				ways[n] = string(way)
			}
			report("impersonation.by", suggest.OneOf(i.By, ways))
		}
	}
}

// ForMailbox implements prober.MailboxUser: where the module acts as another account, or names a mailbox to lead to its server,
// that is this one.
func (s *Settings) ForMailbox(address string) prober.Prober {
	other := *s
	other.Mailbox = address
	if s.Impersonation != nil {
		other.Impersonation = &Impersonation{Account: address}
	}
	if s.AnchorMailbox != "" {
		other.AnchorMailbox = address
	}
	return &other
}

// isAddress tells whether s is a mail address and nothing beside it. It goes into a header field, so ASCII only.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// Need implements prober.Prober. A late event may need more: where the limit comes before it, nothing is said of it.
func (s *Settings) Need() time.Duration {
	need := 2 * time.Second
	if s.Write {
		need += reserve
	}
	if slices.Contains(s.Operations, Stream) {
		need += s.streamNeed()
	}
	return need
}

// streamNeed is how long a stream takes that brings nothing.
func (s *Settings) streamNeed() time.Duration {
	need := s.StreamHold + s.beside()
	if s.Write {
		need += s.beside()
	}
	return need
}

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// builder writes the requests.
func (s *Settings) builder() ews.Builder {
	b := ews.Builder{Version: s.RequestServerVersion}
	if i := s.Impersonation; i != nil {
		b.Impersonate, b.ImpersonateBy = i.Account, ews.SMTPAddress
		if i.By != "" {
			b.ImpersonateBy = ews.Identity(i.By)
		}
	}
	return b
}

// ordered lists the configured operations in the order in which they run: the anonymous one comes before the logon, and the
// one that takes its time is last.
func (s *Settings) ordered() []string {
	place := func(op string) int {
		switch op {
		case HealthCheck:
			return -1
		case Stream:
			return 1
		}
		return 0
	}
	list := slices.Clone(s.Operations)
	slices.SortStableFunc(list, func(a, b string) int { return place(a) - place(b) })
	return list
}

// Plan implements prober.Prober.
func (s *Settings) Plan(logon bool) []string {
	steps := []string{"resolve", "session", "session.connect", "session.tls"}
	folder := false
	for _, op := range s.ordered() {
		if logon && op != HealthCheck {
			steps, logon = append(steps, "logon"), false
		}
		if s.writes(op) && !folder {
			steps, folder = append(steps, "folder"), true
		}
		if op == Stream {
			steps = append(steps, "turn")
		}
		steps = append(steps, op)
		for _, part := range s.parts(op) {
			steps = append(steps, op+"."+part)
		}
	}
	if folder {
		steps = append(steps, cleaning)
	}
	return steps
}

// parts are the steps within an operation.
func (s *Settings) parts(op string) []string {
	switch {
	case op == Sync && s.Write:
		return []string{"hierarchy", "items", "create", "get_changes", "delete"}
	case op == Sync:
		return []string{"hierarchy", "items", "get_changes"}
	case op == Notify && s.Write:
		return []string{"subscribe", "find", "create", "get_events", "delete", "unsubscribe"}
	case op == Notify:
		return []string{"subscribe", "get_events", "unsubscribe"}
	case op == Stream:
		parts := []string{"subscribe", "session", "session.connect", "session.tls", "listen"}
		if s.Write {
			parts = append(parts, "create", "delete")
		}
		return append(parts, "unsubscribe")
	}
	return nil
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "where the server asks for a logon, no operation is tested"
}
