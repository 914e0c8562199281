package virtualdirectories

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Keys of the advice that is drawn by what came of the first page that is not healthy.
const (
	adviceClosed      = "directory_closed"
	adviceHangs       = "directory_hangs"
	adviceError       = "directory_error"
	adviceForeign     = "directory_elsewhere"
	adviceMissing     = "directory_missing"
	adviceUnpublished = "health_pages_unpublished"
	adviceSignIn      = "health_pages_behind_sign_in"
	adviceTooOld      = "health_pages_too_new"
)

var adviceOf = map[state]string{
	closed: adviceClosed, silent: adviceHangs, broken: adviceForeign, errs: adviceError, foreign: adviceForeign,
	redirected: adviceForeign, unexpected: adviceForeign, missing: adviceMissing,
}

// suffers is who notices that a directory is not healthy.
const suffers = "Clients of that protocol whom the balancer still sends there; where it takes the server out, the others carry the load."

// applications lists IIS's application pools with their state.
const applications = `C:\Windows\System32\inetsrv\appcmd list apppool`

var book = advice.Book{
	{
		Key:   adviceClosed,
		Means: "The connection was ended without an answer to a page of health: the server that was reached holds that directory unhealthy or is in maintenance, or no member of the balancer's pool for it is left.", Suffers: suffers,
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If a server is not healthy there: that one, and the balancer's check does not take it out. If all are: the balancer ended the connection itself; see why its check holds no member of that pool healthy.",
		Then:      "The server: Get-ServerComponentState of it shows what is inactive, and " + advice.Health + " what is unhealthy; mend that. The balancer: note the check's present setting, and let it ask for this directory's healthcheck.htm. To undo, set the noted one.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_closed_at_server",
		For:    advice.About(Unhealthy, "receive/"+reasonUnhealthy),
	},
	{
		Key:   "directory_closed_at_server",
		Means: "The server ended the connection when asked for a directory's page of health: its component is inactive or unhealthy, and the server's other directories are not all so.", Suffers: suffers,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: "Get-ServerComponentState SERVER | Where-Object State -ne Active",
		Separates: "If the protocol's component is listed, such as OwaProxy: somebody made it inactive, or Managed Availability did. If it is not: " + advice.Health + " names the health set that is not healthy.",
		Then:      "Inactive, and no longer meant: Set-ServerComponentState SERVER -Component OwaProxy -State Active -Requester Maintenance, with the component's own name; undo by -State Inactive. Unhealthy: mend what the health set names.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceHangs,
		Means: "A directory's page of health got no answer, while the server took connections.", Suffers: "Clients of that protocol at that server: they wait, and time out.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the same directory hangs at a server: that server's application pool. If none hangs: the balancer, or its way to a server.",
		Then:      "The server: take it out of the pool for that protocol, look in its Application log for the application pool, and put it back. The balancer: note its time limit towards the servers, and correct it or what holds the request. To undo, set the noted value.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_hangs_at_server",
	},
	{
		Key:   "directory_hangs_at_server",
		Means: "The server took connections, and gave no answer to a directory's page of health: its application pool hangs, or a module in IIS does.", Suffers: "Clients of that protocol at that server: they wait, and time out.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list requests`,
		Separates: "If requests for that directory are listed with many seconds: its worker hangs. If none is: nothing takes them from the queue; see the state of the pools with " + applications + ".",
		Then:      "Take the server out of the balancer's pool for that protocol first, mend what hangs, and put it back. A dump of the worker (procdump -ma) before anything else shows why.", Risk: advice.Look, When: advice.Now,
	},
	{
		Key:   adviceError,
		Means: "A directory's page of health was answered with a server error: IIS runs, and what is behind the directory does not.", Suffers: "Clients of that protocol whom the balancer sends there: they get the same error.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If a server answers so too: the application pool of that directory there. If none does: the balancer made the answer, and has no server left, or none that answers.",
		Then:      "The server: note the state of its pools (" + applications + "), and start the one that is stopped; its Application log says why it stopped. The balancer: bring the members of that pool back. To undo, set the former state.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_error_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "directory_error_at_server",
		Means: "The server answered a directory's page of health with a server error: its application pool is stopped, or fails.", Suffers: "Clients of that protocol whom the balancer sends there: they get the same error.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: applications,
		Separates: "If the directory's pool (such as MSExchangeOWAAppPool) is not Started: it has stopped. If all are Started: the Application log has the error of ASP.NET at the proof's time.",
		Then:      "Look in the Application and System logs why it stopped, mend that, and start the pool (appcmd start apppool); undo by appcmd stop apppool.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceForeign,
		Means: "Something else than Exchange's page of health came: another site's page, a redirect, or another status.", Suffers: "Clients of that protocol, where they are led to the same place; and a balancer that looks at the status alone keeps a server that may be down.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the servers answer with Exchange's page: the rule of the box for that path, which leads elsewhere. If a server answers so too: its IIS, by an HTTP Redirect that the directory inherits, or another site on that port.",
		Then:      "The box: note the rule for that path, and lead it to the Exchange servers. IIS: note HTTP Redirect of the directory (IIS Manager), and clear it there alone. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "directory_elsewhere_at_server",
		For:    advice.About("status/"+reasonRedirected, "status/"+reasonUnexpected, "content/"+reasonForeignPage),
	},
	{
		Key:   "directory_elsewhere_at_server",
		Means: "The server answered with something else than Exchange's page of health: a redirect, another site's page, or another status.", Suffers: "Clients of that protocol at that server, where they are led to the same place.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site" /section:httpRedirect`,
		Separates: "If enabled is true: the directories inherit that redirect. If it is false: another site is bound to that name or port (appcmd list sites), or a rule of URL Rewrite answers.",
		Then:      "Note the present values, and clear the redirect on Exchange's directories, or correct the binding. To undo, set the noted values.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceMissing,
		Means: "The server that was asked directly does not have the directory, or closes it to the exporter.", Suffers: suffers,
		Owners: []advice.Owner{advice.IIS, advice.Exporter},
		On:     advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list app "/site.name:Default Web Site"`,
		Separates: "If the directory is not listed: it is missing in IIS. If it is: a rule there closes it to the exporter's address (IP restrictions, URL Rewrite, request filtering), or the server is Exchange 2010, which has no such pages.",
		Then:      "Missing: make it anew with the cmdlet of its kind, as New-OwaVirtualDirectory, after noting what Get-OwaVirtualDirectory shows on another server. Closed: note the rule, and let the exporter's address through. Not meant to be there: take it out of directories in the module. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("status/" + reasonNotThere),
	},
	{
		Key:   "server_closes_all_pages",
		Means: "The server closes every page of health: it is in maintenance, as it seems.", Suffers: "Nobody, as long as another server of the service is left.",
		Owners: []advice.Owner{advice.Nobody, advice.Exchange},
		On:     advice.InShell, First: "Get-ServerComponentState SERVER | Where-Object State -ne Active",
		Separates: "If ServerWideOffline is listed: it is in maintenance, and nobody has to act where that was planned. If nothing is listed: something between the exporter and the server ends these connections.",
		Then:      "Forgotten: Set-ServerComponentState SERVER -Component ServerWideOffline -State Active -Requester Maintenance; undo by -State Inactive.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(Maintenance),
	},
	{
		Key:   adviceUnpublished,
		Means: "No page of health is published under this name. That is common: clients do not need them.", Suffers: "Nobody; but nothing is watched from this side.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Ask the servers directly in its place, from inside: the servers of the service, with hostname or --direct.",
		Then:  "Take the name out of this module's targets, or publish the pages for the exporter's address alone. Or keep it: undecided_ok: true in the module (exporter's configuration, then reload) says that it is meant so; undo by taking it out.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   adviceSignIn,
		Means: "The pages of health are not to be had without signing in.", Suffers: "Nobody; but nothing is watched from this side.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Likely,
		First: "Ask the servers directly in its place, from inside: the servers of the service, with hostname or --direct.",
		Then:  "Take the name out of this module's targets, or let the pages pass without pre-authentication for the exporter's address alone; note the rule, and undo by setting what was noted.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   adviceTooOld,
		Means: "This version of Exchange has no pages of health: they came with Exchange 2013.", Suffers: "Nobody; but nothing is watched by this module.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "In the scrape configuration, take TARGET out of the targets of module MODULE, and reload Prometheus; probe it with expect_continue and auth_roundtrips.",
		Then:  "Or keep it: undecided_ok: true in the module (exporter's configuration, then reload) says that it is meant so; undo by taking it out.", Risk: advice.Change, When: advice.Plan,
	},
}
