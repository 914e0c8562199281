// Package config reads the configuration: strictly, every mistake with file, line and field, all at once.
package config

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Config is one complete, checked configuration. It is never changed after Load; a reload makes a new one.
type Config struct {
	Auths   map[string]*Auth
	Modules map[string]*Module
	Policy  Policy
	Vantage Vantage // where the exporter looks from
	Site    string  // the exporter's own label, as on its own job; empty for none

	Services map[string]*Service
	Owners   map[advice.Owner]string // what this organisation calls the teams that act; none by default

	// Files are those that it was read from, as they were named; none for Default.
	Files []string

	// Implied tells that no file defines a module, so that Modules are those of Default.
	Implied bool

	// Warnings are what Load accepted and a person should know of.
	Warnings Problems

	sums sums // of the files that it was read from; none for Default
}

// Vantage is where an exporter stands: what may be reached from inside must not be from outside.
type Vantage string

// The vantages.
const (
	Inside  Vantage = "inside"  // the default: in the network of the servers
	Outside Vantage = "outside" // where clients on the internet are
)

// Policy says what may be reached (see package policy). Rules of several files add up.
type Policy struct {
	Allow []policy.Rule `yaml:"allow"`
	Deny  []policy.Rule `yaml:"deny"`
}

// Module is a named entry of the configuration: one prober with its settings.
type Module struct {
	Name        string        `yaml:"-"`
	Prober      string        `yaml:"prober"`
	Timeout     time.Duration `yaml:"timeout"`      // default 15 s
	MinInterval time.Duration `yaml:"min_interval"` // default 0: every scrape probes
	UndecidedOK bool          `yaml:"undecided_ok"` // a success that proves nothing is what is expected here
	Auth        string        `yaml:"auth"`         // name of an auth; empty for none
	// Targets are what the module may be asked for; empty: whatever policy permits.
	Targets policy.Targets `yaml:"targets"`
	TLS     TLS            `yaml:"tls_config"`

	// ProxyURL is where connections go through, ProxyAuth the auth there, ProxyTLS how TLS with it is done; none by default.
	ProxyURL  ProxyURL `yaml:"proxy_url"`
	ProxyAuth string   `yaml:"proxy_auth"`
	ProxyTLS  *TLS     `yaml:"proxy_tls_config"`

	IPProtocol         string `yaml:"ip_protocol"`          // "ip6" (default) or "ip4"
	IPProtocolFallback bool   `yaml:"ip_protocol_fallback"` // default true

	// Settings are the prober's own, under the key that bears its name.
	Settings prober.Prober `yaml:"-"`
	// Definition is the prober's.
	Definition prober.Definition `yaml:"-"`

	headerSecrets []string      // of the settings; see HeaderSecrets
	interval      time.Duration // of scrapes, of a module that a service lists; see Scrape
}

// TLS says how a module's connections are secured and verified. The keys are the ecosystem's.
type TLS struct {
	CAFile             string   `yaml:"ca_file"`     // read when the configuration is
	ServerName         string   `yaml:"server_name"` // A-labels in lower case, or an address
	MinVersion         string   `yaml:"min_version"` // TLS10 … TLS13; default TLS12
	InsecureSkipVerify bool     `yaml:"insecure_skip_verify"`
	Pins               []string `yaml:"pins"` // SHA-256 of the leaf in lower-case hex; a match counts as verified

	roots *x509.CertPool
}

// versions are the values of min_version.
var versions = map[string]uint16{
	"TLS10": tls.VersionTLS10, "TLS11": tls.VersionTLS11, "TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13,
}

// defaultVersion is that of min_version.
const defaultVersion = "TLS12"

// Roots are the authorities of ca_file; nil stands for the system's.
func (t *TLS) Roots() *x509.CertPool { return t.roots }

// Version is min_version as package crypto/tls numbers it.
func (t *TLS) Version() uint16 { return versions[t.MinVersion] }

func (t *TLS) options() wire.TLS {
	return wire.TLS{ServerName: t.ServerName, Roots: t.Roots(), MinVersion: t.Version(), Pins: t.Pins, Insecure: t.InsecureSkipVerify}
}

