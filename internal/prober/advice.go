package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// What clients notice of a box that answers in a server's place.
const clientsGetError = "Every client whose request the box answers so: they get its error, and the servers' logs have nothing of it."

// What is at fault where a box's log has nothing of an answer that it made.
const notInItsLog = "If its log has nothing of it: another box, between it and the exporter, answered."

// Advice is for what any prober may find.
var Advice = append(advice.Book{
	box(advice.Advice{
		Key: "box_answers_itself", Means: "A box in front of the server answered the request itself.",
		First:     "Read the box's own log at the proof's time; the server's log has nothing of this request.",
		Separates: "If it names a rule or a reason: that is what to correct. " + notInItsLog,
		Then:      "Keep a copy of the configuration for undoing, and correct that rule for {paths} alone.", When: advice.Now,
	}, ""),
	box(advice.Advice{
		Key: "box_asks_logon_by_page", Means: "A box asks for a logon by a page for people, which no program can fill in.",
		First:     "Find the rule on the box that publishes {paths} for SERVICE.",
		Separates: "If it pre-authenticates by a form: that is it. If there is none: another rule, such as that of all paths, is used for them.",
		Then:      "Keep a copy of the configuration for undoing, and publish {paths} with pre-authentication by form off.", When: advice.Now,
	}, "200", "301", "302", "303", "307", "308"),
	box(advice.Advice{
		Key: "box_asks_logon", Means: "A box asks for a logon itself, and does not pass clients' logons on to the server.",
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER offers other schemes than the box: the box puts its own logon before the server's. If SERVER offers the same: the box asks for them itself, and its log says why.",
		Then:      "Keep a copy of the configuration for undoing, and turn the box's own authentication off for {paths}, so that it passes Authorization and WWW-Authenticate on.", When: advice.Now,
	}, "401", "407"),
	box(advice.Advice{
		Key: "box_forbids", Means: "A rule of a box in front of the server forbids the request.",
		First:     "Read the box's security log at the proof's time for the number of the rule.",
		Separates: "If the body in the proof shows a support id: the log finds it by that. " + notInItsLog,
		Then:      "Exempt {paths} from that rule alone, not from all; undo by taking the exemption out.", When: advice.Now,
	}, "403", "406", "410", "422", "451"),
	box(advice.Advice{
		Key: "box_knows_no_way", Means: "A box has no rule that leads from this name and path to a server.",
		First:     "Compare the URL in the proof, letter by letter and with its case, with the box's rules for host and path.",
		Separates: "If the name or the path is in no rule: add it. If only its case differs: the rule must not heed the case. If a rule fits: the box's log at the proof's time says why it did not take it.",
		Then:      "Keep a copy of the configuration for undoing, and add SERVICE with {paths} (in upper and lower case) to the rule.", When: advice.Now,
	}, "404", "421"),
	box(advice.Advice{
		Key: "box_limits_size", Means: "The request, or its header, is larger than a box allows.",
		First:     "Read on the box its limits on bodies and on headers for the virtual service of SERVICE.",
		Separates: "If the status is 413: it is the limit on bodies. If it is 431 or 414: it is the limit on headers or on the URL; Kerberos tickets with many groups make long headers.",
		Then:      "Note the present limit, and raise it to what the server itself allows (for EWS 67108864 bytes of a body; for a header field 65534). Undo by setting the noted one.", When: advice.Morning,
	}, "413", "431", "414"),
	box(advice.Advice{
		Key: "box_misreads_request", Means: "A box did not understand the request, or took something else for one.",
		First:     "Read the box's log at the proof's time for a request line that is none: one with <?xml is this probe's, one with <s:Envelope a client's.",
		Separates: "If there is such a line: the box read a body as the next request. If it names the method or a field: it does not let that through. " + notInItsLog,
		Then:      "Note the present values. Body read as a request: let the box pass Expect: 100-continue on, or answer it at once. Method or field: allow the method of the proof and that field for {paths}. Undo by setting the noted ones.", When: advice.Now,
	}, "400", "405", "411", "417", "425", "501", "505"),
	box(advice.Advice{
		Key: "box_counts_requests", Means: "A box counts too many requests from one client.",
		First:     "Look on the box at the counter of its rate limit for the exporter's address.",
		Separates: "If it is the exporter's address alone: probe less often, or exempt it. If others are there, behind which many people are: they are refused too.",
		Then:      "Note the present limit, and raise it for those addresses alone; undo by setting the noted one.", When: advice.Morning,
	}, "429"),
	box(advice.Advice{
		Key: "box_gets_no_answer", Owners: boxOrServer, Means: "The server that a box chose ended the connection, hangs, or gave what the box cannot use.",
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER fails too: it is that server; see the report of it. If SERVER answers: ask each member of the pool so. If all of them answer: the box's way to them, by port, protocol or time limit.",
		Then:      "Take the member that fails out of the pool (undo by putting it back); or note the present server port, protocol and time limit of the box, and correct them.", When: advice.Now,
	}, "408", "500", "502", "504"),
	box(advice.Advice{
		Key: "box_has_no_server", Owners: boxOrServer, Means: "A box has no server left to ask.",
		First:     "Look on the box which members of the pool behind SERVICE its checks have taken out.",
		Separates: "If a member is out, and the same probe with --direct MEMBER succeeds: the check is wrong. If that fails too: the member itself is ill, or in maintenance. If none is out: a limit on connections is reached.",
		Then:      "Bring the members back, or note the check's present setting and let it ask for {health}. Undo by setting the noted one.", When: advice.Now,
	}, "503"),
	{
		Key:   "logon_page",
		Means: "A page to log on by, made for people, came in place of an answer: a portal or a publishing rule with a form stands in front of this path.", Suffers: "Every client that is no browser: it cannot fill in a form.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Likely,
		First: "Find the rule that publishes this path for SERVICE (F5 APM, NetScaler AAA, WAP, Entra application proxy, TMG).",
		Then:  "Keep a copy of the configuration for undoing, and give {paths} a rule with pre-authentication off (pass-through), or one with the schemes that clients use.",
		Risk:  advice.Change, When: advice.Now,
		Separates: "If it pre-authenticates by a page: that is it. If no rule has this path: it falls to another one, such as that of all paths. If it passes through: the page comes from the server behind it; probe that with --hostname SERVICE.",
		For:       advice.About("status/logon_page"),
	},
	{
		Key:   "someone_answers_for_all",
		Means: "The service answered although nobody had logged on: a box shares its logged-on connections between clients, or logs on for everybody. Whoever reaches the address acts under another's name.", Suffers: "Everybody whose logon such a connection carries: others see what they may see.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On: advice.OnExporter, First: advice.AskServer,
		Then:   "Close {paths} from outside first, and find out who could reach it, since when. Then note the present value, and let the box keep one server connection for each client; undo by setting the noted one.",
		Places: sharingPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "If SERVER asks for a logon: it is the box. If SERVER answers without one too: that server lets strangers in, and so may the others.",
		For:       []advice.Case{{About: AnswersWithoutLogon, Blames: string("in_between")}},
	},
	{
		Key:   "ews_open_to_all",
		Means: "The service answered although nobody had logged on: a box shares its connections or logs on for everybody, or the server lets strangers in.", Suffers: "Everybody whose data can be read so.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Then:   "Close {paths} from outside first, and find out who could reach it, since when. Box: note the present value, and let it keep one server connection for each client. Server: probe it by --direct, whose report says what to set. Undo by setting the noted one.",
		Places: sharingPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "If SERVER asks for a logon: it is the box. If SERVER answers without one too: that server.", Direct: "server_open_to_all",
		For: advice.About(AnswersWithoutLogon, "auth/"+ReasonNoLogonNeeded),
	},
	{
		Key:   "server_open_to_all",
		Means: "The server answered although nobody had logged on.", Suffers: "Everybody whose data can be read so.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On:    advice.InPowerShell,
		First: `C:\Windows\System32\inetsrv\appcmd list config "{app}" /section:anonymousAuthentication`,
		Then:  "Close {paths} from outside first. Then note the present userName, and set it to IUSR (IIS Manager, {app}, Authentication, Anonymous Authentication, Edit); undo by setting the noted one. Anonymous authentication itself stays on for EWS, as Exchange installs it.",
		Risk:  advice.Change, When: advice.Now,
		Separates: "If userName is an account that has a mailbox, or rights to one: everybody is logged on as that. If it is IUSR or empty: something on that server logs on for everybody; appcmd list modules shows what is not Exchange's or Windows' own.",
	},
	{
		Key:   "bytes_too_many",
		Means: "More bytes came than the response had announced; a client that uses the connection again takes them for its next answer, which may be another client's.", Suffers: "Clients now and then, with errors that nobody can repeat.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Then: "Note what rewrites bodies there (compression, inspection, injected scripts), and turn it off for {paths}; undo by turning it on.", Risk: advice.Change, When: advice.Morning,
		Separates: "If SERVER's responses are clean: the box adds the bytes. If they are there too: a module in that server's IIS does.", Direct: "bytes_too_many_from_server",
		For: advice.About(BytesAfterResponse),
	},
	{
		Key:   adviceSlipped,
		Means: "Behind the answer came another whole response that nobody had asked for. So answers are sent twice, and each request on the connection gets the one before its own.", Suffers: "Every client that uses a connection again: errors that nobody can repeat, and where connections are shared perhaps somebody else's answer.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Then: "Box: note what was changed there last, and turn off for {paths} what repeats or rewrites answers: retries, mirroring, scripts (iRules, Lua), rules and inspection that change bodies. Undo by turning it on.", Risk: advice.Change, When: advice.Now,
		Separates: "If the report of SERVER has no bytes_after_response: the box sends answers twice. If it has: a module in that server's IIS, or something between the exporter and SERVER.", Direct: "bytes_too_many_from_server",
	},
	{
		Key:   "bytes_too_many_from_server",
		Means: "More bytes came from the server than its response had announced, or its answer came twice.", Suffers: "Boxes and clients that use the connection again.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On:    advice.InPowerShell,
		First: advice.Modules,
		Then:  "Note its place in the list, and take that module away from {app} alone (IIS Manager, Modules); undo by adding it again.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If a module is there that the same list of another server lacks, or that an antivirus or security program brought: that one may add them; take it out to see. If there is none: something on the way, such as an inspecting firewall, does.",
	},
	{
		Key:   "too_many_connections",
		Means: "The probe would need more connections than one may make.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Count addresses, ports and attempts in the module's settings.",
		Then:  "Split the module into several, each with a part of them, and reload; undo by putting them together again.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If the settings name few: the name leads to more addresses than you know (nslookup HOST).",
		For:       advice.About("policy/" + ReasonTooManyConnections),
	},
}, proxyAdvice...)

