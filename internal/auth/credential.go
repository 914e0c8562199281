package auth

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Credential is what an auth of the configuration lets a probe use, and where.
type Credential struct {
	Name     string // the auth's
	Username string
	Secret   *secret.Source         // the password; nil without one
	Schemes  []string               // in order of preference, names as Schemes lists them
	Targets  []policy.TargetPattern // where the secret may go
	Modules  []string               // who may use it; empty: every module
	Binding  Binding                // of logons by NTLM and Kerberos to the TLS channel; empty for Right

	Kerberos *kerberos.Client // nil without
	KeyFile  string           // a keytab or a credential cache, instead of the password, for Kerberos alone
	Key      kerberos.Key     // what KeyFile is

	Tokens *oauth.Client // where bearer tokens come from; nil when Secret is the token

	Certificate *Certificate // of the client, beside the schemes or in their place; nil without

	Realm    string // of the account, for Kerberos; empty without
	ClientID string // of the application whose tokens they are; empty without
}

// Login is a user name with its secret as it was read for one probe.
type Login struct {
	Username string
	Secret   secret.Secret

	Kerberos *kerberos.Client // nil without
	Tokens   *oauth.Client    // nil without
	key      kerberos.Key
	material []byte    // of the key file
	changed  time.Time // see Subject.Changed
}

// maxKeyFile bounds keytabs and credential caches: each ticket has at most 48 000 bytes on Windows.
const maxKeyFile = 1 << 20

// Login reads the secret. Read it once per probe, so that all of the probe uses the same one.
func (c Credential) Login() (Login, error) {
	l := Login{Username: c.Username, Kerberos: c.Kerberos, Tokens: c.Tokens, key: c.Key}
	if c.Secret != nil {
		var err error
		l.changed = c.Secret.Changed() // before it is read: what is written in between is newer than it seems
		if l.Secret, err = c.Secret.Get(); err != nil {
			return Login{}, failure.New(failure.Auth, SecretUnreadable, "the secret of the auth %s cannot be had: %w", c.Name, err)
		}
	}
	if c.KeyFile != "" {
		var err error
		l.changed = secret.FromFile(c.KeyFile).Changed()
		if l.material, err = secret.ReadFile(c.KeyFile, maxKeyFile); err != nil {
			return Login{}, failure.New(failure.Auth, SecretUnreadable, "the file %s of the auth %s cannot be had: %w", c.KeyFile, c.Name, err)
		}
	}
	return l, nil
}

// Fingerprint tells logons of the same account with the same secret from all others, and says nothing of either.
func (l Login) Fingerprint() string {
	return secret.New(l.Username + "\x00" + l.Secret.Reveal() + "\x00" + string(l.material)).Fingerprint()
}

// account is the login as Kerberos needs it.
func (l Login) account() kerberos.Login {
	if l.key == kerberos.Password {
		return kerberos.Login{Username: l.Username, Material: []byte(l.Secret.Reveal())}
	}
	return kerberos.Login{Username: l.Username, Key: l.key, Material: l.material}
}

// Permit says whether a probe may use the credential, as far as that is known before the first packet (403): by its
// module, over TLS, and for the target's name and port. PermitConnection must agree once TLS stands.
func (c Credential) Permit(module string, t target.Target) error {
	if err := c.PermitModule(module); err != nil {
		return err
	}
	if !t.Private() && (c.LogsOn() || t.Scheme == "http") { // a certificate goes wherever TLS does
		return failure.New(failure.Auth, NotHTTPS, "the auth %s is never sent over %s; probe an https target, or without an auth", c.Name, t.Scheme)
	}
	if !slices.ContainsFunc(c.Targets, func(p policy.TargetPattern) bool { return p.Match(t.Name, t.Port) }) {
		return failure.New(failure.Auth, TargetNotListed, "auth %q may not be sent to %s. Is that name right? %s add it to targets of auth %[1]q (which lists %[4]s)",
			c.Name, net.JoinHostPort(t.Name, strconv.Itoa(int(t.Port))), c.otherName(t), c.listed())
	}
	return nil
}

// maxListed is how many targets a sentence names.
const maxListed = 3

// listed names the targets.
func (c Credential) listed() string {
	var names []string
	for _, p := range c.Targets[:min(len(c.Targets), maxListed)] {
		names = append(names, p.String())
	}
	if len(names) == 0 {
		return "none"
	}
	list := strings.Join(names, ", ")
	if more := len(c.Targets) - len(names); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// otherName begins what to do about a target that is not listed: a server that is asked directly has the certificate of the name
// that clients use.
func (c Credential) otherName(t target.Target) string {
	for _, p := range c.Targets {
		if t.Name == t.Host && !p.Wildcard() && p.Match(p.Host(), t.Port) {
			return fmt.Sprintf("If clients reach it as %s, give that name too, hostname=%[1]s (--hostname of the command); else", p.Host())
		}
	}
	return "If it is,"
}

// PermitModule says whether a module may use the credential at all.
func (c Credential) PermitModule(module string) error {
	if len(c.Modules) > 0 && !slices.Contains(c.Modules, module) {
		return failure.New(failure.Auth, ModuleNotListed, "the auth %s is not for the module %s; add the module to the auth's modules if it may use it", c.Name, module)
	}
	return nil
}

// Peer is what a TLS handshake proved of the other side.
type Peer struct {
	Verified bool   // by chain and name, or by a pin
	Name     string // the name that the certificate was held against
	Pinned   bool   // the leaf is one that the configuration pins
}

// PermitConnection says whether the secret may be sent over a connection to the target: its certificate is verified,
// and for the name that the auth's targets were asked about, not for another one (unless the leaf itself is pinned).
func (c Credential) PermitConnection(t target.Target, peer Peer) error {
	if !peer.Verified {
		return failure.New(failure.Auth, NotVerified, "the auth %s is not sent to %s, because its certificate is not verified", c.Name, t.Name)
	}
	if !peer.Pinned && (t.Name == "" || !strings.EqualFold(strings.TrimSuffix(peer.Name, "."), t.Name)) {
		return failure.New(failure.Auth, NotVerified,
			"the auth %s is not sent to %s, because the certificate was verified for the name %q; leave out tls_config.server_name and give that name as the hostname parameter", c.Name, t.Name, peer.Name)
	}
	return nil
}
