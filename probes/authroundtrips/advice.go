package authroundtrips

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

var book = advice.Book{
	{
		Key:   "scheme_missing",
		Means: "A scheme that is expected is not offered.", Suffers: "Clients that use this scheme are refused, or fall back to a weaker one.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		First:  "Get-WebServicesVirtualDirectory -Server SERVER | Format-List *Authentication*: on there and not offered here, a box took it out",
		Then:   "Set-WebServicesVirtualDirectory … -WindowsAuthentication $true, or let the box pass WWW-Authenticate on. Undo by the former value.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box: the scheme is offered there, the box takes it out", Direct: "scheme_missing_at_server",
		For: advice.About(SchemeMissing, OnlyBasic),
	},
	{
		Key:   "scheme_missing_at_server",
		Means: "The server does not offer a scheme that is expected.", Suffers: "Clients that use this scheme are refused there, or fall back to a weaker one.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: "Get-WebServicesVirtualDirectory -Server SERVER | Format-List *Authentication*, and compare with the other servers",
		Then:  "Set-WebServicesVirtualDirectory … -WindowsAuthentication $true. Undo by the former value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "logon_per_request",
		Means: "Every request logs on anew, which multiplies requests and bytes.", Suffers: "Everybody over slow lines: pages and calendars take twice as long.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		First:  "C:\\Windows\\System32\\inetsrv\\appcmd list config \"Default Web Site/EWS\" /section:windowsAuthentication on a server: authPersistSingleRequest, authPersistNonNTLM",
		Then:   "Set authPersistSingleRequest to false there, or let the box keep a client's connection. Undo by the former value.", Risk: advice.Change, When: advice.Plan,
		Separates: "the same probe of a server past the box: one logon there, the box changes connections", Direct: "logon_per_request_at_server",
		For: advice.About(PerRequest),
	},
	{
		Key:   "logon_per_request_at_server",
		Means: "The server lets every request log on anew.", Suffers: "Everybody over slow lines: pages and calendars take twice as long.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: "C:\\Windows\\System32\\inetsrv\\appcmd list config \"Default Web Site/EWS\" /section:windowsAuthentication on SERVER: authPersistSingleRequest, authPersistNonNTLM",
		Then:  "Set authPersistSingleRequest to false there. Undo by the former value.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "legs_split",
		Means: "The legs of one logon, sent over one connection, were answered by different servers, so that no logon by NTLM can succeed. The password was never judged.", Suffers: "Everybody who logs on by NTLM: endless prompts for a password that is right.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First: "Look at the affinity of this virtual service on the box: it must keep all requests of one client connection on one server",
		Then:  "Affinity by source address, or by connection; a cookie is not enough. Undo by the former method.", Places: affinityPlaces, Risk: advice.Change, When: advice.Now,
		For: advice.About(LegsSplit),
	},
	{
		Key:   "other_certificate_behind",
		Means: "Extended Protection compares the certificate that clients see with the server's own: they differ, as where a box ends TLS with another one.", Suffers: "Everybody who logs on by NTLM or Negotiate: endless prompts.",
		Owners: []advice.Owner{advice.Middlebox, advice.Certificate},
		First:  "Compare the thumbprint in the report with Get-ExchangeCertificate on each server: they must be the same on box and servers",
		Then:   "Bind one certificate on the box and on all servers. Extended Protection stays on.", Risk: advice.Change, When: advice.Now,
		Separates: "which of the two is the right one: the box's differs from all servers', or one server's from the others'", Direct: "other_certificate_on_server",
		For: advice.About(ProtectionMismatch),
	},
	{
		Key:   "other_certificate_on_server",
		Means: "Extended Protection: the server has bound another certificate than the one that it shows here.", Suffers: "Everybody who logs on by NTLM or Negotiate at this server.",
		Owners: []advice.Owner{advice.Certificate, advice.Network},
		First:  "netsh http show sslcert on SERVER, and compare the hashes of all its addresses with the thumbprint in the report",
		Then:   "Bind one certificate to all of them. Extended Protection stays on.", Risk: advice.Change, When: advice.Now,
		Separates: "whether one of the server's own bindings has the thumbprint in the report: if not, something in between ends TLS",
	},
	{
		Key:   "object_not_fetched",
		Means: "After the logon an object could not be fetched.", Suffers: "Clients that want the same path.",
		Owners: []advice.Owner{advice.Exporter, advice.Exchange},
		First:  "Open the path in a browser with the same account: fetched there, compare the module's objects; else the status in the proof says why",
		Then:   "Correct the module's objects, or what refuses them.", Risk: advice.Look, When: advice.Morning,
		Separates: "the same path with the same account in a browser",
		For:       advice.About("status/not_fetched"),
	},
	{
		Key:   "server_fails_objects",
		Means: "After the logon the server answered with an error of its own.", Suffers: "Clients that want the same path at the same server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		First: "Get-ServerHealth SERVER | Where-Object AlertValue -eq Unhealthy; Get-ServerComponentState SERVER",
		Then:  "What these say; take the server out of the pool meanwhile.", Risk: advice.Look, When: advice.Now,
		For: byStatus(origin.Exchange, "500", "502", "503", "504"),
	},
	{
		Key:   "pool_stopped_objects",
		Means: "http.sys answered in place of an application: the application pool is stopped, or its queue is full.", Suffers: "Every client that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Sure,
		First: "Get-IISAppPool | Where-Object State -ne Started on that server; its System log has the reason (source WAS)",
		Then:  "Mend what stopped it, then start the pool.", Risk: advice.Restart, When: advice.Now,
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

// affinityPlaces are where boxes keep a client on one server.
var affinityPlaces = advice.Places{
	{Product: "kemp", Setting: "Virtual Services, Standard Options, Persistence Options: Source IP Address"},
	{Product: "f5", Setting: "Local Traffic, Virtual Servers, Resources, Default Persistence Profile: source_addr; no OneConnect, or the NTLM profile with it"},
	{Product: "netscaler", Setting: "lb vserver: persistenceType SOURCEIP; HTTP profile: conMultiplex DISABLED"},
	{Product: "haproxy", Setting: "balance source, or stick on src; no option http-server-close"},
	{Product: "nginx", Setting: "stream {} with hash $remote_addr; the free http proxy cannot carry NTLM"},
	{Product: "arr", Setting: "server farm, Server Affinity: it is by cookie, which is not enough for NTLM"},
}
