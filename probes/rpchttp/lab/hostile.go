package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them: whatever
// answers with something good is no RPC proxy.
func meets() []lab.Meeting {
	const noEcho, stray = "status/no_echo", "status/no_echo, bytes_after_response"
	as := func(reports string, peers ...string) map[string]string {
		all := map[string]string{}
		for _, p := range peers {
			all[p] = reports
		}
		return all
	}
	heads := as(noEcho,
		"gives a good answer the status 201",
		"gives a good answer the status 202",
		"gives a good answer the status 203, as a proxy that changed it",
		"gives a good answer the status 206, as a part",
		"hands out 1,000 cookies",
		"sends fields of 60 kB in words of two letters",
	)
	heads["changes to another protocol (101)"] = "status/unexpected_status, bytes_after_response"
	bodies := as(noEcho,
		"sends a body without end",
		"sends 100 MB, as it said",
		"sends a body byte by byte",
		"sends less than it said, and closes",
		"sends less than it said, and waits",
		"says no length, and closes without ending TLS",
		"sends a good answer, and less of it than it said",
		"sends a good answer without its last chunk",
		"says that a plain answer is deflated",
		"says a length, and sends chunks",
		"sends chunks of one byte without end",
		"closes before the last chunk",
		"sends a compressed bomb, unasked",
		"sends a body that only its own codec could read",
	)
	bodies["sends more than it said"], bodies["sends a second response behind the first (smuggled)"] = stray, stray
	return []lab.Meeting{
		{Group: "Names", But: as(noEcho, "gives 1,000 addresses")},
		{Group: "Connections"},
		{Group: "Proxies on the way out", But: as(noEcho, "does what it is asked")}, // what is behind it is no such service
		{Group: "TLS handshakes"},
		{Group: "Certificates", But: as(noEcho, "shows one with 2,000 names", "sends 100 certificates behind its own")},
		{Group: "Responses: heads", But: heads},
		{Group: "Responses: bodies", But: bodies},
		{Group: "Logons", But: as(noEcho, "sends who has logged on elsewhere")},
		{Group: "Tickets and tokens", But: as(noEcho, "(token URL) sends a token of 60 kB")},
		{Group: "Redirects", Usual: noEcho},
	}
}
