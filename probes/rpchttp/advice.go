package rpchttp

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// served is an RPC proxy, of Outlook Anywhere or of RD Gateway.
var served = advice.Service{Mostly: true, Paths: "/rpc", App: "Default Web Site/rpc", Listens: "W3SVC,WAS"}

const (
	who    = "Outlook by Outlook Anywhere, or Remote Desktop by RD Gateway, through this name."
	iisLog = "IIS's log of that server (C:\\inetpub\\logs\\LogFiles\\W3SVC1) has sc-substatus at the proof's time"
	app    = `C:\Windows\System32\inetsrv\appcmd list app "Default Web Site/rpc"`
	filter = `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/rpc" /section:requestFiltering`
)

var book = advice.Book{
	{
		Key:   "rpc_http_not_there",
		Means: "There is no RPC proxy at the path: the server has none, as Exchange Server Subscription Edition, or a box does not lead there.", Suffers: who + " Nobody, where clients use MAPI over HTTP or RD Gateway's own transport.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER answers the same, and has Outlook Anywhere or RD Gateway: its RPC proxy is gone. If it has neither: the module does not belong to this target.",
		Then:      "The box: keep a copy of its rules, and lead /rpc there. The server: Install-WindowsFeature RPC-over-HTTP-Proxy; to undo, Uninstall-WindowsFeature. Else take the module off this target.", Risk: advice.Change, When: advice.Morning,
		Direct: "rpc_http_not_at_server",
		For:    advice.About(NotInstalled, "status/"+reasonNotInstalled),
	},
	{
		Key:   "rpc_http_not_at_server",
		Means: "The server has no RPC proxy at the path, as Exchange Server Subscription Edition has none.", Suffers: "Outlook Anywhere or RD Gateway of this server. Nobody, where it has neither.",
		Owners: []advice.Owner{advice.Exchange, advice.Exporter},
		On:     advice.InPowerShell, First: "Get-WindowsFeature RPC-over-HTTP-Proxy",
		Separates: "If it is not Installed, and clients need it: the feature is gone. If it is not Installed, and none does: the module does not belong to this target. If it is Installed: IIS refuses the path; " + iisLog + ".",
		Then:      "Install-WindowsFeature RPC-over-HTTP-Proxy; to undo, Uninstall-WindowsFeature. Or take the module off this target.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "rpc_http_nobody_behind",
		Means: "The RPC proxy answers, and cannot reach the service behind it.", Suffers: who,
		Owners: []advice.Owner{advice.Exchange, advice.Windows, advice.Exporter},
		On:     advice.InPowerShell, First: "Get-Service MSExchangeRPC,TSGateway -ErrorAction SilentlyContinue",
		Separates: "If one is listed and not Running: that service; the Application log says why. If the server is Exchange's and has no TSGateway: the module's endpoint, as localhost:3388 is RD Gateway's and leads nowhere there. If all that are listed run, and endpoint is theirs: $env:ExchangeInstallPath\\Logging\\RpcHttp, or the log Microsoft-Windows-TerminalServices-Gateway/Operational, has the request.",
		Then:      "Mend what the log names and start the service, which Stop-Service undoes; or note endpoint of the module, and correct it or take it out (the module's page says what belongs there).", Risk: advice.Restart, When: advice.Now,
		For: advice.About(RPCError, "status/"+reasonRPC),
	},
	{
		Key:   "rpc_http_verb_filtered_by_box",
		Means: "A box in front of the server refused a verb of RPC over HTTP; the proof shows with which status.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On: advice.OnBox, First: "Look in its rules (of nginx: nginx -T), and in its log at the proof's time, for what refuses RPC_IN_DATA.",
		Separates: "If a rule is about these verbs, as one must be where the proof says that another verb passed: ask who made it before you change it; where Outlook Anywhere is meant to be shut, take the module off this target. If a rule lists the verbs that may pass: these are missing. If there is neither: another box answered; ask SERVER by --direct.",
		Then:      "Keep a copy of the rules, and have them let RPC_IN_DATA and RPC_OUT_DATA through for /rpc. To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "rpc_http_verb_filtered_by_server",
		For:    advice.By(origin.Middlebox, VerbRefused, "status/"+reasonRefused),
	},
	{
		Key:   "rpc_http_verb_filtered",
		Means: "A verb of RPC over HTTP was refused or lost: a box, or a filter in the server's IIS, does not let it through.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.Security, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box, or a firewall that inspects, refuses the verb. If SERVER refuses it too: request filtering of its IIS, which answers 404 (404 6 in its log). If SERVER is silent or hangs up too: a firewall or IPS between the exporter and SERVER, or security software on it.",
		Then:      "Keep a copy of the rules, and have them let RPC_IN_DATA and RPC_OUT_DATA through for /rpc. To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "rpc_http_verb_filtered_by_server",
		For:    advice.About(VerbRefused, "status/"+reasonRefused),
	},
	{
		Key:   "rpc_http_verb_filtered_by_server",
		Means: "The server refused the request, or answers no verb of RPC over HTTP.", Suffers: "Outlook Anywhere or RD Gateway of this server.",
		Owners: []advice.Owner{advice.IIS, advice.Security},
		On:     advice.InPowerShell, First: filter,
		Separates: "If the report has no answer to the verb: a firewall or IPS between the exporter and SERVER, or security software on it, for request filtering answers. If verbs has allowUnlisted false without RPC_IN_DATA and RPC_OUT_DATA, or denies them: that is it. If not: " + iisLog + ".",
		Then:      "Note the section or the rule, and allow both verbs there (IIS: IIS Manager, Request Filtering, HTTP Verbs). To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "rpc_http_length_limited",
		Means: "The length that clients announce, 1 GiB, does not get through: a box limits it, or waits for all of the body before it passes anything on.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER refuses the length too: maxAllowedContentLength of its IIS. If SERVER is silent or hangs up too: a security module in its IIS, or something between the exporter and SERVER.",
		Then:      "Note the limit and the buffering, and turn both off for /rpc (nginx: client_max_body_size 0, proxy_request_buffering off; Apache httpd and others: pass TCP on, mode tcp). To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "rpc_http_length_limited_by_server",
		For:    advice.About(LengthRefused, "status/"+reasonLength),
	},
	{
		Key:   "rpc_http_length_limited_by_server",
		Means: "The server does not take the length that clients announce, 1 GiB.", Suffers: "Outlook Anywhere or RD Gateway of this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: filter,
		Separates: "If maxAllowedContentLength is below 1073741824: that is it. If it is not: a security module in IIS, or something between the exporter and SERVER.",
		Then:      "Note maxAllowedContentLength, and set it to 2147483647 for the application rpc. To undo, set the noted value.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "rpc_http_pool_stopped",
		Means: advice.PoolStopped, Suffers: who,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: advice.StoppedPools,
		Separates: advice.StoppedPool,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonServerError),
	},
	{
		Key:   "rpc_http_fails_somewhere",
		Means: "A server error came that is no RPC error.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: advice.PoolOrServers,
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "rpc_http_fails_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "rpc_http_fails_at_server",
		Means: "The server answers with an error that is no RPC error.", Suffers: "Outlook Anywhere or RD Gateway of this server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: `C:\Windows\System32\inetsrv\appcmd list apppool | findstr Rpc`,
		Separates: "If a pool is stopped: the System log (source WAS) says why. If all are started: " + iisLog + ".",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the log names, and put it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "rpc_http_odd_answer",
		Means: "The path is answered otherwise than an RPC proxy does, which asks for a logon and echoes after one.", Suffers: who,
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers otherwise: the box answers in its place. If SERVER answers the same: the module's path or target is no RPC proxy.",
		Then:      "The module: note path and target, and correct them. The box: keep a copy of its rules, and let it pass /rpc on without a logon or a redirect of its own. To undo, set back what was there.", Risk: advice.Change, When: advice.Morning,
		Direct: "rpc_http_odd_server",
		For:    advice.About("status/"+reasonNoEcho, "status/"+reasonUnexpected, "undecided/foreign_page"),
	},
	{
		Key:   "rpc_http_odd_server",
		Means: "The server answers the path otherwise than an RPC proxy does, which asks for a logon and echoes after one.", Suffers: "Nobody, if no client goes there.",
		Owners: []advice.Owner{advice.Exporter, advice.IIS},
		On:     advice.InPowerShell, First: app,
		Separates: "If nothing is listed: SERVER has no RPC proxy, and the module's target or path is wrong. If it is listed: " + iisLog + ".",
		Then:      "The module: note path and target, and correct them. IIS: note the setting that the substatus names, and set it as on a server that works. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
	},
}
