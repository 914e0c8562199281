package virtualdirectories

import (
	"cmp"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// Keys of the advice that is drawn by what came of the first page that is not healthy.
const (
	adviceClosed      = "directory_closed"
	adviceHangs       = "directory_hangs"
	adviceError       = "directory_error"
	adviceForeign     = "directory_elsewhere"
	adviceRedirected  = "directory_redirected"
	adviceAllClosed   = "directories_all_closed"
	adviceAllHang     = "directories_all_hang"
	adviceAllFail     = "directories_all_fail"
	adviceAllForeign  = "directories_all_elsewhere"
	adviceMissing     = "directory_missing"
	adviceUnpublished = "health_pages_unpublished"
	adviceSignIn      = "health_pages_behind_sign_in"
	adviceTooOld      = "health_pages_too_new"
)

var adviceOf = map[state]string{
	closed: adviceClosed, silent: adviceHangs, broken: adviceForeign, errs: adviceError, foreign: adviceForeign,
	redirected: adviceRedirected, unexpected: adviceForeign, missing: adviceMissing,
}

// adviceOfAll is for what all pages came to: not one directory is at fault then, but what they share.
var adviceOfAll = map[state]string{
	closed: adviceAllClosed, silent: adviceAllHang, errs: adviceAllFail, broken: adviceAllForeign, foreign: adviceAllForeign,
	redirected: adviceAllForeign, unexpected: adviceAllForeign,
}

// drawn is the key of the advice for these pages that are not healthy.
func (p *probe) drawn(bad []*page) string {
	first := bad[0].state
	whole := len(bad) > 1 && len(bad) == len(p.pages) && !slices.ContainsFunc(bad, func(pg *page) bool { return pg.state != first })
	return cmp.Or(map[bool]string{true: adviceOfAll[first]}[whole], adviceOf[first])
}

// suffers is who notices that a directory is not healthy.
const suffers = "Clients of that protocol whom the balancer still sends there; where it takes the server out, the others carry the load."

// everyone is who notices that no directory is healthy.
const everyone = "Every client of this name, where clients get what the exporter gets."

const (
	// sites lists IIS's sites with their bindings.
	sites = `C:\Windows\System32\inetsrv\appcmd list sites`
	// inherited shows the redirect that directories inherit.
	inherited = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site" /section:httpRedirect`
	// whoMadeIt tells maintenance from what Exchange does by itself.
	whoMadeIt = "(Get-ServerComponentState SERVER -Component NAME).LocalStates, with the listed NAME, shows who made it so: Maintenance is somebody, HealthApi Exchange itself, because it is unhealthy"
	// load shows whether a machine is short of something, and where requests wait.
	load = `Get-Counter '\Processor(_Total)\% Idle Time','\Memory\Available MBytes','\HTTP Service Request Queues(*)\CurrentQueueSize'`
	// ofServer mends a server whose component is inactive or unhealthy.
	ofServer = "A server: " + advice.Inactive + " shows what is inactive and " + advice.Health + " what is unhealthy (Exchange Management Shell); mend that, or note the state and make it active where maintenance was forgotten."
)

// applications lists IIS's application pools with their state.
const applications = `C:\Windows\System32\inetsrv\appcmd list apppool`

var book = advice.Book{
	{
		Key:   adviceClosed,
		Means: "The connection was ended without an answer to a page of health: the server that was reached holds that directory unhealthy or is in maintenance, or no member of the balancer's pool for it is left.", Suffers: suffers,
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If no server is healthy for it there: the balancer rightly has none left; mend the servers. If some are not: those, and the balancer's check does not take them out. If all are: the balancer ended the connection itself; see why its check holds no member of that pool healthy.",
		Then:      ofServer + " The balancer: note the check's present setting, and let it ask for this directory's healthcheck.htm. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_closed_at_server",
		For:    advice.About(Unhealthy, "receive/"+reasonUnhealthy),
	},
	{
		Key:   "directory_closed_at_server",
		Means: "The server ended the connection when asked for a directory's page of health: its component is inactive or unhealthy, and the server's other directories are not all so.", Suffers: suffers,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Inactive,
		Separates: "If the protocol's component is listed, such as OwaProxy, or ServerWideOffline: " + whoMadeIt + ". If neither is: " + advice.Health + " names the health set that is not healthy.",
		Then:      "Inactive, and no longer meant: Set-ServerComponentState SERVER -Component OwaProxy -State Active -Requester Maintenance, with the names of the component and of who made it so; undo by -State Inactive. Unhealthy: mend what the health set names.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceHangs,
		Means: "A directory's page of health got no answer, while the server took connections.", Suffers: "Clients of that protocol at that server: they wait, and time out.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the same directory hangs at a server: that server's application pool. If none hangs: the balancer, or its way to a server.",
		Then:      "The server: where others are well, take it out of the pool for that protocol; probe it by --direct, whose report says where to look; put it back once its page is there. The balancer: note its time limit towards the servers, and correct it or what holds the request. To undo, set the noted value.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_hangs_at_server",
	},
	{
		Key:   "directory_hangs_at_server",
		Means: "The server took connections, and gave no answer to a directory's page of health: its application pool hangs, or a module in IIS does.", Suffers: "Clients of that protocol at that server: they wait, and time out.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: `C:\Windows\System32\inetsrv\appcmd list requests`,
		Separates: "If requests for that directory are listed with many seconds: its worker hangs. If none is: nothing takes them from the queue; see the state of the pools with " + applications + ".",
		Then:      "Where others are well, take the server out of the balancer's pool for that protocol first. Keep a dump of the worker (procdump -ma), which shows why it hangs; recycle that pool (IIS Manager); put the server back once its page is there.", Risk: advice.Look, When: advice.Now,
	},
	{
		Key:   adviceError,
		Means: "A directory's page of health was answered with a server error: IIS runs, and what is behind the directory does not.", Suffers: "Clients of that protocol whom the balancer sends there: they get the same error.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If a server answers so too: the application pool of that directory there. If none does: the balancer made the answer, and has no server left, or none that answers.",
		Then:      "The server: note the state of its pools (" + applications + "), and start the one that is stopped; its System log (source WAS) says why it stopped. The balancer: bring the members of that pool back. To undo, set the former state.", Risk: advice.Change, When: advice.Now,
		Direct: "directory_error_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "directory_error_at_server",
		Means: "The server answered a directory's page of health with a server error: its application pool is stopped, or fails.", Suffers: "Clients of that protocol whom the balancer sends there: they get the same error.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: applications,
		Separates: "If the directory's pool (such as MSExchangeOWAAppPool) is not Started: it has stopped. If all are Started: the Application log has the error of ASP.NET at the proof's time.",
		Then:      "Note what the System log (source WAS) says of why it stopped, mend that, and start the pool (appcmd start apppool).", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceForeign,
		Means: "Something else than Exchange's page of health came: the proof shows what.", Suffers: "Clients of that protocol, where they are led to the same place; and a balancer that looks at the status alone keeps a server that may be down.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the servers answer with Exchange's page: the rule of the box for that path, which leads elsewhere. If a server answers so too: another site of its IIS takes the name or port, or a rule of URL Rewrite answers.",
		Then:      "The box: note the rule for that path, and lead it to the Exchange servers. IIS: note the bindings (" + sites + ") and the rules of URL Rewrite, and take out what answers in Exchange's place. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "directory_elsewhere_at_server",
		For:    advice.About("status/"+reasonUnexpected, "content/"+reasonForeignPage),
	},
	{
		Key:   "directory_elsewhere_at_server",
		Means: "The server answered with something else than Exchange's page of health: the proof shows what.", Suffers: "Clients of that protocol at that server, where they are led to the same place.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: sites,
		Separates: "If another site than Default Web Site is bound to that name or port: that one answers. If none is: a rule of URL Rewrite (IIS Manager), or something between the exporter and SERVER.",
		Then:      "Note the present binding or rule, and take it out for Exchange's name and directories. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceRedirected,
		Means: "A directory's page of health was answered with a redirect, which Exchange does not do.", Suffers: "Clients of that protocol, where they are redirected too.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the servers answer with Exchange's page: the rule of the box for that path. If a server redirects too: its IIS, by an HTTP Redirect that the directory inherits from its site.",
		Then:      "The box: note the rule for that path, and let it pass the path on. IIS: note HTTP Redirect of the directory (IIS Manager), and clear it there alone. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "directory_redirected_at_server",
		For:    advice.About("status/" + reasonRedirected),
	},
	{
		Key:   "directory_redirected_at_server",
		Means: "The server answered a directory's page of health with a redirect, which Exchange does not do.", Suffers: "Clients of that protocol at that server, where they are redirected too.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: inherited,
		Separates: "If enabled is true: the directories inherit that redirect. If it is false: the directory's own (IIS Manager, HTTP Redirect), or a rule of URL Rewrite.",
		Then:      "Note the present values, and clear the redirect on Exchange's directories alone. To undo, set the noted values.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   adviceAllClosed,
		Means: "Each page's connection was ended without an answer: the balancer has no server left that it holds healthy, or the server that was reached is in maintenance.", Suffers: everyone,
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If no server is healthy there: the balancer rightly has none; mend the servers. If one is: the balancer's check, or its way to that server.",
		Then:      ofServer + " The balancer: note the check's present setting, and let it ask for each directory's healthcheck.htm. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "directories_all_closed_at_server",
	},
	{
		Key:   "directories_all_closed_at_server",
		Means: "The server ended the connection at each directory's page of health: it is in maintenance as a whole, or what all directories share is unhealthy.", Suffers: "Every client whom the balancer sends to this server, until its check takes the server out.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Inactive,
		Separates: "If ServerWideOffline is listed, or all protocols: " + whoMadeIt + ". If nothing is: " + advice.Health + " names the health set that is not healthy; and where all sets are Healthy, something between the exporter and SERVER ends the connections.",
		Then:      "Inactive, and no longer meant: Set-ServerComponentState SERVER -Component ServerWideOffline -State Active -Requester Maintenance, with the name of who made it so; undo by -State Inactive. Unhealthy: mend what the health set names.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceAllHang,
		Means: "No directory's page of health got an answer, though connections are taken: a whole machine hangs and not one directory, or the way to it.", Suffers: everyone + " They wait, and time out.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If a server hangs there too: that machine. If all do: what they share, such as domain controllers or storage. If none does: the balancer, or its way to the servers.",
		Then:      "A server: where others answer, take it out of the balancer's pool and put it back for undoing; probe it by --direct, whose report says where to look. The balancer: look at its own load and its log; note what is changed.", Risk: advice.Change, When: advice.Now,
		Direct: "directories_all_hang_at_server",
	},
	{
		Key:   "directories_all_hang_at_server",
		Means: "The server takes connections and answers no page of health: the whole machine hangs, and not one directory.", Suffers: "Every client whom the balancer sends to this server: they wait, and time out.",
		Owners: []advice.Owner{advice.Windows}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: load,
		Separates: "If the processor is not idle at all, or memory is used up: see which process has it (Get-Process | Sort-Object CPU). If queues grow: their workers hang; appcmd list requests shows at what. If all is quiet: something between the exporter and SERVER.",
		Then:      "Where others answer, take the server out of the balancer's pool; mend what takes the machine; put the server back.", Risk: advice.Look, When: advice.Now,
	},
	{
		Key:   adviceAllFail,
		Means: "Every directory's page of health was answered with a server error: what they share fails, and not one directory.", Suffers: everyone + " They get the same error.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If a server answers so too: that server. If all do: what they share, such as domain controllers. If none does: the balancer made the answer, and has no server left.",
		Then:      "A server: probe it by --direct, whose report says where to look. The balancer: note its pool, and bring the members back. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "directories_all_fail_at_server",
	},
	{
		Key:   "directories_all_fail_at_server",
		Means: "The server answered every directory's page of health with a server error: what they share fails, and not one directory.", Suffers: "Every client whom the balancer sends to this server: they get the same error.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: applications,
		Separates: "If the pools of Exchange are not Started: the System log (source WAS) says why. If they are: what they share; the Application log has it at the proof's time (domain controllers: source MSExchange ADAccess), and netsh http show sslcert shows whether 0.0.0.0:444, by which front ends reach back ends, has a certificate that is in certlm.msc.",
		Then:      "Where others are well, take the server out of the balancer's pool; note what is set, mend what the logs name, and put it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceAllForeign,
		Means: "Not one page of health is Exchange's: this name, or its port, leads to something else.", Suffers: everyone + " A balancer that looks at the status alone keeps such a server.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: "If the servers answer with Exchange's pages: the rule of the box for this name, or DNS (nslookup HOST), leads elsewhere. If a server answers as here: another site of its IIS takes the name or port. If this is not the name that clients use: the target is wrong.",
		Then:      "The box: note the rule for this name, and lead it to the Exchange servers. IIS: note the bindings (" + sites + "), and take the name out of the other site's. The exporter: note the target, and correct it. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "directories_all_elsewhere_at_server",
	},
	{
		Key:   "directories_all_elsewhere_at_server",
		Means: "Asked directly, not one page of health is Exchange's: another site of the server's IIS takes the name or port, or the target is no Exchange server.", Suffers: everyone,
		Owners: []advice.Owner{advice.IIS, advice.Exporter},
		On:     advice.AtPrompt, First: sites,
		Separates: "If a site other than Default Web Site has a binding for this name or port: that one answers. If none has: the target is no Exchange server, or its port is another program's (netstat -ano shows whose).",
		Then:      "IIS: note the bindings, and take the name out of the other site's. The exporter: note the target, and correct it. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
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
		On:     advice.InShell, First: advice.Inactive,
		Separates: "If ServerWideOffline is listed: it is in maintenance, and nobody has to act where that was planned. If others are listed without it: " + whoMadeIt + ". If nothing is listed: something between the exporter and the server ends these connections.",
		Then:      "Forgotten: Set-ServerComponentState SERVER -Component ServerWideOffline -State Active -Requester Maintenance (or who LocalStates names); undo by -State Inactive.", Risk: advice.Change, When: advice.Plan,
		For: advice.About(Maintenance),
	},
	{
		Key:   adviceUnpublished,
		Means: "No page of health is published under this name. That is common: clients do not need them.", Suffers: "Nobody; but nothing is watched from this side.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServers,
		Separates: "If their pages come: nothing is wrong with them, and they can be watched so, with hostname. If none comes there either: the report of it says what is wrong.",
		Then:      "Take the name out of this module's targets, or publish the pages for the exporter's address alone. Or keep it: undecided_ok: true in the module (exporter's configuration, then reload) says that it is meant so; undo by taking it out.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   adviceSignIn,
		Means: "The pages of health are not to be had without signing in.", Suffers: "Nobody; but nothing is watched from this side.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServers,
		Separates: "If their pages come: nothing is wrong with them, and they can be watched so, with hostname. If none comes there either: the report of it says what is wrong.",
		Then:      "Take the name out of this module's targets, or let the pages pass without pre-authentication for the exporter's address alone; note the rule, and undo by setting what was noted.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   adviceTooOld,
		Means: "This version of Exchange has no pages of health: they came with Exchange 2013.", Suffers: "Nobody; but nothing is watched by this module.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On: advice.InShell, First: "Get-ExchangeServer | Format-Table Name,AdminDisplayVersion",
		Separates: "If those behind SERVICE are of version 14: they have no such pages. If they are of version 15: another server answered, and the proof shows which.",
		Then:      "In the scrape configuration, take TARGET out of the targets of module MODULE, and reload Prometheus; undo by putting it back. Or keep it: undecided_ok: true in the module (exporter's configuration, then reload) says that it is meant so.", Risk: advice.Change, When: advice.Plan,
	},
}
