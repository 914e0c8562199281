package sslbinding

import "github.com/ews-exporter/ews_exporter/internal/advice"

// askPast asks a server itself, which a box may stand in front of.
const askPast = "ews_exporter probe MODULE SERVER --hostname SERVICE" + advice.WithConfig

// onAnyUnix is short, for showAll is long.
const onAnyUnix = "on a Unix machine"

const bindFormer = "Keep the present certificate until all is well. To undo, bind it again."

// certificateBook is the advice about chains, and about what some clients refuse.
var certificateBook = advice.Book{
	{
		Key:   "chain_signed_with_sha1",
		Means: "A certificate of the chain, the root apart, is signed with SHA-1 or MD5.", Suffers: "Phones, browsers and whatever is not Windows refuse the connection.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: "on the authority that issued the certificate of the finding, in a command prompt", First: `certutil -getreg ca\csp\CNGHashAlgorithm`,
		Separates: "If it says SHA1 or MD5: it still signs so. If it says SHA256: only this certificate is old. If it is not an authority of Windows: ask its owner.",
		Then:      "SHA1: note it, then certutil -setreg ca\\csp\\CNGHashAlgorithm SHA256, which takes a restart of that authority's service; to undo, set the noted value. Then have the certificate issued anew, and bind it. " + bindFormer, Risk: advice.Change, When: advice.Now,
		For: advice.About(ChainSignatureWeak),
	},
	{
		Key:   "authority_renewed",
		Means: "An authority of the issuer's name is there, with another key than the one that signed: as after a renewal with a new key.", Suffers: "Clients that know, or are sent, the other certificate of that authority.",
		Owners: []advice.Owner{advice.Certificate, advice.Exporter},
		On:     advice.OnUnix, First: showLeaf,
		Separates: "If the finding says that the other certificate is sent: the server's chain has the wrong one. If it says that it is known here: ca_file, and the clients' stores, have the wrong one. X509v3 Authority Key Identifier tells which key is wanted.",
		Then:      "The chain: import the authority's certificate whose Subject Key Identifier that is, on what ends TLS there, and bind again. ca_file: add that certificate, bring it to the clients, and reload. To undo, remove it.", Risk: advice.Change, When: advice.Now,
		For: advice.About(ChainIssuerRenewed),
	},
	{
		Key:   "issuer_is_no_authority",
		Means: "The certificate that signed the one below it may not certify others.", Suffers: "Everybody who verifies.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: onAnyUnix, First: showAll, Separates: "If the certificate that the finding names has no CA:TRUE under X509v3 Basic Constraints: it was not made for an authority. If it has: X509v3 Key Usage is there without Certificate Sign. If it is not sent: ask the authority's owner for it.",
		Then: "Issue the authority anew from a template for authorities, then the server's certificate, and bind it. " + bindFormer, Risk: advice.Change, When: advice.Now,
		For: advice.About(ChainIssuerNoAuthority),
	},
	{
		Key:   "authority_limited",
		Means: "An authority of the chain is limited in what it may certify, and the certificate is beyond that.", Suffers: "Everybody who verifies.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: onAnyUnix, First: showAll, Separates: "If X509v3 Name Constraints of the authority leave out a name under X509v3 Subject Alternative Name of the first certificate: that name. If not: pathlen under its X509v3 Basic Constraints, or its X509v3 Extended Key Usage.",
		Then: "Have the certificate issued by an authority that may, or without that name, and bind it. " + bindFormer, Risk: advice.Change, When: advice.Now,
		For: advice.About(ChainConstrained),
	},
	{
		Key:   "useless_certificates_sent",
		Means: "Certificates are sent that no client needs.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Nobody}, Certainty: advice.Sure,
		On: advice.OnUnix, First: showChain,
		Separates: "If one is a root (its issuer is its subject), or no other names it as issuer: it is of no use, as the finding says.",
		Then:      "Leave them, or take them out of the chain's file at the next renewal. To undo, put them back.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(ChainSurplus),
	},
	{
		Key:   "certificate_too_early",
		Means: "A certificate is not valid yet, or a clock is wrong.", Suffers: "Everybody, until it is.",
		Owners: []advice.Owner{advice.Certificate, advice.Exporter},
		On:     advice.OnExporter + " (on Windows Get-Date)", First: "date -u",
		Separates: "If it is not the time that another clock shows: the exporter's machine. If it is: the certificate, which was bound too early, or made by an authority whose clock is wrong (w32tm /query /status there).",
		Then:      "The clock: let it be set by the site's time service. The certificate: note its thumbprint, then bind the former one until the day in the finding. To undo, bind the noted one.", Risk: advice.Change, When: advice.Now,
		For: advice.About(CertificateNotYetValid),
	},
	{
		Key:   "certificate_not_for_servers",
		Means: "The certificate is for other uses than servers.", Suffers: "Everybody who verifies.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.InPowerShell, First: "Get-ChildItem Cert:\\LocalMachine\\My | Format-List Thumbprint,Subject,NotAfter,EnhancedKeyUsageList",
		Separates: "If one for Server Authentication with the name is there: the wrong one is bound. If none is: one has to be ordered. If the thumbprint shown is not there: a box in front shows it, or another program from a store of its own.",
		Then:      "Note the present thumbprint, then bind that one (Enable-ExchangeCertificate, or the box), or order one from a template for web servers. To undo, bind the noted one.", Risk: advice.Change, When: advice.Now,
		For: advice.About(CertificateUsage),
	},
	{
		Key:   "certificate_unreadable_to_go",
		Means: "The certificate has what programs written in Go do not take: a negative serial number, a huge key, an unknown curve.", Suffers: "Programs written in Go; Windows may go on.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.OnUnix, First: showLeaf,
		Separates: "If Serial Number is negative, Public-Key is above 8192 bits, or the curve is none of P-256, P-384 and P-521: that is why.",
		Then:      "Have it issued anew, with a positive serial number and an RSA key of 2048 to 4096 bits, and bind that. " + bindFormer, Risk: advice.Change, When: advice.Morning,
		For: advice.About(CertificateUnsupported),
	},
	{
		Key:   "certificate_some_refuse",
		Means: "The certificate is sound, and some clients refuse it for its length of validity, its usage, its kind of key or its form of signature.", Suffers: "The clients that the finding names: phones and browsers mostly.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On: advice.OnUnix, First: showLeaf,
		Separates: "If Validity, X509v3 Extended Key Usage, Public Key Algorithm or Signature Algorithm is as the finding says: that is what such clients refuse.",
		Then:      "Order one for a year, for Server Authentication, with RSA 2048, signed with sha256WithRSAEncryption, and bind that. " + bindFormer, Risk: advice.Change, When: advice.Morning,
		For: advice.About(CertificateLasting, CertificateNoUsage, CertificateKeyUnusual, CertificatePSS),
	},
	{
		Key:   "staple_not_sent",
		Means: "The certificate demands a stapled OCSP response, and the server sends none.", Suffers: "Firefox refuses the connection.",
		Owners: []advice.Owner{advice.Certificate, advice.Network},
		On:     "on what ends TLS there (SERVER, or the box)", First: "Open the URL of the OCSP responder, which stands in the certificate under Authority Information Access.",
		Separates: "If it answers, with an error too: the certificate, or stapling that is off. If it cannot be reached: the network.",
		Then:      "The network: allow that host from there on port 80. Stapling: turn it on (nginx ssl_stapling on, HAProxy ocsp-update on; IIS does it by itself), or order a certificate without must-staple. To undo, set the former value.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(CertificateUnstapled),
	},
	{
		Key:   "servers_behind_address_differ",
		Means: "Several servers stand behind one address, and they do not show the same certificates.", Suffers: "Clients fail now and then, by the server that they reach.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: askPast,
		Separates: "If one shows another thumbprint, or no intermediate: that server. If all are alike: the box, which has several certificates.",
		Then:      "Bind the right certificate with its chain there. " + bind, Risk: advice.Change, When: advice.Now,
		For: advice.About(BindingUnsteady),
	},
	{
		Key:   "old_suites_only",
		Means: "The server has no cipher suite that clients of today offer.", Suffers: "Browsers, phones and programs written in Go; older Windows clients go on.",
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     "on each server behind SERVICE, in PowerShell", First: "Get-TlsCipherSuite | Format-Table Name",
		Separates: "If suites with ECDHE and GCM are there on all: a box in front ends TLS. If they are missing on one, and the address is a server's: Windows there.",
		Then:      "Note the list. Windows: Enable-TlsCipherSuite TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, or the policy SSL Cipher Suite Order; it takes a restart of the server; undo by Disable-TlsCipherSuite. The box: add them to its set of ciphers; to undo, take them out.", Risk: advice.Restart, When: advice.Morning,
		For: advice.About(SuitesOld),
	},
	{
		Key:   "nothing_in_common",
		Means: "Each handshake is refused with an alert: nothing is in common with any client, or there is no certificate for the name.", Suffers: "Clients that reach this address.",
		Owners: []advice.Owner{advice.Windows, advice.Middlebox},
		On:     "on each server behind SERVICE, in PowerShell", First: "Get-WinEvent -MaxEvents 10 -FilterHashtable @{LogName='System';ProviderName='Schannel';Id=36874,36888}",
		Separates: "If one has an event at the time of the probe: Windows there, and the event says why. If none has, or no events are found: the box in front; its log has the handshake at that time.",
		Then:      "Note the present setting, then enable suites with ECDHE and GCM there (Get-TlsCipherSuite, the box's set of ciphers), or give the name its certificate. To undo, set the noted value.", Risk: advice.Change, When: advice.Now,
		For: advice.About(HandshakeRefused),
	},
	{
		Key:   "box_reads_one_packet",
		Means: "A box reads only the first packet of a hello.", Suffers: "Browsers and programs whose hello is larger than a packet, as with ML-KEM.",
		Owners: []advice.Owner{advice.Middlebox, advice.Security},
		On:     advice.OnExporter, First: askPast,
		Separates: "If each hello is answered there: the balancer where it chooses servers by name, else a firewall in front that reads names. If not: a firewall between the exporter and SERVER.",
		Then:      "Note the lines, then let it wait for the whole hello, or update it. To undo, take the new lines out.", Risk: advice.Change, When: advice.Morning,
		Places: advice.Places{{Product: "haproxy", Setting: "tcp-request inspect-delay 5s and tcp-request content accept if { req.ssl_hello_type 1 } in that frontend"}},
		For:    advice.About(HelloUnanswered),
	},
	{
		Key:   "client_certificate_asked",
		Means: "The server asks clients for a certificate of their own.", Suffers: "Whoever has none, where the server does not go on without; nobody, where that is meant.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     "on each server behind SERVICE, in a command prompt", First: showBindings,
		Separates: "If Negotiate Client Certificate is Enabled for that address on one: IIS there. If it is Disabled on all: the box's client authentication, or SSL Settings of the virtual directory in IIS Manager.",
		Then:      "Where it is meant, leave it. Else note the value, then set client certificates to Ignore for that address or directory; logon by certificate ends there. To undo, set the noted value.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(ClientCertificate),
	},
}
