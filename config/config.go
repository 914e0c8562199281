// Package config reads the configuration: strictly, every mistake with file, line and field, all at once.
package config

import (
	"time"
)

// Config is one complete, checked configuration. It is never changed after Load; a reload makes a new one.
type Config struct {
	Auths   map[string]*Auth
	Modules map[string]*Module
}

// Module is a named entry of the configuration: one prober with its settings.
type Module struct {
	Name        string        `yaml:"-"`
	Prober      string        `yaml:"prober"`
	Timeout     time.Duration `yaml:"timeout"`      // default 15 s
	MinInterval time.Duration `yaml:"min_interval"` // default 0: every scrape probes
	Auth        string        `yaml:"auth"`         // name of an auth; empty for none
	TLS         TLS           `yaml:"tls_config"`

	IPProtocol         string `yaml:"ip_protocol"`          // "ip6" (default) or "ip4"
	IPProtocolFallback bool   `yaml:"ip_protocol_fallback"` // default true

	// Settings are the prober's own, under the key that bears its name.
	Settings Settings `yaml:"-"`
}

// TLS says how a module's connections are secured and verified. The keys are the ecosystem's.
type TLS struct {
	CAFile             string   `yaml:"ca_file"`
	ServerName         string   `yaml:"server_name"`
	MinVersion         string   `yaml:"min_version"` // TLS10 … TLS13; default TLS12
	InsecureSkipVerify bool     `yaml:"insecure_skip_verify"`
	Pins               []string `yaml:"pins"` // SHA-256 of the leaf in hex; a match counts as verified
}

// Settings are a prober's own settings: a pointer to a struct with yaml tags, filled with defaults before decoding.
type Settings interface {
	// Check reports every mistake: the field's dotted name below the prober's key ("variants[0]"), and what is wrong.
	Check(report func(field, problem string))
	// Need is the shortest time limit under which a probe makes sense.
	Need() time.Duration
	// Paths are the URL paths that the module requests. With an auth, a target's own path must be one of them.
	Paths() []string
}

// Kind is one kind of module, as the list of probers declares it.
type Kind struct {
	Name string          // the prober's name, and the key of its settings
	New  func() Settings // settings with their defaults
}

// Auth is a named secret with its schemes, the targets it may be sent to and the modules that may use it.
type Auth struct {
	Name     string   `yaml:"-"`
	Username string   `yaml:"username"`
	Schemes  []string `yaml:"schemes"`
	Modules  []string `yaml:"modules"`
}
