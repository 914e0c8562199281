package authroundtrips

import (
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	offerInfo = &result.Metric{
		Name: "probe_auth_offer_info", Labels: []string{"schemes"},
		Help:     "The schemes offered, in the server's order, joined by commas.",
		Presence: "an answer came",
	}
	requests = &result.Metric{
		Name: "probe_auth_requests", Presence: "always",
		Help: "Requests sent to fetch the objects, those of handshakes included.",
	}
	fetched = &result.Metric{
		Name: "probe_auth_objects", Presence: "always",
		Help: "Objects fetched.",
	}
	unauthorized = &result.Metric{
		Name: "probe_auth_unauthorized_responses", Presence: "always",
		Help: "Responses with status 401.",
	}
	httpBytes = &result.Metric{
		Name: "probe_auth_http_bytes", Labels: []string{"direction"}, Own: []string{"direction"}, Presence: "always",
		Help: "Bytes of HTTP above TLS, as IIS logs them: `sent` as cs-bytes, `received` as sc-bytes.",
	}
	wireBytes = &result.Metric{
		Name: "probe_auth_wire_bytes", Labels: []string{"direction"}, Own: []string{"direction"}, Presence: "always",
		Help: "Bytes below TLS while the requests ran, without TLS's own handshake.",
	}
	objectSeconds = &result.Metric{
		Name: "probe_auth_object_duration_seconds", Labels: []string{"object"}, Own: []string{"object"},
		Help:     "Time for each object, handshake included. `object` counts from 1.",
		Presence: "the object was fetched",
	}
	connections = &result.Metric{
		Name: "probe_auth_connections", Presence: "always",
		Help: "Connections that the objects took; 1 when the server keeps them.",
	}
	closedInHandshake = &result.Metric{
		Name: "probe_auth_closed_in_handshake", Presence: "always",
		Help: "Connections that ended in the midst of a handshake.",
	}
	serversSeen = &result.Metric{
		Name:     "probe_auth_servers",
		Help:     "Different servers that answered, by X-FEServer, or else by the computer name in NTLM's challenge.",
		Presence: "a server named itself",
	}
	persistent = &result.Metric{
		Name:     "probe_auth_persistent",
		Help:     "1 when the connection stays authenticated, 0 when every request pays again.",
		Presence: "a second object was asked for after a logon",
	}
	persistentHeader = &result.Metric{
		Name:     "probe_auth_persistent_header",
		Help:     "What the response to a logon says in Persistent-Auth: 1 for true, 0 for anything else.",
		Presence: "the field came",
	}
	protectionInfo = &result.Metric{
		Name: "probe_auth_extended_protection_info", Labels: []string{"mode"}, Own: []string{"mode"},
		Help:     "What the server does with channel bindings: `off`, `allow` or `require`.",
		Presence: "it was found out, by this probe or one within the last hour",
	}
)

