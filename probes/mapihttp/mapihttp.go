package mapihttp

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:       "mapi_http",
	Summary:    "Does Outlook's way work, front to back: do the endpoints of MAPI over HTTP ask for a logon, and show their page after one?",
	Advice:     book,
	Serves:     advice.EWS.At("/mapi", "Default Web Site/mapi", "/mapi/healthcheck.htm"),
	New:        func() prober.Prober { return defaults() },
	TargetPath: prober.PathUnused,
	Paths:      prober.ServicePaths,
	Account:    &prober.Account{Enabled: []string{prober.MAPIEnabled, prober.MapiHTTPEnabled}},
	Absent:     []string{"status/" + reasonNotPublished},
	Steps:      append([]prober.StepHelp{{Name: "resolve", Help: "look the target's name up"}}, stepsOf(endpoints)...),
	Reasons: []failure.Reason{
		{Stage: failure.Auth, Reason: reasonUnasked, Help: "An endpoint showed its page to a request without credentials."},
		{Stage: failure.Status, Reason: reasonBackend, Help: "Exchange's front end answered with a 5xx: nobody behind it takes the request."},
		{Stage: failure.Status, Reason: reasonNotPublished, Help: "The path is not there, or forbidden, and it is not Exchange that says so."},
		{Stage: failure.Status, Reason: reasonPreauth, Help: "A redirect, a page, or a box's own request for a logon came in place of Exchange's."},
		prober.LogonPage,
		{Stage: failure.Status, Reason: reasonServerError, Help: "A 5xx that does not come from Exchange."},
		{Stage: failure.Status, Reason: reasonUnexpected, Help: "Another status than those that Exchange answers with."},
	},
	Piece:   endpointSuccess,
	Metrics: []*result.Metric{endpointSuccess, requestDuration, exchangeInfo, prober.SchemeOffered},
	Findings: []prober.Finding{
		{Code: AnswersWithoutLogon, Severity: result.Error, Summary: "An endpoint of MAPI over HTTP answered a request for which nobody had logged on."},
		{Code: BackendDown, Severity: result.Error, Summary: "Exchange's front end takes requests for MAPI over HTTP, and nobody behind it answers."},
		{Code: NotPublished, Severity: result.Error, Summary: "The path of MAPI over HTTP does not lead to Exchange."},
		{Code: Preauthenticated, Severity: result.Error, Summary: "Something in front of Exchange asks for a logon of its own, or leads elsewhere; Outlook follows neither."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
		prober.FindingAnswersWithoutLogon,
	},
	Dashboard: panels,
	Example:   example,
}

// stepsOf are the steps of each endpoint.
func stepsOf(endpoints []string) (all []prober.StepHelp) {
	for _, e := range endpoints {
		all = append(all,
			prober.StepHelp{Name: e, Help: "ask the endpoint " + paths[e]},
			prober.StepHelp{Name: e + ".connect", Help: "open a TCP connection for it"},
			prober.StepHelp{Name: e + ".tls", Help: "secure it and verify the certificate"},
			prober.StepHelp{Name: e + "." + unauthenticated, Help: "GET it without credentials; a request for a logon is the right answer"},
			prober.StepHelp{Name: e + ".logon", Help: "choose a scheme, and the handshake up to its last answer (only with an auth)"},
			prober.StepHelp{Name: e + "." + authenticated, Help: "GET it with that answer; its page is the right one"},
		)
	}
	return all
}

// Codes of this prober's findings.
const (
	AnswersWithoutLogon = "mapi_http_answers_without_logon"
	BackendDown         = "mapi_http_backend_down"
	NotPublished        = "mapi_http_not_published"
	Preauthenticated    = "mapi_http_preauthenticated"
)

// Reasons, of stage status but for the first.
const (
	reasonUnasked      = "answers_without_logon"
	reasonBackend      = "backend_down"
	reasonNotPublished = "not_published"
	reasonPreauth      = "preauthenticated"
	reasonServerError  = "server_error"
	reasonUnexpected   = "unexpected_status"
)
