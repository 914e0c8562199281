package auth

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// keepTogether is what mends a logon whose legs get different server connections.
const keepTogether = "Box: note the present value, and let it keep one server connection for each client connection, for {paths}; undo by setting the noted value. What other boxes need: docs/boxes.md."

// FailedLogons are those of the account that a Windows server wrote down, all of them: a spray of logons by others hides none. It
// writes them down where failed logons are audited, and shows them in an elevated shell alone.
const FailedLogons = "Get-WinEvent @{LogName='Security';Id=4625;StartTime='TIME'} | ? Message -match 'USER' | fl Time*,Message"

// What Status and Sub Status of such an event mean (Microsoft Learn, "4625(F): An account failed to log on"; MS-ERREF 2.3.1).
const (
	accountStates = "If it is 0xC0000234, 0xC0000072, 0xC0000193 or 0xC0000071: the account is locked, disabled or expired, or its password has expired. "
	notAllowed    = "If it is 0xC000006F, 0xC0000070 or 0xC000015B: it may not log on at this hour, from this machine, or in this way. "
	serverStates  = "If it is 0xC000005E or 0xC0000418: the server finds no domain controller, or may not use NTLM, and no password is wrong. "
	noEvent       = "in an elevated shell, with failed logons audited (auditpol /get /subcategory:Logon)"
)

