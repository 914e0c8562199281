package smtp

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
)

// served is a mail server: Exchange's, an Edge server, or another one in front.
var served = advice.Service{
	Mostly: true, Owner: advice.Exchange, Listens: "MSExchangeFrontEndTransport,MSExchangeTransport",
	Bind: "give SMTP the right one (on Exchange Enable-ExchangeCertificate -Server SERVER -Thumbprint THUMBPRINT -Services SMTP)",
}

// adviceTLSFirst is drawn where nobody greets, and a handshake on another connection succeeds.
const adviceTLSFirst = "tls_from_the_start"

const (
	// behind asks from behind the firewall, which is the only place that tells it from the server.
	behind    = "on a machine in the network of the mail servers, with a copy of the exporter's configuration"
	ask       = "ews_exporter probe MODULE SERVER:PORT" + advice.WithConfig
	onServers = "on each mail server behind TARGET, in PowerShell"
	// greet shows what a server's own port says first; no client for Telnet is installed by default.
	greet    = "$c = New-Object Net.Sockets.TcpClient localhost,PORT; (New-Object IO.StreamReader $c.GetStream()).ReadLine(); $c.Close()"
	protocol = "$env:ExchangeInstallPath\\TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive"
)

var book = append(advice.MailHandshakes("smtp", "SMTP", "SMTP"), advice.Book{
	{
		Key:   adviceTLSFirst,
		Means: "This port speaks TLS from the start, and the module waits for a greeting in the clear.", Suffers: "Nobody, if clients of this port begin with TLS.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On: advice.OnUnix, First: "openssl s_client -connect HOST:PORT -crlf -quiet",
		Separates: "If a line that begins with 220 comes after the handshake, within half a minute: it is a mail server with TLS from the start. If none comes (Ctrl+C ends it): another service uses this port.",
		Then:      "A mail server: set security: implicit below smtp: in the module MODULE. Another service: correct the port of the target. Reload the exporter; to undo, set the former value.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "smtp_overwritten",
		Means: "A firewall that inspects SMTP overwrites what the server says (asterisks in the greeting, or extensions that read XXXXXXXA), and takes away extensions that it does not know.", Suffers: "Mail in clear text: extensions are missing, and Exchange servers refuse one another with 5.7.3. Where STARTTLS still passes, mail over TLS does not suffer.",
		Owners: []advice.Owner{advice.Security}, Certainty: advice.Sure,
		On: "on the firewall (Cisco ASA; an older PIX has it as fixup protocol smtp)", First: "show service-policy inspect esmtp",
		Separates: "If its counter of packets grows by the probe (compare on a quiet line; other mail counts too), or show conn port 25 detail has the flag M (SMTP data) at the probe's connection: that is it; that it is listed alone says nothing, for the default policy has it. If neither, or the firewall is another maker's: look for SMTP inspection, SMTP proxy, application layer gateway or Mailguard on the path to TARGET.",
		Then:      "Note the policy, then take port 25 of these servers out of the inspection: on an ASA by a class map of its own whose access list denies these servers and permits the rest, with inspect esmtp there in place of the global policy (no inspect esmtp in the global policy is for everybody; to let TLS alone through, allow-tls below parameters of its policy map of type inspect esmtp), on a PIX by no fixup protocol smtp 25, for everybody. Mail to them is then not inspected there. To undo, set the noted policy.", Risk: advice.Change, When: advice.Now,
		For: advice.About(Inspected, "content/"+reasonInspected),
	},
	{
		Key:   "starttls_missing",
		Means: "STARTTLS is not offered, so mail goes in clear text or is refused.", Suffers: "Senders that demand TLS cannot deliver; the others send in clear text.",
		Owners: []advice.Owner{advice.Exchange, advice.Security, advice.Certificate},
		On:     behind, First: ask,
		Separates: "If STARTTLS is offered by the servers themselves: the firewall or box in front takes it out. If it is not, and AuthMechanism of the connector lacks Tls: Exchange. If it is not, and Tls is there: no certificate for SMTP has the connector's Fqdn.",
		Then: "The firewall: note the policy, then turn its inspection of SMTP off for these servers alone. The connector: see Get-ReceiveConnector -Server SERVER | Format-List Name,AuthMechanism,Fqdn, note AuthMechanism, then set it with Tls added. " +
			"The certificate: Enable-ExchangeCertificate with one that has the Fqdn, for SMTP. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About(StartTLSMissing, "tls/"+dialogue.NotOffered.Reason, "tls/"+dialogue.StartTLSRefused.Reason),
	},
	{
		Key:   "clear_text_injected",
		Means: "Something came in clear text where only TLS, or nothing, may come; it was not believed.", Suffers: "Clients that believe it take somebody else's words for the server's.",
		Owners: []advice.Owner{advice.Security}, Certainty: advice.Likely,
		On: behind, First: ask,
		Separates: "If the probe is clean there: something in between writes into the dialogue, and is an attack until it is explained. If it is not: the mail server, or a filter on it.",
		Then:      "Keep the report. Probe from one network after the other, find between which two it begins, and take what stands there out of the way of port 25. To undo, put it back.", Risk: advice.Change, When: advice.Now,
		For: advice.About("tls/" + dialogue.Injected.Reason),
	},
	{
		Key:   "transport_inactive",
		Means: "The server says that its mail service is not active (4.3.2): the component is inactive, as in maintenance, or the connector belongs to the wrong transport service.", Suffers: "Mail to this server waits at its senders.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		On: advice.InShell, First: advice.Inactive,
		Separates: "If FrontendTransport, HubTransport or ServerWideOffline is listed: (Get-ServerComponentState SERVER -Component NAME).LocalStates, with the listed NAME, shows who made it so: Maintenance is somebody, HealthApi Exchange itself. If none is: see Get-ReceiveConnector -Server SERVER | Format-Table Name,TransportRole,Bindings; one for port 25 whose TransportRole is HubTransport is wrong.",
		Then: "Maintenance that is over: Set-ServerComponentState SERVER -Component FrontendTransport -State Active -Requester Maintenance, and so for each that is listed and each that made it so; undo by -State Inactive. " +
			"The connector: note Format-List of it, remove it, and make it anew with -TransportRole FrontendTransport.", Risk: advice.Change, When: advice.Now,
		For: append(advice.About(ServiceInactive, "status/"+dialogue.Inactive.Reason), advice.Codes(ServiceInactive, "4.3.2")...),
	},
	{
		Key:   "back_pressure",
		Means: "The server is short of disk space or memory, or its queue is long, and it delays or refuses mail (4.3.1).", Suffers: "Mail waits at its senders, or is accepted slowly.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		On: onServers, First: "Get-WinEvent -MaxEvents 5 -FilterHashtable @{ProviderName='MSExchangeTransport';Id=15004..15007}",
		Separates: "If the newest is 15004, 15006 or 15007: it names the resource (UsedDiskSpace with its folder, memory, a queue). If it is 15005, and its text says Low or Normal: it is over. If no events are found: that server is not under pressure; look at the next one behind TARGET. If none has any: probe again.",
		Then:      "Disk: free space on the drive of that folder, by default $env:ExchangeInstallPath\\TransportRoles\\data\\Queue. Queue: see what holds it up (Get-Queue). Memory: see which process has it. Mail is taken again by itself, so there is nothing to undo. Do not turn back pressure off.", Risk: advice.Change, When: advice.Now,
		For: append(advice.About(BackPressure, "status/"+dialogue.Overloaded.Reason), advice.Codes(BackPressure, "4.3.1")...),
	},
	{
		Key:   "nobody_greets",
		Means: "The connection is accepted, and nobody greets: the transport service does not run or hangs, a balancer that takes the connection itself has no member up, or something does not want to talk to this client.", Suffers: "Mail waits at its senders, if they fare like the exporter.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     onServers, First: "Get-Service {listens} -ErrorAction SilentlyContinue",
		Separates: "If one that is listed is not Running (Exchange has both, an Edge server the second): that server. If all are Running, and this shows no 220 on one within a minute: that service hangs (" + greet + "). If it shows 220 on all: the balancer, whose pool for SMTP has no member up, or what keeps this client out: a list of addresses on a box, or RemoteIPRanges of the connector. If none is listed: another mail server; see whether its own service runs.",
		Then:      "A server: its Application log says why the service stopped; mend that, and Start-Service it. The balancer: note its pool, and bring the members for SMTP back. A list: note it, and add the exporter's address. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "nobody_greets_at_server",
		For:    advice.About(NoGreeting),
	},
	{
		Key:   "nobody_greets_at_server",
		Means: "The server accepts the connection and does not greet: its transport service hangs, or filters this client.", Suffers: "Mail to this server waits at its senders.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		On:     advice.InPowerShell, First: greet,
		Separates: "If a line with 220 comes: something between the exporter and SERVER keeps the greeting. If an error comes, or nothing for a minute (Ctrl+C ends it): the transport service.",
		Then:      "In between: allow that port from the exporter, and note what was changed. The service: its Application log (source MSExchangeFrontEndTransport) says why; mend that, and start it where it is stopped.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "client_not_welcome",
		Means: "The server refuses to talk to this client, or refused its command.", Suffers: "Whoever else is in the same list or of the same name.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		On:     advice.InShell, First: "Get-ReceiveConnector -Server SERVER | Format-List Name,Bindings,RemoteIPRanges,PermissionGroups,ProtocolLoggingLevel",
		Separates: "If no connector for the port has the exporter's address in RemoteIPRanges: Exchange. If one has it, and the server's protocol log has no line of the exporter's address: a gateway in front answered in its place. (That log is the newest file in " + protocol + ".)",
		Then:      "Exchange: note RemoteIPRanges, then add the exporter's address to the connector; where the reply speaks of the name, set ehlo of the module to one that resolves. The gateway: take the exporter's address off its list. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("status/greeting_refused", "status/ehlo_refused", "status/mail_refused"),
	},
	{
		Key:   "capability_missing",
		Means: "A capability that is expected is not offered.", Suffers: "Senders that need it.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		On:     behind, First: ask,
		Separates: "If it is offered there: the firewall takes it out. If it is missing there too: the connector (Get-ReceiveConnector -Server SERVER | Format-List Name,AuthMechanism,*Enabled,MaxMessageSize).",
		Then:      "The firewall: note the policy, then turn its inspection of SMTP off for these servers alone. The connector: note the present value, then set it with Set-ReceiveConnector; or take the capability out of the module. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(CapabilityMissing, "content/"+reasonCapability),
	},
	{
		Key:   "mail_name_missing",
		Means: "A name that is expected is neither announced nor on the certificate.", Suffers: "Senders that verify the name, and hybrid mail flow.",
		Owners: []advice.Owner{advice.Exchange, advice.Certificate},
		On:     advice.InShell, First: "Get-ExchangeCertificate -Server SERVER | Format-List Thumbprint,CertificateDomains,Services,NotAfter",
		Separates: "If a certificate with the name has SMTP among its Services: Exchange, whose connector has another Fqdn or TlsCertificateName. If none has: the certificate.",
		Then:      "The connector: note Fqdn and TlsCertificateName (Get-ReceiveConnector -Server SERVER | Format-List Name,Fqdn,TlsCertificateName), then set them with Set-ReceiveConnector. The certificate: Enable-ExchangeCertificate for SMTP with one that has the name. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(NameMissing, "content/"+reasonName),
	},
	{
		Key:   "relays_for_strangers",
		Means: "The server took a recipient below example.invalid, which nobody has, without a logon: it relays, or it takes everything and refuses later.", Suffers: "Everybody, once spammers find it: the server's address is listed, and its mail refused.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-ReceiveConnector | Get-ADPermission -User 'NT AUTHORITY\\ANONYMOUS LOGON' | where ExtendedRights -like '*Any-Recipient*'",
		Separates: "If a connector is listed whose RemoteIPRanges have the exporter's address: it relays for that address. If its ranges are yours alone, run the check from outside. If none is listed: a gateway in front takes every recipient.",
		Then:      "Note RemoteIPRanges, then narrow them to the devices that must relay (Set-ReceiveConnector), for that connector. To undo, set the noted ranges.", Risk: advice.Change, When: advice.Now,
		For: advice.About(OpenRelay, "content/"+reasonRelay),
	},
	{
		Key:   "mail_port_closed",
		Means: "Nothing answers at the port of SMTP: the transport service does not run, a firewall or provider blocks port 25, or the balancer has no member.", Suffers: "Mail waits at its senders, where they fare like the exporter.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		On:     onServers, First: "Test-NetConnection localhost -Port PORT",
		Separates: "If TcpTestSucceeded is False: Exchange; see Get-Service MSExchangeFrontEndTransport there. If it is True on all: something between the exporter and them, a firewall, a provider that blocks port 25, or the balancer, whose pool for PORT has no member up.",
		Then:      "Exchange: its Application log (source MSExchangeFrontEndTransport) says why the service stopped; mend that, and Start-Service MSExchangeFrontEndTransport. The network: note the rule and the pool, allow the port from the exporter, and bring the balancer's members back. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "mail_port_closed_at_server",
		For:    advice.About("connect/refused", "connect/timeout", "connect/reset"),
	},
	{
		Key:   "mail_port_closed_at_server",
		Means: "Nothing answers at the server's port of SMTP: the transport service does not run, or a firewall or provider blocks it.", Suffers: "Mail to this server waits at its senders, where they fare like the exporter.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		On:     advice.InPowerShell, First: "Test-NetConnection localhost -Port PORT",
		Separates: "If TcpTestSucceeded is False: Exchange; see Get-Service MSExchangeFrontEndTransport there. If it is True: a firewall on the way, or SERVER's own, or a provider that blocks port 25.",
		Then:      "Exchange: its Application log (source MSExchangeFrontEndTransport) says why the service stopped; mend that, and Start-Service MSExchangeFrontEndTransport. The network: note the rule, and allow the port from the exporter. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "dialogue_ended",
		Means: "The dialogue ended or hung in its midst: whoever ends it is the server, or a filter in between.", Suffers: "Mail waits at its senders, or is sent again and again, where they fare like the exporter.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		On:     advice.InShell, First: "Get-FrontendTransportService SERVER | Format-List ReceiveProtocolLogPath",
		Separates: "If the newest file there has the exporter's address at the proof's time, and the server's own last line: Exchange ended it, and says why. If it has none of it, or ends by the client's side: a filter in between. If the folder is empty: set ProtocolLoggingLevel of the connector to Verbose first.",
		Then:      "Exchange: mend what its last line names. The filter: note its policy, then exempt the mail port to these servers alone from its inspection. To undo, set the noted policy.", Risk: advice.Change, When: advice.Now,
		For: advice.About("receive/closed", "receive/reset", "receive/timeout", "receive/error", "send/closed", "send/reset", "send/error", "send/timeout"),
	},
	{
		Key:   "not_a_mail_server",
		Means: "What answers is no mail server, or speaks TLS from the start.", Suffers: "Nobody, if mail uses another port.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		On: advice.OnUnix, First: "openssl s_client -connect HOST:PORT -crlf -quiet",
		Separates: "If a handshake succeeds, and a line with 220 comes within half a minute: TLS from the start. If it fails, or something else comes (Ctrl+C ends it): no mail server; the proof shows what came.",
		Then:      "TLS from the start: set security: implicit below smtp: in the module MODULE. No mail server: correct host and port of the target. Reload the exporter; to undo, set the former value.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("receive/malformed", "tls/not_tls"),
	},
}...)
