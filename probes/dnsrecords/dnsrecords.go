package dnsrecords

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "dns_records",
	Summary: "Does every name server of a domain have the records that a site needs, and do they all say the same?",
	Advice:  book,
	Serves:  advice.Service{Owner: advice.DNS, Listens: "DNS"},
	New:     func() prober.Prober { return defaults() },
	Decides: result.ByNone,
	NoLogon: true,
	NoProxy: true,
	Scheme:  "dns",
	Paths:   []prober.Path{{Way: prober.ByDomain}},
	Steps: []prober.StepHelp{
		{Name: stepDelegation, Help: "find the zone's name servers, by the exporter's own one (without `servers`)"},
		{Name: stepDelegation + ".parent", Help: "ask the zone above whom it delegates the zone to"},
		{Name: stepDelegation + ".resolve", Help: "look a name server up"},
		{Name: "resolve", Help: "look a configured server up (with `servers`)"},
		{Name: stepQuestion, Help: "put one question to every server, side by side"},
		{Name: stepQuestion + ".connect", Help: "open a TCP connection, where a datagram does not do"},
		{Name: stepQuestion + ".resolve", Help: "look up a name server of a zone below, to which the domain's refer"},
		{Name: stepTCP, Help: "ask a server for the zone over TCP"},
		{Name: stepTCP + ".connect", Help: "open a TCP connection"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Status, Reason: reasonLame, Help: "A server that is named for the zone does not serve it."},
		{Stage: failure.Content, Reason: reasonDiffer, Help: "Servers of the zone contradict each other."},
		{Stage: failure.Content, Reason: reasonMissing, Help: "No server has a configured record as it is expected."},
		{Stage: failure.Content, Reason: reasonMX, Help: "No MX record of the mail domain can be used."},
		{Stage: failure.Receive, Reason: reasonTruncated, Help: "A server says over TCP, too, that its answer does not fit."},
	},
	Metrics: []*result.Metric{serverSuccess, recordFound, recordExpected, soaSerial, soaSeconds, tcpSuccess, datagramsSent},
	Findings: []prober.Finding{
		{Code: ServersDiffer, Severity: result.Error, Summary: "Name servers of one zone contradict each other."},
		{Code: ServerLame, Severity: result.Error, Summary: "A server that is named for the zone does not serve it."},
		{Code: RecordMissing, Severity: result.Error, Summary: "No name server has a record as it is expected."},
		{Code: MXUnusable, Severity: result.Error, Summary: "No MX record can be used (a warning when another one can)."},
		{Code: ServerSilent, Severity: result.Warning, Summary: "A name server does not answer, or not to datagrams, while others do."},
		{Code: TCPBlocked, Severity: result.Warning, Summary: "A name server does not answer over TCP, by which alone long answers are had."},
		{Code: AutodiscoverWrong, Severity: result.Warning, Summary: "A record that leads to Autodiscover is broken, or is not what is expected."},
		{Code: SPFInvalid, Severity: result.Warning, Summary: "There are two SPF records, or one that receivers cannot use."},
		{Code: SerialsDiffer, Severity: result.Info, Summary: "Copies of the zone have different serials, and all that was asked for is alike."},
		{Code: DelegationDiffers, Severity: result.Info, Summary: "The zone above names other servers than the zone itself."},
		{Code: SplitView, Severity: result.Info, Summary: "The exporter's own name server says otherwise than the servers of the zone."},
		{Code: AliasFollowed, Severity: result.Info, Summary: "A configured record's name is an alias, which was followed."},
		{Code: AnswersVary, Severity: result.Info, Summary: "A server gives another address each time, so that its answers are not compared."},
		{Code: EDNSRefused, Severity: result.Info, Summary: "A name server answers only questions without EDNS."},
		{Code: MXCloud, Severity: result.Info, Summary: "Mail goes to Exchange Online first."},
		{Code: MailRecordsAbsent, Severity: result.Info, Summary: "Records that most mail domains have are not there."},
	},
	Dashboard: panels,
	Example:   example,
}

// Steps.
const (
	stepDelegation = "delegation"
	stepQuestion   = "question"
	stepTCP        = "tcp"
)

// Reasons.
const (
	reasonLame    = "server_lame"
	reasonDiffer  = "servers_differ"
	reasonMissing = "record_missing"
	reasonMX      = "mx_unusable"
)

// Codes of this prober's findings.
const (
	ServersDiffer     = "dns_servers_differ"
	ServerLame        = "dns_server_lame"
	RecordMissing     = "dns_record_missing"
	MXUnusable        = "mx_unusable"
	ServerSilent      = "dns_server_silent"
	TCPBlocked        = "dns_tcp_blocked"
	AutodiscoverWrong = "autodiscover_record_wrong"
	SPFInvalid        = "spf_invalid"
	SerialsDiffer     = "dns_serials_differ"
	DelegationDiffers = "dns_delegation_differs"
	SplitView         = "dns_split_view"
	AliasFollowed     = "dns_alias_followed"
	AnswersVary       = "dns_answers_vary"
	EDNSRefused       = "dns_edns_refused"
	MXCloud           = "mx_cloud"
	MailRecordsAbsent = "mail_records_absent"
)
