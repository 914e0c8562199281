package runner

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// ownAdvice is for what the exporter itself has to do with, and for successes that prove nothing.
var ownAdvice = advice.Book{
	{
		Key:   "more_time_needed",
		Means: "The time limit is shorter than the module needs; nothing was sent.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Compare scrape_timeout of the job with the seconds in the message; it may not exceed scrape_interval",
		Then:  "Raise both, or shorten what the module waits for.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("config/limit_too_short"),
	},
	{
		Key:   "address_busy",
		Means: "Other probes of this exporter were at the address until the time limit.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Compare --probe.max-per-address with how many modules ask this address at once, and ews_exporter_probes_in_flight",
		Then:  "Raise it, or let the jobs' intervals differ.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("connect/busy"),
	},
	{
		Key:   "exporter_fault",
		Means: "The exporter itself is at fault.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Look for \"A prober panicked\" in the exporter's log, and report it with the version (ews_exporter --version)",
		Then:  "Leave the module out until there is a version without it.", Risk: advice.Look, When: advice.Plan,
		For: advice.About("internal/panic", "internal/error"),
	},
	{
		Key:   "exporter_short_of_files",
		Means: "The exporter's process or machine has no file descriptor left. Nobody who was probed is to blame.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Compare process_open_fds with process_max_fds of the exporter, and cat /proc/sys/fs/file-nr on its machine",
		Then:  "Raise LimitNOFILE of the service, or probe less at once.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("internal/out_of_files"),
	},
	{
		Key:   "exporter_short_of_memory",
		Means: "The exporter's machine has no memory left. Nobody who was probed is to blame.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "free -m on the exporter's machine, and process_resident_memory_bytes of the exporter",
		Then:  "Give it more, or probe less at once.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("internal/out_of_memory"),
	},
	{
		Key:   "exporter_short_of_ports",
		Means: "The exporter's machine has no local port left to connect from. Nobody who was probed is to blame.", Suffers: "Whatever else connects from that machine.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "ss -s on the exporter's machine: what holds so many connections or TIME-WAITs?",
		Then:  "End that, or widen net.ipv4.ip_local_port_range.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("internal/out_of_ports"),
	},
	{
		Key:   "proxy_asks_logon",
		Means: "A proxy asked for a logon of its own (407), so the server behind it was not reached.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exporter},
		First:  "Compare the target's address with the one that clients use: a reverse proxy never asks with 407, one on the way out does",
		Then:   "Ask the address that clients use.", Risk: advice.Change, When: advice.Plan,
		Separates: "whether clients use this very address",
		For:       advice.About("undecided/proxy_logon"),
	},
	{
		Key:   "contrast_refused",
		Means: "The request that serves as contrast is refused just the same, so nothing follows of what the module tests.", Suffers: "Nobody yet, but the fault that the module watches for goes unseen.",
		Owners: []advice.Owner{advice.Exporter, advice.Exchange},
		First:  "Compare path, account and method of the module with what clients use; the status in the report says what is refused",
		Then:   "Correct the module, or what refuses it; undecided_ok: true where this is as it should be.", Risk: advice.Change, When: advice.Plan,
		Separates: "a client that gets an answer by the same path and account: then the module differs from it",
		For:       advice.About("undecided/refused_anyway"),
	},
	{
		Key:   "page_in_place",
		Means: "A page came in place of EWS's answer, so nothing follows of what the module tests.", Suffers: "Clients that meet the same page.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exporter},
		First:  "Open the URL of the report in a browser: whose page is it? Then compare it with the URL that clients use",
		Then:   "Let the box pass the path on, or correct the target's path.", Risk: advice.Change, When: advice.Morning,
		Separates: "whether clients use this very URL",
		For:       advice.About("undecided/foreign_page"),
	},
	{
		Key:   "size_met_first",
		Means: "A limit on the size was met before what the module tests.", Suffers: "Clients with requests as large.",
		Owners: []advice.Owner{advice.Middlebox, advice.IIS},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: taken there, the limit is the box's; refused there too, the server's",
		Then:   "Raise it to what Exchange allows.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "size_met_first_at_server",
		For: advice.About("undecided/size_limit"),
	},
	{
		Key:   "size_met_first_at_server",
		Means: "The server's limit on the size was met before what the module tests.", Suffers: "Clients with requests as large.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		First: "C:\\Windows\\System32\\inetsrv\\appcmd list config \"Default Web Site/EWS\" /section:requestFiltering on SERVER: maxAllowedContentLength",
		Then:  "Set it as Exchange installs it.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "request_not_served",
		Means: "The server does not know the request that is made by default.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Set body of the module to a request that this server serves, or leave the module out",
		Then:  "undecided_ok: true where this is as it should be.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("undecided/not_served"),
	},
	{
		Key:   "ask_again_later",
		Means: "What was to be asked could not be asked, or was refused for now.", Suffers: "Nobody.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Run the same check again in a quarter of an hour: greylisting and rate limits refuse the first try alone",
		Then:  "", Risk: advice.Look, When: advice.Plan,
		For: advice.About("undecided/not_asked", "undecided/refused_for_now"),
	},
}

// CommonAdvice is the advice that all probers share.
func CommonAdvice() advice.Book {
	return slices.Concat(ownAdvice, policy.Advice, prober.Advice, ews.Advice, wire.Advice, auth.Advice, kerberos.Advice, oauth.Advice)
}

// Book is all advice for a prober's results; its own comes first.
func Book(d prober.Definition) advice.Book {
	return slices.Concat(d.Advice, CommonAdvice())
}

// AllAdvice is that of all probers, each once.
func AllAdvice(definitions []prober.Definition) advice.Book {
	var all advice.Book
	for _, d := range definitions {
		all = append(all, d.Advice...)
	}
	return append(all, CommonAdvice()...)
}