// boxOrServer are those between whom a box's own answer leaves it that says that what stands behind does not answer.
var boxOrServer = []advice.Owner{advice.Middlebox, advice.Exchange}

// box completes advice for what a box in front of Exchange answered itself, by status; no status stands for any other.
func box(a advice.Advice, statuses ...string) advice.Advice {
	a.Suffers, a.Risk = clientsGetError, advice.Change
	if a.Owners == nil {
		a.Owners, a.Certainty = []advice.Owner{advice.Middlebox}, advice.Sure
	}
	a.Places, a.For = places[a.Key], advice.Codes(AnsweredByMiddlebox, statuses...)
	return a
}

// places are where boxes have the settings of box's advice.
var places = map[string]advice.Places{
	"box_limits_size": {
		{Product: "nginx", Setting: "client_max_body_size 64m; large_client_header_buffers 8 64k"},
		{Product: "apache", Setting: "LimitRequestBody 67108864; LimitRequestFieldSize 65534"},
		{Product: "haproxy", Setting: "tune.bufsize 131072 for headers; a rule on req.body_size set to 67108864, or taken out"},
		{Product: "arr", Setting: "requestFiltering of its site: maxAllowedContentLength 67108864"},
	},
	"box_has_no_server": {
		{Product: "kemp", Setting: "Virtual Services, View/Modify, of the service and its sub virtual service: real servers enabled, their check on {health}"},
		{Product: "f5", Setting: "Local Traffic, Pools, Members: enabled; the pool's monitor set to {health}"},
		{Product: "netscaler", Setting: "show lb vserver names the services that are down: enable them; their monitor set to {health}"},
		{Product: "haproxy", Setting: "echo 'show servers state' on its socket names those that are down; option httpchk in the backend, for {health}"},
		{Product: "nginx", Setting: "error.log says no live upstreams: max_fails and fail_timeout of the servers in upstream"},
		{Product: "arr", Setting: "Server Farms, Monitoring and Management: servers available; Health Test set to {health}"},
	},
}

// sharingPlaces are where boxes share server connections between clients.
var sharingPlaces = advice.Places{
	{Product: "nginx", Setting: "keepalive in upstream off (take the line out), or pass TCP on (stream)"},
	{Product: "apache", Setting: "ProxyPass with disablereuse=on; NTLM then fails, so let clients log on by Kerberos or Basic"},
	{Product: "haproxy", Setting: "http-reuse never in the backend"},
	{Product: "caddy", Setting: "transport http: keepalive off"},
	{Product: "f5", Setting: "the virtual server: the OneConnect profile off, or the NTLM profile on beside it"},
	{Product: "netscaler", Setting: "HTTP profile of the virtual server: connection multiplexing off (conMultiplex DISABLED)"},
}
