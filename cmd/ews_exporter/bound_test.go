package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestPasswordIsBound: a password that is typed in may go to the target alone, or to the one host of a look-up that is
// logged on at by default.
func TestPasswordIsBound(t *testing.T) {
	t.Parallel()
	all := probes.All()
	byDomain := all[slices.IndexFunc(all, func(d prober.Definition) bool { return slices.Contains(d.Paths, prober.Path{Way: prober.ByDomain}) })].Name
	tests := map[string]struct {
		module, target, hostname string
		want                     []string
	}{
		"a host":         {example.Name, "mail.contoso.com", "", []string{"mail.contoso.com"}},
		"under a name":   {example.Name, "192.0.2.1:8443", "mail.contoso.com", []string{"mail.contoso.com:8443"}},
		"a mail address": {byDomain, "probe@contoso.com", "", []string{"autodiscover.contoso.com"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &command{}
			c.probe.module, c.probe.target, c.probe.hostname = test.module, test.target, test.hostname
			patterns, err := c.bound(config.Default(probes.All()))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range patterns {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
