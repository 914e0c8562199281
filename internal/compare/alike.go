package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// alike says in one sentence whether the addresses of a name are served alike: "works over IPv4 (192.0.2.10), fails over IPv6
// (2001:db8::10; connect: timeout): begin with 2001:db8::10".
func alike(results []*result.Result) string {
	a := addresses(results)
	if len(a) == 1 {
		return a.alone()
	}
	works, fails, open := a.having("works"), a.having("fails"), a.having("")
	sentence := strings.Join(slices.Concat(a.told(works), a.told(fails)), ", ")
	switch {
	case len(works)+len(fails) == 0:
	case len(works) == 0 && len(open) == 0 && len(a.told(fails)) == 1:
		sentence = fmt.Sprintf("fails at each of the %d addresses of %s in the same way (%s): which address is asked makes no difference", len(a), a[0].Name, reason(a[0]))
	case len(works) == 0 && len(fails) > 1:
		sentence += ", in different ways"
	case len(fails) == 0 && len(open) == 0:
		sentence = fmt.Sprintf("works at each of the %d addresses of %s", len(a), a[0].Name)
		if len(a.differences()) == 0 {
			sentence += ", and answers alike"
		}
	}
	if len(fails) > 0 && (len(works) > 0 || suspected(fails)) {
		sentence += ": " + a.contrast(fails)
	}
	return strings.Join(slices.DeleteFunc(slices.Concat([]string{sentence}, a.told(open), a.differences()), func(s string) bool { return s == "" }), "; ")
}

// addresses are the results of all addresses of one name.
type addresses []*result.Result

// alone is the sentence where there is nothing to compare.
func (a addresses) alone() string {
	r := a[0]
	if r.At == "" {
		return fmt.Sprintf("%s gave no addresses to compare (%s)", r.Name, reason(r))
	}
	return fmt.Sprintf("%s at %s, the only address of %s: there is nothing to compare", state(r), r.At, r.Name)
}

// word is how a result counts: it works, it fails, or neither is known.
func word(r *result.Result) string {
	switch {
	case r.Undecided != "":
		return ""
	case r.Success():
		return "works"
	case asked(r), r.Failure.Stage == failure.Connect: // clients cannot connect there either
		return "fails"
	}
	return ""
}

// state is what came of a result, in the words that are told once for all of which it holds.
func state(r *result.Result) string {
	switch word(r) {
	case "works":
		return "works"
	case "fails":
		return "fails (" + reason(r) + ")"
	}
	if r.Failure != nil {
		return "not asked (" + reason(r) + ")"
	}
	word, why := undecided(r)
	return word + " (" + why + ")"
}

func (a addresses) having(this string) addresses {
	return slices.DeleteFunc(slices.Clone(a), func(r *result.Result) bool { return word(r) != this })
}

// told tells of some of the addresses what came of them, those of which the same holds together.
func (a addresses) told(some addresses) []string {
	var all []string
	for _, group := range some.groups(state) {
		what, why, _ := strings.Cut(strings.TrimSuffix(state(group[0]), ")"), " (")
		all = append(all, what+" "+a.where(group, why))
	}
	return all
}

// groups parts addresses by what of gives for them, in the order of the first of each.
func (a addresses) groups(of func(*result.Result) string) []addresses {
	var all []addresses
	at := map[string]int{}
	for _, r := range a {
		key := of(r)
		if _, known := at[key]; !known {
			at[key] = len(all)
			all = append(all, nil)
		}
		all[at[key]] = append(all[at[key]], r)
	}
	return all
}

// whole names the family that some of the addresses are all of, where there is another; "" where they are none.
func (a addresses) whole(some addresses) string {
	families := a.groups(family)
	if len(families) < 2 {
		return ""
	}
	for _, of := range families {
		if slices.Equal(of, some) {
			return family(of[0])
		}
	}
	return ""
}

// where says which addresses these are, with what is to be added in brackets.
func (a addresses) where(some addresses, why string) string {
	if name := a.whole(some); name != "" {
		if why != "" {
			why = "; " + why
		}
		return fmt.Sprintf("over %s (%s%s)", name, names(some), why)
	}
	if why != "" {
		why = " (" + why + ")"
	}
	return "at " + names(some) + why
}

// contrast says what follows where some addresses fail and others work.
func (a addresses) contrast(fails addresses) string {
	switch {
	case suspected(fails):
		return "large packets may be lost on the way to " + names(fails) + ", or what serves it hangs (" + runner.PathMTU + ")"
	case !slices.ContainsFunc(fails, func(r *result.Result) bool { return !unreachable(r) }):
		return "there is no way from here to " + names(fails) + ", which may be this machine's doing; ask from a client"
	case !slices.ContainsFunc(fails, func(r *result.Result) bool { return r.Failure.Stage != failure.Connect }):
		return "what listens at " + names(fails) + ", or the way from here to it; clients that take such an address first wait, or fail"
	}
	return "begin with what serves " + names(fails)
}

// suspected tells whether large packets may be lost on the way to one of the addresses.
func suspected(fails addresses) bool {
	return slices.ContainsFunc(fails, func(r *result.Result) bool {
		return slices.ContainsFunc(r.Findings, func(f result.Finding) bool { return f.Code == runner.PathMTU })
	})
}

// maxFact bounds what is told of one thing at one address.
const maxFact = 100

// differences say in what the answers differ, of those addresses where it is known.
func (a addresses) differences() []string {
	var all []string
	for _, f := range facts {
		known := slices.DeleteFunc(slices.Clone(a), func(r *result.Result) bool { return f.of(r) == "" })
		groups := known.groups(f.of)
		if len(groups) < 2 {
			continue
		}
		var sides []string
		for _, group := range groups {
			sides = append(sides, plain.Text(f.told(group[0], known), maxFact)+" "+a.briefly(group))
		}
		all = append(all, f.title()+": "+strings.Join(sides, ", "))
	}
	if len(all) == 0 {
		return nil
	}
	return []string{"the answers differ in " + strings.Join(all, "; ")}
}

// briefly is where without the addresses of a family, which were told before.
func (a addresses) briefly(some addresses) string {
	if name := a.whole(some); name != "" {
		return "over " + name
	}
	return "at " + names(some)
}
