package mailprobe

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// onServer is where Exchange's services are looked at.
const onServer = "on each Exchange server behind TARGET, in PowerShell"

// serves is Exchange's service of a kind.
func (k *Kind) serves() advice.Service {
	return advice.Service{
		Exchange: true, Owner: advice.Exchange, Listens: k.Exchange.Service + "," + k.Exchange.Service + "BE",
		Bind: "give " + k.Title + " the right one (Enable-ExchangeCertificate -Server SERVER -Thumbprint THUMBPRINT -Services " + k.Exchange.Usage +
			"; one with a wildcard by Set-" + k.Exchange.Settings + " -Server SERVER -X509CertificateName NAME), and start its services anew in a quiet hour",
	}
}

// book is the advice of a kind. Its templates are in the words of Exchange for IMAP and POP3: TITLE, UPGRADE, GREETS, SERVICE (with
// its back end), CMDLET, ENABLED, PROXY, USAGE.
func (k *Kind) book() advice.Book {
	book := slices.Concat(k.trouble(), k.logons())
	words := strings.NewReplacer("{NAME}", k.Name, "{TITLE}", k.Title, "{UPGRADE}", k.Upgrade, "{GREETS}", k.Greets, "{SERVICE}", k.Exchange.Service,
		"{SETTINGS}", k.Exchange.Settings, "{ENABLED}", k.Exchange.Enabled, "{PROXY}", k.Exchange.Proxy, "{USAGE}", k.Exchange.Usage)
	for i := range book {
		a := &book[i]
		a.Key = k.Name + "_" + a.Key
		for _, text := range []*string{&a.Means, &a.Suffers, &a.On, &a.First, &a.Separates, &a.Then} {
			*text = words.Replace(*text)
		}
	}
	return append(book, advice.MailHandshakes(k.Name, k.Title, k.Exchange.Usage)...)
}

// restarted is how what was set takes effect.
const restarted = "Restart-Service {SERVICE},{SERVICE}BE in a quiet hour"

