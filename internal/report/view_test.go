package report

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestPath: one look tells which box is at fault.
func TestPath(t *testing.T) {
	t.Parallel()
	unknown := examples.Kemp()
	unknown.Deciding.Origin = origin.Origin{Kind: origin.Unknown}
	own := examples.Continue()
	own.Fail(failure.New(failure.Status, "http_500", "500"))
	own.Deciding.Final.Status, own.Deciding.Final.Reason = 500, ""
	split := examples.Continue()
	split.Conversations = append(split.Conversations, &result.Conversation{Step: "x", Origin: origin.Origin{Kind: origin.Exchange, Frontend: "EX02"}, Protocol: result.HTTPProtocol, Connection: 1, HTTP: &wire.Exchange{
		Final: &wire.Response{Status: 401, Reason: "Unauthorized"},
	}})
	nameless := examples.Continue()
	for _, x := range nameless.Conversations {
		x.Origin = origin.Origin{Kind: origin.Unknown}
	}
	page := examples.Kemp()
	page.Deciding.Final.Status, page.Deciding.Final.Reason = 200, "OK"
	survey := examples.Continue()
	survey.Decides = result.ByNone
	const proxyURL = "http://proxy.contoso.com:3128"
	led, refused, lost := examples.Continue(), examples.Continue(), examples.Continue()
	led.Proxy, refused.Proxy, lost.Proxy = proxyURL, proxyURL, proxyURL
	refused.Fail(failure.New(failure.Connect, "proxy_denied", "403"))
	refused.Deciding = &result.Conversation{Step: "x", Origin: origin.Origin{Kind: origin.Proxy, Product: "squid"}, Protocol: result.HTTPProtocol, Connection: 1, HTTP: &wire.Exchange{
		Final: &wire.Response{Status: 403, Reason: "Forbidden"},
	}}
	lost.Fail(failure.New(failure.Connect, "proxy_unreached", "refused"))
	lost.Deciding = nil
	unasked := Hop{Name: "The target", Where: "192.0.2.10:443", Note: "was not asked", State: Unknown}
	here := Hop{Name: "This exporter", Where: "asked mail.contoso.com", State: Succeeded}
	passed := Hop{Name: "What answers there", Where: "192.0.2.10:443", Note: "passed the requests on", State: Succeeded}
	works := Hop{Name: "Exchange", Where: "EX01", Note: "answered 200 OK", State: Succeeded}
	for name, test := range map[string]struct {
		result *result.Result
		want   []Hop
	}{
		"the box": {examples.Kemp(), []Hop{
			here, {Name: "Kemp LoadMaster", Where: "192.0.2.10:443", Note: "made the 501 Invalid Request itself", State: Failed}, works,
		}},
		"through a proxy": {led, []Hop{here, {Name: "The proxy", Where: proxyURL, Note: "led on", State: Succeeded}, passed, works}},
		"a proxy's own":   {refused, []Hop{here, {Name: "The proxy", Where: proxyURL, Note: "answered 403 Forbidden", State: Failed}, unasked}},
		"no proxy":        {lost, []Hop{here, {Name: "The proxy", Where: proxyURL, Note: "failed here: connect, proxy_unreached", State: Failed}, unasked}},
		"all works":       {examples.Continue(), []Hop{here, passed, works}},
		"several servers": {split, []Hop{here, passed, {Name: "Exchange", Where: "EX01, EX02", Note: "answered 200 OK", State: Succeeded}}},
		"nobody knows": {unknown, []Hop{
			here, {Name: "What answers there", Where: "192.0.2.10:443", Note: "answered 501 Invalid Request; who made it does not show", State: Failed}, works,
		}},
		"it works, and nobody knows who": {nameless, []Hop{
			here, {Name: "What answers there", Where: "192.0.2.10:443", Note: "who answered does not show", State: Unknown},
		}},
		"a box's own page, with 200": {page, []Hop{
			here, {Name: "Kemp LoadMaster", Where: "192.0.2.10:443", Note: "made the 200 OK itself", State: Failed}, works,
		}},
		"Exchange itself": {own, []Hop{here, passed, {Name: "Exchange", Where: "EX01", Note: "answered 500 (status: http_500)", State: Failed}}},
		"the certificate": {examples.Refused(), []Hop{
			here, {Name: "What answers there", Where: "192.0.2.10:443", Note: "failed here: tls, certificate_expired", State: Failed},
		}},
		"the name": {examples.Unresolved(), []Hop{
			here, {Name: "What answers there", Where: "mail.contoso.com", Note: "failed here: resolve, not_found", State: Failed},
		}},
		"a survey has no one path": {survey, nil},
	} {
		if diff := cmp.Diff(test.want, NewView(test.result).Path); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestTheFindingDecides which box is red, where the fault of one shows in the answer of the other.
func TestTheFindingDecides(t *testing.T) {
	t.Parallel()
	box := func(state State, note string) Hop {
		return Hop{Name: "What answers there", Where: "192.0.2.10:443", Note: note, State: state}
	}
	server := func(state State, note string) Hop {
		return Hop{Name: "Exchange", Where: "EX01", Note: note, State: state}
	}
	for name, test := range map[string]struct {
		severity result.Severity
		blames   result.Blame
		status   int
		want     []Hop
	}{
		"what is in between": {result.Error, result.InBetween, 200, []Hop{box(Failed, "the fault lies here: x"), server(Succeeded, "answered 200")}},
		"in a logon":         {result.Error, result.InBetween, 401, []Hop{box(Failed, "the fault lies here: x"), server(Unknown, "answered 401")}},
		"a warning":          {result.Warning, result.InBetween, 200, []Hop{box(Warned, "the fault lies here: x"), server(Succeeded, "answered 200")}},
		"the server":         {result.Error, result.Server, 200, []Hop{box(Succeeded, "passed the requests on"), server(Failed, "answered 200; the fault lies here: x")}},
		"one of the two":     {result.Error, result.Either, 200, []Hop{box(Warned, "the fault lies here or behind: x"), server(Warned, "answered 200; the fault lies here or before")}},
		"nobody":             {result.Error, "", 200, []Hop{box(Succeeded, "passed the requests on"), server(Failed, "answered 200 (content: x)")}},
	} {
		r := examples.Continue()
		r.Deciding.Final.Status, r.Deciding.Final.Reason = test.status, ""
		r.Findings = []result.Finding{{Code: "other", Severity: test.severity}, {Code: "x", Severity: test.severity, Blames: test.blames}}
		if test.severity == result.Error {
			r.Fail(failure.New(failure.Content, "x", "…"))
		}
		if diff := cmp.Diff(test.want, NewView(r).Path[1:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRowsHoldEveryExchangeOnce(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*result.Result{"in steps": examples.Kemp(), "of no step": func() *result.Result {
		r := examples.Kemp()
		r.Steps = nil
		return r
	}()} {
		seen := map[*result.Conversation]int{}
		var walk func([]*Row)
		walk = func(rows []*Row) {
			for _, row := range rows {
				if row.Conversation != nil {
					seen[row.Conversation.Conversation]++
				}
				walk(row.Rows)
			}
		}
		walk(NewView(r).Rows)
		for _, x := range r.Conversations {
			if seen[x] != 1 {
				t.Errorf("%s: the exchange of %s is shown %d times", name, x.Step, seen[x])
			}
		}
	}
}

// TestPhases of the exchange that waited in vain: five seconds between head and body.
func TestPhases(t *testing.T) {
	t.Parallel()
	r := examples.Kemp()
	r.Deciding.Header = []origin.Field{{Name: "expect", Value: "100-continue"}}
	rows := NewView(r).Rows[0].Rows
	row := rows[len(rows)-1]
	var got []Phase
	for _, b := range row.Bars {
		got = append(got, b.Phase)
	}
	if diff := cmp.Diff([]Phase{Head, Wait, Body, FirstByte, Transfer}, got); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if took := row.Bars[1].End - row.Bars[1].Start; took != 5 {
		t.Errorf("the wait took %v, want 5 s", took)
	}
	if row.Bars[1].Class() != "phase-wait-for-100" {
		t.Errorf("class %q", row.Bars[1].Class())
	}
}

// TestBarsStayOnTheAxis however short or late they are.
func TestBarsStayOnTheAxis(t *testing.T) {
	t.Parallel()
	for _, end := range []wire.Seconds{0, 0.0004, 0.03, 0.157, 1, 5.2, 9.99, 60, 3600} {
		a := newAxis(&result.Result{Duration: end})
		for _, span := range [][2]wire.Seconds{{0, 0}, {0, end}, {end, end}, {end, end + 1}, {end / 2, 0}, {-1, end}} {
			b := a.bar(Head, span[0], span[1])
			if x, width := number(t, b.X), number(t, b.Width); x < 0 || width <= 0 || x+width > 100.01 {
				t.Errorf("axis of %v s, %v: x %s, width %s", end, span, b.X, b.Width)
			}
		}
		if n := len(a.ticks()); n < 2 || n > 12 {
			t.Errorf("axis of %v s: %d ticks", end, n)
		}
	}
}

func number(t *testing.T, percent string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimSuffix(percent, "%"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	warned := examples.Continue()
	warned.Findings = []result.Finding{{Severity: result.Info}, {Severity: result.Warning}}
	informed := examples.Continue()
	informed.Findings = []result.Finding{{Severity: result.Info}}
	open := examples.Continue()
	open.Undecided = "Not tested: a logon was asked for"
	for want, r := range map[State]*result.Result{Failed: examples.Kemp(), Warned: warned, Undecided: open, Succeeded: informed} {
		if got := StateOf(r); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