// Advice is for logons. A password is called wrong only where nothing else fits.
var Advice = advice.Book{
	{
		Key:   "secret_not_usable",
		Means: "The auth's secret cannot be read, or its scheme cannot carry it; nothing was sent.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter + " (FILE: as the message has it; on Windows icacls FILE)",
		First: "ls -l FILE",
		Then:  "Note owner and rights of the file, and correct them, its path or its content. It is read anew for every probe.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If the user that the exporter runs as may not read FILE: correct its owner or rights. If it may: its content is at fault, which must be the secret alone. If the message names no file: the scheme cannot carry this user name or secret, as it says.",
		For:       advice.About("auth/secret_unreadable", "auth/secret_unusable"),
	},
	{
		Key:   "secret_kept_back",
		Means: "The certificate is not verified, or the target is plain http, so no secret was sent there.", Suffers: "Nobody but this monitoring, unless clients meet the same certificate.",
		Owners: []advice.Owner{advice.Exporter, advice.Certificate},
		On:     advice.OnUnix,
		First:  "openssl s_client -connect HOST:PORT -servername SERVICE </dev/null | grep 'Verify return code'",
		Then:   "Write https into the target, set tls_config: {ca_file: FILE} in the module (undo by taking the line out), or bind the right certificate. Do not send it unverified: the secret would go to whoever answers.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the target begins with http://: that is it. If the code is 0: tls_config of the module turns verification off, or names another ca_file. If it speaks of an issuer or a self-signed certificate, and clients trust it: the exporter lacks your authority. If it is anything else: the certificate is at fault.",
		For:       advice.About("auth/not_verified", "auth/not_https"),
	},
	{
		Key:   "auth_not_for_this",
		Means: "The auth's own lists do not name this target or module, so no secret was sent.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Check that TARGET and MODULE are spelled as they are meant in what asked for this probe.",
		Then:  "Add the target to targets of the auth, or the module to its modules, only if the secret may be sent there, and reload; undo by taking it out.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If one is misspelled: correct it in the scrape configuration or on the command line. If both are right: the auth's lists lack the one that the message names. If the message speaks of a scheme: it is one that this exporter does not know.",
		For:       advice.About("auth/target_not_listed", "auth/module_not_listed", "auth/scheme_unknown"),
	},
	{
		Key:   "scheme_not_offered",
		Means: "The server offers none of the schemes that the auth may use; no secret was sent.", Suffers: "Clients that use these schemes cannot log on.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox, advice.Exporter},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Let the box pass WWW-Authenticate on as it comes, offer on the servers what clients use, or set schemes of the auth to what is offered. Note the present value before, for undoing.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the probe logs on there: the box takes away what SERVER offers. If SERVER offers no scheme of the auth either, and clients log on all the same: schemes of the auth AUTH are wrong. If SERVER offers none of them, and clients that use them fail: the server's authentication is set otherwise; compare it with that of a server that works.", Direct: "scheme_not_offered_by_server",
		For: advice.About("auth/scheme_not_offered"),
	},
	{
		Key:   "scheme_not_offered_by_server",
		Means: "The server offers none of the schemes that the auth may use; no secret was sent.", Suffers: "Clients that use these schemes cannot log on at this server.",
		Owners: []advice.Owner{advice.IIS, advice.Exporter},
		On:     advice.InShell,
		First:  "Get-WebServicesVirtualDirectory | Format-List Server,*Authentication",
		Then:   "Note the present value, then Set-WebServicesVirtualDirectory 'SERVER\\EWS (Default Web Site)' -WindowsAuthentication $true; undo by setting the noted one. Or set schemes of the auth to what is offered.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the other servers have the scheme on and this one has it off: this one is set otherwise. If none has it on: the auth asks for the wrong scheme. If this one has it on too: IIS itself differs; compare Authentication of EWS in IIS Manager.",
	},
	{
		Key:   "challenge_not_to_be_trusted",
		Means: "The challenge of the logon contradicts itself or would leave the logon unbound, as a box does that carries logons on; it was not answered.", Suffers: "Nobody yet; a client that is less strict may lose its logon to whoever answers.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Take what changes logons out of the way of {paths}; until it is explained, treat it as an attack.", Risk: advice.Look, When: advice.Now,
		Separates: "If SERVER's challenge is right: something in between changes it. If it is wrong there too: that server makes it so.", Direct: "challenge_of_server",
		For: advice.About("auth/challenge_malformed"),
	},
	{
		Key:   "challenge_of_server",
		Means: "The server's challenge contradicts itself, or leaves the channel binding no place; it was not answered.", Suffers: "Clients that are as strict cannot log on.",
		Owners: []advice.Owner{advice.IIS, advice.Network},
		On:     advice.AtPrompt,
		First:  "netsh http show sslcert",
		Then:   "Take out of the way what answers in the server's place. Where the server is meant to be no Windows: give it an auth of its own with channel_binding: none, and undo by taking that out.", Risk: advice.Look, When: advice.Now,
		Separates: "If the thumbprint shown is a Certificate Hash there: the server itself made the challenge. If it is not: something on the way answers in its place, even here.",
	},
	{
		Key:   "binding_not_defined",
		Means: "For this certificate's signature no channel binding is defined, so no logon was sent unbound in its place.", Suffers: "Clients that bind their logons, where Extended Protection requires it.",
		Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure,
		On:    advice.OnUnix,
		First: "openssl s_client -connect HOST:PORT -servername SERVICE </dev/null | openssl x509 -noout -text",
		Then:  "Have the certificate issued with such a signature, and bind it wherever this one is bound. Undo by binding the present one.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If Signature Algorithm names no SHA hash of its own: that is it, for RFC 5929 defines bindings for signatures with one hash, such as RSA or ECDSA with SHA-256.",
		For:       advice.About("auth/binding_undefined"),
	},
	{
		Key:   "logon_broken_off",
		Means: "The handshake of a logon that belongs to one connection broke off in its midst. No password was judged, so none is wrong and no account is locked by this.", Suffers: "Clients that log on by NTLM or Negotiate are asked for their password again and again.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   keepTogether, Places: ConnectionPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "If the logon succeeds at SERVER: server and account are right, and the box ends or splits connections. If it breaks off there too: that server.", Direct: "logon_broken_off_by_server",
		For: advice.About("auth/connection_closed", "auth/handshake_broken"),
	},
	{
		Key:   "logon_broken_off_by_server",
		Means: "The server left the handshake of a logon in its midst. No password was judged.", Suffers: "Clients whom the balancer sends to this server are asked for their password again and again.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On:    advice.InPowerShell,
		First: `C:\Windows\System32\inetsrv\appcmd list config "{app}" /section:windowsAuthentication`,
		Then:  "Note the present values, and set them as on a server that works (IIS Manager, {app}, Authentication). Undo by setting the noted ones. If there is no difference: read the System log of this server for Schannel, WAS and LSA at the proof's time.",
		Risk:  advice.Change, When: advice.Now,
		Separates: "If authPersistSingleRequest is true: IIS forgets the logon after each request. If the same command shows other values on a server that works: they are the difference.",
	},
	{
		Key:   "logon_refused",
		Means: "A complete logon was answered 401. Several things look like that: a wrong password, an account that may not log on there, a server that cannot have it judged, and a box that gives each leg of NTLM another server connection.", Suffers: "Nobody but this monitoring if it is its account; every user of NTLM if it is the box.",
		Owners: []advice.Owner{advice.Account, advice.Middlebox},
		On:     advice.OnEach + ", elevated PowerShell",
		First:  FailedLogons,
		Then:   "Account: mend what the status names (the secret's file is read anew for every probe). Other certificate: bind the one that clients see on every server too (never on the box one that a server has signed itself); undo by binding the former one. " + keepTogether, Places: ConnectionPlaces, Risk: advice.Look, When: advice.Morning,
		Separates: "If Status or Sub Status is 0xC000035B: the box shows another certificate than the server has (Extended Protection), and no password is wrong. " + accountStates + serverStates +
			"If it is 0xC000006A: the password, or a box that mixes connections; ask SERVER by --direct, which logs on anew, and where that gets in, it is the box. If it is another: the event says what it means. If no events are found on any server, " + noEvent + ": no server judged the logon, so it is the box. If the shell is not elevated: nothing is found, whatever happened.", Direct: "logon_refused_by_server",
		For: advice.About("auth/refused"),
	},
	{
		Key:   "logon_refused_by_server",
		Means: "The server answered a complete logon with 401: the secret is wrong, or the account may not log on there.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Account, advice.ActiveDirectory},
		On:     advice.InPowerShell,
		First:  FailedLogons,
		Then:   "Password: correct the secret's file, which is read anew for every probe. Account: enable, unlock or allow it there, and note what it was before. Server: mend its way to a domain controller, or what restricts NTLM.", Risk: advice.Look, When: advice.Morning,
		Separates: "If Status or Sub Status is 0xC000006A: the password is not the account's. If it is 0xC0000064: there is no such account. " + accountStates + notAllowed + serverStates + "If it is 0xC000035B: the server has bound another certificate than it shows here (Extended Protection). If no events are found, " + noEvent + ": the server answered without judging the password; its authentication settings, or something between the exporter and it.",
	},
	{
		Key:   "ticket_refused",
		Means: "The KDC found the secret right and gave a ticket, and the server did not accept it: it was made for another account than the service runs under.", Suffers: "Clients fall back to NTLM, or cannot log on.",
		Owners: []advice.Owner{advice.ActiveDirectory, advice.Exchange},
		On:     "on a Windows machine of the domain",
		First:  "setspn -Q HTTP/SERVICE",
		Then:   "Note the account that has it. One account wrong: setspn -D HTTP/SERVICE WRONG, then setspn -S HTTP/SERVICE RIGHT; undo the other way round. The account right and its password not: RollAlternateServiceAccountPassword.ps1 of Exchange's Scripts folder, for all servers.", Risk: advice.Change, When: advice.Morning,
		Separates: "If no account or two have it: that is it. If one has it that is not the alternate service account: that one is wrong. If it is that account: Get-ClientAccessService -IncludeAlternateServiceAccountCredentialStatus shows the server that lacks it, or has an old password of it.",
		For:       advice.About("auth/ticket_refused"),
	},
	{
		Key:   "token_not_accepted",
		Means: "The token service gave a token, and the server did not accept it.", Suffers: "Applications with such tokens.",
		Owners: []advice.Owner{advice.Identity, advice.Exchange},
		First:  "Read X-MS-Diagnostics in the proof.",
		Then:   "Correct scopes of the auth or the rights of the application in its registration, and note them before; on the servers compare Get-AuthServer | Format-List and Get-PartnerApplication | Format-List with what the token was made for.", Risk: advice.Change, When: advice.Morning,
		Separates: "If it speaks of audience, scopes or rights: they are the application's. If it speaks of the issuer, or says that OAuth is not available: it is the servers' setting. If it is not there: Exchange may not have judged the token; see in the proof who answered.",
		For:       advice.About("auth/bearer_refused"),
	},
	{
		Key:   "auth_held_back",
		Means: "The auth is suspended after logons that were not accepted, so that the account is not locked out; nothing was sent now.", Suffers: "Nobody but this monitoring: nothing is known of the target meanwhile.",
		Owners: []advice.Owner{advice.Account, advice.Middlebox},
		First:  "Read in the first line of this report which targets refused the logon, and what it says of the secret.",
		Then:   "Mend that cause. The auth tries again by itself within 15 minutes, at once with a changed secret.", Risk: advice.Look, When: advice.Morning,
		Separates: "If one target alone refused it: what stands there, such as a box that splits logons; see that target's own report. If several did: the account or its secret.", Direct: "auth_held_back_at_servers",
		For: advice.About("auth/suspended"),
	},
	{
		Key:   "auth_held_back_at_servers",
		Means: "The auth is suspended after logons that were not accepted, so that the account is not locked out; nothing was sent now.", Suffers: "Nobody but this monitoring: nothing is known of the target meanwhile.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Likely,
		First: "Read in the first line of this report which targets refused the logon, and what it says of the secret.",
		Then:  "Mend that cause. The auth tries again by itself within 15 minutes, at once with a changed secret.",
		Risk:  advice.Look, When: advice.Morning,
		Separates: "If one server alone refused it: Security event 4625 there says why. If several did: the account or its secret. ews_exporter_auth_suspended is 1 while it lasts.",
	},
	{
		Key:   "logons_waiting",
		Means: "Logons of this auth wait for the verdict on an earlier one, which some target does not give.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Mend what hangs there, or take that member out of the pool and put it back for undoing. Give the other targets an auth of their own meanwhile. If the message names another target: probe that one so.", Risk: advice.Look, When: advice.Morning,
		Separates: "If SERVER gives a verdict on the logon: the box in front, or another member of its pool. If SERVER gives none: that server hangs.", Direct: "logons_waiting_at_servers",
		For: advice.About("auth/waiting", "auth/unanswered"),
	},
	{
		Key:   "logons_waiting_at_servers",
		Means: "Logons of this auth wait for the verdict on an earlier one, which some target does not give.", Suffers: "Nobody but this monitoring.",
		Owners:    []advice.Owner{advice.Exchange, advice.Exporter},
		First:     "Read in the first line of this report which target gives no verdict on its logon.",
		Separates: "If it is this one: that server hangs at logons, as where it reaches no domain controller. If it is another: probe that one, whose report tells who hangs there.",
		Then:      "Mend what hangs there, or take that server out of the pool and put it back for undoing. Give the other targets an auth of their own meanwhile.", Risk: advice.Look, When: advice.Morning,
	},
	{
		Key:   "memory_not_writable",
		Means: "The exporter cannot write down which logons it makes, so after its start it sends no unproven secret for a quarter of an hour.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter + " (FOLDER: its --storage.path; on Windows icacls FOLDER)",
		First: "ls -ld FOLDER && df -h FOLDER && df -i FOLDER",
		Then:  "Note owner and rights, and correct them; or free space.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If the user that the exporter runs as may not write there: its rights. If Use% or IUse% is 100%: there is no room. If neither: the exporter's log has the error.",
		For:       advice.About("auth/not_remembered"),
	},
	{
		Key:   "auth_missing",
		Means: "The server asks for a logon, and the module has no auth, so what it is for cannot be tested.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter + " (ACCOUNT: user@domain of one made for probing)",
		First: "ews_exporter probe MODULE TARGET --username ACCOUNT" + advice.WithConfig,
		Then:  givesAuth, Risk: advice.Change, When: advice.Plan,
		Separates: "If it decides, once it has asked for the password: give the module this account. If the logon is refused: the report says why; try another account before it goes into the configuration.",
		For:       byKnown(missing...),
	},
	{
		Key:   "auth_missing_before_whom",
		Means: "A logon is asked for, the module has no auth, and the answer does not show who asks: the server, or something in front of it.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "What stands in front: note its authentication, and let it pass logons through for {paths}; undo by setting the noted one. " + givesAuth, Risk: advice.Change, When: advice.Plan,
		Separates: "If SERVER names itself (X-FEServer, or Server: Microsoft-IIS) and TARGET does not: the 401 may be that of what stands in front; whoever runs it says, and no password goes there before. If SERVER asks for the logon as TARGET does: the module lacks an auth; the same command with --username, and the name of an account made for probing, tries one there. If SERVER asks for none: what stands in front does.",
		Direct:    "auth_missing_at_server",
		For:       advice.About(missing...),
	},
	{
		Key:   "auth_missing_at_server",
		Means: "A logon is asked for, the module has no auth, and the answer does not show that it is SERVER which asks.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		On:    advice.AtPrompt,
		First: "netsh http show sslcert",
		Then:  givesAuth, Risk: advice.Change, When: advice.Plan,
		Separates: "If the thumbprint that the exporter is shown is a Certificate Hash there: it is SERVER that asks, and the module lacks an auth. If it is not: something on the way answers in its place; give it no password.",
	},
}