// trouble is for what goes wrong before a logon.
func (k *Kind) trouble() advice.Book {
	const services = "Get-Service {SERVICE},{SERVICE}BE"
	return advice.Book{
		{
			Key: "port_closed", Means: "Nothing answers at the port of {TITLE}. Exchange installs its {TITLE} services stopped.", Suffers: "Whoever reads mail by {TITLE}: devices, old programs.",
			Owners: []advice.Owner{advice.Exchange, advice.Network}, On: onServer, First: services,
			Separates: "If one is not Running: that server. If both are Running on all: a firewall on the way, or the balancer, whose service for PORT has no member.",
			Then:      "A server: note StartType, then Set-Service {SERVICE},{SERVICE}BE -StartupType Automatic and Start-Service for both; undo by Stop-Service and the noted type. The network: allow PORT from the exporter, or bring the members back; undo by removing the rule.", Risk: advice.Change, When: advice.Now,
			Direct: k.Name + "_port_closed_at_server", For: advice.About("connect/refused", "connect/timeout", "connect/reset"),
		},
		{
			Key: "port_closed_at_server", Means: "Nothing answers at the server's port of {TITLE}. Exchange installs its {TITLE} services stopped.", Suffers: "Whoever reads mail by {TITLE} at this server: devices, old programs.",
			Owners: []advice.Owner{advice.Exchange, advice.Network}, On: advice.InPowerShell, First: services,
			Separates: "If one is not Running: that is it. If both are Running: a firewall on the way, or SERVER's own.",
			Then:      "The services: note StartType, then Set-Service {SERVICE},{SERVICE}BE -StartupType Automatic and Start-Service for both; undo by Stop-Service and the noted type. The network: allow PORT from the exporter; undo by removing the rule.", Risk: advice.Change, When: advice.Now,
		},
		{
			Key: "dialogue_ended", Means: "The server ended the dialogue, refused it, or hangs: its {TITLE} service is inactive or ill, or something in between has no server.", Suffers: "Whoever reads mail by {TITLE}.",
			Owners: []advice.Owner{advice.Exchange, advice.Middlebox}, On: advice.InShell, First: "Get-ServerComponentState SERVER | Where-Object Component -in ServerWideOffline,{PROXY}",
			Separates: "If one is Inactive: the server is in maintenance, or was taken out. If both are Active, and " + services + " on SERVER shows one that is not Running: that service. If all are well on every server: the balancer, or a filter; probe SERVER itself with the same module.",
			Then: "Maintenance that is over: (Get-ServerComponentState SERVER -Component COMPONENT).LocalStates shows who set it; then Set-ServerComponentState SERVER -Component COMPONENT -State Active -Requester that one; undo by -State Inactive. A service: the Application log (source {SERVICE}) says why; mend that, and Start-Service it. " +
				"The balancer: see why its check holds no member healthy; where it asks for something that this server never answers, correct the check.", Risk: advice.Change, When: advice.Now,
			Direct: k.Name + "_dialogue_ended_at_server",
			For: advice.About("receive/closed", "receive/reset", "receive/timeout", "receive/error", "send/closed", "send/reset", "send/error", "send/timeout",
				"status/"+mailaccess.GreetingRefused.Reason, "status/"+mailaccess.CapabilitiesRefused.Reason, "status/"+mailaccess.LogonUnavailable.Reason),
		},
		{
			Key: "dialogue_ended_at_server", Means: "The server ended the dialogue, refused it, or hangs: its {TITLE} service is inactive or ill.", Suffers: "Whoever reads mail by {TITLE} at this server.",
			Owners: []advice.Owner{advice.Exchange, advice.Network}, On: advice.InShell, First: "Get-ServerComponentState SERVER | Where-Object Component -in ServerWideOffline,{PROXY}",
			Separates: "If one is Inactive: it is in maintenance, or was taken out; (Get-ServerComponentState SERVER -Component NAME).LocalStates, with its NAME, shows who did it. If both are Active, and " + services + " on SERVER shows one that is not Running: that service. If all are well: something between the exporter and SERVER ends it, such as a firewall that inspects mail.",
			Then: "Maintenance that is over: Set-ServerComponentState SERVER -Component NAME -State Active -Requester that one; undo by -State Inactive. A service: the Application log (source {SERVICE}) says why; mend that, and Start-Service it. " +
				"In between: note the rule, and exempt PORT of SERVER from inspection; undo by setting the noted rule.", Risk: advice.Change, When: advice.Now,
		},
		{
			Key: "starttls_missing", Means: "{UPGRADE} is not offered, so that mail is read in clear text or not at all.", Suffers: "Clients that demand TLS on this port; where the server takes no password in clear text (LOGINDISABLED), those that log on by one too.",
			Owners: []advice.Owner{advice.Exchange, advice.Security, advice.Certificate}, On: advice.InShell, First: "Get-{SETTINGS} -Server SERVER | Format-List X509CertificateName,UnencryptedOrTLSBindings",
			Separates: "If UnencryptedOrTLSBindings has neither port PORT nor the one that the balancer maps it to: the target's port is wrong. If no certificate of Get-ExchangeCertificate -Server SERVER that is valid today and has a private key has X509CertificateName among its names (a wildcard one fits too): the certificate. If one has, and a probe of SERVER itself, from the servers' own network, finds {UPGRADE}: a firewall takes it out. If it finds none: Exchange has not read the setting yet ({SERVICE} was not started anew since).",
			Then:      "The certificate: note X509CertificateName, and set it by Set-{SETTINGS} -Server SERVER -X509CertificateName to a name on a valid certificate; Enable-ExchangeCertificate with -Services {USAGE} does the same, and not for one with a wildcard. Then " + restarted + ". The firewall: note its policy, and exempt PORT to these servers. To undo, set what was noted.", Risk: advice.Restart, When: advice.Now,
			For: advice.About(k.upgradeMissing(), "tls/"+smtp.NotOffered.Reason, "tls/"+smtp.StartTLSRefused.Reason),
		},
		{
			Key: "clear_text_injected", Means: "Something came in clear text where only TLS, or nothing, may come; it was not believed.", Suffers: "Clients that believe it take somebody else's words for the server's.",
			Owners: []advice.Owner{advice.Security}, Certainty: advice.Likely, On: "on a machine in the network of the mail servers, with a copy of the exporter's configuration", First: "ews_exporter probe MODULE TARGET" + advice.WithConfig,
			Separates: "If the probe is clean there: something in between writes into the dialogue, and is an attack until it is explained. If it is not: the mail server, or a filter on it.",
			Then:      "Keep the report. Probe from one network after the other, find between which two it begins, and take what stands there out of the way of PORT. To undo, put it back.", Risk: advice.Change, When: advice.Now,
			For: advice.About("tls/" + smtp.Injected.Reason),
		},
		{
			Key: "tls_from_the_start", Means: "This port speaks TLS from the start, and the module waits for a greeting in the clear.", Suffers: "Nobody, if clients of this port begin with TLS.",
			Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure, On: advice.OnUnix, First: "openssl s_client -connect HOST:PORT -crlf -quiet",
			Separates: "If a line that begins with {GREETS} comes after the handshake, within half a minute: it is {TITLE} with TLS from the start. If none comes (Ctrl+C ends it): another service uses this port.",
			Then:      "{TITLE}: set security: implicit below {NAME}: in the module MODULE. Another service: correct the port of the target. Reload the exporter; to undo, set the former value.", Risk: advice.Change, When: advice.Plan,
		},
		{
			Key: "other_server", Means: "What answers does not speak {TITLE}, or begins otherwise than the module.", Suffers: "Nobody, if {TITLE} uses another port.",
			Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely, On: advice.OnUnix, First: "openssl s_client -connect HOST:PORT -crlf -quiet",
			Separates: "If a handshake succeeds, and a line with {GREETS} comes: TLS from the start. If it fails: the port begins in clear text, and the proof shows with what. If something else comes: another service.",
			Then:      "TLS from the start: security: implicit. Clear text with {GREETS}: security: starttls. Another service: correct host and port of the target. Reload the exporter; to undo, set the former value.", Risk: advice.Change, When: advice.Morning,
			For: advice.About("receive/malformed", "tls/not_tls"),
		},
		{
			Key: "passwords_in_clear", Means: "The server takes passwords before TLS is there, so that who listens on the way reads them.", Suffers: "Whoever logs on so; nobody notices.",
			Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely, On: advice.InShell, First: "Get-{SETTINGS} -Server SERVER | Format-List LoginType",
			Separates: "If it is PlainTextLogin or PlainTextAuthentication: that is it. If it is SecureLogin: the service has not been started anew since, or a box in front answers in its place.",
			Then:      "Note LoginType and who still logs on without TLS (the protocol log, ProtocolLogEnabled), move them to TLS, then Set-{SETTINGS} -Server SERVER -LoginType SecureLogin, and " + restarted + ". Undo by setting the noted one.", Risk: advice.Restart, When: advice.Morning,
			For: advice.About(k.plainLogon()),
		},
	}
}

