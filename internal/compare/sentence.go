package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Sentence says in one sentence what the comparison proves: "fails through 10.0.0.5, works on ex01 and ex02: the
// balancer". The first result is that through the balancer, unless all are of addresses of one name: see alike.
func Sentence(results []*result.Result) string {
	if byAddress(results) {
		return alike(results)
	}
	s := sort(results)
	if s.through.Undecided != "" {
		return s.undecided()
	}
	sentence := s.verdict()
	if len(s.works)+len(s.fails) > 0 {
		for _, silent := range s.silent() {
			sentence += "; " + silent
		}
	}
	return sentence
}

// sides are the results, sorted by what they say.
type sides struct {
	through                     *result.Result
	works, fails, open, unasked []*result.Result // of the servers; open: nothing failed, and nothing was decided
}

func sort(results []*result.Result) sides {
	s := sides{through: results[0]}
	for _, r := range results[1:] {
		switch {
		case r.Undecided != "":
			s.open = append(s.open, r)
		case r.Success():
			s.works = append(s.works, r)
		case asked(r):
			s.fails = append(s.fails, r)
		default:
			s.unasked = append(s.unasked, r)
		}
	}
	return s
}

// silent tells of the servers that say nothing, and why.
func (s sides) silent() []string {
	var all []string
	for _, r := range s.open {
		word, why := undecided(r)
		all = append(all, fmt.Sprintf("%s on %s: %s", word, r.Target, why))
	}
	if len(s.unasked) > 0 {
		all = append(all, fmt.Sprintf("%s could not be asked (%s)", names(s.unasked), reasons(s.unasked)))
	}
	return all
}

// undecided is the verdict where the probe through the balancer itself decided nothing.
func (s sides) undecided() string {
	word, why := undecided(s.through)
	same := slices.DeleteFunc(slices.Clone(s.open), func(r *result.Result) bool { return !strings.EqualFold(r.Undecided, s.through.Undecided) })
	s.open = slices.DeleteFunc(slices.Clone(s.open), func(r *result.Result) bool { return slices.Contains(same, r) })
	sentence := word + " through " + address(s.through)
	if len(same) > 0 {
		sentence += " or on " + names(same)
	}
	all := append([]string{sentence + ": " + why}, s.silent()...)
	if len(s.works) > 0 {
		all = append(all, "works on "+names(s.works))
	}
	if len(s.fails) > 0 {
		all = append(all, fmt.Sprintf("fails on %s (%s)", names(s.fails), reasons(s.fails)))
	}
	return strings.Join(all, "; ")
}

// undecided parts why a result decides nothing into the words for it, within a sentence, and the reason.
func undecided(r *result.Result) (word, why string) {
	word, why, _ = strings.Cut(r.Undecided, ": ")
	return strings.ToLower(word), why
}

// blamesServer tells whether the error that was found is a server's own, which one alone of several behind a balancer may have.
func blamesServer(r *result.Result) bool {
	return slices.ContainsFunc(r.Findings, func(f result.Finding) bool { return f.Severity == result.Error && f.Blames == result.Server })
}

// metByEveryWay tells whether all who would act on a verdict have what stands behind the balancer and the servers alike.
func metByEveryWay(v *result.Verdict) bool {
	return v != nil && !slices.ContainsFunc(v.Owners(), func(o advice.Owner) bool { return !o.Behind() })
}

func (s sides) verdict() string {
	through := address(s.through)
	if s.through.Success() {
		return s.verdictOnWorking(through)
	}
	switch {
	case len(s.works)+len(s.fails) == 0 && len(s.open) > 0:
		return fmt.Sprintf("fails through %s (%s), and no server decides it: %s", through, reason(s.through), strings.Join(s.silent(), "; "))
	case len(s.works)+len(s.fails) == 0:
		return fmt.Sprintf("fails through %s (%s), and none of the servers could be asked directly (%s): this proves nothing yet",
			through, reason(s.through), reasons(s.unasked))
	case len(s.fails) == 0 && isHeldBack(s.through):
		return fmt.Sprintf("not asked through %s (%s), works on %s: this proves nothing of the balancer", through, reason(s.through), names(s.works))
	case len(s.works) == 0 && isHeldBack(s.through) && reasons(s.fails) == refusedLogon: // the one follows from the other
		return fmt.Sprintf("fails on %s (%s), and the logon is held back through %s (%s): begin with the account and its password",
			names(s.fails), refusedLogon, through, reason(s.through))
	case len(s.fails) == 0 && blamesServer(s.through):
		return fmt.Sprintf("fails through %s (%s), works on %s: a server behind it, by that server's own words; ask each of them directly", through, reason(s.through), names(s.works))
	case len(s.fails) == 0 && metByEveryWay(s.through.Verdict):
		return fmt.Sprintf("fails through %s (%s), works on %s at the same time: neither mailbox nor account, but a server that was not asked, the balancer, or that moment; probe again", through, reason(s.through), names(s.works))
	case len(s.fails) == 0:
		return fmt.Sprintf("fails through %s, works on %s: the balancer%s", through, names(s.works), product(s.through))
	case len(s.works) > 0:
		return fmt.Sprintf("fails through %s and on %s (%s), works on %s: begin with %s",
			through, names(s.fails), reasons(s.fails), names(s.works), names(s.fails))
	case reasons(append(s.fails, s.through)) == reason(s.through):
		return fmt.Sprintf("fails through %s and on %s in the same way (%s): %s, not the balancer",
			through, names(s.fails), reason(s.through), s.common())
	}
	return fmt.Sprintf("fails through %s (%s) and on %s (%s), in different ways: begin with the servers",
		through, reason(s.through), names(s.fails), reasons(s.fails))
}

