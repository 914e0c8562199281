package runner

import (
	"net/http"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// proxyAuth finds the auth of a module's proxy, nil for none. What the configuration holds was checked as it was read; a URL
// that the command line gave in its place was not.
func proxyAuth(cfg *config.Config, m *config.Module) (*config.Auth, error) {
	if m.ProxyURL.IsZero() || m.ProxyAuth == "" {
		return nil, nil //nolint:nilnil // no auth is an answer
	}
	a := cfg.Auths[m.ProxyAuth]
	if a == nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, "unknown auth %.100q of the module's proxy: %s", m.ProxyAuth, among(m.ProxyAuth, cfg.Auths))
	}
	if err := a.Credential().Permit(m.Name, m.ProxyURL.Target()); err != nil {
		return nil, refuse(http.StatusForbidden, DeniedAuth, "%v", err)
	}
	return a, nil
}

// proxy is what the probe's connections go through; nil for nothing. Who dials it waits for no place at its address: many
// targets are asked through one proxy, and each of these has its own.
func (r *Runner) proxy(j *job, start time.Time, memory *claim) *prober.Proxy {
	m := j.module
	if m.ProxyURL.IsZero() {
		return nil
	}
	p := &prober.Proxy{
		Target: m.ProxyURL.Target(), TLS: m.ProxyOptions(),
		Prefer: wire.Preference{Protocol: m.IPProtocol, Fallback: true}, // that of the module is for targets
		Dialer: &wire.Dialer{Epoch: start, Resolver: r.Resolver, Check: j.policy.Proxy, Hold: memory.hold, Chains: &r.chains},
	}
	if j.proxy != nil {
		p.Secrets = prober.NewSecrets(j.proxy.Credential(), r.Gate, p.Target)
	}
	return p
}
