package authroundtrips

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

const (
	vdir    = "Get-WebServicesVirtualDirectory -Server SERVER | Format-List Identity,*Authentication*"
	persist = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:windowsAuthentication`
	offer   = "Note the present value, then Set-WebServicesVirtualDirectory with -Identity 'SERVER\\EWS (Default Web Site)' -WindowsAuthentication $true, for that server."
	stay    = `Note the present values, then at an elevated prompt C:\Windows\System32\inetsrv\appcmd set config "Default Web Site/EWS" /section:windowsAuthentication /authPersistSingleRequest:false /commit:apphost ` +
		"(for Kerberos also /authPersistNonNTLM:true), only where no box in front puts several clients onto one connection: one would act under another's name. To undo, set the noted values."
)

var book = advice.Book{
	{
		Key:   "scheme_missing",
		Means: "A scheme that is expected is not offered.", Suffers: "Clients that use this scheme are refused, or fall back to a weaker one.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If the scheme is offered there: the box in front takes it out. If it is missing there too: IIS of that server.",
		Then:      "The box: note its rule for WWW-Authenticate, then let it pass all of them on; to undo, set the noted rule. IIS: " + offer + " To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
		Direct: "scheme_missing_at_server",
		For:    advice.About(SchemeMissing, OnlyBasic),
	},
	{
		Key:   "scheme_missing_at_server",
		Means: "The server does not offer a scheme that is expected.", Suffers: "Clients that use this scheme are refused there, or fall back to a weaker one.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InShell, First: vdir,
		Separates: "If WindowsAuthentication is False: that is why. If it is True: the providers of IIS (IIS Manager, /EWS, Authentication, Windows Authentication, Providers) lack Negotiate or NTLM.",
		Then:      offer + " To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "logon_per_request",
		Means: "Every request logs on anew, which multiplies requests and bytes.", Suffers: "Everybody over slow lines: pages and calendars take twice as long.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If one logon is enough there: the box in front sends a client's requests over different connections, or adds the field Via, on which a server may ask anew. If each request logs on there too: authPersistSingleRequest or authPersistNonNTLM of that server's IIS.",
		Then:      "The box: note the present value, then let it keep one server connection for each client's connection, and add no Via; to undo, set the noted value. IIS: " + stay, Places: auth.ConnectionPlaces, Risk: advice.Change, When: advice.Plan,
		Direct: "logon_per_request_at_server",
		For:    advice.About(PerRequest),
	},
	{
		Key:   "logon_per_request_at_server",
		Means: "The server lets every request log on anew.", Suffers: "Everybody over slow lines: pages and calendars take twice as long.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: persist,
		Separates: "If authPersistSingleRequest is true, or the probe logs on by Kerberos and authPersistNonNTLM is false: that is why. If neither: a proxy between the exporter and SERVER, which Via in the report may name.",
		Then:      stay, Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "modern_auth_broken",
		Means: "Bearer is offered in a way that no client can use.", Suffers: "Clients that sign in by modern authentication; others log on as before.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If Bearer has an authority there: the box in front changes WWW-Authenticate. If it is broken there too: the settings of Exchange.",
		Then:      "The box: note its rule for WWW-Authenticate, then let it pass all of them on as they come; to undo, set the noted rule. Exchange: in the Exchange Management Shell, Get-AuthServer | Format-List Name,Type,AuthorizationEndpoint,IsDefaultAuthorizationEndpoint shows the authority; note it before you correct it, and set it again to undo.", Risk: advice.Change, When: advice.Morning,
		Direct: "modern_auth_broken_at_server",
		For:    advice.About(ModernBroken),
	},
	{
		Key:   "modern_auth_broken_at_server",
		Means: "The server offers Bearer in a way that no client can use.", Suffers: "Clients that sign in by modern authentication at this server; others log on as before.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-AuthServer | Format-List Name,Type,AuthorizationEndpoint,IsDefaultAuthorizationEndpoint",
		Separates: "If the default authorization endpoint is no https address: that is why. If it is one: something between the exporter and SERVER changes the challenge, or its IIS does.",
		Then:      "Note the present endpoint, then correct it with Set-AuthServer. It holds for all servers of the organization. To undo, set the noted one.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "legs_split",
		Means: "The legs of one logon, sent over one connection, were answered by different servers, so that no logon by NTLM can succeed. The password was never judged.", Suffers: "Everybody who logs on by NTLM: endless prompts for a password that is right.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On: advice.OnBox, First: "Look at the affinity (persistence) of the virtual service that holds the address of SERVICE.",
		Separates: "If it is none, by cookie, or for each request: that is why. If it is by source address or connection: a second box on the way, or one that shares server connections between clients.",
		Then:      "Note the present method, then set affinity by source address for this virtual service; a cookie is not enough. Load is spread more coarsely: where clients come from one address (NAT, another proxy), all go to one server; pass TCP on then. The next logon is tried within 15 minutes. To undo, set the noted method.", Places: affinityPlaces, Risk: advice.Change, When: advice.Now,
		For: advice.About(LegsSplit),
	},
	{
		Key:   "other_certificate_behind",
		Means: "Extended Protection compares the certificate that clients see with the server's own: they differ, as where a box ends TLS with another one.", Suffers: "Clients that bind their logons to the certificate, as Windows' own do: endless prompts.",
		Owners: []advice.Owner{advice.Middlebox, advice.Certificate},
		On:     advice.AtEach, First: "netsh http show sslcert",
		Separates: "If the hashes at 0.0.0.0:443 (or at the name's own entry) are alike on all servers, and the thumbprint shown is another: the box has the wrong certificate. If they differ from server to server: bind the box's certificate on all. If all have the thumbprint shown: the box passes plain HTTP on, or a second box with another certificate is behind it.",
		Then:      "Note the present thumbprints, then have one and the same certificate on the box and on all servers, from an authority that clients trust: on servers {bind}; never on the box one that a server has signed itself. Plain HTTP: let the box encrypt towards the servers too. Extended Protection stays on. To undo, bind the noted ones.", Risk: advice.Change, When: advice.Now,
		Direct: "other_certificate_on_server",
		For:    advice.About(ProtectionMismatch),
	},
	{
		Key:   "other_certificate_on_server",
		Means: "Extended Protection: the server has bound another certificate than the one that it shows here.", Suffers: "Clients that bind their logons to the certificate, as Windows' own do, at this server.",
		Owners: []advice.Owner{advice.Certificate, advice.Network},
		On:     advice.AtPrompt, First: "netsh http show sslcert",
		Separates: "If an entry has the thumbprint shown as its hash: the server's entries differ from each other. If none has: something between the exporter and SERVER ends TLS with a certificate of its own.",
		Then:      "The server: note the hash of the entry that differs, then bind one certificate to all (Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services IIS, with that of the report). In between: let it pass TLS on. Extended Protection stays on. To undo, bind the noted one.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "object_not_fetched",
		Means: "After the logon an object could not be fetched.", Suffers: "Clients that want the same path.",
		Owners:    []advice.Owner{advice.Exporter, advice.Exchange},
		On:        "on a client",
		First:     "Open the URL of the proof in a browser, and log on with the account of the module's auth.",
		Separates: "If it is fetched there: the module's objects name another path, in upper or lower case perhaps. If it is refused there too: Exchange; 404 means that the path is not there, 403 that the account may not, 500 and above that the server fails.",
		Then:      "The module: note objects, correct them, and reload. Exchange: 404 and 403, compare with another server; 500 and above, " + advice.Health + " in the Exchange Management Shell. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("status/not_fetched"),
	},
	{
		Key:   "server_fails_objects",
		Means: "After the logon the server answered with an error of its own.", Suffers: "Clients that want the same path at the same server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Health,
		Separates: "If a set of EWS, Store or AD is Unhealthy: it names what fails. If none of these is: look in the newest files below $env:ExchangeInstallPath\\Logging\\HttpProxy of SERVER at the proof's time.",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the health set or the log names, and put it back.", Risk: advice.Change, When: advice.Now,
		For: byStatus(origin.Exchange, "500", "502", "503", "504"),
	},
	{
		Key:   "pool_stopped_objects",
		Means: advice.PoolStopped, Suffers: "Every client that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: advice.StoppedPools,
		Separates: advice.StoppedPool,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: byStatus(origin.HTTPSys, "503"),
	},
}

func byStatus(who origin.Kind, statuses ...string) []advice.Case {
	cases := advice.Codes("status/not_fetched", statuses...)
	for i := range cases {
		cases[i].Origin = who
	}
	return cases
}

// affinityPlaces are where boxes keep a client on one server and, for NTLM, on one connection to it.
var affinityPlaces = advice.Places{
	{Product: "kemp", Setting: "Virtual Services, Standard Options, Persistence Options: Source IP Address"},
	{Product: "f5", Setting: "Local Traffic, Virtual Servers, Resources, Default Persistence Profile: source_addr; take OneConnect off, or add the NTLM profile to it"},
	{Product: "netscaler", Setting: "lb vserver: persistenceType SOURCEIP; HTTP profile: conMultiplex DISABLED"},
	{Product: "haproxy", Setting: "balance source, or stick on src; take option http-server-close and option httpclose out"},
	{Product: "nginx", Setting: "stream {} with hash $remote_addr in place of proxy_pass over http, which cannot carry NTLM in the free nginx"},
	{Product: "arr", Setting: "its Server Affinity is by cookie, which is not enough for NTLM: pass TCP on for this name in its place"},
}
