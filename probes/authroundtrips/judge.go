package authroundtrips

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Codes of this prober's findings.
const (
	SchemeMissing      = "auth_scheme_missing"
	OnlyBasic          = "auth_only_basic"
	PerRequest         = "auth_per_request"
	LegsSplit          = "auth_legs_split"
	ProtectionMismatch = "extended_protection_mismatch"
	SPNMissing         = "spn_missing"
	SPNDuplicate       = "spn_duplicate"
	FellBack           = "negotiate_fell_back"
	ModernOffered      = "modern_auth_offered"
	ModernNotOffered   = "modern_auth_not_offered"
	ModernBroken       = "modern_auth_broken"
	ModernUnclear      = "modern_auth_unclear"
)

// Reasons of its own.
const (
	reasonNotFetched    = "not_fetched"    // stage status
	reasonLogonRequired = "logon_required" // stage auth
)

// judge draws the diagnoses.
func (p *probe) judge() {
	p.judgeOffer()
	p.judgeSplit()
	p.judgePersistence()
	p.judgeProtection()
	p.judgeTickets()
	p.judgeModern()
	p.judgeBox()
	p.explain()
}

// refusals are the findings for which a server refuses a right secret too, and what a probe says of them that the
// suspension which they led to holds back.
var refusals = map[string]string{
	LegsSplit:          "the legs of one NTLM logon over one connection were answered by different servers",
	ProtectionMismatch: "the server has bound another certificate than the one that clients see, and Extended Protection refuses logons for it",
}

// explain keeps with the suspension what explains the refusal, and tells it again while the suspension holds: otherwise
// the fault would show for one probe in a quarter of an hour, and the secret be blamed for the rest.
func (p *probe) explain() {
	switch {
	case failure.Is(p.failure(), failure.Auth, auth.Refused):
		var cause auth.Cause
		for _, f := range p.run.Result.Findings {
			if refusals[f.Code] != "" {
				cause = auth.Cause{Code: f.Code, Kind: f.Origin, Product: f.Product}
			}
		}
		p.run.Secrets().Explain(cause)
	case failure.Is(p.failure(), failure.Auth, auth.Suspended):
		cause, ok := p.run.Secrets().Cause()
		if !ok || p.run.Found(cause.Code) {
			return
		}
		p.run.Find(cause.Code, result.Error, origin.Origin{Kind: cause.Kind, Product: cause.Product},
			"An earlier probe found that %s. A right secret is refused for that too. The auth is suspended since, so nothing was sent now.", refusals[cause.Code])
		p.run.Blame(result.InBetween)
	}
}

// first is who answered first.
func (p *probe) first() origin.Origin {
	for _, e := range p.exchanges() {
		if e.Final != nil {
			return e.Origin
		}
	}
	return origin.Origin{Kind: origin.Unknown}
}

