// Package labs lists what the probers bring to the simulated site. A prober adds a line here, at the end, so that the ports
// of the others' scenarios stay what they are.
package labs

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
	authcertificate "github.com/ews-exporter/ews_exporter/probes/authcertificate/lab"
	authroundtrips "github.com/ews-exporter/ews_exporter/probes/authroundtrips/lab"
	autodiscover "github.com/ews-exporter/ews_exporter/probes/autodiscover/lab"
	dnsrecords "github.com/ews-exporter/ews_exporter/probes/dnsrecords/lab"
	ewssync "github.com/ews-exporter/ews_exporter/probes/ewssync/lab"
	expectcontinue "github.com/ews-exporter/ews_exporter/probes/expectcontinue/lab"
	httpcontent "github.com/ews-exporter/ews_exporter/probes/httpcontent/lab"
	imap "github.com/ews-exporter/ews_exporter/probes/imap/lab"
	mapihttp "github.com/ews-exporter/ews_exporter/probes/mapihttp/lab"
	mrsproxy "github.com/ews-exporter/ews_exporter/probes/mrsproxy/lab"
	pop3 "github.com/ews-exporter/ews_exporter/probes/pop3/lab"
	rdgateway "github.com/ews-exporter/ews_exporter/probes/rdgateway/lab"
	rpchttp "github.com/ews-exporter/ews_exporter/probes/rpchttp/lab"
	sessionstate "github.com/ews-exporter/ews_exporter/probes/sessionstate/lab"
	smtp "github.com/ews-exporter/ews_exporter/probes/smtp/lab"
	sslbinding "github.com/ews-exporter/ews_exporter/probes/sslbinding/lab"
	sstp "github.com/ews-exporter/ews_exporter/probes/sstp/lab"
	virtualdirectories "github.com/ews-exporter/ews_exporter/probes/virtualdirectories/lab"
)

// All lists every prober's part.
func All() []lab.Part {
	return []lab.Part{
		expectcontinue.Part(),
		authroundtrips.Part(),
		ewssync.Part(),
		sslbinding.Part(),
		autodiscover.Part(),
		smtp.Part(),
		mrsproxy.Part(),
		dnsrecords.Part(),
		httpcontent.Part(),
		authcertificate.Part(),
		sessionstate.Part(),
		imap.Part(),
		pop3.Part(),
		virtualdirectories.Part(),
		mapihttp.Part(),
		rpchttp.Part(),
		sstp.Part(),
		rdgateway.Part(),
	}
}
