package ewssync

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// allOfEWS is who notices that EWS as a whole does not work.
const allOfEWS = "Every client of EWS that reaches the same server: Outlook for Mac, free/busy, Teams' calendar, room panels, mailbox moves."

// adviceOneHangs is drawn where one operation gets no answer, and others of the same probe do.
const adviceOneHangs = "one_operation_hangs"

const (
	tenTimes = advice.OnExporter + ", ten times"
	// logs is where Exchange writes down what became of a request for EWS.
	logs    = "the newest files in $env:ExchangeInstallPath\\Logging\\HttpProxy\\Ews and Logging\\Ews"
	iisLog  = "the newest file in C:\\inetpub\\logs\\LogFiles\\W3SVC1"
	modules = "a module in its IIS, one of those that " + advice.Modules + " lists"
	// sick is how the health of a server is read, and mend what follows.
	sick = "If a set of EWS, Store or AD is Unhealthy: it names what fails. If none of these is: look in " + logs + " at the proof's time."
	mend = "Where others are well, take the server out of the box's pool; mend what the health set or the log names, and put it back."
	// otherMailbox tells a database from a server.
	otherMailbox = "To tell the database from the server, set mailbox: below ews_sync: of the module MODULE to one made for tests on another database (the probe writes items into a folder of its own there), reload, and probe again; undo by the former one."
	// byConnection is the change that keeps a client on one server.
	byConnection = "Note the present method of affinity, then let the box keep a client's connection on one server, for the virtual service of /EWS. Load is spread more coarsely: where clients come from one address (NAT, another proxy), all go to one server. To undo, set the noted method."
)