// logons is for logons. A password is called wrong only where the server says so.
func (k *Kind) logons() advice.Book {
	const enabled = "Get-CASMailbox USER | Format-List {ENABLED},ExchangeVersion"
	return advice.Book{
		{
			Key: "logon_refused", Means: "The server refused the logon and did not say why. A wrong password looks like that, and so does a mailbox that may not be used by {TITLE}.", Suffers: "Nobody but this monitoring, unless others are refused too.",
			Owners: []advice.Owner{advice.Account, advice.Mailbox}, On: advice.InShell, First: enabled,
			Separates: "If {ENABLED} is False: the mailbox may not use {TITLE}. If there is no such mailbox: the account has none. If it is True: failed logons on the server say why (" + auth.FailedLogons + ", in an elevated PowerShell, for else nothing is shown): Status or Sub Status 0xC000006A is the password, 0xC0000234 locked, 0xC0000072 disabled.",
			Then:      "The mailbox: Set-CASMailbox USER -{ENABLED} $true; undo by $false. The account: mend what Status and Sub Status name; the secret's file is read anew for every probe.", Risk: advice.Change, When: advice.Morning,
			For: advice.About("auth/refused"),
		},
		{
			Key: "password_refused", Means: "The server refused the logon in words that stand for a wrong user name or password; some say the same of an account that is disabled, or that they cannot look up.", Suffers: "Nobody but this monitoring, unless others are refused too.",
			Owners: []advice.Owner{advice.Account}, Certainty: advice.Likely, On: advice.OnEach + ", elevated PowerShell", First: auth.FailedLogons,
			Separates: "If one of the account has 0xC000006A as Status or Sub Status: the password. If it is 0xC0000064: there is no such user name. If it is 0xC0000234 or 0xC0000072: the account is locked or disabled. If it is 0xC000005E: the server finds no domain controller. If no events are found, in an elevated shell: the name never reached Windows as it is written here; compare how clients write it (user@domain, DOMAIN\\user), or failed logons are not audited.",
			Then:      "Correct user name or the secret's file, which is read anew for every probe, or enable the account; undo by what it was before. The auth tries again within 15 minutes, at once with a changed secret.", Risk: advice.Look, When: advice.Morning,
			For: advice.Codes("auth/refused", "AUTHENTICATIONFAILED", "AUTH", mailaccess.BadPassword),
		},
		{
			Key: "no_password_logon", Means: "Over TLS the server offers no logon by user name and password, or does not take it.", Suffers: "Clients that log on so.",
			Owners: []advice.Owner{advice.Exchange, advice.Exporter}, On: advice.InShell, First: "Get-{SETTINGS} -Server SERVER | Format-List LoginType,EnableGSSAPIAndNTLMAuth",
			Separates: "If LoginType is SecureLogin or PlainTextLogin, and clients log on by password: what is in front takes it out of the answer; probe SERVER itself. If clients log on by other means alone (OAuth, Kerberos): the module cannot log on there.",
			Then:      "In front: note its policy, and let it pass what the server offers. Other means alone: take the auth out of the module; undo by putting it back.", Risk: advice.Change, When: advice.Plan,
			For: advice.About("auth/scheme_not_offered"),
		},
	}
}
