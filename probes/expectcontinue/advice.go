package expectcontinue

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// whoWaits is who notices that nobody answers Expect.
const whoWaits = "Clients that send Expect: 100-continue, as .NET does on POST by default: mailbox moves, free/busy between organisations, hybrid services."

// What is drawn from more than one observation.
const (
	adviceNotBorne = "expect_not_borne"    // the request without Expect got an answer, and the one with it none
	adviceOldHop   = "http_1_0_on_the_way" // nobody answered Expect, and the answer came in HTTP/1.0
)

var book = advice.Book{
	{
		Key:   "continue_withheld",
		Means: "A box in front of Exchange never answers Expect: 100-continue, and takes the body that comes late for a new request.", Suffers: whoWaits + " They fail, and no server logs it.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First: "Look up how the box treats Expect: 100-continue; its log has a line of a bad request that begins with <s:Envelope at the time of the probe",
		Then:  "Let it pass Expect on, or answer it itself. The scope is often the whole box: note the former value for undoing.", Places: expectPlaces, Risk: advice.Change, When: advice.Now,
		For: advice.About(LateBodyRejected, "status/"+LateBodyRejected),
	},
	{
		Key:   adviceNotBorne,
		Means: "A request with Expect: 100-continue gets no answer, and the same one without Expect does: something on the way cannot bear Expect.", Suffers: whoWaits + " They hang or are cut off, and no server logs it.",
		Owners: []advice.Owner{advice.Middlebox, advice.Security, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: answered there, something in front cannot bear Expect; else a module or filter on that server",
		Then:   "Let it pass Expect: 100-continue on, or answer it itself; a firewall that inspects HTTP: exempt /EWS.", Places: expectPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "the same probe of a server past everything in front", Direct: "expect_not_borne_at_server",
	},
	{
		Key:   "expect_not_borne_at_server",
		Means: "The server gives no answer to a request with Expect: 100-continue, and answers the same one without.", Suffers: whoWaits,
		Owners: []advice.Owner{advice.IIS, advice.Security},
		First:  `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS" on SERVER: compare with a server that answers`,
		Then:   "Take the foreign module away, or what inspects the way to the server.", Risk: advice.Change, When: advice.Now,
		Separates: "the same request made on the server itself (https://localhost/EWS/Exchange.asmx)",
	},
	{
		Key:   adviceOldHop,
		Means: "The answer came in HTTP/1.0, which knows no 100 Continue: an old hop stands in the way, for IIS answers in HTTP/1.1.", Suffers: whoWaits + " Their first request waits for nothing first: 0.35 s in .NET Framework, 1 s in .NET and curl.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		First: "Read Via and Server in the proof: which hop speaks HTTP/1.0? ews_exporter probe MODULE TARGET --direct SERVER shows HTTP/1.1 there",
		Then:  "Replace it, or let it speak HTTP/1.1 to clients.", Risk: advice.Change, When: advice.Morning, Direct: "continue_ignored_by_server",
	},
	{
		Key:   "continue_ignored",
		Means: "Nobody answers Expect: 100-continue; a body that comes after the wait is taken all the same.", Suffers: whoWaits + " Their first request waits for nothing first: 0.35 s in .NET Framework, 1 s in .NET and curl.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: a 100 comes there at once, the box in front swallows it",
		Then:   "Let the box pass Expect on, or answer it itself.", Places: expectPlaces, Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "continue_ignored_by_server",
		For: advice.About(ContinueIgnored, ContinueLate),
	},
	{
		Key:   "continue_ignored_by_server",
		Means: "The server does not answer Expect: 100-continue in time.", Suffers: whoWaits + " Their first request to this server waits for nothing first: 0.35 s in .NET Framework, 1 s in .NET and curl.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS" on SERVER: compare with a server that answers`,
		Then:  "Take the foreign module away from that application.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "continue_ignored_by_box",
		Means: "A box in front of Exchange answers, and passes no 100 Continue on in time.", Suffers: whoWaits + " Their first request waits for nothing first: 0.35 s in .NET Framework, 1 s in .NET and curl.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		First: "Look up how the box treats Expect: 100-continue, and whether it buffers requests",
		Then:  "Let the box pass Expect on, or answer it itself.", Places: expectPlaces, Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Middlebox, ContinueIgnored, ContinueLate),
	},
	{
		Key:   "expect_refused_417",
		Means: "Expect: 100-continue is refused with 417, as boxes do that know the next hop for HTTP/1.0; clients must send the request again.", Suffers: whoWaits + " Those that do not repeat fail.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		First: "ews_exporter probe MODULE TARGET --direct SERVER: no 417 there confirms the box; look up its setting for Expect",
		Then:  "Let the box pass Expect on.", Places: expectPlaces, Risk: advice.Change, When: advice.Morning, Direct: "expect_refused_417_direct",
		For: advice.About(ContinueRejected),
	},
	{
		Key:   "expect_refused_417_direct",
		Means: "Expect: 100-continue is refused with 417 on the way to this server, or by it.", Suffers: whoWaits + " Those that do not repeat fail.",
		Owners: []advice.Owner{advice.Network, advice.IIS},
		First:  "Read Via and Server in the proof: Exchange does not answer 417 by itself, so look what stands between the exporter and SERVER",
		Then:   "Take it out of the way, or let it pass Expect on.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same request from the server itself (https://localhost/EWS/Exchange.asmx)",
	},
	{
		Key:   "answered_before_body",
		Means: "A final status came before the body was sent, and it is no request for a logon.", Suffers: "Clients that send such a request: the status says what they get.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox, advice.IIS},
		First:  "Read the status in the proof, and what the same request without Expect got: alike, Expect is not the cause; else a box refuses Expect",
		Then:   "Alike: what that status means. Else: let the box pass Expect on.", Places: expectPlaces, Risk: advice.Look, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "answered_before_body_by_server",
		For: advice.About(ContinueRefused),
	},
	{
		Key:   "answered_before_body_by_server",
		Means: "The server gave a final status before the body was sent, and it is no request for a logon.", Suffers: "Clients that send such a request to this server.",
		Owners: []advice.Owner{advice.Exporter, advice.IIS},
		First:  "Read the status in the proof, and compare path and account of the module with what clients use",
		Then:   "Correct the module, or what the status means.", Risk: advice.Look, When: advice.Morning,
		Separates: "a client that gets an answer by the same path and account",
	},
	{
		Key:   "interim_too_many",
		Means: "More 100 Continue came than were asked for: two on the way answer Expect, or one answers unasked.", Suffers: "Clients that take the second one for their answer; most do not.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: one alone there, the box makes another",
		Then:   "Let the box either pass Expect on or answer it, not both.", Places: expectPlaces, Risk: advice.Change, When: advice.Plan,
		Separates: "the same probe of a server past the box", Direct: "interim_too_many_from_server",
		For: advice.About(ExtraInterim),
	},
	{
		Key:   "interim_too_many_from_server",
		Means: "More 100 Continue came from the server than were asked for.", Suffers: "Clients that take the second one for their answer; most do not.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS" on SERVER: compare with another server`,
		Then:  "Take the foreign module away from that application.", Risk: advice.Change, When: advice.Plan,
	},
	{
		Key:   "large_body_refused",
		Means: "A request as large as clients send is refused, while a small one is taken.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: taken there, the limit is the box's; refused there too, the server's",
		Then:   "Raise it to what Exchange allows.", Places: sizePlaces, Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "large_body_refused_by_server",
		For: advice.About(BodySizeLimit, "status/"+reasonTooLarge),
	},
	{
		Key:   "large_body_refused_by_box",
		Means: "A box in front of Exchange refuses a request as large as clients send.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First: "Look up the box's limit on the size of bodies, and compare it with the size in the report",
		Then:  "Raise it to what Exchange allows.", Places: sizePlaces, Risk: advice.Change, When: advice.Morning,
		For: advice.By(origin.Middlebox, BodySizeLimit, "status/"+reasonTooLarge),
	},
	{
		Key:   "large_body_refused_by_server",
		Means: "The server refuses a request as large as clients send, while it takes a small one.", Suffers: "Whoever sends large items: mailbox moves, attachments.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:requestFiltering on SERVER: maxAllowedContentLength`,
		Then:  "Set it, and uploadReadAheadSize where client certificates are asked for, as Exchange installs it.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "error_after_wait",
		Means: "The body that came after a wait in vain for 100 Continue was answered with an error that the same request without Expect does not get.", Suffers: whoWaits,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: well there, something in front keeps Expect or its 100 back",
		Then:   "Let the box pass Expect on, or answer it itself.", Places: expectPlaces, Risk: advice.Change, When: advice.Now,
		Separates: "the same probe of a server past the box", Direct: "server_fails_requests",
		For: advice.About("status/" + reasonLateError),
	},
	{
		Key:   "server_fails_requests",
		Means: "EWS answers this request with an error of its own: it does not work, with or without Expect.", Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		First: "Get-ServerHealth SERVER -HealthSet EWS, EWS.Protocol; Get-ServerComponentState SERVER; then the Application log at the proof's time",
		Then:  "What these say; take the server out of the pool meanwhile.", Risk: advice.Look, When: advice.Now,
		For: advice.By(origin.Exchange, "status/"+reasonServerError),
	},
	{
		Key:   "pool_stopped_expect",
		Means: "http.sys answered in place of an application: the application pool is stopped, or its queue is full.", Suffers: "Every client of EWS that reaches the same server.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Sure,
		First: "Get-IISAppPool MSExchangeServicesAppPool on that server; stopped, its System log has the reason (source WAS)",
		Then:  "Mend what stopped it, then Start-WebAppPool MSExchangeServicesAppPool.", Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/"+reasonServerError),
	},
	{
		Key:   "service_fails_somewhere",
		Means: "EWS, or something in front of it that does not say who it is, answers with a server error.", Suffers: "Every client of EWS that comes this way.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER for each server: the one that fails is it; none fails, the box in front",
		Then:   "Take that server out of the pool, or bring the box's members back.", Risk: advice.Change, When: advice.Now,
		Separates: "the same probe of each server past the box", Direct: "server_fails_requests",
		For: advice.About("status/" + reasonServerError),
	},
}

// expectPlaces are where boxes have their treatment of Expect.
var expectPlaces = advice.Places{
	{Product: "kemp", Setting: "System Configuration, Miscellaneous Options, L7 Configuration, 100-Continue Handling: RFC-7231 Compliant (7.0: Ignore Continue-100); for all of the box"},
	{Product: "netscaler", Setting: "features that read bodies (AppFW) answer the 100 themselves; take them off this virtual server to compare"},
	{Product: "haproxy", Setting: "without option http-buffer-request and http-request wait-for-body it passes Expect on"},
	{Product: "nginx", Setting: "it answers the 100 itself when it reads the body; nothing to set"},
	{Product: "squid", Setting: "a present version; old ones answer 417 unless ignore_expect_100 is on"},
	{Product: "f5", Setting: "the HTTP profile and iRules of the virtual server; or a FastL4 virtual server, which reads no HTTP"},
	{Product: "arr", Setting: "server farm, proxy: response and request buffering"},
}

// sizePlaces are where boxes limit bodies.
var sizePlaces = advice.Places{
	{Product: "nginx", Setting: "client_max_body_size (1 MB by default)"},
	{Product: "apache", Setting: "LimitRequestBody"},
	{Product: "haproxy", Setting: "a rule on req.body_size"},
	{Product: "arr", Setting: "requestFiltering maxAllowedContentLength of its site"},
}
