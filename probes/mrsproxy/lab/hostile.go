package lab

import (
	"maps"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them. Who
// answers without asking for a logon is not Exchange, however good the answer.
func meets() []lab.Meeting {
	const unasked, stray = "status/unexpected_status", "status/unexpected_status, bytes_after_response"
	return []lab.Meeting{
		{Group: "Names", But: as(unasked, "gives 1,000 addresses")},
		{Group: "Connections"},
		{Group: "Proxies on the way out", But: map[string]string{"does what it is asked": "status/unexpected_status"}}, // what is behind it is no such service
		{Group: "TLS handshakes"},
		{Group: "Certificates", But: as(unasked, "shows one with 2,000 names", "sends 100 certificates behind its own")},
		{Group: "Responses: heads", But: with(as(unasked,
			"gives a good answer the status 201",
			"gives a good answer the status 202",
			"gives a good answer the status 203, as a proxy that changed it",
			"gives a good answer the status 206, as a part",
			"hands out 1,000 cookies",
			"sends fields of 60 kB in words of two letters",
		), as(stray, "changes to another protocol (101)"))},
		{Group: "Responses: bodies", But: with(as(unasked,
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
		), as(stray, "sends more than it said", "sends a second response behind the first (smuggled)"))},
		{Group: "Logons", But: map[string]string{
			"sends who has logged on elsewhere": "status/preauthenticated, mrs_proxy_preauthenticated",
		}},
		{Group: "Tickets and tokens"},
		{Group: "Redirects", Usual: "status/preauthenticated, mrs_proxy_preauthenticated"},
	}
}

// as has all of these reported alike.
func as(reports string, peers ...string) map[string]string {
	all := map[string]string{}
	for _, p := range peers {
		all[p] = reports
	}
	return all
}

// with adds what the second one has to the first.
func with(all, more map[string]string) map[string]string {
	maps.Copy(all, more)
	return all
}
