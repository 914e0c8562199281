package sslbinding

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

const (
	showChain = "openssl s_client -connect HOST:PORT -servername SERVICE -showcerts </dev/null"
	showLeaf  = "openssl s_client -connect HOST:PORT -servername SERVICE </dev/null | openssl x509 -noout -text"
	// showAll has the extensions of every certificate that is sent.
	showAll      = "openssl s_client -connect HOST:PORT -servername SERVICE -showcerts </dev/null | openssl storeutl -noout -text -certs /dev/stdin"
	showBindings = "netsh http show sslcert"
	// whose tells a server's address from a box's.
	whose     = "on the machine that has the address of the finding, in a command prompt"
	bindAgain = "To undo, bind the noted one."
	bind      = "Note the present thumbprint, then Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services IIS on that server, with that of the right certificate; on a box bind it to the virtual service. " + bindAgain
	addEntry  = "Note the output. For Exchange's own site: Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services IIS, with the right one's. For another: netsh http add sslcert ipport=IP:PORT certhash=THUMBPRINT \"appid={APPID}\" certstorename=MY, with the appid of the entry beside it. To undo: netsh http delete sslcert ipport=IP:PORT."
)

var bindingBook = advice.Book{
	{
		Key:   "certificate_to_renew",
		Means: "A certificate expires soon, or has expired.", Suffers: "From that day on, everybody: clients refuse the connection or show a warning.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.InShell, First: "Get-ExchangeCertificate -Server SERVER | Format-List Thumbprint,NotAfter,Services,CertificateDomains",
		Separates: "If the thumbprint shown is listed with this port's service among its Services (IIS, SMTP, IMAP, POP): that server has it bound. If it is listed without, or nowhere: a box in front shows it, or another program. If a newer one with the same names has the service: the servers are done, and the box still shows the old one. If there is a newer one without it: it was renewed, and not bound. If the NotAfter of the one shown is later than what is reported: an intermediate or root expires first; the report names it.",
		Then:      "Renew it where that is not done, and bind the new one wherever the old one is: servers (Enable-ExchangeCertificate), the box, the hybrid connectors. Keep the old one until all is well. To undo, bind the old one.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(CertificateExpiring),
	},
	{
		Key:   "door_without_certificate",
		Means: "An address and port ended the handshake without showing a certificate: nothing is bound there, or its key cannot be read.", Suffers: "Clients that reach this address: with IPv6, or by another name, than those who get through.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     whose, First: showBindings,
		Separates: "If the address is a box's, where there is no such command: the box, whose virtual service for it has no certificate. If it is a server's: IIS, where an entry for the address, 0.0.0.0 or [::] is missing, or its hash has no key in certlm.msc.",
		Then:      "The box: bind the certificate to that virtual service. The server: " + addEntry, Risk: advice.Change, When: advice.Now,
		Direct: "door_without_certificate_on_server",
		For:    advice.About(BindingMissing),
	},
	{
		Key:   "door_without_certificate_on_server",
		Means: "The server ends the handshake at an address and port without showing a certificate: nothing is bound there, or its key cannot be read.", Suffers: "Clients that reach this address.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: showBindings,
		Separates: "If there is no entry for the address and port, nor for 0.0.0.0 or [::] of its family: it is missing. If there is one: its hash has no certificate with a private key in certlm.msc, Personal. If it has: a firewall ends the handshake.",
		Then:      addEntry, Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "name_not_on_certificate",
		Means: "A certificate that is shown lacks a required name.", Suffers: "Clients that use that name refuse the connection or show a warning.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-ExchangeCertificate -Server SERVER | Format-List Thumbprint,CertificateDomains,Services,NotAfter",
		Separates: "If the thumbprint shown is not listed: it is not Exchange's; a box in front shows it, or another program on that server (netsh http show sslcert lists what is bound there). If it is, and another one that is listed has the name (SERVICE, or those below names: in the module): the wrong one is bound. If it is, and none has the name: it was left out when the certificate was ordered.",
		Then:      "The wrong one: note its thumbprint, then bind the right one (Enable-ExchangeCertificate, or the box). None: have it issued anew with the name, and bind that. " + bindAgain, Risk: advice.Change, When: advice.Now,
		For: advice.About(NameNotCovered),
	},
	{
		Key:   "thumbprint_not_expected",
		Means: "A certificate is shown that is none of those expected: it was renewed, or another one is bound, or something breaks TLS open.", Suffers: "Clients that pin it; everybody, if it is not yours.",
		Owners: []advice.Owner{advice.Certificate, advice.Exporter, advice.Security},
		On:     advice.InShell, First: "Get-ExchangeCertificate -Server SERVER | Format-List Thumbprint,Issuer,NotBefore,NotAfter,Services",
		Separates: "Compare with the thumbprint shown, and with thumbprints below ssl_binding: of the module. If the one shown is listed, and newer than those of the module: it was renewed, and they are old. If only some servers show the newest: the renewal is half done; bind it on the others. If it is listed, and not newer: the wrong one is bound. If it is on no server: a box in front, where one has certificates of its own; else something breaks TLS open, and the issuer that the report shows says what.",
		Then:      "Renewed: add it to thumbprints, and reload. Wrong: note its thumbprint, then bind the right one. Not yours: find out who shows it before anything else; it reads what is sent. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About(ThumbprintUnexpected, "tls/certificate_unexpected"),
	},
	{
		Key:   "certificate_revoked",
		Means: "The certificate's issuer has revoked it.", Suffers: "Clients that check, SSTP among them, refuse the connection.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		First:     "Ask whoever manages certificates why and when it was revoked; its serial number stands in the report.",
		Separates: "If it was replaced: the new one is not bound yet where the old one is shown. If nobody knows: its key may be in other hands, so have a new key made.",
		Then:      "Bind one that is valid wherever this one is bound, servers and box. The revoked one is of no more use: undo by binding another valid one.", Risk: advice.Change, When: advice.Now,
		For: advice.About(CertificateRevoked, "tls/certificate_revoked"),
	},
	{
		Key:   "intermediate_not_sent",
		Means: "A certificate's issuer is neither trusted nor sent along.", Suffers: "Phones, Linux, and whoever has not met the issuer before; Windows often finds it by itself.",
		Owners: []advice.Owner{advice.Certificate, advice.Exporter},
		On:     advice.OnUnix, First: showChain,
		Separates: "If the issuer (line i) of the first is a public authority, and no certificate after it has it as subject (line s): the intermediate is not sent. If the issuer is your own authority: the exporter does not know it.",
		Then:      "Not sent: import the intermediate on the server (certlm.msc, Intermediate Certification Authorities) or the box, and bind the certificate again; to undo, remove it. Your own: name it in tls_config: {ca_file: …}, and reload.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(ChainIncomplete),
	},
	{
		Key:   "chain_in_disorder",
		Means: "The certificates of a chain are not sent in order, or some do not belong.", Suffers: "Old and strict clients.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.OnUnix, First: showChain,
		Separates: "If the issuer (line i) of one is not the subject (line s) of the next: that one is out of order, or does not belong.",
		Then:      "Keep the present chain file, then import the chain anew, in order and without doubles, on what ends TLS there. To undo, import the kept file.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(ChainMisordered),
	},
	{
		Key:   "doors_differ",
		Means: "Different certificates are shown by addresses, families or with and without SNI, where one is expected.", Suffers: "Clients that reach the other one: by IPv6, another address, or without SNI.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     whose, First: showBindings,
		Separates: "If the address that shows the other certificate is a box's, where there is no such command: the box. If it is a server's: IIS; the entries for 0.0.0.0:443, [::]:443, single addresses and host names have different hashes.",
		Then:      "The same certificate on all. " + bind, Risk: advice.Change, When: advice.Morning,
		Direct: "doors_differ_on_server",
		For:    advice.About(FamiliesDiffer, AddressesDiffer, ServerDiffers, SNIDiffers),
	},
	{
		Key:   "doors_differ_on_server",
		Means: "The server shows different certificates by address, family or SNI, where one is expected.", Suffers: "Clients that reach the other one.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: showBindings,
		Separates: "If the entries for 0.0.0.0:443, [::]:443, single addresses and host names have different hashes: the one that has not the expected hash. If all are alike: something between the exporter and SERVER ends TLS.",
		Then:      "Note the hash of that entry, then bind the expected certificate there (IIS Manager, Bindings, or netsh http delete sslcert and add sslcert for that ipport). To undo, bind the noted hash.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "too_many_doors",
		Means: "There are more addresses or bindings than a probe looks at, so some were left out.", Suffers: "Nobody; what was left out is not watched.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On: advice.OnExporter, First: "nslookup SERVICE",
		Separates: "If it gives more addresses than the report's table has: these are too many. If not: the module's addresses, ports and names are.",
		Then:      "Split them over several modules or targets, and reload. To undo, set the former module.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(BindingsLeftOut),
	},
	{
		Key:   "key_too_short",
		Means: "A certificate's key is shorter than is safe.", Suffers: "Clients that refuse such keys.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.OnUnix, First: showLeaf,
		Then: "Have it issued anew with 2048 bits of RSA or more, and bind that. Keep the present one until all is well. To undo, bind it again.", Risk: advice.Change, When: advice.Plan,
		Separates: "If Public-Key has the length of the report: the server's own certificate. If it is longer: an authority of its chain, whose owner has to renew it.",
		For:       advice.About(CertificateWeak),
	},
	{
		Key:   "revocation_not_readable",
		Means: "The place where the certificate's revocation can be looked up does not answer, or what it gives cannot be used.", Suffers: "SSTP refuses the connection; others wait some seconds at each new one.",
		Owners: []advice.Owner{advice.Certificate, advice.Network},
		On:     "on a client in the internet", First: "Open the URL of the report (or the alert's crl or ocsp) in a browser.",
		Separates: "If a file comes, and certutil -dump of it shows a NextUpdate that is not past: only the exporter's way there is closed. If it is past: the authority has not published since. If nothing comes, or a page: the authority's web server, or the name in the certificate.",
		Then:      "The web server: publish the list anew (certutil -CRL on the authority, and copy it to the web server's folder), over plain http without a logon. The exporter's way: allow it to that host on port 80. To undo, close it.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(RevocationUnreachable, RevocationUnusable),
	},
	{
		Key:   "old_tls_accepted",
		Means: "A TLS version older than wanted is accepted.", Suffers: "Nobody today; audits, and whoever is talked down to it.",
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     "on each server behind SERVICE, in PowerShell", First: `Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.*\Server'`,
		Separates: "If Enabled is 0 for the version of the report on all of them: a box in front ends TLS there. If it is 1 or missing on one, and the address is a server's: Windows there.",
		Then:      "Look for its use in logs first, and turn TLS 1.2 on everywhere. Note the present values. Windows: Enabled 0 and DisabledByDefault 1 below that version's Server key, which takes a restart of the server. The box: the lowest version of that virtual service to TLS 1.2. To undo, set the noted values.", Risk: advice.Restart, When: advice.Plan,
		Places: advice.Places{{Product: "nginx", Setting: "ssl_protocols TLSv1.2 TLSv1.3;"}, {Product: "haproxy", Setting: "ssl-min-ver TLSv1.2 on the bind line"}},
		For:    advice.About(VersionOld),
	},
	{
		Key:   "target_without_tls",
		Means: "The target is an http URL, and certificates are shown over TLS.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Look for the target in Prometheus's scrape configuration: it begins with http://.",
		Then:  "Write it as a name, with a port where needed, or with https://, and reload Prometheus. To undo, write it as before.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("config/" + reasonNotTLS),
	},
	{
		Key:   "starttls_not_to_be_had",
		Means: "STARTTLS is not offered, is refused, or what came before the handshake is not the protocol.", Suffers: "Senders that demand TLS cannot deliver.",
		Owners: []advice.Owner{advice.Exchange, advice.Security},
		On:     "on a Unix machine in the network of the mail servers", First: "openssl s_client -starttls smtp -connect HOST:PORT </dev/null",
		Separates: "If a certificate is shown there: the firewall between takes STARTTLS out. If not: the connector; Tls is missing in its AuthMechanism, or no certificate for SMTP has its Fqdn.",
		Then:      "The firewall: note the policy, then turn its inspection of SMTP off for these servers alone. The connector: note AuthMechanism (Get-ReceiveConnector -Server SERVER | Format-List Name,AuthMechanism,Fqdn), then set it with Tls added, or Enable-ExchangeCertificate for SMTP. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About("tls/"+smtp.NotOffered.Reason, "tls/"+smtp.StartTLSRefused.Reason, "tls/"+smtp.Injected.Reason),
	},
}
