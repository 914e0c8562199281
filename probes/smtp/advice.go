package smtp

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
)

// adviceTLSFirst is drawn where nobody greets, and a handshake on another connection succeeds.
const adviceTLSFirst = "tls_from_the_start"

var book = advice.Book{
	{
		Key:   adviceTLSFirst,
		Means: "This port speaks TLS from the start, and the module waits for a greeting in the clear.", Suffers: "Nobody, if clients of this port begin with TLS.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "openssl s_client -connect HOST:PORT -crlf: a greeting after the handshake confirms it",
		Then:  "Set security: implicit in the module, or ask another port.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "smtp_overwritten",
		Means: "A firewall that inspects SMTP overwrites what the server says, and takes away extensions that it does not know.", Suffers: "Mail: servers fall back to clear text, large or old forms; Exchange servers refuse one another with 5.7.3.",
		Owners: []advice.Owner{advice.Security}, Certainty: advice.Sure,
		First: "On the firewall: show running-config | include inspect esmtp|fixup protocol smtp (Cisco), or its policy for SMTP on this path",
		Then:  "Turn that inspection off for port 25 to these servers; undo by the former line.", Risk: advice.Change, When: advice.Now,
		For: advice.About(Inspected, "content/"+reasonInspected),
	},
	{
		Key:   "starttls_missing",
		Means: "STARTTLS is not offered, so mail goes in clear text or is refused.", Suffers: "Senders that demand TLS cannot deliver; the others send in clear text.",
		Owners: []advice.Owner{advice.Exchange, advice.Security, advice.Certificate},
		First:  "Get-ReceiveConnector -Server SERVER | Format-List Name,Bindings,AuthMechanism,Fqdn; Get-ExchangeCertificate | Format-List Services,CertificateDomains",
		Then:   "Tls into AuthMechanism, a certificate with the connector's Fqdn enabled for SMTP, or the firewall's inspection off.", Risk: advice.Change, When: advice.Now,
		Separates: "the same probe from behind the firewall: STARTTLS is offered there, the firewall takes it out",
		For:       advice.About(StartTLSMissing, "tls/"+dialogue.NotOffered.Reason, "tls/"+dialogue.StartTLSRefused.Reason),
	},
	{
		Key:   "clear_text_injected",
		Means: "Something came in clear text where only TLS, or nothing, may come; it was not believed.", Suffers: "Clients that believe it take somebody else's words for the server's.",
		Owners: []advice.Owner{advice.Security}, Certainty: advice.Likely,
		First: "Repeat the probe from behind the firewall: clean there, something in between writes into the dialogue: treat that as an attack until explained",
		Then:  "Take it out of the way.", Risk: advice.Look, When: advice.Now,
		For: advice.About("tls/" + dialogue.Injected.Reason),
	},
	{
		Key:   "transport_inactive",
		Means: "The server says that its mail service is not active (4.3.2): the component is inactive, as in maintenance, or the connector belongs to the wrong transport service.", Suffers: "Mail to this server waits at its senders.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		First: "Get-ServerComponentState SERVER -Component FrontendTransport, HubTransport; then Get-ReceiveConnector -Server SERVER | Format-Table Name,TransportRole",
		Then:  "After maintenance: Set-ServerComponentState SERVER -Component … -State Active -Requester Maintenance, for each requester that is named.", Risk: advice.Change, When: advice.Now,
		For: append(advice.About(ServiceInactive, "status/"+dialogue.Inactive.Reason), advice.Codes(ServiceInactive, "4.3.2")...),
	},
	{
		Key:   "back_pressure",
		Means: "The server is short of disk space or memory, and delays or refuses mail (4.3.1).", Suffers: "Mail waits at its senders, or is accepted slowly.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		First: "Get-WinEvent -FilterHashtable @{LogName='Application';ProviderName='MSExchangeTransport';Id=15004,15006,15007} -MaxEvents 5: which resource",
		Then:  "Free space on the disk of the queue database, or give memory; it ends by itself then.", Risk: advice.Change, When: advice.Now,
		For: append(advice.About(BackPressure, "status/"+dialogue.Overloaded.Reason), advice.Codes(BackPressure, "4.3.1")...),
	},
	{
		Key:   "nobody_greets",
		Means: "The connection is accepted, and nobody greets: something listens there, a balancer perhaps, and the transport service behind does not run or does not get the connection.", Suffers: "Mail waits at its senders.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		First:  "Get-Service MSExchangeFrontEndTransport on the servers, and on one of them: Test-NetConnection localhost -Port PORT",
		Then:   "Start the service; where it runs, bring the balancer's members for SMTP back.", Risk: advice.Change, When: advice.Now,
		Separates: "a greeting on the server itself (telnet localhost 25): it comes there, what stands in front keeps it", Direct: "nobody_greets_at_server",
		For: advice.About(NoGreeting),
	},
	{
		Key:   "nobody_greets_at_server",
		Means: "The server accepts the connection and does not greet: its transport service hangs, or filters this client.", Suffers: "Mail to this server waits at its senders.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		First:  "Get-Service MSExchangeFrontEndTransport on SERVER, and Test-NetConnection localhost -Port PORT there",
		Then:   "Start the service, or allow the exporter's address on the connector.", Risk: advice.Change, When: advice.Now,
		Separates: "a greeting on the server itself: it comes there, something in between keeps it",
	},
	{
		Key:   "client_not_welcome",
		Means: "The server refuses to talk to this client, or refused its command.", Suffers: "Whoever else is in the same list or of the same name.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		First:  "Read the reply in the proof; then Get-ReceiveConnector -Server SERVER | Format-List Name,Bindings,RemoteIPRanges,PermissionGroups",
		Then:   "Add the exporter's address to the connector, or set ehlo of the module to a name that resolves.", Risk: advice.Change, When: advice.Morning,
		Separates: "the connector's protocol log (Get-FrontendTransportService | Format-List *ProtocolLogPath): no line of the exporter, and a gateway in front answered",
		For:       advice.About("status/greeting_refused", "status/ehlo_refused", "status/mail_refused"),
	},
	{
		Key:   "capability_missing",
		Means: "A capability that is expected is not offered.", Suffers: "Senders that need it.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		First:  "Get-ReceiveConnector -Server SERVER | Format-List Name,AuthMechanism,*Enabled,MaxMessageSize, and compare with what is offered",
		Then:   "Switch it on at the connector, or take the inspection away that removes it.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe from behind the firewall: offered there, the firewall takes it out",
		For:       advice.About(CapabilityMissing, "content/"+reasonCapability),
	},
	{
		Key:   "mail_name_missing",
		Means: "A name that is expected is neither announced nor on the certificate.", Suffers: "Senders that verify the name, and hybrid mail flow.",
		Owners: []advice.Owner{advice.Exchange, advice.Certificate},
		First:  "Get-ReceiveConnector -Server SERVER | Format-List Name,Fqdn,TlsCertificateName; Get-ExchangeCertificate | Format-List CertificateDomains,Services",
		Then:   "Set Fqdn or TlsCertificateName of the connector, or enable the certificate with the name for SMTP.", Risk: advice.Change, When: advice.Morning,
		Separates: "whether a certificate with the name is enabled for SMTP: if it is, the connector's Fqdn decides",
		For:       advice.About(NameMissing, "content/"+reasonName),
	},
	{
		Key:   "relays_for_strangers",
		Means: "The server took a recipient below example.invalid, which nobody has, without a logon: it relays, or it takes everything and refuses later.", Suffers: "Everybody, once spammers find it: the server's address is listed, and its mail refused.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		First: "Get-ReceiveConnector -Server SERVER | Get-ADPermission -User 'NT AUTHORITY\\ANONYMOUS LOGON' | Where-Object ExtendedRights -like '*Any-Recipient*'",
		Then:  "Remove that right, or narrow RemoteIPRanges to the devices that need it.", Risk: advice.Change, When: advice.Now,
		For: advice.About(OpenRelay, "content/"+reasonRelay),
	},
	{
		Key:   "mail_port_closed",
		Means: "Nothing answers at the port of SMTP: the transport service does not run, a firewall or provider blocks port 25, or the balancer has no member.", Suffers: "Mail waits at its senders.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		First:  "Get-Service MSExchangeFrontEndTransport on the servers, and on one of them: Test-NetConnection localhost -Port PORT",
		Then:   "Start the service, or allow the port from the exporter.", Risk: advice.Change, When: advice.Now,
		Separates: "the same connection made on the server itself: refused too, the service; accepted, something in between",
		For:       advice.About("connect/refused", "connect/timeout", "connect/reset"),
	},
	{
		Key:   "dialogue_ended",
		Means: "The dialogue ended or hung in its midst: whoever ends it is the server, or a filter in between.", Suffers: "Mail waits at its senders, or is sent again and again.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		First:  "Get-FrontendTransportService SERVER | Format-List ReceiveProtocolLogPath, and there the exporter's address: what was said last, and by whom",
		Then:   "What the log says; no line at all, and a filter in between ended it.", Risk: advice.Look, When: advice.Now,
		Separates: "the connector's protocol log: it has the dialogue's end, or has none of it",
		For:       advice.About("receive/closed", "receive/reset", "receive/timeout", "receive/error", "send/closed", "send/reset", "send/error", "send/timeout"),
	},
	{
		Key:   "not_a_mail_server",
		Means: "What answers is no mail server, or speaks TLS from the start.", Suffers: "Nobody, if mail uses another port.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Read in the proof what came: bytes of TLS, set security: implicit; HTTP or another greeting, correct host and port of the target",
		Then:  "Reload the configuration.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("receive/malformed", "tls/not_tls"),
	},
}
