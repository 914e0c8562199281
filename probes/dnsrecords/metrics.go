package dnsrecords

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	serverSuccess = &result.Metric{
		Name: "probe_dns_server_success", Help: "Whether a name server at an address (`ip:port`, at most 16) answers for the zone, with authority.",
		Labels: []string{"server", "address"}, Presence: "it could be asked: policy permits it, and there is a route",
	}
	recordFound = &result.Metric{
		Name: "probe_dns_record_found", Help: "Whether the server at an address has a record of that name and type, be it by an alias: each that the module asks for.",
		Labels: []string{"address", "name", "type"}, Own: []string{"type"}, Presence: "the server answered for it with authority",
	}
	recordExpected = &result.Metric{
		Name: "probe_dns_record_expected", Help: "Whether every server that answered has a configured record as it is expected.",
		Labels: []string{"name", "type"}, Own: []string{"type"}, Presence: "for each of `records`, when a server answered for it",
	}
	soaSerial = &result.Metric{
		Name: "probe_dns_soa_serial", Help: "The serial of the zone's copy at an address.",
		Labels: []string{"address"}, Presence: "the server there told it",
	}
	soaSeconds = &result.Metric{
		Name: "probe_dns_soa_seconds", Help: "How long the question for the zone's SOA record took at an address, second tries included.",
		Labels: []string{"address"}, Presence: "it was answered",
	}
	tcpSuccess = &result.Metric{
		Name: "probe_dns_tcp_success", Help: "Whether the server at an address answers over TCP.",
		Labels: []string{"address"}, Presence: "it answered at all",
	}
	datagramsSent = &result.Metric{
		Name: "probe_dns_datagrams_sent", Help: "How many datagrams the probe sent, those to the exporter's own name server included; at most 256.", Presence: "the probe was begun",
	}
)

// Blank implements prober.Prober: nothing is known of servers that were not asked.
func (s *Settings) Blank(*result.Result) {}

func (p *probe) measure() {
	r := p.run.Result
	r.Add(datagramsSent, float64(p.datagrams.Sent()))
	for _, s := range p.servers {
		if s.soa == nil || s.noWay || p.closedOff() {
			continue
		}
		for _, host := range s.hosts() {
			r.Add(serverSuccess, result.Truth(s.serves()), plain.Text(host, 253), s.address())
		}
		if s.serial != nil && s.serves() {
			r.Add(soaSerial, float64(*s.serial), s.address())
		}
		if s.soa.err == nil {
			r.Add(soaSeconds, float64(s.soa.took), s.address())
			r.Add(tcpSuccess, result.Truth(s.tcp == nil), s.address())
		}
	}
	for _, round := range p.rounds {
		p.measureRound(round)
	}
	for i, rec := range p.Records {
		if slices.ContainsFunc(p.Records[:i], func(o Record) bool { return o.question() == rec.question() }) {
			continue
		}
		p.measureRecord(rec)
	}
}

// closedOff tells whether nothing came through at all, so that nothing is known of any server.
func (p *probe) closedOff() bool { return p.run.Result.Undecided != "" && len(p.rounds) == 0 }

func (p *probe) measureRound(round *round) {
	if round.q.kind == 2 && p.rank(round.q) > 0 { // NS, which is asked for comparison
		return
	}
	for _, reply := range round.replies {
		if v := round.verdict(reply, Record{}); v.known {
			p.run.Result.Add(recordFound, result.Truth(v.there), reply.server.address(), round.q.named(), round.q.typed())
		}
	}
}

// measureRecord holds all records of one name and type that are configured, of which each has to be there.
func (p *probe) measureRecord(rec Record) {
	round := p.roundOf(rec.question())
	if round == nil {
		return
	}
	known, good := 0, 0
	for _, other := range p.Records {
		if other.question() != rec.question() {
			continue
		}
		for _, reply := range round.replies {
			v := round.verdict(reply, other)
			known += int(result.Truth(v.known))
			good += int(result.Truth(v.known && v.expected))
		}
	}
	if known > 0 {
		p.run.Result.Add(recordExpected, result.Truth(known == good), rec.Name, rec.Type)
	}
}

// tabulate shows a person servers and records side by side.
func (p *probe) tabulate() {
	if len(p.servers) == 0 || p.soa == nil {
		return
	}
	servers := result.Table{Title: "Name servers of " + p.domain(), Columns: []string{"server", "address", "named by", "answers for the zone", "serial", "TCP"}}
	for _, s := range p.servers {
		servers.Rows = append(servers.Rows, []string{plain.Text(strings.Join(s.hosts(), ", "), maxShown), s.address(), s.named, s.standing(), s.serialText(), s.tcpText()})
	}
	records := result.Table{Title: "Records", Columns: []string{"name", "type", "at", "answer", "own name server"}}
	for _, round := range p.rounds {
		own := "–"
		if round.own != nil {
			own = cmp.Or(shown(round.q.owned(round.own)), said(round.q, round.own))
		}
		for _, g := range round.groups() {
			at := who(g.replies)
			if len(g.replies) == len(round.replies) {
				at = "all " + strconv.Itoa(len(round.replies))
			}
			records.Rows = append(records.Rows, []string{round.q.named(), round.q.typed(), at, strings.TrimPrefix(g.says, "is "), own})
		}
	}
	p.run.Result.Tables = append(p.run.Result.Tables, servers)
	if len(records.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, records)
	}
}

// hosts are all names by which the address was found.
func (s *server) hosts() []string { return append([]string{s.host}, s.also...) }

func (s *server) standing() string {
	switch {
	case s.soa == nil:
		return "–"
	case s.soa.err != nil:
		return "no answer"
	case s.lame != "":
		return "no: " + said(s.soa.q, s.soa.msg)
	}
	return "yes"
}

func (s *server) serialText() string {
	if s.serial == nil || s.lame != "" {
		return "–"
	}
	return fmt.Sprint(*s.serial)
}

func (s *server) tcpText() string {
	switch {
	case !s.tried:
		return "–"
	case s.tcp != nil:
		return "no"
	}
	return "yes"
}
