package authroundtrips

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What an empty Bearer came to, as the label answer has it.
const (
	modernOffered     = "offered"      // an authority is named where clients sign in
	modernServersOnly = "servers_only" // Bearer, and no authority: for servers among themselves
	modernBroken      = "broken"       // Bearer that no client can use
	modernNotOffered  = "not_offered"  // a 401 without Bearer
	modernOtherAnswer = "other_answer" // no 401
	modernNoAnswer    = "no_answer"
	modernNotAsked    = "not_asked" // because nothing had answered before
)

var modernAnswers = []string{modernOffered, modernServersOnly, modernBroken, modernNotOffered, modernOtherAnswer, modernNoAnswer, modernNotAsked}

// The kinds of authorities, as the label kind has them.
const (
	entra     = "entra"
	adfs      = "adfs"
	authority = "other"
)

// entraHosts are where Microsoft's clouds have people sign in (Microsoft Learn, "Microsoft Entra authentication & national
// clouds"; login.windows.net is the older name that Exchange's own challenges have).
var entraHosts = []string{
	"login.microsoftonline.com", "login.windows.net", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
}

// Bounds of what a challenge may show. What is longer is not cut but left out: a secret in it would not be found any more.
const (
	maxAuthority   = 200 // bytes
	maxIssuer      = 120 // bytes
	maxDiagnostics = 300 // bytes
	maxIssuers     = 8   // that are listed
)

// hostname is what may stand in a label (RFC 1123 §2.1).
var hostname = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// modern is the answer to an empty Bearer.
type modern struct {
	came    string
	answer  *result.Conversation // nil without
	offer   auth.Challenge       // Bearer's
	bare    bool                 // it has no parameter
	url     *url.URL             // of the authority; nil without a good one
	issuers []string
}

// askModern asks for the first object with the scheme Bearer and no token, over a connection of its own: Exchange names then
// where clients get one. Neither a secret nor a token is sent, and the authority is not asked. What comes of it is no failure
// of the probe.
func (p *probe) askModern(ctx context.Context, endpoint prober.Endpoint) {
	if !p.ModernAuth || !p.asked {
		return
	}
	p.modern = &modern{came: modernNoAnswer}
	step := p.run.Step("modern")
	conn, err := p.run.Network.Open(ctx, step, endpoint)
	if err != nil {
		step.End(err)
		return
	}
	defer conn.Close()
	request := step.Step("request")
	empty := p.request(p.PathList[0], "Bearer")
	empty.Body = nil
	x, body, err := conn.Do(empty, bodyLimit)
	answer := p.run.Exchanged(request.Name(), conn, x.Record, body, err)
	if request.End(err); answer.Response() != nil {
		p.modern = readModern(answer)
	}
	step.Detail("an empty Bearer: %s", strings.ReplaceAll(p.modern.came, "_", " "))
	step.End(err)
}

// readModern reads what the answer to an empty Bearer says. Of several challenges the one with an authority counts.
func readModern(answer *result.Conversation) *modern {
	m := &modern{answer: answer, came: modernNotOffered}
	if answer.Status() != 401 {
		m.came = modernOtherAnswer
		return m
	}
	found := false
	for _, c := range auth.ParseChallenges(answer.Final.Values("WWW-Authenticate")) {
		if strings.EqualFold(c.Scheme, "Bearer") && (!found || m.offer.Params["authorization_uri"] == "") {
			m.offer, found = c, true
		}
	}
	if found {
		m.read()
	}
	return m
}

// read tells what Bearer's parameters come to. RFC 6750 §3 wants one at least; clients of Exchange need the authority.
func (m *modern) read() {
	m.bare = len(m.offer.Params) == 0
	for issuer := range strings.SplitSeq(m.offer.Params["trusted_issuers"], ",") {
		if issuer = strings.TrimSpace(issuer); issuer != "" {
			m.issuers = append(m.issuers, issuer)
		}
	}
	text := m.offer.Params["authorization_uri"]
	m.url = authorityOf(text)
	switch {
	case m.bare, text != "" && m.url == nil:
		m.came = modernBroken
	case text == "":
		m.came = modernServersOnly
	default:
		m.came = modernOffered
	}
}

// authorityOf reads the address of an authority; nil where it is none that a client should go to.
func authorityOf(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || len(text) > 2048 || u.Scheme != "https" || u.User != nil {
		return nil
	}
	if host := strings.ToLower(u.Hostname()); len(host) > 253 || !hostname.MatchString(host) {
		return nil
	}
	return u
}

// host is the authority's, in lower case.
func (m *modern) host() string { return strings.ToLower(m.url.Hostname()) }

