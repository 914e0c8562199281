package autodiscover

import (
	"net/url"
	"slices"
	"strings"
)

// The settings that lead clients to a mailbox from outside, by POX.
const (
	outlookServer = "EXPR.Server" // Outlook Anywhere's host
	outsideEWS    = "EXPR.EwsUrl"
)

// serverDiffers tells of an answer by which Outlook Anywhere and EWS are at different hosts. That is in order by itself. But a
// cmdlet that takes its host from Autodiscover takes Outlook Anywhere's, and people think of the EWS URL's.
func (p *probe) serverDiffers() {
	for _, a := range p.attempts {
		if a.failure != nil || a.method != POX {
			continue
		}
		servers, hosts := a.values(outlookServer), hostsOf(a.values(outsideEWS))
		if len(servers) == 0 || len(hosts) == 0 || slices.ContainsFunc(servers, func(s string) bool { return slices.Contains(hosts, s) }) {
			continue
		}
		p.run.Find(ServerDiffers, info, a.answered.who(), "%s is %s, and %s leads to %s. Outlook Anywhere and EWS may be at different hosts; but Test-MigrationServerAvailability -Autodiscover has been seen to ask the first, and not the second: see that %s takes mailbox moves, or give that cmdlet the host.",
			outlookServer, strings.Join(servers, " and "), outsideEWS, strings.Join(hosts, " and "), servers[0])
		return
	}
}

// hostsOf are the hosts of URLs.
func hostsOf(urls []string) (hosts []string) {
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			hosts = append(hosts, strings.ToLower(u.Hostname()))
		}
	}
	return hosts
}
