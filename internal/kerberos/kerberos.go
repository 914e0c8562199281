// Package kerberos gets tickets for one account and makes the tokens that log on with them (RFC 4120, RFC 4121).
//
// The messages and the cryptography are gokrb5's. What goes over the network is done here, because gokrb5's own client
// knows no context and no bounds, tries a refused password twice, and renews in the background, with as many wrong
// passwords as it takes to lock an account out.
package kerberos

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// The reasons of a failure of stage auth that this package finds.
const (
	Unreachable     = "kdc_unreachable"     // no KDC could be asked
	NoAnswer        = "kdc_no_answer"       // a KDC took the request and gave no answer in time
	Malformed       = "kdc_malformed"       // a KDC's answer cannot be read
	WrongPassword   = "kdc_wrong_password"  // #nosec G101 -- KDC error 24
	UnknownAccount  = "kdc_unknown_account" // 6
	Revoked         = "kdc_account_revoked" // 18: locked, disabled or expired
	PasswordExpired = "password_expired"    // #nosec G101 -- 23
	Policy          = "kdc_policy"          // 12: logon hours, workstations and the like
	UnknownService  = "unknown_service"     // 7: no such service principal
	SharedService   = "shared_service"      // 8: several accounts have the service principal
	NoEncryption    = "kdc_no_encryption"   // 14: no AES key
	ClockSkew       = "clock_skew"          // 37
	TicketExpired   = "ticket_expired"      // the credential cache's ticket, or KDC error 32
	KDCError        = "kdc_error"           // any other
	Unusable        = "keytab_unusable"     // keytab or credential cache
)

// Settings say where an account's tickets come from.
type Settings struct {
	Realm string              // in upper case as a rule; never taken from a target or a KDC
	KDCs  map[string][]string // host:port by realm
	SPN   string              // of the service; empty for HTTP/ and the target's name
}

// Key is the kind of Login.Material.
type Key int

// What a ticket is had with.
const (
	Password Key = iota
	Keytab
	CredentialCache
)

// Login is an account, with what proves it.
type Login struct {
	Username string // DOMAIN\ and @domain are left off: the realm is the Settings'
	Key      Key
	Material []byte // the password, or the content of the file. It is secret
}

// Verdict is what becomes of an attempt to log on at a KDC. *auth.Attempt is one.
type Verdict interface {
	Accepted()
	Refused(everywhere bool)
	Unknown()
	Unsent()
}

// Client gets tickets and keeps them while they are valid. All probes of an auth share it; one at a time asks the KDC,
// the others wait for what it gets. It has no goroutine of its own.
type Client struct {
	settings Settings
	config   *config.Config
	turn     chan struct{} // holds one token

	// Guarded by the turn.
	login    [sha256.Size]byte // whose tickets they are
	granting *ticket
	services map[string]*ticket // by service principal
	refusals map[string]refusal // of Look, by service principal
}

// refusal is a KDC's error, which holds for a while.
type refusal struct {
	err   error
	until time.Time
}

// refusalHolds is how long Look does not ask again.
const refusalHolds = time.Hour

// ticket is one that a KDC gave, with its session key.
type ticket struct {
	messages.Ticket
	key    types.EncryptionKey
	client types.PrincipalName
	realm  string // the client's
	ends   time.Time
}

// margin is how long a ticket must still be good for.
const margin = time.Minute

// maxServices bounds the service tickets that are kept: a wildcard among an auth's targets leaves their number to
// whoever asks for probes.
const maxServices = 1000

func (t *ticket) valid() bool { return t != nil && time.Until(t.ends) > margin }

// encryption lists what may protect a ticket: AES alone (RFC 3962, RFC 8009).
var encryption = []int32{
	etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96,
	etypeID.AES256_CTS_HMAC_SHA384_192, etypeID.AES128_CTS_HMAC_SHA256_128,
}

// New makes a Client.
func New(s Settings) *Client {
	c := config.New()
	c.LibDefaults.DefaultRealm = s.Realm
	c.LibDefaults.DefaultTktEnctypeIDs, c.LibDefaults.DefaultTGSEnctypeIDs = encryption, encryption
	c.LibDefaults.TicketLifetime = 10 * time.Hour
	return &Client{settings: s, config: c, turn: make(chan struct{}, 1), services: map[string]*ticket{}, refusals: map[string]refusal{}}
}

