// Package probes lists the probers. Adding one adds a folder and a line here.
package probes

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes/authcertificate"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
	"github.com/ews-exporter/ews_exporter/probes/autodiscover"
	"github.com/ews-exporter/ews_exporter/probes/dnsrecords"
	"github.com/ews-exporter/ews_exporter/probes/ewssync"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
	"github.com/ews-exporter/ews_exporter/probes/httpcontent"
	"github.com/ews-exporter/ews_exporter/probes/imap"
	"github.com/ews-exporter/ews_exporter/probes/mapihttp"
	"github.com/ews-exporter/ews_exporter/probes/mrsproxy"
	"github.com/ews-exporter/ews_exporter/probes/pop3"
	"github.com/ews-exporter/ews_exporter/probes/rdgateway"
	"github.com/ews-exporter/ews_exporter/probes/rpchttp"
	"github.com/ews-exporter/ews_exporter/probes/sessionstate"
	"github.com/ews-exporter/ews_exporter/probes/smtp"
	"github.com/ews-exporter/ews_exporter/probes/sslbinding"
	"github.com/ews-exporter/ews_exporter/probes/sstp"
	"github.com/ews-exporter/ews_exporter/probes/virtualdirectories"
)

// All lists every prober of this version.
func All() []prober.Definition {
	return []prober.Definition{
		expectcontinue.Definition,
		authroundtrips.Definition,
		sslbinding.Definition,
		autodiscover.Definition,
		ewssync.Definition,
		smtp.Definition,
		mrsproxy.Definition,
		dnsrecords.Definition,
		httpcontent.Definition,
		authcertificate.Definition,
		sessionstate.Definition,
		imap.Definition,
		pop3.Definition,
		virtualdirectories.Definition,
		mapihttp.Definition,
		rpchttp.Definition,
		sstp.Definition,
		rdgateway.Definition,
	}
}