var book = advice.Book{
	{
		Key:   adviceOneHangs,
		Means: "One operation gets no answer, and the others of the same probe do: neither the way nor the server as a whole is at fault, but what this operation needs.", Suffers: "Clients that use this operation; the report names it.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it is answered there: the box in front. If it fails there too: that server.",
		Then:      "The box: note the present value, then look in its log for the request; then turn off what holds such responses back (buffering, inspection), for /EWS alone. The server: run " + advice.BackendHealth + ", and where all are Healthy look in " + logs + " at the proof's time. To undo, set the noted value.", Places: bufferPlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "one_operation_hangs_at_server",
	},
	{
		Key:   "one_operation_hangs_at_server",
		Means: "One operation gets no answer of this server, and the others of the same probe do.", Suffers: "Clients that use this operation at this server; the report names it.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.BackendHealth, Separates: sick,
		Then: "Mend what the health set or the log names. Where neither names anything, set another mailbox in the module: if the operation works there, it is this mailbox's database.", Risk: advice.Look, When: advice.Morning,
	},
	{
		Key:   "subscription_lost_between_servers",
		Means: "A subscription was not known right after it was made: the next request got to another mailbox server, or the server lost it.", Suffers: "Clients that are notified over EWS: calendars and mail that come late, or not before a restart of the client.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     tenTimes, First: advice.AskServer,
		Separates: "If it works each time there, and so at each other server behind this name: the box sends requests of one client to different servers, or drops the cookies X-BackEndCookie and X-BackEndOverrideCookie. If it fails at one: Exchange; a database may have failed over.",
		Then: "The box: note the present method of affinity, then let it keep a connection on one server and pass both cookies in both directions, for the virtual service of /EWS (by source address all clients behind one NAT go to one server); to undo, set the noted method. " +
			"Exchange: look for a failover (Get-MailboxDatabaseCopyStatus *), and set anchor_mailbox in the module.", Places: affinityPlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "subscription_lost_at_server",
		For:    advice.About(AffinityBroken),
	},
	{
		Key:   "subscription_lost_at_server",
		Means: "A subscription was not known right after it was made, at one front end: a database failed over in that moment, or the front end sends requests to different servers.", Suffers: "Clients that are notified over EWS.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-MailboxDatabaseCopyStatus * | Where-Object Status -eq Mounted | Format-Table Name,ActivationPreference",
		Separates: "If the database of the module's mailbox is mounted where ActivationPreference is not 1: it has failed over; if the finding does not come again, that was all. If it is 1: the front end sends requests to different servers.",
		Then:      "Set anchor_mailbox in the module to the mailbox, and probe ten times more. Where it is lost still, look for what removes cookies between the exporter and SERVER. To undo, take anchor_mailbox out.", Risk: advice.Look, When: advice.Morning,
	},
	{
		Key:   "events_missing",
		Means: "An item was created in a folder with a subscription, and no event tells of it.", Suffers: "Clients that are notified over EWS: new mail and changed calendars do not show.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "Ask each server so. If they come at every server: something in front, which keeps requests or answers them from a cache. If they come at some only: the front ends where they do not come, for all lead to the same mailbox server. If they come at none: the mailbox server (back end in the proof) or this mailbox's database.",
		Then:      "A server: run " + advice.BackendHealth + ", and mend what a set of Store or EWS names. " + otherMailbox + " In front: look in Logging\\Ews of the servers whether the probe's GetEvents came there at the proof's time; where it did not, something in front kept or answered it, whose log says so at that time.", Risk: advice.Look, When: advice.Now,
		Direct: "events_missing_at_server",
		For:    advice.About(NotificationsMissing, "content/"+NotificationsMissing),
	},
	{
		Key:   "events_missing_at_server",
		Means: "Asked directly, a server tells a subscriber nothing of an item that was created.", Suffers: "Clients that are notified over EWS: new mail and changed calendars do not show.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.BackendHealth,
		Separates: "If a set of Store or EWS is Unhealthy: it names what fails. If none of these is: this mailbox's database, or the server as a whole; a mailbox on another database tells.",
		Then:      otherMailbox + " Where its events come: the database, Get-MailboxDatabaseCopyStatus -Server BACKEND. Where they do not: look in " + logs + ".", Risk: advice.Look, When: advice.Now,
	},
	{
		Key:   "stream_held_back",
		Means: "What Exchange writes into a stream comes only when the stream has ended: something in between keeps responses until they are complete.", Suffers: "Clients that wait for notifications learn of everything up to 30 minutes late; nobody sees an error.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "If the stream works there: the box in front buffers responses. If it is held back there too: " + modules + ".",
		Then:      "Note the present value, then turn buffering of responses off for /EWS. A slow client then holds a connection to Exchange for as long as it reads. To undo, set the noted value.", Places: bufferPlaces, Risk: advice.Change, When: advice.Morning, Direct: "stream_held_back_at_server",
		For: advice.About(StreamBuffered, "content/"+StreamBuffered),
	},
	{
		Key:   "stream_held_back_at_server",
		Means: "What Exchange writes into a stream comes only when it has ended, even at the server.", Suffers: "Clients that wait for notifications from this server.",
		Owners: []advice.Owner{advice.IIS, advice.Network},
		On:     advice.AtPrompt, First: advice.Modules,
		Separates: advice.ModulesDiffer,
		Then:      "A module: note its entry, then remove it from the application EWS alone (IIS Manager, Modules). In between: exempt the path /EWS from inspection. To undo, add or inspect it again.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "stream_silent",
		Means: "Nothing comes in a stream of notifications, not even a status.", Suffers: "Clients that wait for notifications hear nothing.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If the stream works there: something in front passes the head on and keeps the body, as what buffers or filters does. If nothing comes there either: that server.",
		Then:      "The box: note the present value, then turn buffering of responses off for /EWS; to undo, set the noted value. The server: run " + advice.BackendHealth + ", and mend what a set of EWS or Store names; others are listed on healthy servers too.", Places: bufferPlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "stream_silent_at_server",
		For:    advice.About(StreamSilent, "content/"+StreamSilent),
	},
	{
		Key:   "stream_silent_at_server",
		Means: "Asked directly, the server sends nothing in a stream of notifications, not even a status.", Suffers: "Clients that wait for notifications from this server.",
		Owners: []advice.Owner{advice.Exchange, advice.IIS, advice.Network},
		On:     advice.InShell, First: advice.BackendHealth,
		Separates: "If a set of EWS or Store is Unhealthy: it names what fails. If none of these is: " + modules + ", which keeps responses until they are complete; where the list is as on another server, something that inspects traffic between the exporter and SERVER.",
		Then:      "Exchange: " + mend + " A module: note its entry, then remove it from the application EWS alone (IIS Manager, Modules). In between: exempt the path /EWS from inspection. To undo, add or inspect it again.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "stream_cut_short",
		Means: "A stream of notifications ended long before the time that was asked for.", Suffers: "Clients that wait for notifications subscribe again and again.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If the stream lasts there: the box in front cuts it, most likely by a time limit where it ends after the same time each time; within seconds that is hardly a default, so look for a reset in its log, a policy, or a limit that somebody set. If it is cut there too: that server.",
		Then:      "The box: note the present limits, then raise them for /EWS: the one on silence to 2 minutes, the one on a whole response above 30 minutes. To undo, set the noted values. The server: see whether the pool MSExchangeServicesAppPool recycled at that time (System log, source WAS).", Places: idlePlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "stream_cut_at_server",
		For:    advice.About(StreamCut, "content/"+StreamCut),
	},
	{
		Key:   "stream_cut_at_server",
		Means: "The server ended a stream of notifications long before the time that was asked for.", Suffers: "Clients that wait for notifications from this server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On:        advice.InPowerShell,
		First:     "Get-WinEvent -FilterHashtable @{LogName='System';ProviderName='Microsoft-Windows-WAS'} -MaxEvents 20",
		Separates: "If an event of MSExchangeServicesAppPool has the proof's time: the pool recycled, and the event says why. If none has, or none is found: a firewall between the exporter and SERVER that ends silent connections.",
		Then:      "The pool: mend what recycles it (memory, a schedule, a changed file). A firewall: note the present limit on idle connections, then raise it to 2 minutes. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "ews_error",
		Means: "EWS itself answered with an error.", Suffers: "Whoever asks the same of the same mailbox; with other mailboxes too, every client of EWS at that server.",
		Owners: []advice.Owner{advice.Exchange, advice.Mailbox},
		On:     advice.InShell, First: advice.BackendHealth,
		Separates: "If a set of EWS, Store or AD is Unhealthy: that server. If none of these is: this mailbox or its database; a probe of another mailbox (mailbox in the module) that works confirms it.",
		Then:      "The server: mend what the health set names. The mailbox: look at Get-MailboxStatistics ADDRESS | Format-List Database,ServerName,IsQuarantined, and for the proof's request-id in $env:ExchangeInstallPath\\Logging\\Ews on BACKEND.", Risk: advice.Look, When: advice.Now,
		For: advice.About("content/"+ews.ReasonResponseError, "content/"+ews.ReasonFault, "content/"+ews.ReasonMissingContent, "content/"+ews.ReasonWrongOperation),
	},
	{
		Key:   "server_in_maintenance",
		Means: "The server ended the connection when asked for its health: its EWS is unhealthy, or it is in maintenance.", Suffers: "Nobody, as long as the balancer takes the server out; else everybody whom it sends there.",
		Owners: []advice.Owner{advice.Exchange, advice.Nobody},
		On:     advice.InShell, First: advice.Inactive,
		Separates: "If ServerWideOffline or EwsProxy is listed: (Get-ServerComponentState SERVER -Component NAME).LocalStates, with the listed NAME, shows who did it. Requester Maintenance: somebody planned it. HealthApi: Exchange itself, because its EWS is unhealthy; run " + advice.Health + ". If nothing is listed: it is over, or comes and goes; LocalStates has the times.",
		Then:      "Planned: silence this server until it is over. Forgotten: Set-ServerComponentState SERVER -Component ServerWideOffline -State Active -Requester Maintenance; undo by -State Inactive. Unhealthy: mend what the health set names.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("receive/" + reasonUnhealthy),
	},
	{
		Key:   "logon_lost",
		Means: "A logon that had been accepted was answered 401 in a later request.", Suffers: "Clients are asked for their password in the midst of their work.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     tenTimes, First: advice.AskServer,
		Separates: "If it always works there: the box parts the requests of one connection over several servers or connections. If it fails there too: authPersistSingleRequest of that server's IIS.",
		Then:      byConnection + " IIS: note authPersistSingleRequest, then set it to false.", Places: affinityPlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "logon_lost_at_server",
		For:    advice.About("auth/" + reasonLogonLost),
	},
	{
		Key:   "logon_lost_at_server",
		Means: "The server answered 401 to a later request over a connection that had logged on.", Suffers: "Clients of this server are asked for their password in the midst of their work.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:windowsAuthentication`,
		Separates: "If authPersistSingleRequest is true: that is why. If it is false or not shown, which means false: a proxy between the exporter and SERVER, which Via in the proof may name.",
		Then:      "Where it is true, set it to false (IIS Manager, /EWS, Configuration Editor, windowsAuthentication), unless a box in front puts several clients onto one connection. To undo, set it to true.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "redirected_away",
		Means: "EWS was answered with a redirect: a publishing rule or a portal sends clients to a page for browsers.", Suffers: "Every client of web services: it cannot follow to a page.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it is redirected there too: IIS of that server. If not: the box in front; Location in the proof shows where its rule leads.",
		Then:      "The box: note the rule, then publish /EWS and /Autodiscover without a redirect. IIS: note the redirect, then clear it on EWS and Autodiscover (IIS Manager, HTTP Redirect, per application). To undo, set back what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "redirected_by_server",
		For:    advice.About("status/" + reasonRedirected),
	},
	{
		Key:   "redirected_by_server",
		Means: "The server's IIS answers EWS with a redirect, as one that is inherited from the web site's root.", Suffers: "Every client of web services at this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:httpRedirect`,
		Separates: "If enabled is true: that is the redirect. If it is false: a rule of URL Rewrite (IIS Manager, URL Rewrite, on the site and on EWS), or a proxy between the exporter and SERVER.",
		Then:      "Note its destination, then clear it on EWS and Autodiscover (IIS Manager, HTTP Redirect, per application), and leave the site's own. To undo, set the noted destination.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "ews_forbidden",
		Means: "403: Exchange does not let this account or application use EWS.", Suffers: "Applications with the same name or account.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-CASMailbox USER | Format-List Ews*",
		Separates: "If EwsEnabled is False: EWS is off for the account. If EwsApplicationAccessPolicy is set: its list of user agents. If all are empty: the same settings of Get-OrganizationConfig | Format-List Ews* hold.",
		Then:      "Note the present value, then Set-CASMailbox USER -EwsEnabled $true, or -EwsAllowList @{Add='ews_exporter/*'}, for this account alone. To undo, set the noted value. Exchange Online ends EWS tenant by tenant from October 2026 on.", Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Exchange, "status/"+reasonForbidden),
	},
	{
		Key:   "ews_forbidden_somewhere",
		Means: "403: a box forbids the request, or Exchange's policy the account or application.", Suffers: "Clients with the same path or application.",
		Owners: []advice.Owner{advice.Security, advice.Account},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it works there: a rule of the box in front. If 403 comes there too: Exchange's policy; run Get-CASMailbox for the account of the module's auth, and read its Ews settings.",
		Then:      "The box: note the rule, which its log names at the proof's time, then exempt the path /EWS from that rule alone. The account: Set-CASMailbox with -EwsEnabled $true or -EwsAllowList @{Add='ews_exporter/*'}. To undo, set the former value.", Risk: advice.Change, When: advice.Morning,
		Direct: "ews_forbidden_at_server",
		For:    advice.About("status/" + reasonForbidden),
	},
	{
		Key:   "ews_forbidden_at_server",
		Means: "403 of a server that was asked directly: its IIS refuses the request, or Exchange's policy the account or application.", Suffers: "Applications with the same name, account or address.",
		Owners:    []advice.Owner{advice.Account, advice.IIS},
		On:        "on SERVER",
		First:     "Look for the request at the proof's time in " + iisLog + ".",
		Separates: "If sc-status is 403 with sc-substatus 0: Exchange's policy; Get-CASMailbox USER | Format-List Ews* shows it. If sc-substatus is another: IIS, as 4 where TLS is demanded, 6 or 503 for the address, 7 or 16 for a client certificate. If it is not there: something between the exporter and SERVER.",
		Then:      "The account: note the present value, then Set-CASMailbox USER -EwsEnabled $true, or -EwsAllowList @{Add='ews_exporter/*'}, for this account alone. IIS: note the setting that the substatus names, and let the exporter through. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "mailbox_not_located",
		Means: "404 of Exchange's front end: it did not find the mailbox or the path.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Exporter, advice.Mailbox},
		On:     advice.InShell, First: "Get-Recipient ADDRESS | Format-List RecipientTypeDetails,EmailAddresses",
		Separates: "If it is not found: the address in mailbox or anchor_mailbox of the module. If it is a UserMailbox: the module's path, unless the proof has X-CasErrorCode: UserNotFound. If it is a RemoteUserMailbox: it was moved away.",
		Then:      "Correct mailbox, anchor_mailbox or path in the module, and reload; or give the mailbox the address: note EmailAddresses, then Set-Mailbox with -EmailAddresses @{Add=…}. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Exchange, "status/"+reasonNotFound),
	},
	{
		Key:   "ews_not_published",
		Means: "404: nothing at this name leads to EWS.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If EWS answers there: the rule of the box lacks /EWS, in the upper or lower case of the proof's URL. If 404 comes there too: the application EWS is missing on that server.",
		Then:      "The box: note the rule, then add /EWS and /ews to it; to undo, take them out. The server: take it out of the box's pool until Get-WebServicesVirtualDirectory -Server SERVER shows its EWS again.", Risk: advice.Change, When: advice.Now,
		Direct: "ews_not_on_server",
		For:    advice.About("status/" + reasonNotFound),
	},
	{
		Key:   "ews_not_on_server",
		Means: "404: this server has no EWS at that path.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: "Get-WebApplication -Site 'Default Web Site' -Name EWS",
		Separates: "If nothing is listed: the application is gone. If it is listed: its folder is missing, or the module's path is wrong; compare with another server.",
		Then:      "Take SERVER out of the box's pool. Note Get-WebServicesVirtualDirectory -Server SERVER | Format-List, then make it anew with Remove-WebServicesVirtualDirectory and New-WebServicesVirtualDirectory, and set what was noted.", Risk: advice.Restart, When: advice.Now,
	},
	{
		Key:   "pool_stopped",
		Means: advice.PoolStopped, Suffers: allOfEWS,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: advice.ServicesPool,
		Separates: advice.PoolState,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonUnavailable, "status/"+reasonServerError),
	},
	{
		Key:   "ews_fails_behind_front_end",
		Means: "Exchange's front end answered, and EWS behind it failed.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		On: advice.InShell, First: advice.BackendHealth, Separates: sick,
		Then: mend, Risk: advice.Change, When: advice.Now,
		For: append(advice.By(origin.Exchange, "status/"+reasonUnavailable, "status/"+reasonServerError), advice.By(origin.IIS, "status/"+reasonServerError)...),
	},
	{
		Key:   "ews_unavailable_somewhere",
		Means: "A server error, and nothing in it says who made it: a box without a server, a stopped pool, or EWS itself.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If some of them fail, or all: those servers. If none fails: the box in front, whose pool has no member or whose check is wrong.",
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "ews_unavailable_at_server",
		For:    advice.About("status/"+reasonUnavailable, "status/"+reasonServerError),
	},
	{
		Key:   "ews_unavailable_at_server",
		Means: "Asked directly, a server error, and nothing in it says who made it: a stopped pool, EWS itself, or something in between that answers for the server.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.IIS, advice.Exchange, advice.Network},
		On:     advice.AtPrompt, First: advice.ServicesPool,
		Separates: "If the pool is not Started: the System log (source WAS) says why. If it is, and " + iisLog + " has the request at the proof's time: EWS failed; run " + advice.BackendHealth + " in the Exchange Management Shell. If no log of SERVER has it: something between the exporter and SERVER answered.",
		Then:      "A pool: " + advice.StartPool + " EWS: " + mend + " In between: find whose address the proof has, and note its rule before you change it.", Risk: advice.Restart, When: advice.Now,
	},
	{
		Key:   "status_unexpected",
		Means: "A status came that EWS does not use.", Suffers: "Whoever asks the same way.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If EWS answers there, or with another status: the box in front made this one. If the same status comes there: IIS of that server.",
		Then:      "The box: look in its log at the proof's time for the rule, note it, then exempt the path /EWS from it; to undo, set it back. IIS: look for sc-substatus in " + iisLog + " at the proof's time.", Risk: advice.Change, When: advice.Morning,
		Direct: "status_unexpected_of_server",
		For:    advice.About("status/" + reasonUnexpected),
	},
	{
		Key:   "status_unexpected_of_server",
		Means: "A status came from the server that EWS does not use.", Suffers: "Whoever asks this server the same way.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On:        "on SERVER",
		First:     "Look for the request at the proof's time in " + iisLog + ".",
		Separates: "If it is there: sc-status, sc-substatus and sc-win32-status name what refused it. If it is not: http.sys refused it, and C:\\Windows\\System32\\LogFiles\\HTTPERR says why. If it is in neither: something between the exporter and SERVER.",
		Then:      "Note the setting that the substatus or HTTPERR's reason names, then set it as on a server that answers. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "something_else_answers",
		Means: "What came is no answer of EWS: a page, text, nothing, or XML of another kind.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Middlebox, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If EWS answers there: something in front answers in its place, or DNS leads the name to another host (nslookup HOST). If that comes there too: the module's path, or that server.",
		Then:      "In front: note the rule for this name, then let it pass /EWS on to Exchange; to undo, set it back. The module: set path to that of clients (/EWS/Exchange.asmx), and reload.", Risk: advice.Change, When: advice.Now,
		Direct: "something_else_at_server",
		For:    advice.About("content/"+ews.ReasonHTML, "content/"+ews.ReasonNotSOAP, "content/"+ews.ReasonEmpty, "content/"+reasonForeignPage),
	},
	{
		Key:   "something_else_at_server",
		Means: "What came from the server is no answer of EWS.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.IIS, advice.Exporter},
		On:     "on SERVER", First: "Open https://localhost/EWS/Exchange.asmx in a browser; the warning about the name is expected.",
		Separates: "If it asks for a logon, and then shows the page of a service: EWS is well, and path or port of the module are wrong. If the page of the report comes: SERVER's IIS answers with it.",
		Then:      "The module: set target and path to those of clients, and reload. IIS: see that the application EWS is there (Get-WebApplication -Site 'Default Web Site' -Name EWS) and has no redirect or rewriting of its own.", Risk: advice.Look, When: advice.Now,
	},
	{
		Key:   "answer_breaks_off",
		Means: "The answer ended before the document did, or is not well-formed: something on the way cuts or changes bodies, or the server ended the response.", Suffers: "Clients now and then, with large answers first.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If the answer is whole there: the box in front cuts or changes it. If it breaks off there too: that server.",
		Then:      "The box: note the present value, then turn off what limits, inspects or compresses responses, for /EWS alone; to undo, set the noted value. The server: look in " + logs + " at the proof's time.", Places: bufferPlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "answer_breaks_off_at_server",
		For:    advice.About("content/"+ews.ReasonTruncated, "content/"+ews.ReasonMalformed),
	},
	{
		Key:   "answer_breaks_off_at_server",
		Means: "The server's answer ended before the document did, or is not well-formed.", Suffers: "Clients whom the balancer sends to this server.",
		Owners:    []advice.Owner{advice.Exchange, advice.Network},
		On:        "on SERVER",
		First:     "Look for the request at the proof's time in " + logs + ".",
		Separates: "If an error is there with it: EWS broke the answer off, and the error says why. If it is there without an error: something between the exporter and SERVER cut or changed the answer.",
		Then:      "EWS: mend what the error names. In between: note the present value, then exempt the path /EWS from what inspects or limits responses. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "module_incomplete",
		Means: "The module's settings do not let this operation run.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On: "in the exporter's configuration", First: "Compare mailbox, operations and timeout of the module MODULE with what the message says.",
		Separates: "If the message says that no mailbox is known: mailbox is missing. If it says that another probe held a stream: the modules that stream with this auth need more time, or longer intervals.",
		Then:      "Set mailbox, take the operation out, or raise timeout and the scrape's; then reload the exporter. To undo, set the former value.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("config/"+reasonNoMailbox, "config/"+reasonStreamBusy),
	},
	{
		Key:   "probe_folder_trouble",
		Means: "The probe's own folder or item in the mailbox is not as it left it.", Suffers: "Nobody but this monitoring, unless other clients miss items too.",
		Owners: []advice.Owner{advice.Mailbox, advice.Exchange},
		On:     advice.InShell, First: "Get-MailboxFolderStatistics ADDRESS | Where-Object Name -eq " + folderName + " | Format-List FolderPath,ItemsInFolder,DeletePolicy",
		Separates: "If FolderPath is not /" + folderName + ", or DeletePolicy names a policy, or another exporter writes there: the mailbox. If none of these: Exchange; run " + advice.BackendHealth + ".",
		Then:      "Note FolderPath and DeletePolicy, then move the folder back, exempt it from the policy, or give each exporter a mailbox of its own; to undo, set back what was noted. A folder with too many changes can be deleted: the probe makes a new one, and only its own items are in it.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("content/"+reasonFolderMissing, "content/"+reasonItemMissing, "content/"+reasonTooManyChanges),
	},
}