// refusedLogon is the reason of a logon that was judged.
const refusedLogon = string(failure.Auth) + ": " + auth.Refused

// common names what the balancer's way and the servers' share: the servers, and what stands before all of them, such as a
// firewall; or neither, where somebody else acts. Only an answer of each server's own, that no finding lays to a box in between, leaves the servers alone.
func (s sides) common() string {
	if v := s.through.Verdict; v != nil && !slices.ContainsFunc(v.Owners(), onTheWay) {
		var titles []string
		for _, o := range v.Owners() {
			titles = append(titles, o.Title())
		}
		return strings.Join(titles, " or ")
	}
	for _, r := range s.fails {
		elsewhere := func(f result.Finding) bool { return f.Blames == result.InBetween || f.Blames == result.Either }
		if r.Deciding == nil || !slices.Contains([]origin.Kind{origin.Exchange, origin.IIS, origin.HTTPSys}, r.Deciding.Origin.Kind) || slices.ContainsFunc(r.Findings, elsewhere) {
			return "the servers, or a box on the way to all of them"
		}
	}
	if slices.ContainsFunc(s.fails, mayBeMisdirected) {
		return "the servers, or the module that asks them"
	}
	return "the servers"
}

// mayBeMisdirected tells whether a server may never have been meant to serve what it was asked for.
func mayBeMisdirected(r *result.Result) bool {
	return r.Verdict != nil && slices.Contains(r.Verdict.Owners(), advice.Exporter)
}

// onTheWay tells whether an owner runs a server, or what stands before it.
func onTheWay(o advice.Owner) bool {
	return slices.Contains([]advice.Owner{advice.Network, advice.Middlebox, advice.Security, advice.Windows, advice.IIS, advice.Exchange}, o)
}

func (s sides) verdictOnWorking(through string) string {
	switch {
	case len(s.fails) > 0 && len(s.works) > 0:
		return fmt.Sprintf("works through %s and on %s, fails on %s (%s): %s, which the balancer hides for now",
			through, names(s.works), names(s.fails), reasons(s.fails), names(s.fails))
	case len(s.fails) > 0:
		return fmt.Sprintf("works through %s, fails on %s (%s): the balancer asks another server, or asks them otherwise",
			through, names(s.fails), reasons(s.fails))
	case len(s.works) == 0 && len(s.open) > 0:
		return fmt.Sprintf("works through %s, and no server decides it: %s", through, strings.Join(s.silent(), "; "))
	case len(s.works) == 0:
		return fmt.Sprintf("works through %s, and none of the servers could be asked directly (%s)", through, reasons(s.unasked))
	}
	if only := warningsOnlyOf(s.through, s.works); len(only) > 0 {
		return fmt.Sprintf("works through %s and on %s, but only through the balancer with the warning %s: the balancer%s",
			through, names(s.works), strings.Join(only, ", "), product(s.through))
	}
	return fmt.Sprintf("works through %s and on %s", through, names(s.works))
}

// address is where the balancer really was, or the target where nothing was reached.
func address(r *result.Result) string {
	if c := r.DecidingConnection; c != nil && c.Address.IsValid() {
		if strings.HasPrefix(r.Target, c.Address.Addr().String()) {
			return r.Target
		}
		return fmt.Sprintf("%s (%s)", r.Target, c.Address.Addr())
	}
	return r.Target
}

// product names the balancer where it shows.
func product(r *result.Result) string {
	if r.Deciding == nil || r.Deciding.Origin.Kind != origin.Middlebox || r.Deciding.Origin.Product == "" {
		return ""
	}
	return ", a " + origin.Title(r.Deciding.Origin.Product)
}

func names(results []*result.Result) string {
	all := make([]string, len(results))
	for i, r := range results {
		all[i] = cmp.Or(r.At, r.Target)
	}
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

func reason(r *result.Result) string {
	return string(r.Failure.Stage) + ": " + r.Failure.Reason
}

// reasons lists why results failed, each reason once.
func reasons(results []*result.Result) string {
	var all []string
	for _, r := range results {
		if !slices.Contains(all, reason(r)) {
			all = append(all, reason(r))
		}
	}
	return strings.Join(all, ", ")
}

// warningsOnlyOf lists the warnings of r that none of the others shows.
func warningsOnlyOf(r *result.Result, others []*result.Result) []string {
	var only []string
	for _, f := range r.Findings {
		shows := func(o *result.Result) bool {
			return slices.ContainsFunc(o.Findings, func(of result.Finding) bool { return of.Code == f.Code })
		}
		if f.Severity == result.Warning && !slices.ContainsFunc(others, shows) && !slices.Contains(only, f.Code) {
			only = append(only, f.Code)
		}
	}
	return only
}
