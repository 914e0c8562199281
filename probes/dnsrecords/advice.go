package dnsrecords

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Advice that is drawn from more than the finding tells.
const (
	adviceBlocked      = "dns_blocked_on_the_way_out"
	adviceUnread       = "dns_answer_not_read"
	adviceCopyOld      = "dns_copy_old"
	adviceCopiesDiffer = "dns_copies_differ"
	adviceExpired      = "dns_copy_expired"
	adviceNobodyServes = "dns_nobody_serves"
	adviceExchangerOdd = "mx_record_odd"

	adviceServiceRecord = "autodiscover_service_record_wrong"
)

const (
	somewhere = "on any machine"
	serial    = "nslookup -type=SOA HOST NAMESERVER"
)

var book = advice.Book{
	{
		Key:   adviceBlocked,
		Means: "No name server of the domain can be reached from the exporter, while its own name server finds the domain: the way out for DNS is closed.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter, advice.Network},
		On:     advice.OnExporter, First: "nslookup -type=SOA HOST NAMESERVER",
		Separates: "If no answer comes: the network lets only its own name servers ask outside. If one comes: policy or the container of the exporter is in the way.",
		Then:      "Network: allow UDP and TCP port 53 from the exporter to the domain's name servers; undo by removing the rule. Else name servers in the module's servers that the exporter can reach, or set undecided_ok.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   adviceUnread,
		Means: "The answer does not fit a datagram, and over TCP none came, so nothing is known of the record.", Suffers: "Resolvers with the same way to these servers: they cannot read the record either.",
		Owners: []advice.Owner{advice.Network, advice.DNS},
		On:     somewhere, First: "nslookup -vc -type=TXT HOST NAMESERVER",
		Separates: "If an answer comes from the server's own network and not from the exporter: a firewall in between. If none comes there either: the server, or its own firewall.",
		Then:      "Allow TCP port 53 to the name servers, as it is allowed for UDP; undo by removing the rule.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceCopyOld,
		Means: "A name server says something else than another, and its copy of the zone has a lower serial: the change has not come to it yet, or does not get through.", Suffers: "Whoever happens to ask that server: certificates and proofs of ownership wait, clients and senders go to old hosts.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Likely,
		On: somewhere, First: serial,
		Separates: "If all have the same serial by now: it was on its way. If one has a lower one after the refresh time that the answer shows: the transfer to it fails; try TCP 53 between it and the primary first, then read its log. If the servers are domain controllers with a zone in Active Directory: nothing is transferred, and serials differ by nature; repadmin /replsummary shows whether replication works.",
		Then:      "In Active Directory: mend replication. Else on the primary allow transfers (AXFR, TCP 53) to that server, and notify it; at a hoster ask for it with both serials. Raise the serial where the zone was changed without. Undo by setting the former list.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceCopiesDiffer,
		Means: "Name servers of one zone say different things with the same serial: somebody changed one by hand, or they serve two views or two hosters.", Suffers: "Whoever happens to ask the wrong one.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: somewhere, First: serial,
		Separates: "Ask each server of the proof. If the serials are equal: one copy was changed without a new serial, or they are two primaries. If one is older by now: its transfer fails. If they are domain controllers with a zone in Active Directory: serials tell nothing; repadmin /replsummary shows whether replication works.",
		Then:      "Decide which content is right. Enter it at every primary, or make one primary and the others its secondaries, and raise the serial. Keep the former zone file for undoing.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(ServersDiffer, "content/"+reasonDiffer),
	},
	{
		Key:   "dns_server_lame",
		Means: "The zone is not configured on a server that the world is told to ask.", Suffers: "Whoever asks that server first: a delay, and now and then no answer.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: somewhere, First: serial,
		Separates: "If it refuses, or answers without authority: the zone is not there, or was moved away. If it answers with authority by now: it was being set up; probe again.",
		Then:      "Configure the zone there; or take the server out of the NS records of the zone and, at the registrar, of the delegation. Note the present list; undo by entering it again.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(ServerLame, "status/"+reasonLame),
	},
	{
		Key:   adviceNobodyServes,
		Means: "Not one of the servers that are named for the zone serves it.", Suffers: "Everybody who uses the domain, once what is remembered of it runs out.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Likely,
		On: somewhere, First: "nslookup -type=NS HOST",
		Separates: "If it names other servers than the report: the delegation was changed; probe again. If it names the same ones: they lost the zone, or all copies have expired because the primary is gone; their logs say which.",
		Then:      "Bring the primary back, or load the zone on the servers that are named; or enter the right servers at the registrar, and note the present ones for undoing.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceExpired,
		Means: "A server that is named for the zone fails (SERVFAIL): as a secondary does that never got its copy, or whose copy has expired.", Suffers: "Whoever asks that server first: a delay, and now and then no answer.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Likely,
		On: somewhere, First: serial,
		Separates: "If it still fails: its log names the transfer that does not work, or a zone file that cannot be read. If it answers by now: the copy has come; probe again.",
		Then:      "Allow the transfer on the primary (AXFR, TCP 53), or mend the zone file that the log names; undo by setting the former list. Or take the server out of the NS records and the delegation.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "dns_record_missing",
		Means: "A record that is expected is at none of the servers, or has another value.", Suffers: "What waits for the record: a certificate's issue, a proof of ownership, clients that look for a host.",
		Owners: []advice.Owner{advice.DNS, advice.Exporter},
		First:  "Compare the value in the first line of this report, letter by letter, with what the request for the record says.",
		Then:   "DNS: correct the record in the zone at its primary, and wait for its time to live; note the former value for undoing. Exporter: correct expect in the module.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the module expects what was asked for: the record in the zone is wrong, or is under another name. If it does not: the module is.",
		For:       advice.About(RecordMissing, "content/"+reasonMissing),
	},
	{
		Key:   "mx_unusable",
		Means: "An MX record names a host that mail cannot be brought to.", Suffers: "Everybody who writes to this domain: mail waits, and comes back after days.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: "on any machine", First: "nslookup -type=MX HOST",
		Separates: "Look the host that it names up too. If it has no address: the host was renamed or its record deleted. If it is an alias: name what the alias leads to. If nothing is listed at all: the record is gone.",
		Then:      "Enter an MX record with the name of a host that has an address itself; note the former one for undoing. Senders go by the old one for its time to live.", Risk: advice.Change, When: advice.Now,
		For: advice.About(MXUnusable, "content/"+reasonMX),
	},
	{
		Key:   adviceExchangerOdd,
		Means: "An MX record is not as it has to be, and another one is, or senders take it all the same.", Suffers: "Senders that try this record first: mail comes later, and from some not at all.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: "on any machine", First: "nslookup -type=MX HOST",
		Separates: "Look the host that the finding names up too. If it has no address: the host was renamed or its record deleted. If it is an alias: name what the alias leads to.",
		Then:      "Enter the name of a host that has an address itself, or delete that record where another one does; note it for undoing.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "dns_server_silent",
		Means: "A name server does not answer the exporter, while others of the same zone do.", Suffers: "Whoever asks that server first: seconds of delay.",
		Owners: []advice.Owner{advice.DNS, advice.Network},
		On:     "from another network", First: serial,
		Separates: "If it answers there: a firewall between the exporter and that server, or its limit on questions. If it does not answer there either: the server is down.",
		Then:      "DNS: bring the server back, or take it out of the NS records and the delegation (undo by entering it again). Network: allow UDP and TCP port 53 to it; undo by removing the rule.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(ServerSilent),
	},
	{
		Key:   "dns_tcp_blocked",
		Means: "A name server answers datagrams and not over TCP, so that answers which do not fit a datagram cannot be had from it.", Suffers: "Whoever needs a long answer: TXT records of many proofs, SPF, DNSSEC.",
		Owners: []advice.Owner{advice.Network, advice.DNS},
		On:     "from the server's own network", First: "nslookup -vc -type=SOA HOST NAMESERVER",
		Separates: "If it answers there: a firewall in between drops TCP 53. If it does not: the server, or its own firewall.",
		Then:      "Allow TCP port 53 to the name servers wherever UDP is allowed; undo by removing the rule.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(TCPBlocked),
	},
	{
		Key:   "autodiscover_record_wrong",
		Means: "A record by which clients look for Autodiscover is broken, or leads elsewhere than expected.", Suffers: "Clients outside the domain's network that are set up anew, and phones.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: "on any machine", First: "nslookup autodiscover.HOST",
		Separates: "If it leads to the host that the finding names: correct the record. If it leads elsewhere: another name server answers here than for the exporter; see the table of servers.",
		Then:      "Enter the name of a host that has an address itself; note the former record for undoing. Clients go by the old one for its time to live.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(AutodiscoverWrong),
	},
	{
		Key:   adviceServiceRecord,
		Means: "The service record by which clients look for Autodiscover names what they cannot ask.", Suffers: "Clients that find Autodiscover by no other way.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: "on any machine", First: "nslookup -type=SRV _autodiscover._tcp.HOST",
		Separates: "Look the host that it names up too. If it has no address, or is an alias (CNAME): that is it. If the port is 0: nothing can be asked there.",
		Then:      "Enter 0 0 443 and the name of a host that has an address itself, or delete the record where autodiscover.HOST leads to Exchange; note it for undoing.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "spf_invalid",
		Means: "Receivers cannot use the SPF record.", Suffers: "Mail from this domain: it is taken for spam more often, and refused where DMARC asks for SPF.",
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		On: "on any machine", First: "nslookup -type=TXT HOST",
		Separates: "If two begin with v=spf1: they have to become one. If one has quotes or a blank before v=spf1: they were pasted along. If one has more than ten include, a, mx, ptr, exists and redirect: it is too long.",
		Then:      "Enter one record with all mechanisms, and delete the others; note them for undoing.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(SPFInvalid),
	},
	{
		Key:   "dns_domain_unknown",
		Means: "The domain does not exist, or nobody says who serves it, as far as the exporter's name server and the asked servers know.", Suffers: "Everybody who uses the domain, unless it is misspelled here.",
		Owners: []advice.Owner{advice.DNS, advice.Exporter},
		On:     "on any machine", First: "nslookup -type=NS HOST",
		Separates: "If name servers are listed: the exporter's machine asks another name server, or one inside. If the domain is not found and is spelled rightly: its registration or delegation has ended. If it is misspelled: correct the target.",
		Then:      "Registration: note what the registrar shows, and renew it or enter the name servers again. Exporter: note the target, and correct it, or name the servers to ask in the module. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About("resolve/not_found", "resolve/no_address"),
	},
	{
		Key:   "dns_servers_not_reached",
		Means: "No name server of the domain answers the exporter, and its own name server does not find the domain either.", Suffers: "Everybody who uses the domain, once what is remembered of it runs out.",
		Owners: []advice.Owner{advice.DNS, advice.Network},
		On:     "from another network", First: serial,
		Separates: "If it answers there: something between the exporter and the servers is in the way. If it does not answer there either: the servers are down.",
		Then:      "DNS: bring the servers back. Network: allow UDP and TCP port 53 from the exporter to them; undo by removing the rule.", Risk: advice.Change, When: advice.Now,
		For: advice.About("receive/timeout", "receive/closed", "receive/reset", "receive/malformed", "receive/error", "receive/"+reasonTruncated,
			"connect/refused", "connect/timeout", "connect/reset", "connect/error", "connect/unreachable", "send/timeout", "send/error"),
	},
}
