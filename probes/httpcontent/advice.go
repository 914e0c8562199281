package httpcontent

import "github.com/ews-exporter/ews_exporter/internal/advice"

// served is a web site, which need not be Exchange's.
var served = advice.Service{Owner: advice.IIS, Paths: "this path", App: "Default Web Site", Listens: "W3SVC,WAS", Bind: "bind the right one in IIS Manager, Bindings of the site"}

// adviceFileOrMapping is drawn where what lies beside a file that was not found is there.
const adviceFileOrMapping = "file_or_mapping_missing"

// whoReads notices that a file for everybody is not what it should be.
const whoReads = "Whatever reads the file."

// What looks at a server, and changes nothing.
const (
	askMappings  = `Get-WebConfiguration "//staticContent/mimeMap" 'IIS:\Sites\Default Web Site' | Select-Object fileExtension,mimeType`
	askCaching   = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site" /section:staticContent`
	askRedirect  = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site" /section:httpRedirect`
	askAnonymous = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site" /section:anonymousAuthentication`
	askFolder    = `Get-Website | Format-List name,physicalPath; Get-WebApplication | Format-List path,physicalPath`
	askLog       = `ls C:\inetpub\logs\LogFiles\W3SVC*\*.log | sort LastWriteTime | select -l 3 | sls 'PATH ' | select -l 20`
	// askMissing finds the request by its path and status, in the logs of whichever site answered.
	askMissing = `ls C:\inetpub\logs\LogFiles\W3SVC*\*.log | sort LastWriteTime | select -l 3 | sls 'PATH.* 404 ' | select -l 20`
)

// bySubstatus reads what IIS's log has of a 404: behind the status stands the sub-status.
const (
	byExtension = "If the line has 404 3: IIS has no MIME mapping for the file's extension. If it has 404 7: request filtering denies the extension. If it has 404 0: the file is missing"
	bySubstatus = byExtension + ", or the name led to another site, whose number is in the folder's name. "
)

const (
	addMapping = "Note the mappings, then add the one for this extension to that folder alone (IIS Manager, MIME Types); to undo, remove it."
	askBoxRule = "Keep a copy of the box's configuration for undoing, and correct its rule for this path alone."
)

