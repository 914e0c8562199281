package runner

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// serveRequest is what is changed where the request is none for the server.
const serveRequest = "Set body of the module to a request that this server serves, and reload; undo by taking it out. Or set undecided_ok: true, or leave the module out for this target."

// ownAdvice is for what the exporter itself has to do with, and for successes that prove nothing.
var ownAdvice = advice.Book{
	{
		Key:   "more_time_needed",
		Means: "The time limit is shorter than the module needs; nothing was sent.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Compare scrape_timeout of the job (or --timeout of the command) with the seconds in the first line of this report.",
		Then:  "Note scrape_timeout and scrape_interval, raise both (the first may not exceed the second), and reload Prometheus; or shorten what the module waits for.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If scrape_timeout is shorter: raise it. If it is longer: --timeout-offset or timeout of the module takes the rest away.",
		For:       advice.About("config/limit_too_short"),
	},
	{
		Key:   "address_busy",
		Means: "Other probes of this exporter were at the address until the time limit.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Count the jobs and modules that probe this address, in the scrape configuration of every Prometheus that asks this exporter.",
		Then:  "Give the jobs intervals that do not fall together, or raise --limit.probes-per-address; note its present value.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If there are more than --limit.probes-per-address: they wait for each other. If there are not: one of them hangs at the address until its time limit; see its report.",
		For:       advice.About("connect/busy"),
	},
	{
		Key:   "exporter_fault",
		Means: "The exporter itself is at fault.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Look in the exporter's log at the time of the probe for the line with \"A prober panicked\".",
		Then:  "Report the line with the version (ews_exporter --version). Take the module out of the scrape configuration until there is a version without the fault, and put it back then.",
		Risk:  advice.Look, When: advice.Plan,
		Separates: "If it is there: the lines under it are what a report needs. If it is not: the first line of this report is.",
		For:       advice.About("internal/panic", "internal/error"),
	},
	{
		Key:   "exporter_short_of_files",
		Means: "The exporter's process or machine has no file descriptor left. Nobody who was probed is to blame.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter,
		First: "cat /proc/sys/fs/file-nr /proc/$(pidof -s ews_exporter)/limits",
		Then:  "Note the present value, and raise LimitNOFILE of the service or fs.file-max of the machine; or probe less at once (--limit.probes).",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If the first number is near the third: the machine has none left. If it is not: the process has none left; process_open_fds of the exporter is near Max open files.",
		For:       advice.About("internal/out_of_files"),
	},
	{
		Key:   "exporter_short_of_memory",
		Means: "The exporter's machine has no memory left, or its probes hold all that they may (--limit.memory). Nobody who was probed is to blame.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter,
		First: "ps -eo rss,comm --sort=-rss | head -5",
		Then:  "Give the machine more, move the other program away, probe less at once (--limit.probes), or where the machine has enough raise --limit.memory; note the present value.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If ews_exporter is the first: its limits are too wide for the machine. If another is: that one takes the memory. If neither is large: the service's or container's own limit is too small, or, where the report names --limit.memory, targets send very much: probe that one with --json and see bytes_received.",
		For:       advice.About("internal/out_of_memory"),
	},
	{
		Key:   "exporter_short_of_ports",
		Means: "The exporter's machine has no local port left to connect from. Nobody who was probed is to blame.", Suffers: "Whatever else connects from that machine.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		On:    advice.OnExporter,
		First: "ss -tanp | awk '{print $1, $5, $6}' | sort | uniq -c | sort -rn | head",
		Then:  "End what holds them; or note net.ipv4.ip_local_port_range, and widen it with sysctl. Undo by setting the noted one.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If one address has thousands: the program beside it holds the ports. If they are in TIME-WAIT: something connects to it too often. If no address stands out: the range is too narrow.",
		For:       advice.About("internal/out_of_ports"),
	},
	{
		Key:   "proxy_asks_logon",
		Means: "A proxy asked for a logon of its own (407), so the server behind it was not reached.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exporter},
		On:     "on a client and on the exporter's machine",
		First:  "nslookup HOST",
		Then:   "Probe the address that clients use, or turn the proxy's own logon off for {paths}; note what was on.", Risk: advice.Change, When: advice.Plan,
		Separates: "If both show the same address: the box there is set up as a proxy on the way out, and asks clients too. If the client has another: the exporter is led to a proxy on the way out.",
		For:       advice.About("undecided/proxy_logon"),
	},
	{
		Key:   "contrast_refused",
		Means: "The request that serves as contrast is refused just the same, so nothing follows of what the module tests.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter, advice.Exchange},
		First:  "Read in the proof with which status the URL was refused, and ask whether a client with the module's account uses that URL.",
		Then:   "Correct path, method or auth of the module, or what refuses them on the server. undecided_ok: true in the module says that it is as it should be; undo by taking it out.", Risk: advice.Change, When: advice.Plan,
		Separates: "If a client uses it and gets an answer: the module differs from it, in path, account or method. If a client uses it and is refused alike: the server or the account. If none uses it: the module's path is wrong.",
		For:       advice.About("undecided/refused_anyway"),
	},
	{
		Key:   "page_in_place",
		Means: "A page came in place of the service's answer, so nothing follows of what the module tests.", Suffers: "Clients that meet the same page.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exporter},
		First:  "Open the URL that the proof shows in a browser on a client.",
		Then:   "Let the box pass {paths} on without a page of its own, and note what was set; or correct the target's path.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the same page comes, and clients use that URL: the box answers in the server's place, or DNS leads the name to another host (nslookup HOST). If clients use another URL: the target's path is wrong. If a logon or the service's own page comes: the box treats the exporter otherwise than clients.",
		For:       advice.About("undecided/foreign_page"),
	},
	{
		Key:   "size_met_first",
		Means: "A limit on the size was met before what the module tests.", Suffers: "Clients with requests as large.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Note the present limit, and raise it to what Exchange allows (67108864 bytes for EWS); undo by setting the noted one. Or make the body of the module smaller.", Risk: advice.Change, When: advice.Morning,
		Separates: "If SERVER takes the request: the limit is the box's. If SERVER refuses it too: the limit is that server's.", Direct: "size_met_first_at_server",
		For: advice.About("undecided/size_limit"),
	},
	{
		Key:   "size_met_first_at_server",
		Means: "The server's limit on the size was met before what the module tests.", Suffers: "Clients with requests as large.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On:    advice.InPowerShell,
		First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/EWS" /section:requestFiltering`,
		Then:  "Note maxAllowedContentLength, and set it to 67108864 in FrontEnd\\HttpProxy\\ews\\web.config of Exchange, as Exchange installs it. Undo by setting the noted value.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If maxAllowedContentLength is below 67108864: it was made smaller than Exchange installs it. If it is not: the back end's own web.config (ClientAccess\\exchweb\\ews), or a security module in IIS, has a smaller one.",
	},
	{
		Key:   "request_not_served",
		Means: "The server does not know the request that is made by default.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Get-ExchangeServer | Format-Table Name,AdminDisplayVersion", On: advice.InShell,
		Then: serveRequest,
		Risk: advice.Change, When: advice.Plan,
		Separates: "If its version is one that has not this request: choose another one. If others of its version serve it: EWS of that server; its own log says why.",
		For:       advice.By(origin.Exchange, "undecided/not_served"),
	},
	{
		Key:   "request_served_by_nobody",
		Means: "What answers does not know the request that is made by default, nor show that it is Exchange.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter, First: advice.AskServer,
		Then: "The box: note its rule for this name, and lead {paths} to Exchange; undo by the noted rule. " + serveRequest,
		Risk: advice.Change, When: advice.Plan,
		Separates: "If it decides there: the box in front leads this name, or {paths}, to another server. If it does not: the module is not made for what is there, or needs another request.",
		Direct:    "request_not_served_at_server",
		For:       advice.About("undecided/not_served"),
	},
	{
		Key:   "request_not_served_at_server",
		Means: "Asked directly, the server does not know the request that is made by default, nor show that it is Exchange.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Read in the proof who answered, and with what.",
		Then:  serveRequest,
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If it is Exchange: its version lacks the request. If it is no Exchange: the module is not made for it.",
	},
	{
		Key:   "ask_again_later",
		Means: "What was to be asked could not be asked, or was refused for now.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Run the same probe again in a quarter of an hour.",
		Then:  "Let the exporter's address through greylisting and rate limits of the server or box that refuses, for this address alone, and undo by taking it out; or set undecided_ok: true in the module.",
		Risk:  advice.Look, When: advice.Plan,
		Separates: "If it decides now: greylisting or a rate limit refused the first try alone, and nobody has to act. If it does not: the first line of this report says what could not be asked.",
		For:       advice.About("undecided/not_asked", "undecided/refused_for_now"),
	},
}

// CommonAdvice is the advice that all probers share, in the words of none in particular.
func CommonAdvice() advice.Book { return sharedAdvice().Of(advice.Service{}) }

func sharedAdvice() advice.Book {
	return slices.Concat(ownAdvice, advice.Book{routeAdvice, pathAdvice}, policy.Advice, prober.Advice, expect.Advice, ews.Advice, wire.Advice, auth.Advice, kerberos.Advice, oauth.Advice)
}

// Book is all advice for a prober's results, in the words of what it asks; its own comes first.
func Book(d prober.Definition) advice.Book {
	return slices.Concat(d.Advice, sharedAdvice()).Of(d.Serves)
}

// AllAdvice is that of all probers, each once.
func AllAdvice(definitions []prober.Definition) advice.Book {
	var all advice.Book
	for _, d := range definitions {
		all = append(all, d.Advice.Of(d.Serves)...)
	}
	return append(all, CommonAdvice()...)
}