// affinityPlaces are where boxes keep a client on one server.
var affinityPlaces = advice.Places{
	{Product: "kemp", Setting: "Virtual Services, Standard Options, Persistence Options: Source IP Address"},
	{Product: "f5", Setting: "Local Traffic, Virtual Servers, Resources, Default Persistence Profile: source_addr; take the OneConnect profile off this virtual server"},
	{Product: "netscaler", Setting: "lb vserver: persistenceType SOURCEIP; HTTP profile: conMultiplex DISABLED"},
	{Product: "haproxy", Setting: "backend of /EWS: balance source; take option http-server-close and option httpclose out"},
	{Product: "nginx", Setting: "upstream: ip_hash; for NTLM stream {} with hash $remote_addr in its place"},
	{Product: "arr", Setting: "server farm, Server Affinity: client affinity on"},
}

// bufferPlaces are where boxes buffer responses. Where a line turns inspection off, it does so for /EWS alone.
var bufferPlaces = advice.Places{
	{Product: "nginx", Setting: "proxy_buffering off; in the location of /EWS"},
	{Product: "haproxy", Setting: "take http-response wait-for-body out of the backend of /EWS"},
	{Product: "f5", Setting: "RAM cache and compression profiles off this virtual server; ASM's response checks off for /EWS alone, whose responses are then not inspected"},
	{Product: "netscaler", Setting: "compression and integrated caching off for /EWS; AppFW's response checks off for /EWS alone, whose responses are then not inspected"},
	{Product: "kemp", Setting: "Virtual Services, Advanced Properties: caching and compression off for /EWS; WAF's response checks off for /EWS alone, whose responses are then not inspected"},
	{Product: "arr", Setting: "server farm, Proxy: response buffer threshold to 0"},
	{Product: "azure_application_gateway", Setting: "response buffering off, for every listener of the gateway"},
}

// idlePlaces are where boxes limit how long a response may last or be silent.
var idlePlaces = advice.Places{
	{Product: "nginx", Setting: "proxy_read_timeout 120s; in the location of /EWS (60 s unless set)"},
	{Product: "haproxy", Setting: "timeout server 120s and timeout client 120s"},
	{Product: "kemp", Setting: "Virtual Services, Standard Options: Idle Connection Timeout to 120 s"},
	{Product: "f5", Setting: "TCP profile of this virtual server: Idle Timeout to 120 s"},
	{Product: "netscaler", Setting: "lb vserver and its services: cltTimeout and svrTimeout to 120 s"},
	{Product: "apache", Setting: "ProxyTimeout 120, or timeout=120 of ProxyPass"},
	{Product: "arr", Setting: "server farm, Proxy: Time-out to 120 s"},
}
