package expectcontinue

import (
	_ "embed" // for the example
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:     "expect_continue",
	Summary:  "Does a request with `Expect: 100-continue` get through to Exchange, and what becomes of a body sent after a wait in vain?",
	Advice:   book,
	Serves:   advice.EWS,
	New:      func() prober.Prober { return defaults() },
	Paths:    prober.ServicePaths,
	Account:  &prober.Account{Enabled: []string{prober.EwsEnabled}},
	Outcomes: outcomes(),
	Steps:    steps(),
	Reasons: append(slices.Clone(expect.Reasons), []failure.Reason{
		{Stage: failure.Status, Reason: reasonServerError, Help: "The 100 came and the body was sent, but the final status is a 5xx; or the request without Expect is answered with one."},
		{Stage: failure.Status, Reason: reasonTooLarge, Help: "The large body was refused, and the small one was not (only with large_body)."},
		prober.LogonPage,
	}...),
	Metrics: []*result.Metric{outcomeMetric, bodyTested, expect.WaitSeconds, statusCode},
	Findings: []prober.Finding{
		expect.FindingLateBodyRejected,
		{Code: ContinueIgnored, Severity: result.Warning, Summary: "No 100 Continue comes; the body sent after the wait is accepted."},
		{Code: ContinueLate, Severity: result.Warning, Summary: "The 100 Continue comes only after the body."},
		{Code: ContinueRejected, Severity: result.Warning, Summary: "Expect: 100-continue is refused with 417."},
		{Code: ContinueRefused, Severity: result.Warning, Summary: "A final status came before the body, other than Exchange's own request for a logon."},
		{Code: ContinueNotTested, Severity: result.Info, Summary: "A logon was asked for before the body, so the late body was not tested."},
		{Code: ExtraInterim, Severity: result.Warning, Summary: "More 100 Continue came than were asked for."},
		prober.FindingBytesAfterResponse,
		{Code: BodySizeLimit, Severity: result.Error, Summary: "Something allows no request as large as the one that was sent (with large_body; a warning where the small body is too large already)."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingAnswersWithoutLogon,
	},
	Dashboard: panels,
	Example:   example,
}

func steps() []prober.StepHelp {
	list := []prober.StepHelp{{Name: "resolve", Help: "look the target's name up"}}
	parts := map[string]string{
		"connect":  "open a TCP connection",
		"tls":      "secure it and verify the certificate",
		"logon":    "ask without credentials which schemes are offered, and prepare the answer (only with an auth)",
		"head":     "send the request's head, with Expect: 100-continue",
		"continue": "wait for 100 Continue; succeeds when it comes in time",
		"body":     "send the body, after the 100 or after the wait",
		"request":  "send head and body without a wait",
		"response": "read the final response",
	}
	summaries := map[string]string{
		Wait:      "the request under test: Expect: 100-continue, the body after the 100 or the wait",
		NoExpect:  "the control: the same request without Expect",
		Immediate: "the same request with Expect, the body sent at once",
		Large:     "the same request without Expect, with a body of large_body's size",
	}
	all := &Settings{Variants: []string{Immediate}, LargeBody: 1}
	for _, name := range all.Plan(true)[1:] {
		help := summaries[name]
		if variant, part, ok := strings.Cut(name, "."); ok {
			help = variant + ": " + parts[part]
		}
		list = append(list, prober.StepHelp{Name: name, Help: help})
	}
	return list
}

// outcomes are the closed set, as words.
func outcomes() []string {
	words := make([]string, len(expect.Outcomes))
	for i, o := range expect.Outcomes {
		words[i] = string(o)
	}
	return words
}
