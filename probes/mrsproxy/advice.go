package mrsproxy

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

const (
	whoMoves = "Mailbox moves to and from Exchange Online or another forest that go through this name."
	// iisLog is where IIS says why it refused.
	iisLog = "IIS's log of that server (C:\\inetpub\\logs\\LogFiles\\W3SVC1) has sc-substatus at the proof's time"
	// vdir shows how a server's virtual directory of EWS asks for a logon.
	vdir = "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,Name,*Authentication,InternalUrl"
)

var book = advice.Book{
	{
		Key:   "mrs_proxy_off",
		Means: "Exchange took the logon and forbids the path: MRSProxy is switched off on the server that answered, as Exchange installs it.", Suffers: whoMoves + " Nobody, where no moves are planned.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-Table Server,MRSProxyEnabled",
		Separates: "If it is False for a server behind this name: that is it. If it is True for all: IIS refuses the path; " + iisLog + ".",
		Then:      "Where moves are planned: Set-WebServicesVirtualDirectory 'SERVER\\EWS (Default Web Site)' -MRSProxyEnabled $true, for each server behind the name; undo with $false. Where none are: leave it off, and take the module off this target.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(Disabled, "status/"+reasonDisabled),
	},
	{
		Key:   "mrs_proxy_nobody_behind",
		Means: "Exchange's front end took the request, and nobody behind it answered: the replication service of the mailbox server that it chose.", Suffers: whoMoves,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: "on each mailbox server, in PowerShell", First: "Get-Service MSExchangeMailboxReplication",
		Separates: "If it is not Running on one: that server. If it is Running on all: the way from the front end to it; $env:ExchangeInstallPath\\Logging\\HttpProxy\\Ews on SERVER has the request at the proof's time, with its error.",
		Then:      "The service: note what its Application log (source MSExchange Mailbox Replication) says of why it stopped; mend that, and Start-Service MSExchangeMailboxReplication. The way: mend what the log names.", Risk: advice.Change, When: advice.Now,
		For: advice.About(BackendDown, "status/"+reasonBackend),
	},
	{
		Key:   "mrs_proxy_schemes",
		Means: "The server, or a box in front of it, does not offer the scheme by which mailbox moves log on.", Suffers: whoMoves + " They fail with \"unauthorized with client authentication scheme 'Negotiate'\".",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER offers Negotiate: the box takes it away, or asks for a logon itself. If SERVER offers the same as the box: Windows authentication is off in that server's EWS.",
		Then:      "The box: note its authentication for /EWS, then let it pass logons through for /EWS/mrsproxy.svc. The server: note what " + vdir + " shows, then Set-WebServicesVirtualDirectory 'SERVER\\EWS (Default Web Site)' -WindowsAuthentication $true. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "mrs_proxy_schemes_of_server",
		For:    advice.About(SchemesMissing, "auth/"+reasonSchemes),
	},
	{
		Key:   "mrs_proxy_schemes_of_server",
		Means: "The server does not offer the scheme by which mailbox moves log on.", Suffers: "Mailbox moves that this server takes part in.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InShell, First: vdir,
		Separates: "If WindowsAuthentication is False for SERVER: that is it. If it is True: something between the exporter and SERVER takes it away, or IIS Manager shows another setting than Exchange's.",
		Then:      "Note what is shown, then Set-WebServicesVirtualDirectory 'SERVER\\EWS (Default Web Site)' -WindowsAuthentication $true. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "mrs_proxy_not_there",
		Means: "The path of MRSProxy does not lead to Exchange: a box has no rule for it or filters it, or the server has no such path.", Suffers: whoMoves,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER answers the same: that server's EWS, or the module's path, which is " + proxyPath + " unless it was changed.",
		Then:      "The box: keep a copy of its rules, and publish " + proxyPath + " without pre-authentication. The server: " + iisLog + ". The module: note path, and correct it. To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "mrs_proxy_not_at_server",
		For:    advice.About(NotPublished, "status/"+reasonNotPublished),
	},
	{
		Key:   "mrs_proxy_not_at_server",
		Means: "The server does not lead the path of MRSProxy to Exchange.", Suffers: "Mailbox moves that this server takes part in.",
		Owners: []advice.Owner{advice.IIS, advice.Exporter},
		On:     advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list app "Default Web Site/EWS"`,
		Separates: "If it is listed: IIS refuses the path; " + iisLog + ". If nothing is listed: SERVER has no EWS, and is no Exchange server or a broken one. If path of the module is not " + proxyPath + ": the module.",
		Then:      "IIS: note the rule that the substatus names (an address that is not allowed, a filter), and exempt the exporter's address. No EWS: ask another server. The module: note path, and correct it. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "mrs_proxy_preauthenticated",
		Means: "Something in front of Exchange asks for a logon of its own or leads elsewhere; mailbox moves can answer neither.", Suffers: whoMoves,
		Owners: []advice.Owner{advice.Identity, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon by Negotiate, and the proof names a portal or a page to log on by: the rule that pre-authenticates. If SERVER does, and the proof has another redirect: the box's rules for the path. If SERVER does the same: the redirect is IIS's own there.",
		Then:      "Keep a copy of the configuration for undoing, and publish " + proxyPath + " by a rule with pre-authentication off (pass-through).", Risk: advice.Change, When: advice.Now,
		Direct: "mrs_proxy_redirected_by_server",
		For:    advice.About(Preauthenticated, "status/"+reasonPreauth),
	},
	{
		Key:   "mrs_proxy_redirected_by_server",
		Means: "The server answers with a redirect or a page where it has to ask for a logon.", Suffers: "Mailbox moves that this server takes part in.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:httpRedirect`,
		Separates: "If enabled is true: the redirect of the web site is inherited. If it is false: a module of that IIS, or something between the exporter and SERVER.",
		Then:      "Note the section, then turn the redirect off for the application EWS alone (IIS Manager, HTTP Redirect). To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "mrs_proxy_pool_stopped",
		Means: "http.sys answered in place of an application: the application pool of EWS is stopped, or its queue is full.", Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: advice.ServicesPool,
		Separates: advice.PoolState,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonServerError),
	},
	{
		Key:   "mrs_proxy_fails_somewhere",
		Means: "A server error came, and it does not show that Exchange made it.", Suffers: whoMoves,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: advice.PoolOrServers,
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "mrs_proxy_fails_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "mrs_proxy_fails_at_server",
		Means: "The server answers with an error, and it does not show that Exchange made it.", Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: advice.ServicesPool,
		Separates: "If the pool is stopped: the System log (source WAS) says why. If it is started: " + iisLog + ".",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the log names, and put it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "mrs_proxy_odd_answer",
		Means: "The path is answered otherwise than Exchange does, which asks for a logon first.", Suffers: "Mailbox moves, if clients get the same answer.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box answers in its place. If SERVER answers the same: the module's path or target is not that of MRSProxy.",
		Then:      "The module: note path and target, and correct them (path is " + proxyPath + "). The box: keep a copy of its rules, and let it pass the path on. To undo, set back what was there.", Risk: advice.Change, When: advice.Morning,
		Direct: "mrs_proxy_odd_server",
		For:    advice.About("status/" + reasonUnexpected),
	},
	{
		Key:   "mrs_proxy_odd_server",
		Means: "The server answers the path otherwise than Exchange does, which asks for a logon first.", Suffers: "Nobody, if this is not where moves go.",
		Owners:    []advice.Owner{advice.Exporter, advice.IIS},
		First:     "Compare host and path of the URL in the proof with those of a server that takes mailbox moves.",
		Separates: "If they differ: the module's path or target. If they do not: IIS of SERVER; its log (C:\\inetpub\\logs\\LogFiles\\W3SVC1) has sc-substatus at the proof's time.",
		Then:      "The module: note path and target, and correct them (path is " + proxyPath + "). IIS: note the setting that the substatus names, and set it as on a server that works. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "mrs_service_open_to_outside",
		Means: "The replication service's own path, which servers use among themselves, is reached from outside. Only the path of MRSProxy has to be published.", Suffers: "Nobody yet: one more door is open to who looks for one.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: advice.OnBox, First: "Read which paths the rule that publishes SERVICE lets through.",
		Separates: "If it lets all paths through: that is it. If it lets only some through, and this one is not among them: another box, or a route past it, leads to the server.",
		Then:      "Keep a copy of the rules for undoing, and let the box refuse " + servicePath + " there, or publish the paths alone that clients need.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(ServiceExposed),
	},
}