// Begin is asked right before an account's secret is used at a KDC; tickets at hand need none.
type Begin func(context.Context) (Verdict, error)

// Token makes the first and only token of a logon at host, bound to the channel by binding (nil: unbound), as GSSAPI
// frames it (RFC 4121 §4.1). Errors are failures of stage auth, or what begin gave.
func (c *Client) Token(ctx context.Context, login Login, host string, binding []byte, begin Begin) (token []byte, err error) {
	err = c.alone(ctx, login, func() error {
		t, err := c.service(ctx, login, c.SPN(host), begin)
		if err == nil {
			token, err = gssToken(t, binding)
		}
		return err
	})
	return token, err
}

// SPN is the service principal that stands for a host.
func (c *Client) SPN(host string) string {
	if c.settings.SPN != "" {
		return c.settings.SPN
	}
	return "HTTP/" + host
}

// Realm is the account's.
func (c *Client) Realm() string { return c.settings.Realm }

// Granting sees to it that a ticket-granting ticket is at hand. Errors are as of Token.
func (c *Client) Granting(ctx context.Context, login Login, begin Begin) error {
	return c.alone(ctx, login, func() error { return c.granted(ctx, login, begin) })
}

// Service sees to it that a ticket for a service principal is at hand. Errors are as of Token.
func (c *Client) Service(ctx context.Context, login Login, spn string, begin Begin) error {
	return c.alone(ctx, login, func() error {
		_, err := c.service(ctx, login, spn, begin)
		return err
	})
}

// Look is Service for a service principal that nobody is to log on by. Domain controllers may write down every request in
// vain, so for an hour a refusal is told again without asking.
func (c *Client) Look(ctx context.Context, login Login, spn string, begin Begin) error {
	return c.alone(ctx, login, func() error {
		if r, ok := c.refusals[spn]; ok && time.Now().Before(r.until) {
			return r.err
		}
		_, err := c.service(ctx, login, spn, begin)
		delete(c.refusals, spn)
		if failure.Is(err, failure.Auth, UnknownService, SharedService) {
			if len(c.refusals) >= maxServices {
				clear(c.refusals)
			}
			c.refusals[spn] = refusal{err, time.Now().Add(refusalHolds)}
		}
		return err
	})
}

// alone does something with the tickets of a login, while nobody else does.
func (c *Client) alone(ctx context.Context, login Login, do func() error) (err error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return failure.New(failure.Auth, NoAnswer, "wait for a Kerberos ticket: other probes were asking the KDCs of %s until the time limit", c.settings.Realm)
	}
	// gokrb5 trusts what it decodes more than a network deserves.
	defer func() {
		if p := recover(); p != nil {
			err = failure.New(failure.Auth, Malformed, "a KDC of %s sent what cannot be decoded", c.settings.Realm)
		}
	}()
	whose := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", login.Key, login.Username, login.Material))
	if whose != c.login {
		c.login, c.granting = whose, nil
		clear(c.services)
		clear(c.refusals)
	}
	return do()
}

// service gives a ticket for a service.
func (c *Client) service(ctx context.Context, login Login, spn string, begin Begin) (*ticket, error) {
	if t := c.services[spn]; t.valid() {
		return t, nil
	}
	if err := c.granted(ctx, login, begin); err != nil {
		return nil, err
	}
	t, err := c.ask(ctx, spn)
	if err != nil {
		return nil, err
	}
	if len(c.services) >= maxServices {
		clear(c.services)
	}
	c.services[spn] = t
	return t, nil
}

// granted sees to it that there is a ticket-granting ticket.
func (c *Client) granted(ctx context.Context, login Login, begin Begin) (err error) {
	if !c.granting.valid() {
		c.granting, err = c.grant(ctx, login, begin)
	}
	return err
}

// grant gives the ticket-granting ticket.
func (c *Client) grant(ctx context.Context, login Login, begin Begin) (*ticket, error) {
	if login.Key == CredentialCache {
		return c.fromCache(login.Material)
	}
	verdict, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.authenticate(ctx, login, verdict)
	verdict.Unsent() // what was not judged: only the first verdict counts
	return t, err
}

// principal is the name of a user without its domain, which the realm stands for.
func principal(username string) types.PrincipalName {
	if _, name, ok := strings.Cut(username, `\`); ok {
		username = name
	}
	name, _, _ := strings.Cut(username, "@")
	return types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name)
}
