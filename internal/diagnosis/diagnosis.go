// Package diagnosis settles what a probe's result asks of whom: it leads the failure, the findings and the undecidedness to
// their advice, and gathers the proof.
package diagnosis

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Settle gives r its verdict and its faults, by the advice of book, which is asked for only where somebody has to act. It cuts what
// it quotes, so secrets must be out of r already.
func Settle(r *result.Result, book func() advice.Book) {
	happened := happenings(r)
	if len(happened) == 0 {
		return
	}
	all, direct := book(), r.Direct && !boxSeen(r)
	var led []charged
	for _, h := range happened {
		a, ok := all.Drawn(r.Drawn[h.About], direct)
		if !ok {
			a, ok = all.Find(h.Case, direct)
		}
		if ok {
			led = append(led, charged{a, h.finding})
		}
	}
	if r.Failure == nil {
		slices.SortStableFunc(led, func(a, b charged) int { return cmp.Compare(a.wait(), b.wait()) })
	}
	for _, l := range led {
		charge(r, l.Advice, l.finding)
	}
}

// charged is an advice that r asks for, with the finding that leads to it, nil for another reason.
type charged struct {
	advice.Advice
	finding *result.Finding
}

// wait is how long it may: what was found before what was not tested.
func (c charged) wait() int {
	order := []advice.When{advice.Now, advice.Morning, advice.Plan}
	if c.finding == nil {
		return len(order)
	}
	return slices.Index(order, c.When)
}

// Instead has r ask what an advice says, in place of all that it asked before: for what only a comparison shows. The failure stays;
// f is the finding that leads to the advice, nil for none.
func Instead(r *result.Result, a advice.Advice, f *result.Finding) {
	r.Verdict, r.Faults = nil, nil
	charge(r, a, f)
}

// charge adds the faults of an advice; the first one becomes the verdict.
func charge(r *result.Result, a advice.Advice, f *result.Finding) {
	if r.Verdict == nil {
		r.Verdict = verdict(r, a, f)
	}
	for _, owner := range a.Owners {
		if fault := (result.Fault{Owner: owner, Certainty: certainty(a), Advice: a.Key}); !slices.Contains(r.Faults, fault) {
			r.Faults = append(r.Faults, fault)
		}
	}
}

// boxSeen tells whether a box showed itself, so that it is not true that none stood in front of a server that was asked directly.
func boxSeen(r *result.Result) bool {
	return slices.ContainsFunc(r.Conversations, func(c *result.Conversation) bool { return c.Origin.Kind == origin.Middlebox })
}

func certainty(a advice.Advice) advice.Certainty {
	if len(a.Owners) > 1 {
		return advice.Undecided
	}
	return a.Certainty
}

// happening is something that leads to an advice, and the finding that it is, nil for another.
type happening struct {
	advice.Case
	finding *result.Finding
}

// happenings are what somebody may have to act on, what matters most first: the findings behind a failure, the failure itself
// where there is none, then warnings, then why nothing was decided.
func happenings(r *result.Result) []happening {
	var all []happening
	add := func(severity result.Severity) {
		for i, f := range r.Findings {
			if f.Severity == severity {
				about := advice.Case{About: f.Code, Code: code(r), Origin: f.Origin, Product: f.Product, Blames: string(f.Blames)}
				all = append(all, happening{about, &r.Findings[i]})
			}
		}
	}
	add(result.Error)
	all = slices.DeleteFunc(all, func(h happening) bool { return isEvidence(h, all) })
	if f := r.Failure; f != nil && len(all) == 0 {
		all = append(all, happening{Case: by(r, advice.Case{About: f.Name(), Code: code(r)})})
	}
	add(result.Warning)
	if r.UndecidedReason != "" && !r.UndecidedOK {
		all = append(all, happening{Case: by(r, advice.Case{About: "undecided/" + string(r.UndecidedReason)})})
	}
	return all
}

// isEvidence tells whether h only says that a box answered, and another of all says what is wrong with this box.
func isEvidence(h happening, all []happening) bool {
	return h.About == result.AnsweredByMiddlebox && slices.ContainsFunc(all, func(other happening) bool {
		return other.About != h.About && other.Origin == h.Origin && other.Product == h.Product
	})
}

// code is what the peer called it: by name, else by its status.
func code(r *result.Result) string {
	if r.Failure != nil && r.Failure.Code != "" {
		return r.Failure.Code
	}
	if status := r.Deciding.Status(); status != 0 {
		return strconv.Itoa(status)
	}
	return ""
}

