package expect

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// What advice about Expect says in more than one place.
const (
	// WhoWaits are those who notice that nobody answers Expect.
	WhoWaits = "Clients that send Expect: 100-continue, as .NET Framework does on POST by default: mailbox moves, free/busy between organisations, hybrid services."
	LetPass  = "Note the present value, then let the box pass Expect: 100-continue on, or answer it itself. To undo, set the noted value."
	// AskItself asks on the server itself, past everything in between.
	AskItself = `curl.exe -k -v -m 20 --expect100-timeout 60 -H "Expect:100-continue" -d x https://localhost/EWS/Exchange.asmx`
	// NoCurl is a substitute where Windows has none.
	NoCurl      = "If SERVER has no curl.exe, as Windows Server 2016 and older: run ews_exporter.exe there, with the same module."
	ReadModules = "a module in SERVER's IIS that Microsoft did not install, such as an antivirus's, among those that " + advice.Modules + " lists"
)

// adviceNotBorne is drawn where the request without Expect got an answer, and the one with it none.
const adviceNotBorne = "expect_not_borne"

// Advice is for what LateError and Contrast conclude.
var Advice = advice.Book{
	{
		Key:   "continue_withheld",
		Means: "A box in front of Exchange never answers Expect: 100-continue, and takes the body that comes late for a new request.", Suffers: WhoWaits + " They fail. Exchange and IIS log nothing of it, the box does.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure,
		First:     "Look at the box's setting for Expect: 100-continue (Kemp: Miscellaneous Options, L7 Configuration), and in its log for a bad request at that time.",
		Separates: "If the setting is that of RFC 2616 (Kemp: RFC-2616 Compliant), or the log has a bad request that begins with <?xml (the probe's) or <s:Envelope (a client's): it is this fault. If the setting is already that of RFC 7231, and the log has nothing: a box of the same make behind or before it.",
		Then:      "Note the present value, then let the box pass Expect: 100-continue on, or answer it itself (Kemp: 100-Continue Handling to RFC-7231 Compliant). The setting often holds for the whole box, every other service included. To undo, set the noted value.", Places: Places, Risk: advice.Change, When: advice.Now,
		For: advice.By(origin.Middlebox, LateBodyRejected, "status/"+LateBodyRejected),
	},
	{
		Key:   "continue_withheld_likely",
		Means: "The body that came after a wait in vain for 100 Continue was refused at once, as a box does that takes it for a new request; the answer does not say who made it.", Suffers: WhoWaits + " They fail.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If SERVER answers with a 100 and takes the body: the box in front. If SERVER refuses the body too: a module or filter on that server.",
		Then:      "Note the present treatment of Expect there, and let it pass Expect: 100-continue on, or answer it itself. To undo, set the noted value.", Places: Places, Risk: advice.Change, When: advice.Now, Direct: "body_refused_at_server",
		For: advice.About(LateBodyRejected, "status/"+LateBodyRejected),
	},
	{
		Key:   "body_refused_at_server",
		Means: "The body that came after a wait in vain for 100 Continue was refused at once on the way to this server, or by it.", Suffers: "Clients that send Expect: 100-continue and reach this server.",
		Owners: []advice.Owner{advice.IIS, advice.Network},
		On:     "on SERVER", First: advice.Modules,
		Separates: "If a module is listed that the same list of another server lacks, or that an antivirus or security program brought: that one. If there is none: something between the exporter and SERVER reads HTTP.",
		Then:      "Note the module's entry and take it away from that application, or take what reads HTTP out of the way; undo by putting it back.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   adviceNotBorne,
		Means: "A request with Expect: 100-continue gets no answer, and the same one without Expect does: something on the way cannot bear Expect.", Suffers: WhoWaits + " They hang or are cut off; Exchange and IIS log nothing of it.",
		Owners: []advice.Owner{advice.Middlebox, advice.Security, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it is answered there: what stands in front; where both a box and an inspecting firewall do, a probe from between them tells which. If it fails there too: ask on the server itself, " + AskItself + ": where that is answered, something between the exporter and SERVER, else " + ReadModules + ".",
		Then:      "Note the present value, then let the box pass Expect: 100-continue on, or answer it itself; exempt /EWS alone from a firewall's inspection of HTTP. To undo, set the noted value.", Places: Places, Risk: advice.Change, When: advice.Now,
		Direct: "expect_not_borne_at_server",
	},
	{
		Key:   "expect_not_borne_at_server",
		Means: "The server gives no answer to a request with Expect: 100-continue, and answers the same one without.", Suffers: WhoWaits,
		Owners: []advice.Owner{advice.IIS, advice.Security},
		On:     advice.AtPrompt, First: AskItself,
		Separates: "If a final status comes, such as 401: something between the exporter and SERVER. If it hangs: " + ReadModules + ". " + NoCurl,
		Then:      "A module: note its entry, then remove it from the application EWS alone (IIS Manager, Modules). Something in between: exempt the path /EWS from its inspection. To undo, add or inspect it again.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "error_after_wait",
		Means: "The body that came after a wait in vain for 100 Continue was answered with an error that the same request without Expect does not get.", Suffers: WhoWaits,
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter, First: advice.AskServer,
		Separates: "If it works there: the box in front keeps Expect or its 100 Continue back. If it fails there too: EWS of that server; run " + advice.Health + " there, where a set of EWS counts.",
		Then:      LetPass, Places: Places, Risk: advice.Change, When: advice.Now,
		Direct: "error_after_wait_at_server",
		For:    advice.About("status/" + reasonLateError),
	},
	{
		Key:   "error_after_wait_at_server",
		Means: "Asked directly, a body that came after a wait in vain for 100 Continue gets an error that the same request without Expect does not get.", Suffers: WhoWaits,
		Owners: []advice.Owner{advice.Exchange, advice.IIS},
		On:     advice.InShell, First: advice.Health,
		Separates: "If a set of EWS, Store or AD is Unhealthy: it names what fails. If none of these is: " + ReadModules + " keeps the 100 Continue back.",
		Then:      "Where others are well, take SERVER out of the box's pool; mend what the health set names, or note the module's entry and remove it from the application EWS alone. To undo, put back what was taken out.", Risk: advice.Change, When: advice.Now,
	},
}

// SquidPlace is where Squid was told not to answer 417.
var SquidPlace = advice.Place{Product: "squid", Setting: "ignore_expect_100 on, where that Squid is old enough to have it (3.0 generation), or a newer Squid; for all of that Squid"}

// answersItself is said of boxes that answer Expect as they come, so that something else on the way is at fault.
const answersItself = "no setting is known: it answers the 100 itself; look at what else stands on the way"

// Places are where boxes are told to pass Expect on or to answer it, for a 100 that comes late or never. What nginx, HAProxy and
// Apache httpd do is measured by tests; of Squid and NetScaler it is what their makers say (squid-cache.org; Citrix, CTX693007).
var Places = advice.Places{
	{Product: "kemp", Setting: "System Configuration, Miscellaneous Options, L7 Configuration: 100-Continue Handling to RFC-7231 Compliant (7.0: Ignore Continue-100); for all of the box"},
	{Product: "netscaler", Setting: answersItself},
	{Product: "haproxy", Setting: "it passes on what comes, so look behind it first; option http-buffer-request in the backend of /EWS has it answer the 100 itself"},
	{Product: "nginx", Setting: answersItself},
	{Product: "apache", Setting: "Proxy100Continue Off (2.4.40 or newer) has it answer the 100 itself"},
	{Product: "squid", Setting: "force_request_body_continuation allow, with an acl for /EWS (4 or newer), has it answer the 100 itself"},
	{Product: "f5", Setting: "take iRules that act on Expect off the virtual server; to compare, a FastL4 virtual server at an address of its own, which reads no HTTP and filters none"},
}

// DoublePlaces are where boxes are told not to answer Expect, for where another one does too.
var DoublePlaces = advice.Places{
	{Product: "netscaler", Setting: "AppFW and other features that read bodies answer the 100 themselves: off for /EWS alone, and on again once compared, for /EWS is not filtered meanwhile"},
	{Product: "haproxy", Setting: "take option http-buffer-request and http-request wait-for-body out of the frontend and backend of /EWS, where they are set"},
	{Product: "apache", Setting: "take Proxy100Continue Off out, where it is set"},
	{Product: "squid", Setting: "take force_request_body_continuation out, where it is set"},
	{Product: "f5", Setting: "take iRules that act on Expect off the virtual server; to compare, a FastL4 virtual server at an address of its own, which reads no HTTP and filters none"},
}
