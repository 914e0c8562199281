package sstp

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// What the prober draws where a failure that all probers share has a meaning of its own here.
const (
	adviceNoAnswer  = "sstp_no_answer"
	adviceSilent    = "sstp_silent"
	adviceMalformed = "sstp_malformed"
)

// served is Routing and Remote Access, which listens by http.sys and not by IIS.
var served = advice.Service{
	Owner: advice.Windows, Paths: "SSTP's path", Listens: "RemoteAccess,SstpSvc",
	Bind: "set the right one (Set-RemoteAccess -SslCertificate), which interrupts the VPN for a moment",
	Ails: "Routing and Remote Access has the request, and the System log (source RemoteAccess) shows what it makes of it",
	Look: newestEvents,
}

const (
	clients = "Windows clients that dial this VPN by SSTP."
	onVPN   = "on the VPN server, in PowerShell"
	// listens shows whether Routing and Remote Access listens: the URL is that of SSTP.
	listens = "netsh http show servicestate view=requestq"
	onBox   = "on the box that has port 443 of TARGET"
	// newestEvents is what it wrote last, which may be of long before the probe.
	newestEvents = "Get-WinEvent @{LogName='System';ProviderName='RemoteAccess','RasSstp'} -MaxEvents 20"
	// events is where Routing and Remote Access writes why it refuses a call.
	events = "Get-WinEvent @{LogName='System';ProviderName='RemoteAccess','RasSstp';StartTime='TIME'} -Oldest -MaxEvents 20"
	// through is what a box has to do with SSTP.
	through = "pass this name through to the VPN server on TCP, without ending TLS: by an address of its own, or by a rule on the TLS name where others share the address; the VPN server then needs the name's certificate itself " +
		"(HAProxy: mode tcp; nginx: stream with ssl_preread; Kemp: a service of type Generic; F5: a FastL4 virtual server)"
)

