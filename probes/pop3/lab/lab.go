// Package lab is what the prober brings to the simulated site: Exchange's POP3 service, well and otherwise.
package lab

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/mailservice"
)

// Part is the prober's.
func Part() lab.Part {
	return mailservice.Kind{Prober: "pop3", Title: "POP3", POP3: true}.Part()
}