// givesAuth is how a module gets an auth.
const givesAuth = "The module: below auths: of the exporter's configuration probe: {username: ACCOUNT, password_file: FILE, targets: [SERVICE], modules: [MODULE]}, with the ACCOUNT of one made for probing; in the module auth: probe; then reload (SIGHUP, or POST /-/reload). Undo by taking both out."

// missing is what happens to a module without an auth where a logon is asked for. What an answer does not show to be the server gets no password.
var missing = []string{"auth/logon_required", "undecided/no_logon"}

// byKnown makes a case of each name for each kind by which a server shows itself.
func byKnown(names ...string) []advice.Case {
	var cases []advice.Case
	for _, who := range origin.Known {
		cases = append(cases, advice.By(who, names...)...)
	}
	return cases
}

// ConnectionPlaces are where boxes keep a client's logon on one server connection.
var ConnectionPlaces = advice.Places{
	{Product: "kemp", Setting: "compare the virtual service with the maker's template for this service; to see whether it is the box, one of type Generic, which passes TCP on"},
	{Product: "f5", Setting: "the virtual server: the OneConnect profile off, or the NTLM profile on beside it"},
	{Product: "netscaler", Setting: "HTTP profile of the virtual server: connection multiplexing off (conMultiplex DISABLED)"},
	{Product: "haproxy", Setting: "take option http-server-close and option httpclose out of frontend, backend and defaults; or mode tcp"},
	{Product: "nginx", Setting: "the free one: pass TCP on with stream {} in place of http {}, with the servers' certificate, as its proxy_pass takes a new connection for each request; the commercial one: ntlm in upstream"},
	{Product: "apache", Setting: "NTLM off and Kerberos or Basic on for what goes through it, as nothing makes NTLM right there; or another box"},
	{Product: "arr", Setting: "let something that passes TCP on stand in its place for this name"},
}