// by adds to a case who answered in the deciding conversation.
func by(r *result.Result, about advice.Case) advice.Case {
	if who := decided(r); who != nil {
		about.Origin, about.Product = who.Kind, who.Product
	}
	return about
}

// decided is who answered in the deciding conversation; nil where nobody did.
func decided(r *result.Result) *origin.Origin {
	if !r.Deciding.Answered() {
		return nil
	}
	return &r.Deciding.Origin
}

func verdict(r *result.Result, a advice.Advice, f *result.Finding) *result.Verdict {
	fill := filler(r)
	v := &result.Verdict{
		Fault:   result.Fault{Owner: a.Owners[0], Certainty: certainty(a), Advice: a.Key},
		Also:    a.Owners[1:],
		AtFault: atFault(r, a, f),
		When:    a.When, Suffers: a.Suffers, On: fill(a.On), First: fill(a.First), Then: fill(a.Then), Risk: a.Risk, Separates: fill(a.Separates),
		Proof: proof(r),
	}
	if f != nil {
		v.Finding = f.Code
	}
	if a.Owners[0] == advice.Middlebox || slices.Contains(v.Also, advice.Middlebox) {
		v.Places = a.Places.In(cmp.Or(product(r, f), marked(r, a.Places)))
	}
	return v
}

// product is that of the box which the finding, or the deciding answer, shows.
func product(r *result.Result, f *result.Finding) string {
	if f != nil && f.Origin == origin.Middlebox && f.Product != "" {
		return f.Product
	}
	if who := decided(r); who != nil && who.Kind == origin.Middlebox {
		return who.Product
	}
	return ""
}

// marked is the product of a proxy whose mark an answer bears, where places has it. It need not be the one at fault, so it only says whose setting comes first.
func marked(r *result.Result, places advice.Places) string {
	for _, c := range r.Conversations {
		f := c.Response()
		if f == nil {
			continue
		}
		words := strings.FieldsFunc(strings.ToLower(prober.ProxyMark(f, c.Origin)), func(r rune) bool { return !unicode.IsLetter(r) })
		for _, p := range places {
			if slices.Contains(words, p.Product) {
				return p.Product
			}
		}
	}
	return ""
}

// blamed are the owners who run what can be at fault. An expired certificate or a throttled account has no culprit.
var blamed = []advice.Owner{advice.Middlebox, advice.Security, advice.Exchange, advice.IIS, advice.Windows}

// atFault names the box or server that is at fault, only where that is sure; empty for nobody.
func atFault(r *result.Result, a advice.Advice, f *result.Finding) string {
	if certainty(a) != advice.Sure || !slices.Contains(blamed, a.Owners[0]) {
		return ""
	}
	who := origin.Origin{}
	if d := decided(r); d != nil {
		who = *d
	}
	box := a.Owners[0] == advice.Middlebox || a.Owners[0] == advice.Security
	switch {
	case box && who.Kind == origin.Middlebox:
		return who.Name()
	case box && f != nil && f.Origin == origin.Middlebox:
		return origin.Origin{Kind: f.Origin, Product: f.Product}.Name()
	case box:
		return "a box in front of the server"
	case who.Kind.Serves(), who.Kind == origin.HTTPSys:
		return who.Name()
	}
	return ""
}

// servers are the front end and the back end that showed themselves, those of the deciding answer first; empty for none.
func servers(r *result.Result) (front, back string) {
	all := r.Conversations
	if r.Deciding != nil {
		all = append([]*result.Conversation{r.Deciding}, all...)
	}
	for _, c := range all {
		if c.Origin.Frontend != "" {
			return computer(c.Origin.Frontend), computer(c.Origin.Backend)
		}
	}
	return "", ""
}

// numeric is an address in disguise, as resolvers take it.
var numeric = regexp.MustCompile(`^(0[xX][0-9A-Fa-f]*|[0-9]+)$`)

// computer is the first label of a server's name, as Exchange calls its front ends. Whoever pastes a command with it is led to no
// host outside of the own domain, whatever a target calls itself.
func computer(name string) string {
	name, _, _ = strings.Cut(name, ".")
	if numeric.MatchString(name) {
		return ""
	}
	return name
}