var (
	kerberosSuccess = &result.Metric{
		Name: "probe_auth_kerberos_success", Labels: []string{"fact"}, Own: []string{"fact"},
		Help:     "The facts of a logon by Kerberos, one after the other: `granting_ticket`, a ticket-granting ticket is had; `service_ticket`, one for the site's service principal; `acceptance`, the server takes it. Tickets that an earlier probe got count while they are good.",
		Presence: "it is known; each only where those before it are 1",
	}
	kerberosName = &result.Metric{
		Name: "probe_auth_kerberos_name_success", Labels: []string{"name"},
		Help:     "Whether a ticket is had for the service principal of another name of the site: `short_name`, the first label of the target's name; `alias`, the name at the end of its chain of CNAME records. 0 where no account has it or several have; a refusal holds for an hour.",
		Presence: "a ticket-granting ticket was had, there is such a name, and a KDC answered",
	}
	mechanism = &result.Metric{
		Name: "probe_auth_negotiate_mechanism", Labels: []string{"mechanism"}, Own: []string{"mechanism"},
		Help:     "Which mechanism a logon by Negotiate went by: 1 for `kerberos` or `ntlm`, 0 for the other one.",
		Presence: "Negotiate was answered",
	}
	modernAnswer = &result.Metric{
		Name: "probe_auth_modern_answer", Labels: []string{"answer"},
		Help:     "What an empty Bearer came to: `offered`, an authority is named where clients sign in; `servers_only`, Bearer without one; `broken`, Bearer that no client can use; `not_offered`, a 401 without Bearer; `other_answer`, no 401; `no_answer`; `not_asked`, because nothing had answered before.",
		Presence: "each configured check: with `modern_auth`",
	}
	modernAuthority = &result.Metric{
		Name: "probe_auth_modern_authority_info", Labels: []string{"kind", "host"}, Own: []string{"kind"},
		Help:     "The authority that Bearer's challenge names: `kind` is `entra`, `adfs` or `other`.",
		Presence: "the challenge names an https address",
	}
	modernIssuers = &result.Metric{
		Name:     "probe_auth_modern_issuers",
		Help:     "How many trusted issuers Bearer's challenge names.",
		Presence: "an empty Bearer was answered with a challenge of Bearer's",
	}
)

// measure turns what was seen into samples.
func (p *probe) measure() {
	r := p.run.Result
	p.measureOffer()
	list := p.exchanges()
	r.Add(requests, float64(len(list)))
	r.Add(fetched, float64(count(p.objects, func(o *object) bool { return o.fetched })))
	r.Add(unauthorized, float64(count(list, is401)))
	var sums [4]int64
	for _, e := range list {
		sums[0] += e.BytesSent
		sums[1] += e.BytesReceived
		sums[2] += e.WireSent
		sums[3] += e.WireReceived
	}
	r.Add(httpBytes, float64(sums[0]), "sent")
	r.Add(httpBytes, float64(sums[1]), "received")
	r.Add(wireBytes, float64(sums[2]), "sent")
	r.Add(wireBytes, float64(sums[3]), "received")
	for i, o := range p.objects {
		if o.fetched {
			r.Add(objectSeconds, float64(o.took), strconv.Itoa(i+1))
		}
	}
	opened := 0
	if p.link != nil {
		opened = p.link.Opened
	}
	r.Add(connections, float64(opened))
	closed := 0.0
	if f := r.Failure; f != nil && f.Reason == auth.ConnectionClosed {
		closed = 1
	}
	r.Add(closedInHandshake, closed)
	if n := len(p.servers()); n > 0 {
		r.Add(serversSeen, float64(n))
	}
	if kept, known := p.persistence(); known {
		r.Add(persistent, result.Truth(kept))
	}
	p.measureHeader(list)
	if p.protection != nil && p.protection.mode != "" {
		r.Add(protectionInfo, 1, p.protection.mode)
	}
	p.measureTickets()
	p.measureModern()
}

func (p *probe) measureOffer() {
	if !p.asked {
		return
	}
	order := p.run.Offered(p.offered)
	p.run.Result.Add(offerInfo, 1, strings.Join(order, ","))
}

func (p *probe) measureHeader(list []*result.Conversation) {
	for _, e := range list {
		if e.Final == nil {
			continue
		}
		if value := e.Final.Get("Persistent-Auth"); value != "" {
			p.run.Result.Add(persistentHeader, result.Truth(strings.EqualFold(value, "true")))
			return
		}
	}
}

// exchanges are those of the objects.
func (p *probe) exchanges() []*result.Conversation {
	if len(p.objects) == 0 {
		return nil
	}
	return p.run.Result.Conversations[p.objects[0].first:p.objects[len(p.objects)-1].last]
}

func is401(e *result.Conversation) bool { return e.Final != nil && e.Final.Status == 401 }

func count[T any](list []T, f func(T) bool) (n int) {
	for _, v := range list {
		if f(v) {
			n++
		}
	}
	return n
}
