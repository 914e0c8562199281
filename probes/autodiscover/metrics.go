package autodiscover

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	attemptsMetric = &result.Metric{
		Name: "probe_autodiscover_attempts", Labels: []string{"method"}, Own: []string{"method"},
		Help:     "Complete look-ups that the module asks for by each method, whether or not there was time for all.",
		Presence: "always, for each configured method",
	}
	successesMetric = &result.Metric{
		Name: "probe_autodiscover_successes", Labels: []string{"method"}, Own: []string{"method"},
		Help:     "How many of them were answered.",
		Presence: "always, for each configured method",
	}
	wayMetric = &result.Metric{
		Name: "probe_autodiscover_way_success", Labels: []string{"method", "way"}, Own: []string{"method", "way"},
		Help:     "Whether a way answered each time that it was tried: domain, autodiscover, redirect, srv, or direct.",
		Presence: "the way was tried; a way after one that always answers is not",
	}
	urlMetric = &result.Metric{
		Name: "probe_autodiscover_url_info", Labels: []string{"protocol", "url"},
		Help:     "A URL that was returned, without userinfo, query and fragment; protocol is TYPE.Element.",
		Presence: "each distinct one",
	}
	differingMetric = &result.Metric{
		Name: "probe_autodiscover_server_url_info", Labels: []string{"protocol", "url", "server"},
		Help:     "Which server (X-FEServer; empty where unknown) returned which URL, where answers are not all alike or not all as expected.",
		Presence: "a URL of this protocol came, and another one or none came elsewhere, or one that is not expected",
	}
	expectedMetric = &result.Metric{
		Name: "probe_autodiscover_url_expected", Labels: []string{"protocol"},
		Help:     "1 when every answer had the URL expected here, 0 when one had another or none, or there was no answer.",
		Presence: "each configured expectation",
	}
	expectationMetric = &result.Metric{
		Name: "probe_autodiscover_expected_info", Labels: []string{"protocol", "url"},
		Help:     "What the module expects there.",
		Presence: "each configured expectation",
	}
	answersMetric = &result.Metric{
		Name: "probe_autodiscover_answers", Labels: []string{"method"}, Own: []string{"method"},
		Help:     "How many different answers the attempts got: 1 on a healthy site, 0 without any.",
		Presence: "always, for each configured method but get",
	}
	answerMetric = &result.Metric{
		Name: "probe_autodiscover_server_answers", Labels: []string{"method", "server", "answer"}, Own: []string{"method"},
		Help:     "How many attempts a server (X-FEServer; empty where unknown) answered so; answer is a short digest of all that it returned, empty for method get.",
		Presence: "each server and answer that came",
	}
)

// Blank implements prober.Prober: none of the attempts configured found anything.
func (s *Settings) Blank(res *result.Result) {
	for _, m := range s.Methods {
		res.Add(attemptsMetric, float64(s.Attempts), m)
		res.Add(successesMetric, 0, m)
		if m != Get {
			res.Add(answersMetric, 0, m)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Expect)) {
		res.Add(expectedMetric, 0, name)
		res.Add(expectationMetric, 1, name, s.Expect[name].String())
	}
}

// measure turns what the attempts saw into samples.
func (p *probe) measure() {
	r := p.run.Result
	for _, m := range p.Methods {
		all, answered := p.of(m)
		r.Add(attemptsMetric, float64(len(all)), m)
		r.Add(successesMetric, float64(len(answered)), m)
		if m != Get {
			r.Add(answersMetric, float64(len(p.digests(m))), m)
		}
		p.measureWays(m, all)
		p.measureServers(m, answered)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Expect)) {
		misses, asked := p.misses(name)
		r.Add(expectedMetric, result.Truth(asked > 0 && len(misses) == 0), name)
		r.Add(expectationMetric, 1, name, p.Expect[name].String())
	}
	p.measureURLs()
}

func (p *probe) measureWays(method string, all []*attempt) {
	success := map[string]bool{}
	for _, a := range all {
		for _, reply := range a.replies {
			before, seen := success[reply.way]
			success[reply.way] = (before || !seen) && reply.failure == nil
		}
	}
	for _, way := range slices.Sorted(maps.Keys(success)) {
		p.run.Result.Add(wayMetric, result.Truth(success[way]), method, way)
	}
}

func (p *probe) measureServers(method string, answered []*attempt) {
	counts := map[[2]string]float64{}
	for _, a := range answered {
		counts[[2]string{a.answered.who().Frontend, a.digest()}]++
	}
	for _, key := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		p.run.Result.Add(answerMetric, counts[key], method, key[0], key[1])
	}
}

func (p *probe) measureURLs() {
	servers := map[[2]string][]string{} // by protocol and URL
	for _, a := range p.attempts {
		if a.answered == nil || a.answered.answer == nil {
			continue
		}
		for _, s := range a.answered.answer.URLs {
			key := [2]string{s.Protocol, s.Value}
			servers[key] = append(servers[key], a.answered.who().Frontend)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(servers), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		p.run.Result.Add(urlMetric, 1, key[0], key[1])
		if !p.disputed(key[0]) {
			continue
		}
		for _, server := range slices.Compact(slices.Sorted(slices.Values(servers[key]))) {
			p.run.Result.Add(differingMetric, 1, key[0], key[1], server)
		}
	}
}

// tabulate shows which endpoint gave which answer, and what the answers hold.
func (p *probe) tabulate() {
	attempts := result.Table{Title: "Attempts", Columns: []string{"method", "attempt", "way", "server", "status", "answer"}}
	for _, a := range p.attempts {
		r, answer := a.answered, a.digest()
		if r == nil {
			r = a.failed
		}
		if a.failure != nil {
			answer = string(a.failure.Stage) + ": " + a.failure.Reason
		}
		row := []string{a.method, fmt.Sprint(a.number), "", "", "", answer}
		if r != nil {
			row[2], row[3] = r.way, r.who().Frontend
			if r.exchange != nil && r.exchange.Final != nil {
				row[4] = line(r.exchange.Final)
			}
		}
		attempts.Rows = append(attempts.Rows, row)
	}
	p.run.Result.Tables = append(p.run.Result.Tables, attempts)
	p.tabulateURLs()
}

// tabulateURLs shows every URL and server name that was returned, in how many answers, and by whom.
func (p *probe) tabulateURLs() {
	urls := result.Table{Title: "Returned", Columns: []string{"method", "setting", "value", "answers", "from", "expected"}}
	from := map[[3]string][]string{}
	for _, a := range p.attempts {
		if a.answered == nil || a.answered.answer == nil {
			continue
		}
		for _, s := range slices.Concat(a.answered.answer.URLs, a.answered.answer.Servers) {
			key := [3]string{a.method, s.Protocol, s.Value}
			from[key] = append(from[key], server(a.answered))
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(from), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		expected := ""
		if e, ok := p.Expect[key[1]]; ok {
			expected = map[bool]string{true: "yes", false: "no"}[e.fits([]string{key[2]})]
		}
		urls.Rows = append(urls.Rows, []string{key[0], key[1], key[2], fmt.Sprint(len(from[key])), join(from[key]), expected})
	}
	if len(urls.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, urls)
	}
}
