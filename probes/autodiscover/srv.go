package autodiscover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	maxRecords    = 4 // service records whose hosts are asked
	serverTimeout = 2 * time.Second
	udpSize       = 1232 // of an answer over UDP, so that none is broken into fragments (DNS flag day 2020)
)

// service looks the mail domain's service record up, and asks the hosts that it names.
func (a *attempt) service(ctx context.Context, r *reply, domain string) error {
	var records []*dns.SRV
	lookup := r.step.Step("lookup")
	records, err := a.p.records(ctx, autodiscover.SRVName(domain))
	lookup.Detail("%s → %d records", autodiscover.SRVName(domain), len(records))
	if f := lookup.End(err); f != nil {
		return f
	}
	var first error
	for _, rr := range records[:min(len(records), maxRecords)] {
		if a.redirects == nil {
			return failure.New(failure.Policy, autodiscover.NotAllowed, "the service record leads to %s, and there is no mail domain", rr.Target)
		}
		err := a.at(ctx, r, rr)
		if err == nil || refused(failure.From(err)) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// at asks the host that a service record names, and notes where the record leads nowhere.
func (a *attempt) at(ctx context.Context, r *reply, rr *dns.SRV) error {
	why := leadsNowhere(rr)
	var err error
	if why == "" {
		before := len(r.passed)
		var u *url.URL
		if u, err = a.redirects.SRV(rr.Target, rr.Port); err != nil {
			return r.refuse(err, rr.Target, a)
		}
		u.Path = paths[a.method]
		err = a.ask(ctx, r, u, true)
		own := len(r.passed) == before+1 // not where a redirect led from there
		switch {
		case own && failure.Is(err, failure.Resolve, "not_found", "no_address"):
			why = "the host " + rr.Target + ", which has no address"
		case own && rr.Port == a.p.ports.http && (failure.Is(err, failure.TLS) || failure.Is(err, failure.Connect, "refused")):
			why = fmt.Sprintf("port %d of %s, which is that of plain http", rr.Port, rr.Target)
		default:
			return err
		}
	}
	sentence := fmt.Sprintf("the service record %s (%d %d %d %s.) names %s", strings.TrimSuffix(rr.Hdr.Name, "."), rr.Priority, rr.Weight, rr.Port, plain.Text(rr.Target, 256), why)
	r.nowhere = append(r.nowhere, sentence)
	if failure.Is(err, failure.Connect) || failure.Is(err, failure.TLS) { // what came of it says more
		return err
	}
	return failure.New(failure.Resolve, reasonServiceRecord, "%s: clients get nowhere by it", sentence)
}

// leadsNowhere says what a service record names that no client can ask (RFC 2782: a target is a host's name, and "." says
// that there is no such service); empty where it may be asked.
func leadsNowhere(rr *dns.SRV) string {
	_, address, err := target.ParseHost(rr.Target)
	switch {
	case rr.Target == "":
		return `no host: by the target "." it says that there is no such service`
	case err == nil && address.IsValid():
		return "an address, and a target is the name of a host"
	case err != nil || !strings.Contains(rr.Target, "."):
		return "what is no host's full name"
	case rr.Port == 0:
		return "port 0, at which nothing can be asked"
	}
	return ""
}

// serviceRecords tells of those that lead nowhere.
func (p *probe) serviceRecords() {
	if a, r := p.first(func(r *reply) bool { return len(r.nowhere) > 0 }); r != nil {
		p.run.Find(ServiceRecord, a.severityOf(r), origin.Origin{Kind: origin.Unknown}, "%s.", capital(strings.Join(r.nowhere, "; ")))
	}
}

// records asks the name servers for service records: the lowest priority first, and of those alike the heaviest (RFC
// 2782 would draw by weight, but a probe should do the same every time). There is at least one, or an error, which is a
// failure of stage resolve.
func (p *probe) records(ctx context.Context, name string) ([]*dns.SRV, error) {
	servers, err := p.nameservers()
	if err != nil {
		return systemRecords(ctx, name)
	}
	for _, server := range servers {
		var answer *dns.Msg
		if answer, err = askServer(ctx, server, name); err == nil {
			return pick(answer, name)
		}
		if ctx.Err() != nil {
			break
		}
	}
	var timeout net.Error
	if ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return nil, failure.New(failure.Resolve, "timeout", "resolve %s: no answer from the name servers in time: %w", name, err)
	}
	return nil, failure.New(failure.Resolve, "error", "resolve %s: %w", name, err)
}

// nameservers are the configured one, or the system's.
func (p *probe) nameservers() ([]string, error) {
	if p.Nameserver != "" {
		return []string{p.Nameserver}, nil
	}
	return wire.SystemNameservers()
}

// askServer asks one server, over TCP where the answer does not fit into a datagram.
func askServer(ctx context.Context, server, name string) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	question := new(dns.Msg)
	question.SetQuestion(name, dns.TypeSRV)
	question.SetEdns0(udpSize, false)
	answer, _, err := (&dns.Client{Net: "udp", UDPSize: udpSize}).ExchangeContext(ctx, question, server)
	if err == nil && answer.Truncated {
		answer, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, question, server)
	}
	return answer, err
}

// pick takes the records out of an answer, whose own aliases it may lead through.
func pick(answer *dns.Msg, name string) ([]*dns.SRV, error) {
	switch answer.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	default:
		return nil, failure.New(failure.Resolve, "server_failure", "resolve %s: the name server answered %s", name, dns.RcodeToString[answer.Rcode])
	}
	var list []*dns.SRV
	owner := name
	for _, rr := range answer.Answer[:min(len(answer.Answer), 64)] {
		if !strings.EqualFold(rr.Header().Name, owner) {
			continue
		}
		switch rr := rr.(type) {
		case *dns.CNAME:
			owner = rr.Target
		case *dns.SRV:
			list = append(list, rr)
		}
	}
	return order(list, name)
}

// order sorts records, and takes the dot off their targets' end. Which of them lead nowhere is the caller's to see.
func order(list []*dns.SRV, name string) ([]*dns.SRV, error) {
	for _, rr := range list {
		rr.Target = strings.TrimSuffix(rr.Target, ".")
	}
	if len(list) == 0 {
		return nil, failure.New(failure.Resolve, "not_found", "resolve %s: there is no service record", name)
	}
	slices.SortStableFunc(list, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Target, b.Target))
	})
	return list, nil
}

// systemRecords asks the system's resolver, where no file names its servers, as on Windows.
func systemRecords(ctx context.Context, name string) ([]*dns.SRV, error) {
	_, found, err := net.DefaultResolver.LookupSRV(ctx, "", "", name)
	var missing *net.DNSError
	switch {
	case ctx.Err() != nil:
		return nil, failure.New(failure.Resolve, "timeout", "resolve %s: no answer from the name servers in time: %w", name, err)
	case errors.As(err, &missing) && missing.IsNotFound:
		return nil, failure.New(failure.Resolve, "not_found", "resolve %s: there is no service record", name)
	case err != nil:
		return nil, failure.New(failure.Resolve, "error", "resolve %s: %w", name, err)
	}
	var list []*dns.SRV
	for _, s := range found {
		list = append(list, &dns.SRV{Hdr: dns.RR_Header{Name: name}, Target: s.Target, Port: s.Port, Priority: s.Priority, Weight: s.Weight})
	}
	return order(list, name)
}
