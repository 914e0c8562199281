package rdgateway

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// What is drawn where a failure that all probers share has a meaning of its own here.
const (
	adviceNoPacket = "rd_gateway_no_packet"
	adviceHungUp   = "rd_gateway_hung_up"
)

// served is RD Gateway, whose own transports are http.sys's and no application of IIS.
var served = advice.Service{
	Owner: advice.Windows, Paths: "/remoteDesktopGateway/", Listens: "TSGateway",
	Bind: "bind the right one in RD Gateway Manager, Properties of the gateway, SSL Certificate",
	Ails: "the gateway has the request, and its log Microsoft-Windows-TerminalServices-Gateway/Operational shows what it makes of it",
	Look: newestEvents,
}

const (
	who     = "Remote Desktop from outside, through this name."
	here    = "Remote Desktop through this gateway."
	service = "Get-Service TSGateway"
	// listens shows which URLs the programs of a Windows server have asked http.sys for.
	listens = "netsh http show servicestate view=requestq | findstr /i remoteDesktopGateway"
	// events is what the gateway writes of connections, from the probe on.
	events = "Get-WinEvent @{LogName='Microsoft-Windows-TerminalServices-Gateway/Operational';StartTime='TIME'} -Oldest -MaxEvents 20"
	// newestEvents is what it wrote last.
	newestEvents = "Get-WinEvent Microsoft-Windows-TerminalServices-Gateway/Operational -MaxEvents 20"
	// through is what a box has to do with the transports.
	through = "pass this name through on TCP (HAProxy: mode tcp; nginx: stream; other names at the same address need a rule on the TLS name), or turn off the buffering of requests and answers for /remoteDesktopGateway/ and lead all connections of a client to one gateway"
)

// logonRefused is that of every prober for a logon that was refused, with where the gateway itself writes of it.
func logonRefused() advice.Advice {
	a, _ := auth.Advice.Get("logon_refused")
	a.Key, a.Direct = "rd_gateway_logon_refused", "rd_gateway_logon_refused_by_server"
	a.Separates += ownLog
	return a
}

func logonRefusedByServer() advice.Advice {
	a, _ := auth.Advice.Get("logon_refused_by_server")
	a.Key = "rd_gateway_logon_refused_by_server"
	a.Separates += ownLog
	return a
}

const ownLog = " If the gateway's log Microsoft-Windows-TerminalServices-Gateway/Operational has an event of the proof's time: it took the logon, and refuses for a reason of its own, such as a policy."

