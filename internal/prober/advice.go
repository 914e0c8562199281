package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// What clients notice of a box that answers in Exchange's place.
const clientsGetError = "Every client whose request the box answers so: they get its error, and Exchange's logs have nothing of it."

// Advice is for what any prober may find.
var Advice = advice.Book{
	box("box_answers_itself", "A box in front of Exchange answered the request itself.",
		"Read the box's own log at the time of the probe: it names the rule or the reason. IIS's log has nothing of this request",
		"Correct that rule for the paths /EWS and /Autodiscover; keep a copy of the configuration for undoing.", advice.Now,
		""),
	box("box_asks_logon_by_page", "A box asks for a logon by a page for people, which no client of web services can fill in.",
		"Find the rule that publishes /EWS and /Autodiscover on the box: it must let both through without its own page",
		"Publish the two paths without pre-authentication by form.", advice.Now,
		"200", "301", "302", "303", "307", "308"),
	box("box_asks_logon", "A box asks for a logon itself, and does not pass clients' logons on to Exchange.",
		"Compare WWW-Authenticate in the proof with what a server offers (--direct): the realm and schemes are the box's own",
		"Let the box pass the logons of /EWS and /Autodiscover through.", advice.Now,
		"401", "407"),
	box("box_forbids", "A rule of a box in front of Exchange forbids the request.",
		"Read the box's security log at the time of the probe for the rule's number; the body in the proof may show a support id",
		"Exempt /EWS and /Autodiscover from that rule alone, not from all.", advice.Now,
		"403", "406", "410", "422", "451"),
	box("box_knows_no_way", "A box has no rule that leads from this name and path to a server.",
		"Compare the URL in the proof, letter by letter and with its case, with the box's rules for host and path",
		"Add /EWS and /Autodiscover (upper and lower case) to the rule.", advice.Now,
		"404", "421"),
	box("box_limits_size", "The request, or its header, is larger than a box allows.",
		"Look up the box's limit on bodies and on headers, and compare it with the size in the report",
		"Raise it to what Exchange allows.", advice.Morning,
		"413", "431", "414"),
	box("box_misreads_request", "A box did not understand the request, or took something else for one.",
		"Look for this request's time in the box's log: a line with <s:Envelope, or a method that is none, means that it read a body as a request",
		"Let the box pass Expect: 100-continue on, or answer it at once.", advice.Now,
		"400", "405", "411", "417", "425", "501", "505"),
	box("box_counts_requests", "A box counts too many requests from one client.",
		"Look at the box's counters for the exporter's address, and for addresses behind which many people are",
		"Raise the limit for those.", advice.Morning,
		"429"),
	box("box_gets_no_answer", "The server that a box chose ended the connection, hangs, or gave what the box cannot use.",
		"ews_exporter probe MODULE TARGET --direct SERVER for each member of the pool: the one that fails is it; none fails, the box's way to them",
		"Take that member out of the pool, or correct the box's server port, protocol or time limit.", advice.Now,
		"408", "500", "502", "504"),
	box("box_has_no_server", "A box has no server left to ask.",
		"Look at the pool on the box: which members have its checks taken out, and why? Then /EWS/healthcheck.htm of each server",
		"Bring the members back, or correct the check.", advice.Now,
		"503"),
	{
		Key:   "logon_page",
		Means: "A page to log on by, made for people, came in place of an answer: a portal or a publishing rule with a form stands in front of this path.", Suffers: "Every client of web services: it cannot fill in a form.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Likely,
		First: "Find the rule that publishes this path (F5 APM, NetScaler AAA, WAP, Entra application proxy, TMG): does it pre-authenticate by a page?",
		Then:  "Give /EWS and /Autodiscover a rule without pre-authentication by form (pass-through), or one with the schemes that clients use.", Risk: advice.Change, When: advice.Now,
		For: advice.About("status/logon_page"),
	},
	{
		Key:   "someone_answers_for_all",
		Means: "EWS answered although nobody had logged on: a box shares its logged-on connections between clients, or logs on for everybody. Whoever reaches the address reads a mailbox.", Suffers: "Everybody whose logon such a connection carries: others read their mail.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First: "Repeat the probe, and with --direct SERVER: asked for a logon there, it is the box. Find out who could reach it, and since when",
		Then:  "Close it from outside first; then let the box keep one server connection for each client.", Places: sharingPlaces, Risk: advice.Change, When: advice.Now,
		For: []advice.Case{{About: AnswersWithoutLogon, Blames: string("in_between")}},
	},
	{
		Key:   "ews_open_to_all",
		Means: "EWS answered although nobody had logged on: a box shares its connections or logs on for everybody, or the server's virtual directory lets strangers in.", Suffers: "Everybody whose mailbox can be read so.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: asked for a logon there, it is the box; answered there too, the server",
		Then:   "Close it from outside first. Box: one server connection for each client. Server: anonymous authentication off for /EWS/Exchange.asmx.", Places: sharingPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "the same request at a server past the box", Direct: "server_open_to_all",
		For: advice.About(AnswersWithoutLogon, "auth/"+ReasonNoLogonNeeded),
	},
	{
		Key:   "server_open_to_all",
		Means: "The server's EWS answered although nobody had logged on.", Suffers: "Everybody whose mailbox can be read so.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: "Get-WebServicesVirtualDirectory -Server SERVER | Format-List *Auth*, and in IIS Manager: who is logged on for an anonymous request to /EWS?",
		Then:  "Turn anonymous authentication off as Exchange installs it; undo by the former value.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "bytes_too_many",
		Means: "More bytes came than the response had announced; a client that uses the connection again takes them for its next answer.", Suffers: "Clients now and then, with errors that nobody can repeat.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: clean there, the box adds them; there too, a module in that server's IIS",
		Then:   "Look at what rewrites bodies there: compression, inspection, injected scripts.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "bytes_too_many_from_server",
		For: advice.About(BytesAfterResponse),
	},
	{
		Key:   "bytes_too_many_from_server",
		Means: "More bytes came from the server than its response had announced.", Suffers: "Boxes and clients that use the connection again.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS" on SERVER: which are not Exchange's or Windows' own?`,
		Then:  "Take the foreign module away from that application.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "too_many_connections",
		Means: "The probe would need more connections than one may make.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Count addresses, ports and attempts in the module's settings: split it into several modules",
		Then:  "Reload the configuration.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("policy/" + ReasonTooManyConnections),
	},
}

// box is advice for what a box in front of Exchange answered itself, by status; no status stands for any other.
func box(key, means, first, then string, when advice.When, statuses ...string) advice.Advice {
	return advice.Advice{
		Key: key, Means: means, Suffers: clientsGetError, Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First: first, Then: then, Places: places[key], Risk: advice.Change, When: when,
		For: advice.Codes(AnsweredByMiddlebox, statuses...),
	}
}

// places are where boxes have the settings of box's advice.
var places = map[string]advice.Places{
	"box_limits_size": {
		{Product: "nginx", Setting: "client_max_body_size, large_client_header_buffers"},
		{Product: "apache", Setting: "LimitRequestBody, LimitRequestFieldSize"},
		{Product: "haproxy", Setting: "tune.bufsize for headers; a rule on req.body_size"},
		{Product: "arr", Setting: "requestFiltering maxAllowedContentLength of its site"},
	},
	"box_has_no_server": {
		{Product: "kemp", Setting: "Virtual Services, View/Modify: status of the real servers and of the sub virtual service for EWS"},
		{Product: "f5", Setting: "Local Traffic, Pools, Members: the monitor's state"},
		{Product: "netscaler", Setting: "show lb vserver: the services' state and their monitors"},
		{Product: "haproxy", Setting: "echo 'show servers state' on its socket; the log's flags SC-- name a backend without a server"},
		{Product: "nginx", Setting: "error.log: no live upstreams"},
		{Product: "arr", Setting: "Server Farms, Monitoring and Management"},
	},
}

// sharingPlaces are where boxes share server connections between clients.
var sharingPlaces = advice.Places{
	{Product: "nginx", Setting: "keepalive in upstream: take it out, or pass TCP on (stream)"},
	{Product: "apache", Setting: "ProxyPass: disablereuse=on, with Kerberos or Basic"},
	{Product: "haproxy", Setting: "no http-reuse aggressive or always where logons are not seen; the default binds NTLM and Negotiate"},
	{Product: "caddy", Setting: "transport http: keepalive off"},
	{Product: "f5", Setting: "no OneConnect profile, or the NTLM profile with it"},
	{Product: "netscaler", Setting: "HTTP profile: connection multiplexing off (conMultiplex DISABLED)"},
}
