package runner_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestReloadForgetsWhatWasTrusted: a chain that was verified by the authorities of one configuration is verified anew by those of
// the next one, and those of one module are not another's.
func TestReloadForgetsWhatWasTrusted(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	serverTLS, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	server := lab.ServeTLS(t, serverTLS, lab.Branch(func(string) []lab.Step { return []lab.Step{lab.Write(fine)} }))
	configured := func(mine, others *lab.Authority) *config.Config {
		return load(t, `
modules:
  mine: {prober: asker, ip_protocol: ip4, tls_config: {ca_file: mine.pem}}
  others: {prober: asker, ip_protocol: ip4, tls_config: {ca_file: others.pem}}
policy: {allow: [127.0.0.1]}
`, map[string]string{"mine.pem": string(mine.PEM()), "others.pem": string(others.PEM())})
	}
	var now atomic.Pointer[config.Config]
	r := runner.New(runner.Options{Config: now.Load, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	hold := func(module, want string) {
		t.Helper()
		answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: server.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f := answer.Result.Failure; f != nil {
			got = f.Name()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", module, got, want)
		}
	}
	const refused = "tls/certificate_authority"
	now.Store(configured(authority, stranger))
	for range 2 {
		hold("mine", "")
		hold("others", refused)
	}
	now.Store(configured(stranger, authority))
	for range 2 {
		hold("mine", refused)
		hold("others", "")
	}
}