// Auth is a named secret with its schemes, the targets it may be sent to and the modules that may use it.
type Auth struct {
	Name         string                 `yaml:"-"`
	Username     string                 `yaml:"username"`
	Password     secret.Secret          `yaml:"password"`
	PasswordFile string                 `yaml:"password_file"` // or password
	Schemes      []string               `yaml:"schemes"`       // of auth.Schemes, in order of preference
	Targets      []policy.TargetPattern `yaml:"targets"`
	Modules      []string               `yaml:"modules"` // empty: every module
	// ChannelBinding of logons by NTLM and Kerberos: right (default) or none.
	ChannelBinding auth.Binding `yaml:"channel_binding"`
	Kerberos       *Kerberos    `yaml:"kerberos"` // nil without

	// A client's certificate, for targets that ask for one: beside the schemes, or in their place.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"` // of its private key

	TokenFile string  `yaml:"token_file"` // of bearer
	OAuth2    *OAuth2 `yaml:"oauth2"`     // or this; nil without

	// Secret gives the password, the token or the client's secret, wherever it is kept; nil where Kerberos has a file instead,
	// and where a certificate is all.
	Secret *secret.Source `yaml:"-"`
}

// Credential is what the auth lets a probe use, and where.
func (a *Auth) Credential() auth.Credential {
	file, key := a.Kerberos.keyFile()
	c := auth.Credential{
		KeyFile: file, Key: key,
		Name: a.Name, Username: a.Username, Secret: a.Secret,
		Schemes: a.Schemes, Targets: a.Targets, Modules: a.Modules, Binding: a.ChannelBinding,
	}
	if a.Kerberos != nil {
		c.Kerberos, c.Realm = a.Kerberos.client, a.Kerberos.Realm
	}
	if a.CertFile != "" {
		c.Certificate = &auth.Certificate{CertFile: a.CertFile, KeyFile: a.KeyFile}
	}
	if a.OAuth2 != nil {
		c.Tokens, c.ClientID = a.OAuth2.client, a.OAuth2.ClientID
	}
	return c
}

// newModule is a module with its defaults.
func newModule(name string) *Module {
	return &Module{
		Name: name, Timeout: 15 * time.Second, TLS: TLS{MinVersion: defaultVersion},
		IPProtocol: "ip6", IPProtocolFallback: true,
	}
}

// use makes the module one of a prober's, with its settings' defaults.
func (m *Module) use(d prober.Definition) {
	m.Prober, m.Definition, m.Settings = d.Name, d, d.New()
}

// uses tells whether the module may log on at its targets by the auth of this name.
func (m *Module) uses(auth string) bool {
	if others, ok := m.Settings.(prober.AuthUser); ok && slices.Contains(slices.Collect(maps.Values(others.Auths())), auth) {
		return true
	}
	return m.Auth == auth
}

// WantsTargets says what about the module's settings demands that it has targets, "" for nothing.
func (m *Module) WantsTargets() string {
	if bound, ok := m.Settings.(prober.Bound); ok {
		return bound.WantsTargets()
	}
	return ""
}

// Run is what the prober needs to know of the module.
func (m *Module) Run() *prober.Module {
	return &prober.Module{
		Name:   m.Name,
		TLS:    m.TLS.options(),
		Prefer: wire.Preference{Protocol: m.IPProtocol, Fallback: m.IPProtocolFallback},
	}
}

// Default is the configuration without a file: one module per prober, named as the prober, without auth.
func Default(probers []prober.Definition) *Config {
	c := &Config{Auths: map[string]*Auth{}, Modules: map[string]*Module{}, Services: map[string]*Service{}, Vantage: Inside}
	implied(c, probers, newModule)
	return c
}

// implied gives a configuration one module per prober, named as the prober.
func implied(c *Config, probers []prober.Definition, module func(name string) *Module) {
	for _, d := range probers {
		m := module(d.Name)
		m.use(d)
		c.Modules[d.Name] = m
	}
}