var book = advice.Book{
	{
		Key:   "sstp_length",
		Means: "The same request gets another answer with Content-Length 0 than with 18446744073709551615, which every SSTP client sends. A box in between refuses that length, or waits for so many bytes.", Suffers: clients,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER is connected: the box in front of it. If SERVER is not: another box between the exporter and SERVER, or a web server on SERVER itself in front of Routing and Remote Access.",
		Then:      "Note the service's settings on the box, then " + through + ". A web server as proxy for SSTP cannot be mended by a larger limit on bodies. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "sstp_length_at_server",
		For:    advice.About(LengthRefused),
	},
	{
		Key:   "sstp_length_at_server",
		Means: "Asked directly, the server or something in front of it minds the length that every SSTP client sends.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Network},
		On:     onVPN, First: listens,
		Separates: "If a URL with sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75} is listed: Routing and Remote Access listens, and something between it and the exporter refuses the length. If none is: another program has port 443 there.",
		Then:      "In between: note the rule of the firewall or proxy for SERVER, then let port 443 through on TCP. Another program: see which by Get-NetTCPConnection -LocalPort 443, note its settings, and give it another port. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "sstp_verb",
		Means: "Methods that are not known, SSTP's and FOO, get one and the same refusal at this path, and GET does not. A filter lets only some methods pass.", Suffers: clients,
		Owners: []advice.Owner{advice.Security, advice.Middlebox, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER is connected: the filter is on the box in front, as a rule of its web application firewall or its list of methods. If SERVER refuses too: a filter on SERVER, or between it and the exporter.",
		Then:      "Note the rule, then add SSTP_DUPLEX_POST to it for this path alone; a box that lets the method pass may still refuse SSTP's length. Better " + through + ". To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "sstp_verb_at_server",
		For:    advice.About(VerbRefused),
	},
	{
		Key:   "sstp_verb_at_server",
		Means: "Asked directly, methods that are not known get one and the same refusal at this path, and GET does not.", Suffers: clients,
		Owners: []advice.Owner{advice.Security, advice.Windows},
		On:     onVPN, First: listens,
		Separates: "If a URL with sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75} is listed: Routing and Remote Access listens, and a filter on the way or a security program on SERVER refuses the method. If none is: another program has port 443 there.",
		Then:      "Note the rule, then allow SSTP_DUPLEX_POST there for this path. Another program: see which by Get-NetTCPConnection -LocalPort 443, note its settings, and give it another port. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "sstp_not_there",
		Means: "Nobody serves SSTP where this path leads: the requests are answered like any for what is not there.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Middlebox, advice.Exporter},
		On:     onVPN, First: "Get-Service RemoteAccess, SstpSvc; Get-RemoteAccess | Format-List VpnStatus, SslCertificate",
		Separates: "If a service is not Running, or VpnStatus is not Installed: the VPN server. If all is well there: the box leads this name to another server. If this name is no VPN server at all: the target of the module.",
		Then:      "The VPN server: " + newestEvents + " says why it stopped; mend that, and Start-Service RemoteAccess. The box: note its rule, and lead this name to the VPN server. The module: note targets, and correct them. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "sstp_not_at_server",
		For:    advice.About(NotServed, "status/"+reasonNotServed),
	},
	{
		Key:   "sstp_not_at_server",
		Means: "Asked directly, the server answers as it does for what is not there: it serves no SSTP.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Exporter},
		On:     onVPN, First: "Get-Service RemoteAccess, SstpSvc; Get-RemoteAccess | Format-List VpnStatus, SslCertificate",
		Separates: "If a service is not Running, or VpnStatus is not Installed, and it is to be a VPN server: the VPN server. If all is well there: another program has port 443. If it is no VPN server at all: the target of the module.",
		Then:      "The VPN server: " + newestEvents + " says why it stopped; mend that, and Start-Service RemoteAccess, which Stop-Service undoes. Another program: note its settings, and give it another port. The module: note targets, and correct them. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "sstp_http_error",
		Means: "Another status than 200 came, and the controls do not tell who minds what: the VPN server refuses (as it does when no SSTP port is free), or a box in front of it.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     onVPN, First: "Get-RemoteAccessConnectionStatisticsSummary; Get-Service RemoteAccess, SstpSvc | Format-Table Name, Status",
		Separates: "If a service is not Running, or all lines WAN Miniport (SSTP) of Routing and Remote Access, Ports, are Active: the VPN server. If neither is so: the box, whose log has the request.",
		Then:      "Ports: note their number for WAN Miniport (SSTP), and raise it. A service: " + newestEvents + " says why it stopped; mend that, and start it. The box: note its settings, then " + through + ". To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About("status/"+reasonHTTP, "status/"+prober.ReasonLogonPage),
	},
	{
		Key:   adviceNoAnswer,
		Means: "The request got no answer, or the end of the connection, and the controls do not tell whose doing that is.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     onVPN, First: "Get-Service RemoteAccess, SstpSvc, HTTP | Format-Table Name, Status; netsh http show sslcert",
		Separates: "If a service is not Running, or no binding for port 443 is listed: the VPN server. If all are there: the box in front, or what is between it and the exporter.",
		Then:      "The VPN server: " + newestEvents + " says why it stopped; mend that, and start the service. The box: note its settings, then " + through + ". To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceSilent,
		Means: "The 200 came, and Call Connect Request got no answer: the VPN server hangs behind its web part, or a box keeps what the client sends.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     onVPN, First: newestEvents,
		Separates: "If an error is listed up to the proof's time (the report's is UTC, the log's local), and nothing after it that says it is over: the VPN server. If none is, and a box is in front: the box, which keeps a request's body until it is whole.",
		Then:      "The VPN server: mend what that error names; then connections recover by themselves, so there is nothing to undo. The box: note its settings, then " + through + ". To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceMalformed,
		Means: "What came in place of an SSTP packet is none: text, another version, or a length that cannot be right. Either no VPN server answered the 200, or something changes what it sends.", Suffers: clients,
		Owners: []advice.Owner{advice.Middlebox, advice.Windows},
		On:     onVPN, First: listens,
		Separates: "If a URL with sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75} is listed: the VPN server listens, and a box in front answers in its place or changes what it sends. If none is: another program answers on port 443 there.",
		Then:      "The box: note its settings, then " + through + ". The server: see which program has port 443 (Get-NetTCPConnection -LocalPort 443), note its settings, and give it another port. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "sstp_in_chunks",
		Means: "The 200 says Transfer-Encoding: chunked. A VPN server does not send that; a proxy puts it in where it knows no end of an answer, and cuts the packets up.", Suffers: clients,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: onBox, First: "Look whether the service for this name works on HTTP (layer 7) or on TCP (layer 4).",
		Separates: "If it works on HTTP: that is it. If it works on TCP: the next box towards the VPN server.",
		Then:      "Note the service's settings, then " + through + ". To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "sstp_in_chunks_at_server",
		For:    advice.About(Reframed),
	},
	{
		Key:   "sstp_in_chunks_at_server",
		Means: "Asked directly, the 200 says Transfer-Encoding: chunked, which a VPN server does not send.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows, advice.Network},
		On:     onVPN, First: listens,
		Separates: "If a URL with sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75} is listed: a proxy between the exporter and SERVER. If none is: another program has port 443 there.",
		Then:      "The proxy: note its rule, then let port 443 of SERVER through on TCP. The program: see which by Get-NetTCPConnection -LocalPort 443, note its settings, and give it another port. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "sstp_call_refused",
		Means: "The VPN server took the request and refused or ended the call before any logon.", Suffers: clients,
		Owners: []advice.Owner{advice.Windows}, Certainty: advice.Likely,
		On: onVPN, First: events,
		Separates: "If an event of the proof's time (the report's is UTC, the log's local) names a reason: that. If no events are found (in red: No events were found that match; that there is not an event provider of a name says nothing), and all WAN Miniports (SSTP) are Active in Routing and Remote Access, Ports: they are used up. If some are Inactive: a trace has more (netsh ras set tracing * enabled; read C:\\Windows\\tracing; end it by netsh ras set tracing * disabled).",
		Then:      "Mend what the event names: note the setting first. Ports: note their number for WAN Miniport (SSTP), and raise it. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About("status/"+nak, "status/"+aborted),
	},
	{
		Key:   "sstp_certificate",
		Means: "The certificate shown is none of those expected. After the logon a client proves by its hash that it sees the server's own; where a box shows another one, the VPN server drops the call then.", Suffers: clients + " They see the logon succeed and the connection end.",
		Owners: []advice.Owner{advice.Windows, advice.Middlebox, advice.Exporter},
		On:     onVPN, First: "netsh http show sslcert; Get-RemoteAccess | Format-List SslCertificate",
		Separates: "If Certificate Hash at 0.0.0.0:443 and [::]:443 is the thumbprint shown: it was renewed, and the module's thumbprints are old. If only one of the two is, or SslCertificate is another one: the VPN server. If neither is: a box ends TLS with its own.",
		Then:      "Renewed: note thumbprints of the module, set the new one, and reload. The VPN server: note SslCertificate, then Set-RemoteAccess -SslCertificate with the right one, which interrupts the VPN for a moment. The box: note its settings, then " + through + ". To undo, set what was noted.", Risk: advice.Restart, When: advice.Now,
		For: advice.About(CertificateUnexpected, "content/"+reasonCertificate),
	},
	{
		Key:   "sstp_revocation",
		Means: "Whether the certificate is revoked cannot be looked up where it says. A Windows client does not connect by SSTP then: error 0x80092013, the revocation server was offline.", Suffers: clients,
		Owners: []advice.Owner{advice.Certificate, advice.Network},
		On:     "on a client outside, with the certificate saved as vpn.cer", First: "certutil -verify -urlfetch vpn.cer",
		Separates: "If a place fails there too with an error of HTTP (404, 403) or an old list: the authority's publication. If it cannot be reached, or only from where the exporter is: the network.",
		Then:      "The publication: certutil -CRL on the authority, and copy the list to its web folder (CertEnroll). The network: note the rule, and let plain HTTP to that place through, without a logon. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About(RevocationUnreachable, "content/"+reasonRevocation),
	},
	{
		Key:   "sstp_revoked",
		Means: "The authority says that the certificate, or one of its issuers, is revoked.", Suffers: clients,
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: onVPN, First: "Get-ChildItem Cert:\\LocalMachine\\My | Format-List Thumbprint, NotAfter, Subject",
		Separates: "If a newer one for this name is listed, and Get-RemoteAccess | Format-List SslCertificate shows the old one: it was renewed, and not bound. If SslCertificate is the newer one: a box in front shows the old one still. If none is listed: one has to be ordered.",
		Then:      "Note the thumbprint that is bound, then Set-RemoteAccess -SslCertificate with the right one, which interrupts the VPN for a moment. To undo, bind the noted one.", Risk: advice.Restart, When: advice.Now,
		For: advice.About(Revoked, "content/"+reasonRevoked),
	},
	{
		Key:   "sstp_turn",
		Means: "Another probe of the same VPN server was still under way: each holds one of its ports, so they take turns.", Suffers: "Nobody; this probe was not made.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On: advice.OnExporter, First: "Count the modules and Prometheus servers that ask this target by SSTP, and how often each does.",
		Separates: "If they are several: make them fewer, or rarer. If there is one alone: a probe takes longer than the interval; see what it waits for.",
		Then:      "Note the interval, and set it to 15 minutes. To undo, set what was noted.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("connect/" + reasonTurn),
	},
}
