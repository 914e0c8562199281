package advice

// MailHandshakes is for a mail service whose handshakes end or hang: no http.sys is behind it, and no binding of IIS. key begins
// its keys; usage is what Enable-ExchangeCertificate calls the service, which the reader knows as title.
func MailHandshakes(key, title, usage string) Book {
	certificates := "Get-ExchangeCertificate -Server SERVER | Format-List Thumbprint,CertificateDomains,Services,NotAfter,HasPrivateKey"
	shown := "If none that is valid today, with a private key, has " + usage + " among its Services: that is it."
	give := "Note what is shown, then {bind}. To undo, enable the noted one."
	return Book{
		{
			Key: key + "_handshake_ended", Means: "The handshake ends without a certificate: " + title + " has none, or cannot use it, or something in front ends the connection.", Suffers: "Everybody who wants TLS at this port.",
			Owners: []Owner{Exchange, Middlebox}, On: OnExporter, First: AskServer,
			Separates: "If SERVER completes the handshake: the box in front, or a firewall. If it ends there too: that server's certificate.",
			Then:      "The box: note its settings, and give its service the certificate, or let it pass TCP on. The server: " + give, Risk: Change, When: Now,
			Direct: key + "_handshake_ended_by_server",
			For:    About("tls/certificate_missing", "tls/closed", "tls/reset"),
		},
		{
			Key: key + "_handshake_ended_by_server", Means: "The server ends the handshake without a certificate.", Suffers: "Everybody who wants TLS at this port of this server.",
			Owners: []Owner{Exchange}, Certainty: Likely, On: InShell, First: certificates,
			Separates: shown + " If one has: its System log (source Schannel) says why it ended the handshake; if it has nothing, a firewall on the way did.",
			Then:      give, Risk: Change, When: Now,
		},
		{
			Key: key + "_handshake_hangs", Means: "The connection is accepted and the handshake gets no answer.", Suffers: "Everybody who wants TLS at this port.",
			Owners: []Owner{Middlebox, Exchange}, On: OnExporter, First: AskServer,
			Separates: "If SERVER completes the handshake: the box in front, or another member of its pool. If it hangs there too: that server.",
			Then:      "Where others answer, take the member that hangs out of the pool, and read its logs before anything is started anew; undo by putting it back.", Risk: Change, When: Now,
			Direct: key + "_handshake_hangs_at_server",
			For:    About("tls/timeout"),
		},
		{
			Key: key + "_handshake_hangs_at_server", Means: "The server takes the connection, and the handshake gets no answer.", Suffers: "Everybody who wants TLS at this port of this server.",
			Owners: []Owner{Exchange, Network}, On: InPowerShell, First: "Get-Service {listens} -ErrorAction SilentlyContinue",
			Separates: "If one that is listed is not Running, or the machine is short of processor or memory: that server. If all is well there: something between the exporter and SERVER keeps the handshake.",
			Then:      "The server: mend what its Application log names. In between: note the rule, and exempt PORT of SERVER from inspection; to undo, set the noted rule.", Risk: Change, When: Now,
		},
	}
}
