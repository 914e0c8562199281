package mapihttp

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

const (
	adviceMailbox = "mapi_http_no_mailbox_here" // drawn where Exchange takes the logon and shows no page
	adviceOdd     = "mapi_http_odd_answer"      // drawn where somebody else does

	who = "Outlook for Windows, which reads mail and address book by these paths."
	// iisLog is where IIS says why it refused.
	iisLog = "IIS's log of that server (C:\\inetpub\\logs\\LogFiles\\W3SVC1) has sc-substatus at the proof's time"
	// proxyLog is where the front end writes what became of each request.
	proxyLog = "$env:ExchangeInstallPath\\Logging\\HttpProxy\\Mapi on SERVER has the request at the proof's time, with its error"
	// pools shows the three application pools of MAPI over HTTP: of the front end, the mailbox, and the address book.
	pools = `C:\Windows\System32\inetsrv\appcmd list apppool | findstr Mapi`
	// app shows the virtual directory.
	app = `C:\Windows\System32\inetsrv\appcmd list app "Default Web Site/mapi"`
)

var book = advice.Book{
	{
		Key:   adviceMailbox,
		Means: "Exchange took the logon and did not show its page: the account has no mailbox on these servers, MAPI over HTTP is off for it, or Exchange fails for it.", Suffers: "Nobody but this monitoring, where it is the account.",
		Owners: []advice.Owner{advice.Account, advice.Exchange},
		On:     advice.InShell, First: "Get-CASMailbox USER | Format-List MAPIEnabled,MapiHttpEnabled,ServerName",
		Separates: "If nothing is found: the account has no mailbox here, or it is in Exchange Online. If MAPIEnabled or MapiHttpEnabled is False: it is off for this mailbox. If neither: Exchange; " + proxyLog + ".",
		Then:      "Give the module an account with a mailbox on these servers, or note the value and Set-CASMailbox USER -MAPIEnabled $true (-MapiHttpEnabled $null follows the organization). Undo by setting the noted value.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "mapi_http_open",
		Means: "An endpoint showed its page to who had not logged on: a box lends the logon of one client to another or logs on for everybody, or the server lets everybody in.", Suffers: "Everybody with a mailbox: strangers may get at mail.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER shows its page too: that server's virtual directory mapi, or a version of Exchange without its security updates.",
		Then:      "The box: note its settings, and turn sharing of server connections and logging on for clients off for /mapi. The server: note what Get-MapiVirtualDirectory shows, turn anonymous access off, install the latest update. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "mapi_http_open_server",
		For:    advice.About(AnswersWithoutLogon, "auth/"+reasonUnasked),
	},
	{
		Key:   "mapi_http_open_server",
		Means: "The server showed its page to who had not logged on.", Suffers: "Everybody with a mailbox: strangers may get at mail.",
		Owners: []advice.Owner{advice.Exchange, advice.IIS},
		On:     advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/mapi" /section:anonymousAuthentication`,
		Separates: "If enabled is true: IIS lets everybody in. If it is false: what made the page is Exchange itself; Get-ExchangeServer SERVER | Format-List AdminDisplayVersion shows how old it is.",
		Then:      "Note the section, and turn anonymous access off for mapi (IIS Manager, Authentication); or install the latest security update. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "mapi_http_nobody_behind",
		Means: "Exchange's front end took the request, and nobody behind it answered: the service for MAPI over HTTP of the server that it chose.", Suffers: who,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: "on BACKEND, at an elevated prompt", First: pools,
		Separates: "If one is not Started: that pool; the System log (source WAS) says why. If all are, and netsh http show sslcert ipport=0.0.0.0:444 shows no certificate, or one that certlm.msc does not have: the site Exchange Back End, by which front ends reach it. If that is well too, and the site is started (IIS Manager): " + proxyLog + ".",
		Then:      "A pool: mend what the log names, and start it (C:\\Windows\\System32\\inetsrv\\appcmd start apppool, with its name). The site: note its binding, and give port 444 the certificate Microsoft Exchange of that server. Mailboxes whose databases are active on that server wait for it, whichever front end is asked: in a DAG move them meanwhile (Move-ActiveMailboxDatabase), noting where they were.", Risk: advice.Restart, When: advice.Now,
		For: advice.About(BackendDown, "status/"+reasonBackend),
	},
	{
		Key:   "mapi_http_not_there",
		Means: "The path of MAPI over HTTP does not lead to Exchange: a box has no rule for it or filters it, or the server has no such path.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER answers the same: that server has no /mapi (Exchange 2010 has none), or its IIS refuses the path.",
		Then:      "The box: keep a copy of its rules, and publish /mapi/ as it is, without pre-authentication. The server: " + iisLog + ". To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "mapi_http_not_at_server",
		For:    advice.About(NotPublished, "status/"+reasonNotPublished),
	},
	{
		Key:   "mapi_http_not_at_server",
		Means: "The server does not lead the path of MAPI over HTTP to Exchange.", Suffers: "Outlook that reaches this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: app,
		Separates: "If it is listed: IIS refuses the path; " + iisLog + ". If nothing is listed: SERVER has no MAPI over HTTP, as Exchange 2010, or is no Exchange server.",
		Then:      "IIS: note the rule that the substatus names (an address that is not allowed, a filter), and exempt the exporter's address. No such path: ask another server. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "mapi_http_preauthenticated",
		Means: "Something in front of Exchange asks for a logon of its own or leads elsewhere; Outlook can answer neither.", Suffers: who,
		Owners: []advice.Owner{advice.Identity, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon, and the proof names a portal or a page to log on by: the rule that pre-authenticates. If SERVER does, and the proof has another redirect: the box's rules for /mapi. If SERVER does the same: the redirect is IIS's own there.",
		Then:      "Keep a copy of the configuration for undoing, and publish /mapi/ by a rule with pre-authentication off (pass-through).", Risk: advice.Change, When: advice.Now,
		Direct: "mapi_http_redirected_by_server",
		For:    advice.About(Preauthenticated, "status/"+reasonPreauth),
	},
	{
		Key:   "mapi_http_redirected_by_server",
		Means: "The server answers with a redirect or a page where it has to ask for a logon.", Suffers: "Outlook that reaches this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/mapi" /section:httpRedirect`,
		Separates: "If enabled is true: the redirect of the web site is inherited. If it is false: a module of that IIS, or something between the exporter and SERVER.",
		Then:      "Note the section, then turn the redirect off for the application mapi alone (IIS Manager, HTTP Redirect). To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "mapi_http_pool_stopped",
		Means: "http.sys answered in place of an application: an application pool of MAPI over HTTP is stopped, or its queue is full.", Suffers: who,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: pools,
		Separates: "If one is stopped: that server, whose System log has the reason (source WAS). If all are started: a queue is full on one" + advice.ElsePool,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonServerError),
	},
	{
		Key:   "mapi_http_fails_somewhere",
		Means: "A server error came, and it does not show that Exchange made it.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: advice.PoolOrServers,
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "mapi_http_fails_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "mapi_http_fails_at_server",
		Means: "The server answers with an error, and it does not show that Exchange made it.", Suffers: "Outlook that reaches this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: pools,
		Separates: "If a pool is stopped: the System log (source WAS) says why. If all are started: " + iisLog + ".",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the log names, and put it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceOdd,
		Means: "The path is answered otherwise than Exchange does, which asks for a logon first and shows its page after one.", Suffers: "Outlook, if it gets the same answer.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers otherwise: the box answers in its place. If SERVER answers the same: the module's target is no Exchange.",
		Then:      "The module: note the target, and correct it. The box: keep a copy of its rules, and let it pass /mapi/ on. To undo, set back what was there.", Risk: advice.Change, When: advice.Morning,
		Direct: "mapi_http_odd_server",
		For:    advice.About("status/" + reasonUnexpected),
	},
	{
		Key:   "mapi_http_odd_server",
		Means: "The server answers the path otherwise than Exchange does, which asks for a logon first and shows its page after one.", Suffers: "Nobody, if this is not where Outlook goes.",
		Owners: []advice.Owner{advice.Exporter, advice.IIS},
		On:     advice.InPowerShell, First: app,
		Separates: "If nothing is listed: SERVER is no Exchange server, and the module's target is wrong. If it is listed: " + iisLog + ".",
		Then:      "The module: note the target, and correct it. IIS: note the setting that the substatus names, and set it as on a server that works. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
	},
}