var book = advice.Book{
	{
		Key:   adviceFileOrMapping,
		Means: "The folder is served, and the file in it is answered 404: it is missing, or its extension has no MIME mapping in IIS or is denied by its request filtering.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: askMissing,
		Separates: byExtension + ". If no line comes: the log is elsewhere (IIS Manager, Logging), or is not written yet.",
		Then:      addMapping + " Filtering: note the rule, and let the extension pass for that folder alone; to undo, set the noted rule. The file: put it back where the site's folder (Get-Website) has it.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "static_file_missing",
		Means: "The file is answered 404: it is missing, its extension has no MIME mapping or is denied, or name and path lead to another site or folder.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.InPowerShell, First: askMissing,
		Separates: bySubstatus + "If no line comes: a box, another server, or a log that is elsewhere (IIS Manager, Logging).",
		Then:      addMapping + " The file: put it back. The box: keep a copy of its configuration, and correct the rule for this path.", Risk: advice.Change, When: advice.Morning,
		Direct: "static_file_missing_on_server",
		For:    advice.About(Missing, "status/"+reasonNotFound),
	},
	{
		Key:   "static_file_missing_on_server",
		Means: "The server answers the file 404: it is missing, its extension has no MIME mapping or is denied, or name and path lead to another site or folder.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: askMissing,
		Separates: bySubstatus + "If no line comes: another program answers at this name, or the log is elsewhere (IIS Manager, Logging).",
		Then:      addMapping + " The file: put it back where the site's folder (Get-Website) has it.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "file_may_be_cached",
		Means: "Caches may keep the file, one did, or nothing tells them not to: readers get an old one after a change.", Suffers: "Whoever reads the file after it was changed, for as long as a cache keeps it.",
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER's answer has the same Cache-Control and Expires, or lacks them too: it is IIS. If it has others: a box rewrites them. If it is the same, and Age comes through the box alone: the box keeps a copy besides.",
		Then:      "IIS: note clientCache of the folder, then set cacheControlMode to DisableCache for this file alone (a location element). The box: note its cache rule, and exempt this path. To undo, set what was noted.", Risk: advice.Change, When: advice.Plan,
		Direct: "file_may_be_cached_by_iis",
		For:    advice.About(Cached, CacheUnset, "content/"+reasonCached),
	},
	{
		Key:   "file_may_be_cached_by_iis",
		Means: "The server lets caches keep the file, or says nothing about it.", Suffers: "Whoever reads the file after it was changed, for as long as a cache keeps it.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: askCaching,
		Separates: "If clientCache has UseMaxAge or UseExpires: that is it. If it has NoControl, or none: nothing is said, and caches decide by themselves. If it has DisableCache: the folder's own web.config or a module says otherwise.",
		Then:      "Note clientCache of the folder, then set cacheControlMode to DisableCache for this file alone (a location element); to undo, set what was noted.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "file_type_wrong",
		Means: "The file comes with another media type than is expected.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER sends the same type: the server's mapping. If it sends the right one: a box rewrites it, or answers with a page of its own.",
		Then:      addMapping + " The box: keep a copy of its configuration, and correct its rule for this path.", Risk: advice.Change, When: advice.Morning,
		Direct: "file_type_mapped_wrong",
		For:    advice.About(WrongType, "content/"+reasonType),
	},
	{
		Key:   "file_type_mapped_wrong",
		Means: "The server sends the file with another media type than is expected.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: askMappings,
		Separates: "If the file's extension has another type there: that is it. If it has the right one: the folder's own web.config maps it otherwise. If it is not listed: another program than IIS answers at this name.",
		Then:      "Note the type, then set the right one for that folder alone (IIS Manager, MIME Types); to undo, set the noted one.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "file_is_another",
		Means: "What comes begins otherwise than is expected: it is another file, or a page that came in its place.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER sends the same: the file on the servers is another one, or the module's prefix is wrong. If it sends the right one: a box puts a page of its own in its place.",
		Then:      "The file: note its date and size, then put the right one there; to undo, put the old one back. " + askBoxRule, Risk: advice.Change, When: advice.Morning,
		Direct: "file_on_server_is_another",
		For:    advice.About(WrongPrefix, "content/"+reasonPrefix),
	},
	{
		Key:   "file_on_server_is_another",
		Means: "What the server sends begins otherwise than is expected.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: askFolder,
		Separates: "If the file in that folder begins as the proof shows: it is another file, or the module's prefix is wrong. If it begins as expected: another site or program answers at this name.",
		Then:      "Note the file's date and size, then put the right one there; to undo, put the old one back.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "file_behind_sign_in",
		Means: "A page to sign in on came in place of a file that is meant for everybody.", Suffers: whoReads + " None of them can fill in a form.",
		Owners: []advice.Owner{advice.Identity, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER gives the file: what publishes this path in front pre-authenticates by a page (F5: Access, Profiles; NetScaler: the virtual server's authentication; WAP: Get-WebApplicationProxyApplication; Entra: Application proxy of the application). If SERVER gives a page to sign in too: its own, such as that of Outlook on the web; the path leads into a folder that asks for a logon.",
		Then:      "In front: keep a copy of the configuration for undoing, and give this path alone a rule that passes it through. The server: note the path of the module, and correct it; or let everybody read that file alone, as the folder had it before. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "file_behind_sign_in_of_server",
		For:    advice.About(SignIn),
	},
	{
		Key:   "file_behind_sign_in_of_server",
		Means: "Asked directly, the server gives a page to sign in on in place of a file that is meant for everybody.", Suffers: whoReads + " None of them can fill in a form.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: askAnonymous,
		Separates: "If enabled is false: IIS asks for a logon. If it is true: an application in the path, such as Outlook on the web, leads to its own page; the file is not where the module looks for it.",
		Then:      "Note the present value, then enable anonymous authentication for that file alone (a location element), or correct path of the module. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "file_asks_logon",
		Means: "A logon is asked for where a file for everybody should be.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.AtPrompt, First: askAnonymous,
		Separates: "If enabled is false: IIS asks for it. If it is true: the folder's own web.config, or a box, asks.",
		Then:      "IIS: note the present value, then enable anonymous authentication for that file alone (a location element); to undo, set the noted one. " + askBoxRule, Risk: advice.Change, When: advice.Morning,
		Direct: "file_asks_logon_on_server",
		For:    advice.About("status/" + reasonLogonAsked),
	},
	{
		Key:   "file_asks_logon_on_server",
		Means: "The server asks for a logon where a file for everybody should be.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: askAnonymous,
		Separates: "If enabled is false: that is it. If it is true: the folder's own web.config asks.",
		Then:      "Note the present value, then enable anonymous authentication for that file alone (a location element); to undo, set the noted one.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "file_not_served",
		Means: "The file was answered with an error or an unexpected status, and not with 200.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers 200: a box, or another server of its pool, made the answer. If it fails alike: that server; its log has the sub-status.",
		Then:      "Correct what the server's log or the box's names. Note the present value before it is changed; to undo, set that.", Risk: advice.Change, When: advice.Morning,
		Direct: "file_not_served_by_server",
		For:    advice.About("status/" + reasonStatus),
	},
	{
		Key:   "file_not_served_by_server",
		Means: "The server did not answer 200.", Suffers: whoReads,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: askLog,
		Separates: "If a line has the proof's time: the numbers behind its status are sub-status and Windows error. If none has it: http.sys answered, whose log is in C:\\Windows\\System32\\LogFiles\\HTTPERR, or another site.",
		Then:      "Correct what the sub-status names. Note the present value before it is changed; to undo, set that.", Risk: advice.Change, When: advice.Morning,
	},
	redirectAdvice("redirect_leads_elsewhere", "A redirect leads to another name, to another port of it, or from https to http.", "redirect_of_server_elsewhere", Elsewhere, "status/"+reasonElsewhere),
	redirectAdvice("redirects_in_circle", "Redirects lead round in a circle: two rules contradict each other, as where TLS ends at a box and the server behind it wants https.", "redirect_of_server_in_circle", Loop, "status/"+reasonLoop),
	redirectAdvice("redirect_to_https_missing", "Port 80 answers, and does not lead to https.", "redirect_of_server_missing", NoRedirect, "status/"+reasonNoRedirect),
	redirectOfServer("redirect_of_server_elsewhere", "The server redirects to another name, to another port of it, or from https to http."),
	redirectOfServer("redirect_of_server_in_circle", "The server's own redirects lead round in a circle."),
	redirectOfServer("redirect_of_server_missing", "The server's port 80 answers, and does not lead to https."),
}

// whoFollows notices a wrong redirect.
const whoFollows = "Whoever types the name, or follows an old link."

// redirectAdvice is for a redirect that is wrong; direct is the key of what holds of a server itself.
func redirectAdvice(key, means, direct string, about ...string) advice.Advice {
	return advice.Advice{
		Key: key, Means: means, Suffers: whoFollows,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers as it should: the box's rule. If it answers as here: the server's own, its HTTP Redirect or a rule of URL Rewrite.",
		Then:      "The box: keep a copy of its configuration, and correct the rule for this name. IIS: note the redirect of the site, and correct it, with the boxes Redirect all requests to exact destination and Only redirect requests to content in this directory as they were. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: direct, For: advice.About(about...),
	}
}

func redirectOfServer(key, means string) advice.Advice {
	return advice.Advice{
		Key: key, Means: means, Suffers: whoFollows,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: askRedirect,
		Separates: "If enabled is true: destination is where it leads. If it is false: a rule of URL Rewrite (section system.webServer/rewrite/rules), or require SSL (section access), decides.",
		Then:      "Note the redirect or the rule, and correct it for this site alone; to undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	}
}
