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
		Name: "probe_auth_http_bytes", Labels: []string{"direction"}, Presence: "always",
		Help: "Bytes of HTTP above TLS, as IIS logs them: `sent` as cs-bytes, `received` as sc-bytes.",
	}
	wireBytes = &result.Metric{
		Name: "probe_auth_wire_bytes", Labels: []string{"direction"}, Presence: "always",
		Help: "Bytes below TLS while the requests ran, without TLS's own handshake.",
	}
	objectSeconds = &result.Metric{
		Name: "probe_auth_object_duration_seconds", Labels: []string{"object"},
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
		Name: "probe_auth_extended_protection_info", Labels: []string{"mode"},
		Help:     "What the server does with channel bindings: `off`, `allow` or `require`.",
		Presence: "it was found out, by this probe or one within the last hour",
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