var (
	// harmless is what may go into a line that somebody pastes into a shell: names and addresses, as people write them.
	path     = regexp.MustCompile(`^[A-Za-z0-9/\\._:-]+$`)
	harmless = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@\[\]-]{0,252}$`)
	// pastable is a target with nothing in it that a shell reads more into: a host or address, or a URL of one, without a query.
	pastable = regexp.MustCompile(`^(?:[A-Za-z0-9]+://)?[A-Za-z0-9\[][A-Za-z0-9._:\[\]-]{0,252}(?:/[A-Za-z0-9/._-]{0,252})?$`)
)

// aim parses a target as written, of whichever scheme.
func aim(raw string) (target.Target, error) {
	scheme, _, isURL := strings.Cut(raw, "://")
	if scheme = strings.ToLower(scheme); !isURL || scheme == "http" {
		scheme = "https"
	}
	return target.ParseAs(scheme, raw, "")
}

// isPastable tells whether a target may go into a line that somebody pastes into a shell though its characters alone do not say so.
func isPastable(raw string) bool {
	_, err := aim(raw)
	return err == nil && pastable.MatchString(raw)
}

// configs are the files of the exporter's configuration as a command line has them; empty where a shell would read more into
// them.
func configs(r *result.Result) string {
	for _, file := range r.Configs {
		if !path.MatchString(file) {
			return ""
		}
	}
	return strings.Join(r.Configs, " --config.file ")
}

// user is an account's name without its domain, as a server's log has it in either way of writing.
func user(name string) string {
	name = name[strings.LastIndex(name, `\`)+1:]
	name, _, _ = strings.Cut(name, "@")
	return name
}

// isAddress tells whether a host is written as an address.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// pathOf is the path of a URL, as a server's log has it; empty where there is none.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Path
}

// filler puts what is known in place of advice.Words: ENDPOINT is the address that was dialled, and PROXY a URL that the
// configuration has in a form that does no harm. A word for which nothing is known, or something that nobody should paste, stays.
func filler(r *result.Result) func(string) string {
	known := map[string]string{"TARGET": r.Target, "SERVICE": r.Name, "MODULE": r.Module, "ADDRESS": r.Address, "AUTH": r.Auth, "PROXY": r.Proxy, "USER": user(r.User)}
	if _, domain, ok := strings.Cut(r.Address, "@"); ok {
		known["DOMAIN"] = domain
	}
	if t, err := aim(r.Target); err == nil {
		known["HOST"], known["PORT"] = t.Host, strconv.Itoa(int(t.Port))
	} else { // a mail address
		known["HOST"] = r.Name
	}
	if c := r.DecidingConnection; c != nil && c.Address.IsValid() {
		known["PORT"], known["ENDPOINT"] = strconv.Itoa(int(c.Address.Port())), c.Address.Addr().WithZone("").String()
	}
	if c := r.Deciding; c != nil && c.Origin.Kind == origin.DNSServer {
		known["NAMESERVER"] = c.Origin.Server
	}
	known["SERVER"], known["BACKEND"] = servers(r)
	if r.Direct && known["SERVER"] == "" {
		known["SERVER"] = known["HOST"]
	}
	if known["BACKEND"] == "" {
		known["BACKEND"] = known["SERVER"]
	}
	if r.Deciding != nil && r.Deciding.HTTP != nil {
		known["PATH"] = pathOf(r.Deciding.URL)
	}
	known["CONFIG"], known["TIME"] = configs(r), r.Start.Add(-time.Minute).UTC().Format("2006-01-02T15:04:05Z")
	return func(text string) string {
		if len(r.Configs) == 0 {
			text = strings.ReplaceAll(text, advice.WithConfig, "")
		}
		for _, word := range []string{"SERVER", "BACKEND"} {
			if isAddress(known[word]) {
				text = advice.ByName(text, word)
			}
		}
		return advice.Fill(text, func(word string) string {
			if value := known[word]; isHarmless(word, value) {
				return value
			}
			return ""
		})
	}
}

// isHarmless tells whether a value may go in place of a word into a line that somebody pastes into a shell.
func isHarmless(word, value string) bool {
	switch word {
	case "PROXY", "ENDPOINT", "CONFIG": // are so already
		return true
	case "PATH":
		return harmless.MatchString(value) || path.MatchString(value)
	case "TARGET":
		return harmless.MatchString(value) || isPastable(value)
	}
	return harmless.MatchString(value)
}