var book = advice.Book{
	logonRefused(),
	logonRefusedByServer(),
	{
		Key:   "rd_gateway_nobody_there",
		Means: "There is no gateway at the path: the server is none, its service does not run, or a box does not lead there.", Suffers: who + " Nobody, where no client uses it.",
		Owners: []advice.Owner{advice.Middlebox, advice.Windows, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box. If SERVER answers the same, and is an RD Gateway: its service. If it is none: the module does not belong to this target.",
		Then:      "The box: keep a copy of its rules, and lead /remoteDesktopGateway/ to the gateways; to undo, take that out. The service: see why it stopped. Else take the module off this target.", Risk: advice.Change, When: advice.Morning,
		Direct: "rd_gateway_nobody_at_server",
		For:    advice.About(NotThere, "status/"+reasonNotThere),
	},
	{
		Key:   "rd_gateway_box_leads_nowhere",
		Means: "A box in front of the gateway answered in its place that there is nothing, or nothing for this client.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On: advice.OnBox, First: "Search its log for /remoteDesktopGateway/ from the exporter's address at the proof's time, and read which rule answered.",
		Separates: "If no rule leads this name and path to a gateway: add one. If one refuses it: ask who made it before you change it. If no line is there, and it logs such requests: another box on the way.",
		Then:      "Keep a copy of the rules, and lead /remoteDesktopGateway/ to the gateways. To undo, set back what was there.", Risk: advice.Change, When: advice.Morning,
		Direct: "rd_gateway_nobody_at_server",
		For:    advice.By(origin.Middlebox, NotThere, "status/"+reasonNotThere, NoTransport, "status/"+reasonNoTransport),
	},
	{
		Key:   "rd_gateway_nobody_at_server",
		Means: "The server answers that nothing is at the gateway's path.", Suffers: here + " Nobody, where it is none.",
		Owners: []advice.Owner{advice.Windows, advice.Exporter},
		On:     advice.InPowerShell, First: service,
		Separates: "If it is not Running: its System log says why. If it runs: path of the module, or another program has port 443. If there is no such service: SERVER is no RD Gateway, and the module does not belong to it.",
		Then:      "Mend what the log names, and start the service, which Stop-Service undoes; or note path of the module, and correct it.", Risk: advice.Restart, When: advice.Morning,
	},
	{
		Key:   "rd_gateway_transport_missing",
		Means: "After the logon the gateway, or a box in front, answers that it does not offer this transport. Clients go on to the next one that they know.", Suffers: who + " Nobody, where clients get in by another transport.",
		Owners: []advice.Owner{advice.Windows, advice.Middlebox, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers the handshake: a rule of the box. If SERVER answers the same, and its clients need this transport: its Transport Settings in RD Gateway Manager. If they do not: transports of the module.",
		Then:      "The box: keep a copy of its rules, and let /remoteDesktopGateway/ pass. The gateway: note the setting, and turn the transport on. The module: take it off transports. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "rd_gateway_transport_missing_at_server",
		For:    advice.About(NoTransport, "status/"+reasonNoTransport),
	},
	{
		Key:   "rd_gateway_transport_missing_at_server",
		Means: "After the logon the gateway answers that it does not offer this transport.", Suffers: here + " Nobody, where clients get in by another transport.",
		Owners: []advice.Owner{advice.Windows, advice.Exporter},
		On:     advice.InPowerShell, First: events,
		Separates: "If an event of the proof's time (the report's is UTC, the log's local) is there: it says why. If none is: Transport Settings in RD Gateway Manager; where the transport is off on purpose, the module's transports should not list it.",
		Then:      "Note the setting, and turn the transport on; or take it off transports of the module. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "rd_gateway_no_upgrade",
		Means: "The gateway opens its transport HTTP where a websocket was asked for: something on the way takes the field Upgrade out, as proxies do unless told otherwise, or the gateway is older than websockets.", Suffers: "Clients that need websockets. Others use the transport HTTP, with two connections.",
		Owners: []advice.Owner{advice.Middlebox, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers the handshake by websocket: the box. If SERVER answers 200 too: it knows no websockets, as one older than Windows Server 2016.",
		Then:      "The box: note its settings, and pass the upgrade on for /remoteDesktopGateway/, or pass TCP through; to undo, set what was noted. An old gateway: nothing can be set there; in the exporter's module take websocket off transports.", Places: upgradePlaces, Risk: advice.Change, When: advice.Plan,
		Direct: "rd_gateway_no_upgrade_at_server",
		For:    advice.About(NoWebsocket, "status/"+reasonNoWebsocket),
	},
	{
		Key:   "rd_gateway_no_upgrade_at_server",
		Means: "Asked directly, the gateway opens its transport HTTP where a websocket was asked for.", Suffers: "Clients that need websockets. Others use the transport HTTP.",
		Owners: []advice.Owner{advice.Windows, advice.Network},
		On:     advice.InPowerShell, First: "Get-ComputerInfo OsName, OsVersion",
		Separates: "If it is Windows Server 2012 R2 or older: it knows none; take websocket off transports of the module. If it is newer: an inspecting firewall between the exporter and SERVER may take the field out.",
		Then:      "Note transports of the module and take websocket off, or exempt SERVER from inspection. To undo, set what was noted.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "rd_gateway_verb_filtered_by_box",
		Means: "A box in front of the gateway refused a verb of RD Gateway.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On: advice.OnBox, First: "Look in its rules (of nginx: nginx -T), and in its log at the proof's time, for what refuses RDG_OUT_DATA.",
		Separates: "If a rule is about these verbs, as one must be where the proof says that another verb passed: ask who made it before you change it; where RD Gateway is meant to be shut, take the module off this target. If a rule lists the verbs that may pass: these are missing. If there is neither: another box answered; ask SERVER by --direct.",
		Then:      "Keep a copy of the rules, and have them let RDG_OUT_DATA and RDG_IN_DATA through for /remoteDesktopGateway/. To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "rd_gateway_verb_filtered_by_server",
		For:    advice.By(origin.Middlebox, VerbRefused, "status/"+reasonRefused),
	},
	{
		Key:   "rd_gateway_verb_filtered",
		Means: "A verb of RD Gateway was refused or lost: a box, an inspecting firewall, or a filter on the server does not let it through.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.Security, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER asks for a logon: the box, or a firewall that inspects, refuses the verb. If SERVER refuses it, is silent or hangs up too: something on SERVER, or between it and the exporter.",
		Then:      "Keep a copy of the rules, and have them let RDG_OUT_DATA and RDG_IN_DATA through for /remoteDesktopGateway/. To undo, set back what was there.", Risk: advice.Change, When: advice.Now,
		Direct: "rd_gateway_verb_filtered_by_server",
		For:    advice.About(VerbRefused, "status/"+reasonRefused),
	},
	{
		Key:   "rd_gateway_verb_filtered_by_server",
		Means: "Asked directly, the server refuses a verb of RD Gateway, or does not answer it.", Suffers: here,
		Owners: []advice.Owner{advice.Windows, advice.Security},
		On:     advice.InPowerShell, First: listens,
		Separates: "If a line comes: the gateway listens there, and a firewall or security program, on SERVER or before it, refuses the verb. If none comes: another program has the path; see Get-Service TSGateway.",
		Then:      "Note the rule, and allow RDG_OUT_DATA and RDG_IN_DATA; or mend what keeps the service down (System log), and start it. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "rd_gateway_packets_held",
		Means: "The gateway is reached, and its channels stay shut or their packets get lost: a box waits for the end of a request or an answer that stays open, or leads a client's two connections to different gateways, or the gateway hangs.", Suffers: who + " The client shows that it connects, and gives up.",
		Owners: []advice.Owner{advice.Middlebox, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers the handshake: the box. If SERVER does not answer either: the gateway, or what it asks in turn (a domain controller, NPS, a second factor). If it answers with a longer timeout in the module alone: it is slow, and clients wait.",
		Then:      "The box: note its settings, then " + through + ". The gateway: its log Microsoft-Windows-TerminalServices-Gateway/Operational, and that of NPS, at the proof's time. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "rd_gateway_packets_held_at_server",
		For:    advice.About(PacketsHeld),
	},
	{
		Key:   "rd_gateway_packets_held_at_server",
		Means: "Asked directly, the gateway opens its channels and does not answer the handshake.", Suffers: here,
		Owners: []advice.Owner{advice.Windows, advice.Security},
		On:     advice.InPowerShell, First: events,
		Separates: "If events of the proof's time (the report's is UTC, the log's local) are there: they say what the gateway makes of it. If none is: an inspecting firewall between the exporter and SERVER holds back what goes in.",
		Then:      "Mend what the events name, or exempt SERVER from inspection for port 443; to undo, take the exemption out.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceNoPacket,
		Means: "Where the gateway's answer to the handshake is due came something else, or less than it said: what answers is no RD Gateway, or something on the way changes what comes out.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.Windows, advice.Exporter},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers the handshake: the box changes what passes. If SERVER sends no such answer either, and is an RD Gateway: its service. If it is none: the module's target or path.",
		Then:      "The box: note its settings, then " + through + ". The module: note target and path, and correct them. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		Direct: "rd_gateway_no_packet_at_server",
	},
	{
		Key:   "rd_gateway_no_packet_at_server",
		Means: "Asked directly, the server sends something else than an answer to the handshake, or less than it says.", Suffers: here,
		Owners: []advice.Owner{advice.Windows, advice.Exporter},
		On:     advice.InPowerShell, First: service,
		Separates: "If it is Running: its events say what it makes of the request. If it is not, or there is none: another program answers on port 443, and the module's target or path is wrong.",
		Then:      "Note target and path of the module, and correct them; or mend what the events name. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceHungUp,
		Means: "The gateway, or a box in front, ended the connection in place of an answer to the logon. Clients take that for a gateway without this transport, and go on to the next one that they know.", Suffers: who + " Nobody, where clients get in by another transport.",
		Owners: []advice.Owner{advice.Middlebox, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers the handshake: the box. If SERVER hangs up too: the gateway, which does so with what it does not like, or has the transport turned off.",
		Then:      "The box: note its settings, then " + through + ". The gateway: note its Transport Settings in RD Gateway Manager, and turn the transport on. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "rd_gateway_hung_up_by_server",
	},
	{
		Key:   "rd_gateway_hung_up_by_server",
		Means: "Asked directly, the gateway ended the connection in place of an answer to the logon. Clients take that for a gateway without this transport.", Suffers: here + " Nobody, where clients get in by another transport.",
		Owners: []advice.Owner{advice.Windows, advice.Network},
		On:     advice.InPowerShell, First: events,
		Separates: "If an event of the proof's time (the report's is UTC, the log's local) is there: it says why; where Transport Settings in RD Gateway Manager have the transport off, that is why. If none is, and it is on: something that inspects traffic between the exporter and SERVER ended it.",
		Then:      "The gateway: note the setting, and turn the transport on, or take it off transports of the module. In between: exempt SERVER from inspection for port 443. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "rd_gateway_refuses_handshake",
		Means: "The gateway itself answered the handshake with an error: the way to it is clear.", Suffers: here,
		Owners: []advice.Owner{advice.Windows}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: events,
		Separates: "If an event of the proof's time (the report's is UTC, the log's local) is there: it says why. If none is: the error that the report names: E_PROXY_NOCERTAVAILABLE, no certificate in Properties of the gateway; E_PROXY_CAPABILITYMISMATCH or E_PROXY_UNSUPPORTED_AUTHENTICATION_METHOD, a further authentication that it demands; E_PROXY_INTERNALERROR, the service: its System and Application logs.",
		Then:      "Note the setting that the event or the error names, and mend it. To undo, set what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About("status/" + reasonHandshake),
	},
	{
		Key:   "rd_gateway_fails_somewhere",
		Means: "A server error came in place of the gateway's answer.", Suffers: who,
		Owners: []advice.Owner{advice.Middlebox, advice.Windows},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: advice.PoolOrServers,
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "rd_gateway_fails_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "rd_gateway_fails_at_server",
		Means: "The server answers with an error of its own.", Suffers: here,
		Owners: []advice.Owner{advice.Windows}, Certainty: advice.Likely,
		On: advice.InPowerShell, First: service,
		Separates: "If it is not Running: its System log says why. If it runs: its events, and those of http.sys in C:\\Windows\\System32\\LogFiles\\HTTPERR, at the proof's time.",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the log names, and put it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "rd_gateway_odd_answer",
		Means: "The path is answered otherwise than an RD Gateway does, which asks for a logon and then opens a channel.", Suffers: who,
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers otherwise: the box answers in its place. If SERVER answers the same: the module's path or target is no RD Gateway.",
		Then:      "The module: note path and target, and correct them. The box: keep a copy of its rules, and let it pass /remoteDesktopGateway/ on without a logon or a redirect of its own. To undo, set back what was there.", Risk: advice.Change, When: advice.Morning,
		Direct: "rd_gateway_odd_server",
		For:    advice.About("status/"+reasonNotGateway, "status/"+reasonUnexpected),
	},
	{
		Key:   "rd_gateway_odd_server",
		Means: "The server answers the path otherwise than an RD Gateway does, which asks for a logon and then opens a channel.", Suffers: "Nobody, if no client goes there.",
		Owners: []advice.Owner{advice.Exporter, advice.Windows},
		On:     advice.InPowerShell, First: service,
		Separates: "If there is no such service: SERVER is no RD Gateway, and the module's target is wrong. If it is Running: another program, or a filter, answers at this path.",
		Then:      "Note path and target of the module, and correct them; or find the program by Get-NetTCPConnection -LocalPort 443, and note its settings before they are changed. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
}

// upgradePlaces are where boxes let a change to websockets through.
var upgradePlaces = advice.Places{
	{Product: "nginx", Setting: "proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection upgrade"},
	{Product: "apache", Setting: "ProxyPass with upgrade=websocket"},
	{Product: "f5", Setting: "a WebSocket profile on the virtual server, beside its HTTP profile"},
	{Product: "netscaler", Setting: "webSocket ENABLED in the HTTP profile of the virtual server"},
}