// kind is whose the authority is, and what a person calls it.
func (m *modern) kind() (label, text string) {
	switch {
	case slices.Contains(entraHosts, m.host()):
		return entra, "Entra ID, so hybrid modern authentication is on"
	case strings.HasPrefix(strings.ToLower(m.url.Path), "/adfs/"):
		return adfs, "AD FS by its path"
	}
	return authority, "neither Entra ID nor AD FS by its address"
}

// judgeModern tells what the answer means. That a box takes Bearer away shows only beside a server's own answer.
func (p *probe) judgeModern() {
	m := p.modern
	if m == nil {
		return
	}
	who := p.first()
	if m.answer != nil {
		who = m.answer.Origin
	}
	switch m.came {
	case modernOffered:
		_, kind := m.kind()
		p.run.Find(ModernOffered, result.Info, who, "%s sends clients that ask for it by Bearer to sign in at %s (%s). It names %s.", who.Subject(), m.host(), kind, m.counted())
	case modernServersOnly:
		p.run.Find(ModernNotOffered, result.Info, who, "%s offers Bearer with %s and no authority: OAuth is there for servers among themselves, and hybrid modern authentication is off for clients.%s", who.Subject(), m.counted(), m.diagnostics())
	case modernNotOffered:
		p.run.Find(ModernNotOffered, result.Info, who, "%s answers an empty Bearer with 401 and does not offer Bearer: OAuth is off for this path, or a box in front takes Bearer away. Ask a server directly (--direct): if it offers Bearer, it is the box.%s", who.Subject(), m.diagnostics())
	case modernBroken:
		what := "names an authority that is no plain https address"
		if m.bare {
			what = "gives it no parameter, where RFC 6750 (section 3) wants one at least"
		}
		p.run.Find(ModernBroken, result.Warning, who, "%s offers Bearer and %s: no client can sign in by it. A box in front changes the challenge, or the server's own settings are wrong.", who.Subject(), what)
		p.run.Blame(result.Either)
	case modernOtherAnswer:
		p.run.Find(ModernUnclear, result.Info, who, "%s answered an empty Bearer with %s, where a 401 has its place. It may be that what answers refuses a Bearer without a token, and takes one with.%s", who.Subject(), m.answer.Answer(), m.diagnostics())
	case modernNoAnswer:
		p.run.Find(ModernUnclear, result.Info, who, "An empty Bearer got no answer, where the same request without credentials had one. It may be that a box refuses a Bearer without a token, and takes one with.")
	}
}

// counted says how many issuers are named.
func (m *modern) counted() string {
	if len(m.issuers) == 1 {
		return "one trusted issuer"
	}
	return fmt.Sprintf("%d trusted issuers", len(m.issuers))
}

// diagnostics is what Exchange tells beside.
func (m *modern) diagnostics() string {
	if d := m.answer.Final.Get("x-ms-diagnostics"); d != "" && len(d) <= maxDiagnostics {
		return " x-ms-diagnostics says " + plain.Escape(d) + "."
	}
	return ""
}

// measureModern adds what came of an empty Bearer.
func (p *probe) measureModern() {
	if !p.ModernAuth {
		return
	}
	m := p.modern
	if m == nil {
		m = &modern{came: modernNotAsked}
	}
	r := p.run.Result
	for _, o := range modernAnswers {
		r.Add(modernAnswer, result.Truth(o == m.came), o)
	}
	if m.offer.Scheme != "" {
		r.Add(modernIssuers, float64(len(m.issuers)))
	}
	if m.url != nil {
		kind, _ := m.kind()
		r.Add(modernAuthority, 1, kind, m.host())
	}
}

// tabulateModern shows what Bearer's challenge names.
func (p *probe) tabulateModern() {
	if p.modern == nil || p.modern.offer.Scheme == "" {
		return
	}
	m := p.modern
	t := result.Table{Title: "What Bearer's challenge names", Columns: []string{"what", "value"}}
	if text := m.offer.Params["authorization_uri"]; text != "" {
		t.Rows = append(t.Rows, []string{"authority", bounded(text, maxAuthority)})
	}
	for _, issuer := range m.issuers[:min(len(m.issuers), maxIssuers)] {
		t.Rows = append(t.Rows, []string{"trusted issuer", bounded(issuer, maxIssuer)})
	}
	if more := len(m.issuers) - maxIssuers; more > 0 {
		t.Rows = append(t.Rows, []string{"trusted issuer", fmt.Sprintf("%d more", more)})
	}
	if len(t.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, t)
	}
}

// bounded is a value of a challenge for a person.
func bounded(text string, limit int) string {
	if len(text) > limit {
		return fmt.Sprintf("%d bytes, which are not shown", len(text))
	}
	return plain.Escape(text)
}
