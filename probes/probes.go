// Package probes lists the probers. Adding one adds a folder and a line here.
package probes

import (
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
	"github.com/ews-exporter/ews_exporter/probes/autodiscover"
	"github.com/ews-exporter/ews_exporter/probes/ewssync"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
	"github.com/ews-exporter/ews_exporter/probes/sslbinding"
)

// All lists every prober of this version.
func All() []prober.Definition {
	return []prober.Definition{
		expectcontinue.Definition,
		authroundtrips.Definition,
		sslbinding.Definition,
		autodiscover.Definition,
		ewssync.Definition,
	}
}

// Kinds is what configuration needs to know of them.
func Kinds() []config.Kind {
	var kinds []config.Kind
	for _, d := range All() {
		kinds = append(kinds, d.Kind())
	}
	return kinds
}
