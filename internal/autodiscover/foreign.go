package autodiscover

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// exchangeTypes are the types of protocols that Exchange's settings come in (MS-OXDSCLI 2.2.4.1.1.2.6), in lower case.
// What mail hosters answer from (cPanel, Plesk, mailcow, automx) has IMAP, POP3, SMTP and their like in their place.
var exchangeTypes = []string{"exch", "expr", "exhttp", "mapihttp"}

// maxTypes is how many other services than Exchange's are named.
const maxTypes = 8

// noteType keeps what a service calls itself, each once; one of Exchange's has room however many there are.
func noteType(types []string, name string) []string {
	if name == "" || slices.Contains(types, name) || len(types) >= maxTypes && !ofExchange([]string{name}) {
		return types
	}
	return append(types, name)
}

// ofExchange tells whether one of the types is Exchange's.
func ofExchange(types []string) bool {
	return slices.ContainsFunc(types, func(t string) bool { return slices.Contains(exchangeTypes, strings.ToLower(t)) })
}

// other is the answer that has settings, and none of Exchange's. servers are those that it names.
func other(types []string, servers []Setting) *Answer {
	var hosts []string
	for _, s := range servers {
		if !slices.Contains(hosts, s.Value) && len(hosts) < maxTypes {
			hosts = append(hosts, s.Value)
		}
	}
	problem := "its settings are for " + list(types)
	if len(hosts) > 0 {
		problem += " at " + list(hosts)
	}
	return &Answer{Kind: NotExchange, Problem: plain.Text(problem, maxText) + ", and none is Exchange's"}
}

// list joins words as a sentence does.
func list(words []string) string {
	switch n := len(words); n {
	case 0:
		return "no service that it names"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