func (p *probe) judgeOffer() {
	if !p.asked || len(p.offered) == 0 {
		return
	}
	var names, missing []string
	for _, c := range p.offered {
		names = append(names, strings.ToLower(c.Scheme))
	}
	for _, s := range p.ExpectedSchemes {
		if !slices.Contains(names, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		p.run.Find(SchemeMissing, result.Warning, p.first(), "%s offers %s, and %s is expected of it.", p.first().Subject(), strings.Join(names, ", "), strings.Join(missing, ", "))
	}
	if !slices.ContainsFunc(names, func(n string) bool { return n != "basic" }) {
		p.run.Find(OnlyBasic, result.Warning, p.first(), "%s offers Basic and nothing else: mailbox moves and other clients that want Negotiate or NTLM are refused.", p.first().Subject())
	}
}

// servers are those that answered, in order of appearance: by X-FEServer, or else by NTLM's challenge.
func (p *probe) servers() []string {
	var names []string
	add := func(name string) {
		if name = strings.ToUpper(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, e := range p.exchanges() {
		add(e.Origin.Frontend)
	}
	if len(names) == 0 {
		for _, o := range p.objects {
			add(o.challenge.Computer)
		}
	}
	return names
}

// judgeSplit finds a logon by NTLM that failed because its legs, over one connection, went to different servers.
func (p *probe) judgeSplit() {
	if !failure.Is(p.failure(), failure.Auth, auth.Refused, auth.HandshakeBroken) {
		return
	}
	for _, c := range p.run.Result.Connections {
		if legs, split := p.split(c.ID); split {
			p.run.Find(LegsSplit, result.Error, p.first(), "The legs of one NTLM logon over one connection were answered by different servers (%s), which know nothing of each other's challenge: the box in front of them balances requests, and not connections.",
				strings.Join(legs, ", "))
			p.run.Blame(result.InBetween)
			return
		}
	}
}

// judgeBox tells of a box in front that made the answer which failed the probe. What a KDC says is no box's doing, whoever
// asked for the logon.
func (p *probe) judgeBox() {
	if p.failure() != nil && !byKDC(p.failure()) {
		p.run.FindBox(p.run.Result.Deciding)
	}
}

// split gives the servers that answered on a connection, and whether they took turns in one logon by NTLM.
func (p *probe) split(connection int) (servers []string, split bool) {
	servers, challenged := p.legs(connection)
	return servers, challenged && len(slices.Compact(slices.Sorted(slices.Values(servers)))) > 1
}

// legs are the servers that answered on a connection, in order, and whether NTLM's challenge was among the answers.
func (p *probe) legs(connection int) (servers []string, challenged bool) {
	for _, e := range p.run.Result.Conversations {
		if e.Connection != connection || e.Final == nil {
			continue
		}
		if e.Origin.Frontend != "" {
			servers = append(servers, e.Origin.Frontend)
		}
		for _, c := range auth.ParseChallenges(e.Final.Values("WWW-Authenticate")) {
			_, ok := auth.ReadNTLM(c)
			challenged = challenged || ok
		}
	}
	return servers, challenged
}

// failure is the probe's as an error; nil without one.
func (p *probe) failure() error {
	if f := p.run.Result.Failure; f != nil {
		return f
	}
	return nil
}

// persistence tells whether the connection stays authenticated, as far as a second object shows it.
func (p *probe) persistence() (kept, known bool) {
	for i := 1; i < len(p.objects); i++ {
		if before, o := p.objects[i-1], p.objects[i]; p.objects[0].scheme != "" && before.fetched && o.last > o.first {
			first := p.run.Result.Conversations[o.first]
			if first.Final == nil {
				return false, false
			}
			return first.Final.Status != 401, true
		}
	}
	return false, false
}

// judgePersistence tells what authentication per request costs. A scheme whose credentials stand in each request anyway
// has nothing to keep.
func (p *probe) judgePersistence() {
	kept, known := p.persistence()
	scheme := ""
	if len(p.objects) > 0 {
		scheme = p.objects[0].scheme
	}
	if kept || !known || scheme == "basic" || scheme == "bearer" {
		return
	}
	ntlm := scheme == "ntlm" || p.objects[0].challenge.Computer != ""
	severity, why := result.Warning, "NTLM is meant to authenticate the connection"
	if !ntlm {
		severity, why = result.Info, "for Kerberos that is IIS's default"
	}
	more, bytes := 0, int64(0)
	for _, o := range p.objects[1:] {
		list := p.run.Result.Conversations[o.first:o.last]
		for i, e := range list {
			if i < len(list)-1 {
				more++
				bytes += e.BytesSent + e.BytesReceived
			}
		}
	}
	p.run.Find(PerRequest, severity, p.first(), "Every request authenticates anew; %s. After the first of %d objects that cost %d more requests and %d more bytes than a connection that stays authenticated.%s",
		why, len(p.objects), more, bytes, p.via())
}

// via says that every answer came through a proxy that names itself, empty where not: IIS keeps no connection
// authenticated for a request that came with Via.
func (p *probe) via() string {
	seen := ""
	for _, e := range p.exchanges() {
		if e.Response() == nil {
			continue
		}
		value := e.Final.Get("Via")
		if value == "" {
			return ""
		}
		seen = value
	}
	if seen == "" {
		return ""
	}
	if len(seen) <= 64 { // a longer one is not cut here: a secret in it would not be found any more
		seen = " (" + plain.Escape(seen) + ")"
	} else {
		seen = ""
	}
	return fmt.Sprintf(" Every answer has Via%s: IIS authenticates each request that a proxy marks so. Let the proxy send none (Apache: ProxyVia Off).", seen)
}
