package expectcontinue

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

const (
	// notAgain is who fails over 417: the others send the request again, at the price of a round trip.
	notAgain = " Those that do not send it again fail: .NET Framework hands 417 on to the program as an error."
	// slowly is what it costs that nobody answers Expect.
	slowly = " Their first request waits in vain, for 0.35 s in .NET Framework and for 1 s in .NET and curl, before it sends the body."
)

// What is drawn from more than one observation.
const (
	adviceErrorToExpect = "error_to_expect_alone" // the request without Expect got an answer, and the one with it a server error
	adviceOldHop        = "http_1_0_on_the_way"   // nobody answered Expect, and the answer came in HTTP/1.0
)

const (
	// compareModules is how the list of modules is read.
	compareModules = "If the list has a module that the same list of a server without this fault lacks, or that an antivirus or security program brought: that module. " +
		"If it has none: an antivirus program or an inspection between the exporter and SERVER."
	removeModule = "Note the module's entry, then remove it from the application EWS alone (IIS Manager, Modules). To undo, add it again."
)

var book = advice.Book{
	{
		Key:   adviceErrorToExpect,
		Means: "Requests with Expect: 100-continue get a server error, and the same one without Expect is answered.", Suffers: expect.WhoWaits,
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers: probe SERVICE five times. If requests with Expect fail each time there: the box cannot bear Expect. If they fail now and then: one member of its pool is sick, and a request without Expect had met another one. If SERVER fails too: it is that server.",
		Then:      "Box: note its present treatment of Expect, and let it pass Expect on; undo by setting the noted one. Member: take it out of the pool; undo by putting it back.", Places: expect.Places, Risk: advice.Change, When: advice.Now, Direct: "error_to_expect_at_server",
	},
	{
		Key:   "error_to_expect_at_server",
		Means: "The server answers requests with Expect: 100-continue with an error, and the same one without Expect as it should.", Suffers: expect.WhoWaits,
		Owners: []advice.Owner{advice.IIS, advice.Network},
		On:     advice.AtPrompt, First: expect.AskItself,
		Separates: "If 401 comes, as it does without Expect: something between the exporter and SERVER cannot bear Expect. If an error comes: " + expect.ReadModules + ". " + expect.NoCurl,
		Then:      "A module: note its entry, then remove it from the application EWS alone (IIS Manager, Modules). Something in between: exempt the path /EWS from its inspection. To undo, add or inspect it again.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceOldHop,
		Means: "The answer came in HTTP/1.0, which knows no 100 Continue: an old hop stands in the way, for IIS answers in HTTP/1.1.", Suffers: expect.WhoWaits + slowly,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On:        advice.OnExporter,
		First:     "ews_exporter probe MODULE SERVER --hostname SERVICE" + advice.WithConfig,
		Separates: "If HTTP/1.1 comes from SERVER: the box in front speaks HTTP/1.0. If HTTP/1.0 comes from there too: a proxy stands between the exporter and SERVER as well, or SERVER is not Exchange.",
		Then:      "Note the present value, then let that hop speak HTTP/1.1 to clients and to the server. Where it cannot, publish /EWS past it. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning, Direct: "http_1_0_at_server",
	},
	{
		Key:   "http_1_0_at_server",
		Means: "Asked directly, the answer comes in HTTP/1.0, in which IIS does not answer: something stands between the exporter and SERVER, or SERVER is none.", Suffers: expect.WhoWaits + slowly,
		Owners: []advice.Owner{advice.Network, advice.Exporter},
		On:     advice.AtPrompt, First: expect.AskItself,
		Separates: "If HTTP/1.1 comes there: a proxy or an inspecting firewall between the exporter and SERVER speaks HTTP/1.0. If HTTP/1.0 comes there too, or SERVER is no Windows: it is not Exchange, and the module's targets are wrong. " + expect.NoCurl,
		Then:      "In between: note the present value, then let it speak HTTP/1.1, or exempt SERVER from it. The module: note targets, and correct them. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "continue_ignored",
		Means: "100 Continue comes too late, or never; a body that comes after the wait is taken all the same.", Suffers: expect.WhoWaits + slowly,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it works there: the box in front keeps the 100 Continue back. If the same finding comes there: " + expect.ReadModules + ".",
		Then:      expect.LetPass, Places: expect.Places, Risk: advice.Change, When: advice.Morning,
		Direct: "continue_ignored_by_server",
		For:    advice.About(ContinueIgnored, ContinueLate),
	},
	{
		Key:   "continue_ignored_by_server",
		Means: "The server does not answer Expect: 100-continue in time.", Suffers: expect.WhoWaits + slowly,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: advice.Modules, Separates: compareModules,
		Then: removeModule, Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "continue_ignored_by_box",
		Means: "A box in front of Exchange answers, and passes no 100 Continue on in time.", Suffers: expect.WhoWaits + slowly,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On:        advice.OnBox,
		First:     "Look at its setting for Expect: 100-continue (Kemp: Miscellaneous Options, L7 Configuration), and whether it buffers requests.",
		Separates: "If it is set to wait for the body, or buffers requests: that is why. If neither: look at the next box on the way.",
		Then:      expect.LetPass, Places: expect.Places, Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Middlebox, ContinueIgnored, ContinueLate),
	},
	{
		Key:   "expect_refused_417",
		Means: "Expect: 100-continue is refused with 417, as boxes do that know the next hop for HTTP/1.0; clients must send the request again.", Suffers: expect.WhoWaits + notAgain,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: advice.OnExporter, First: advice.AskServer,
		Separates: "If no 417 comes there: the box in front makes it. If it comes there too: a proxy between the exporter and SERVER, for Exchange does not answer 417 by itself.",
		Then:      "Note the present value, then let what makes the 417 pass Expect: 100-continue on, and speak HTTP/1.1 to the server. To undo, set the noted value.", Places: advice.Places{expect.SquidPlace}, Risk: advice.Change, When: advice.Now, Direct: "expect_refused_417_direct",
		For: advice.About(ContinueRejected),
	},
	{
		Key:   "expect_refused_417_direct",
		Means: "Expect: 100-continue is refused with 417 on the way to this server, or by it. Exchange does not answer 417 by itself.", Suffers: expect.WhoWaits + notAgain,
		Owners: []advice.Owner{advice.Network, advice.IIS},
		On:     advice.AtPrompt, First: expect.AskItself,
		Separates: "If no 417 comes: something between the exporter and SERVER makes it, which Via or Server in the proof may name. If it comes: " + expect.ReadModules + ". " + expect.NoCurl,
		Then:      "In between: let the exporter reach SERVER past that proxy, or let it pass Expect: 100-continue on. A module: note its entry, then remove it from the application EWS alone. To undo, set back what was noted.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "answered_before_body",
		Means: "A final status came before the body was sent, and it is no request for a logon.", Suffers: "Clients that send such a request: the status says what they get.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If another status comes there: the box in front. If the same one comes, and the request without Expect got it too: the module's path or account. If it comes with Expect alone: IIS of that server.",
		Then:      "The module: correct path or auth to those of clients. The box: note the present value, then let it pass Expect: 100-continue on. IIS: look up the status in its log (C:\\inetpub\\logs\\LogFiles\\W3SVC1) at the proof's time. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
		Direct: "answered_before_body_by_server",
		For:    advice.About(ContinueRefused),
	},
	{
		Key:   "answered_before_body_by_server",
		Means: "The server gave a final status before the body was sent, and it is no request for a logon.", Suffers: "Clients that send such a request to this server.",
		Owners:    []advice.Owner{advice.Exporter, advice.IIS},
		First:     "Compare the path in the proof's URL, and the account of the module's auth, with those of a client that works at SERVER.",
		Separates: "If one of them differs: the module. If both are alike: IIS of SERVER, whose log (C:\\inetpub\\logs\\LogFiles\\W3SVC1) has sc-status and sc-substatus at the proof's time.",
		Then:      "The module: correct path or auth, and reload. IIS: note the setting that the substatus names, then set it as on a server that answers. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "interim_too_many",
		Means: "More 100 Continue came than were asked for: two on the way answer Expect, or one answers unasked.", Suffers: "Clients that take the second one for their answer; most do not.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If one 100 Continue alone comes there: the box makes the other. If two come there too: " + expect.ReadModules + ".",
		Then:      "Note the present value, then let the box either pass Expect: 100-continue on or answer it, not both. To undo, set the noted value.", Places: expect.DoublePlaces, Risk: advice.Change, When: advice.Plan,
		Direct: "interim_too_many_from_server",
		For:    advice.About(ExtraInterim),
	},
	{
		Key:   "interim_too_many_from_server",
		Means: "More 100 Continue came from the server than were asked for.", Suffers: "Clients that take the second one for their answer; most do not.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: advice.Modules, Separates: compareModules,
		Then: removeModule, Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "large_body_refused",
		Means: "A request as large as clients send is refused, while a small one is taken.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If the large request is taken there: the limit is the box's. If it is refused there too: the limit is that of the server's IIS (maxAllowedContentLength, uploadReadAheadSize) or of EWS (maxRequestLength in its web.config).",
		Then:      "Note the present limit, then raise it for /EWS, to no more than Exchange's own. To undo, set the noted value.", Places: sizePlaces, Risk: advice.Change, When: advice.Morning,
		Direct: "large_body_refused_by_server",
		For:    advice.About(BodySizeLimit, "status/"+reasonTooLarge),
	},
	{
		Key:   "large_body_refused_by_box",
		Means: "A box in front of Exchange refuses a request as large as clients send.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		On:        advice.OnBox,
		First:     "Look up its limit on the size of request bodies for /EWS, and compare it with the size in the report.",
		Separates: "If the limit is lower: that is why. If it is higher, or there is none: another box refused it; Server and Via in the proof, where they are there, tell which.",
		Then:      "Note the present limit, then raise it for /EWS, to no more than Exchange's own. To undo, set the noted value.", Places: sizePlaces, Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Middlebox, BodySizeLimit, "status/"+reasonTooLarge),
	},
	{
		Key:   "large_body_refused_by_server",
		Means: "The server refuses a request as large as clients send, while it takes a small one.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:requestFiltering`,
		Separates: "If maxAllowedContentLength is lower than the size in the report: that limit. If not: uploadReadAheadSize, where client certificates are asked for and 413 came, or maxRequestLength in EWS's web.config.",
		Then:      "Note the present value, then set it as on a server that takes the request; an update of Exchange may set it back. To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "server_fails_requests",
		Means: "EWS answers this request with an error of its own: it does not work, with or without Expect.", Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Health,
		Separates: "If a set of EWS, Store or AD is Unhealthy: it names what fails. If none of these is: the logs in $env:ExchangeInstallPath\\Logging\\HttpProxy\\Ews and Logging\\Ews of SERVER at the proof's time.",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the health set or the log names, and put it back.", Risk: advice.Change, When: advice.Now,
		For: advice.By(origin.Exchange, "status/"+reasonServerError),
	},
	{
		Key:   "pool_stopped_expect",
		Means: advice.PoolStopped, Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtEach, First: advice.ServicesPool,
		Separates: advice.PoolState,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonServerError),
	},
	{
		Key:   "service_fails_somewhere",
		Means: "EWS, or something in front of it that does not say who it is, answers with a server error.", Suffers: "Every client of EWS that comes this way.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServers,
		Separates: advice.PoolOrServers,
		Then:      advice.PoolMended, Risk: advice.Change, When: advice.Now,
		Direct: "service_fails_at_server",
		For:    advice.About("status/" + reasonServerError),
	},
	{
		Key:   "service_fails_at_server",
		Means: "Asked directly, a server error comes with and without Expect, and nothing in it says who made it: a stopped pool, EWS itself, or something in between.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.IIS, advice.Exchange, advice.Network},
		On:     advice.AtPrompt, First: advice.ServicesPool,
		Separates: "If the pool is not Started: the System log (source WAS) says why. If it is, and the newest log in C:\\inetpub\\logs\\LogFiles\\W3SVC1 has the request at the proof's time: EWS failed; run " + advice.Health + " in the Exchange Management Shell. If no log of SERVER has it: something between the exporter and SERVER answered.",
		Then:      "A pool: " + advice.StartPool + " EWS: where others are well, take SERVER out of the box's pool; mend what the health set names, and put it back. In between: find whose address the proof has, and note its rule before you change it.", Risk: advice.Restart, When: advice.Now,
	},
}

// sizePlaces are where boxes limit bodies.
var sizePlaces = advice.Places{
	{Product: "nginx", Setting: "client_max_body_size, in the location of /EWS, to Exchange's limit (1 MB unless set)"},
	{Product: "apache", Setting: "LimitRequestBody, in the Location of /EWS, to Exchange's limit"},
	{Product: "haproxy", Setting: "a rule on req.body_size or content-length in the frontend: to Exchange's limit for /EWS"},
	{Product: "arr", Setting: "requestFiltering, requestLimits maxAllowedContentLength of its site to Exchange's limit"},
}
