package authcertificate

import "github.com/ews-exporter/ews_exporter/internal/advice"

const (
	// whoTrusts notices that tokens cannot be verified any more.
	whoTrusts = "Hybrid services by OAuth (free/busy, archives, eDiscovery), and sign-in to Outlook on the web and the admin center."
	// whoAsks notices that the document is not there.
	whoAsks = "Whoever verifies tokens of this organization, and Exchange Online in a hybrid one."

	askConfig = "Get-AuthConfig | Format-List Current*,Previous*,Next*"
	// renew is Microsoft's way (Microsoft Learn, "Can't sign in to Outlook on the web or the EAC if Exchange Server OAuth certificate is expired").
	renew = "Note CurrentCertificateThumbprint. Make a certificate (New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true -SubjectName 'CN=Microsoft Exchange Server Auth Certificate' -FriendlyName 'Microsoft Exchange Server Auth Certificate' -DomainName @(); answer No where it asks to replace the one for SMTP), " +
		"then Set-AuthConfig -NewCertificateThumbprint NEW -NewCertificateEffectiveDate"
	publish = ", and Set-AuthConfig -PublishCertificate. In a hybrid organization run the Hybrid Configuration Wizard again."
	// atOnce is for who cannot wait until all servers have taken the new one over.
	atOnce = " (Get-Date); answer Yes where it warns of less than 48 hours"
	takeUp = " On each server Restart-Service MSExchangeServiceHost, Restart-WebAppPool MSExchangeOWAAppPool and MSExchangeECPAppPool; it may take an hour until all have it."
	goBack = " To undo, set the noted thumbprint while that one is valid."
)

var book = advice.Book{
	{
		Key:   "auth_certificate_has_ended",
		Means: "The certificate by which Exchange signs tokens has ended.", Suffers: whoTrusts,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: askConfig,
		Separates: "If CurrentCertificateThumbprint is the one in the first line of this report: make a new one. If it is another: the organization has one already; on each server behind SERVICE, Get-ExchangeCertificate -Server SERVER lacks it where it did not arrive. Copy it there (Export- and Import-ExchangeCertificate).",
		Then:      renew + atOnce + publish + takeUp + " There is nothing to go back to: the old one has ended.", Risk: advice.Restart, When: advice.Now,
		For: advice.About(Expired, "content/"+reasonExpired),
	},
	{
		Key:   "auth_certificate_ends_soon",
		Means: "The certificate by which Exchange signs tokens ends soon. It is not renewed by itself.", Suffers: "Nobody yet; once it has ended: hybrid services by OAuth, and sign-in to Outlook on the web and the admin center.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely, // a date has no culprit
		On: advice.InShell, First: askConfig,
		Separates: "If CurrentCertificateThumbprint is another than the report's: it was renewed, and this server does not know yet. If NextCertificateThumbprint is set: another takes over on NextCertificateEffectiveDate; see that this is before the end. If it is empty: make one, by the steps of ews_exporter finding auth_certificate_expiring.",
		Then:      renew + " (Get-Date).AddHours(49). Exchange makes it the current one at that time by itself, once all servers have it. In a hybrid organization run the Hybrid Configuration Wizard again then." + goBack, Risk: advice.Change, When: advice.Plan,
		For: advice.About(Expiring),
	},
	{
		Key:   "token_key_missing",
		Means: "The document names no key that signs, or none that can be read.", Suffers: whoAsks,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: askConfig,
		Separates: "If CurrentCertificateThumbprint is empty, or Get-ExchangeCertificate knows no such certificate: Exchange has none to sign by. If both are there: another server than Exchange's answered, or something on the way changed the document.",
		Then:      renew + atOnce + publish + takeUp + goBack, Risk: advice.Restart, When: advice.Morning,
		For: advice.About("content/"+reasonNoKey, "content/"+reasonUnreadable),
	},
	{
		Key:   "token_document_not_there",
		Means: "What came is not the document in which Exchange names the certificates of tokens.", Suffers: whoAsks,
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER gives the document: the box does not pass the path on, or changes what comes. If SERVER fails alike: that server, or one older than Exchange 2013, which has no such document.",
		Then:      "The box: keep a copy of its configuration for undoing, and let /autodiscover pass without a logon of its own. The server: see which application pool serves Autodiscover, and its log. Note what is changed; to undo, set that.", Risk: advice.Change, When: advice.Morning,
		Direct: "token_document_not_on_server",
		For: advice.About("content/"+reasonNotMetadata, "content/"+reasonMalformed, "content/"+reasonTooLarge,
			"status/"+reasonStatus, "status/"+reasonLogonAsked),
	},
	{
		Key:   "token_document_not_on_server",
		Means: "The server does not give the document in which Exchange names the certificates of tokens.", Suffers: whoAsks,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list apppool MSExchangeAutodiscoverAppPool`,
		Separates: "If its state is Stopped: the Application log says why. If it is Started: the newest log in C:\\inetpub\\logs\\LogFiles\\W3SVC1 has the request with its sub-status. If there is none: the server is older than Exchange 2013, and has no such document.",
		Then:      "A pool that is stopped: mend what the log names, note its state, and start it; to undo, stop it. Anything else: correct what the sub-status names, and note what is changed.", Risk: advice.Change, When: advice.Morning,
	},
}
