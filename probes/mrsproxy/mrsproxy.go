package mrsproxy

import (
	_ "embed" // for the example
	"slices"

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
	Name:       "mrs_proxy",
	Summary:    "Do the servers take mailbox moves: is the MRSProxy endpoint published, with the right schemes, switched on, and served?",
	Advice:     book,
	Serves:     advice.EWS,
	New:        func() prober.Prober { return defaults() },
	Absent:     []string{"status/" + reasonDisabled, "status/" + reasonNotPublished},
	TargetPath: prober.RootUnused,
	Paths:      prober.ServicePaths,
	Outcomes:   outcomes,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "unauthenticated", Help: "ask for the path without credentials"},
		{Name: "unauthenticated.connect", Help: "open a TCP connection"},
		{Name: "unauthenticated.tls", Help: "secure it and verify the certificate"},
		{Name: "unauthenticated.request", Help: "GET it; a request for a logon is the right answer"},
		{Name: "authenticated", Help: "ask for it with a logon, over the same connection (only with an auth)"},
		{Name: "authenticated.connect", Help: "open another TCP connection, where the server ended the first"},
		{Name: "authenticated.tls", Help: "secure that one"},
		{Name: "authenticated.logon", Help: "choose a scheme, and the handshake up to its last answer"},
		{Name: "authenticated.request", Help: "GET it with that answer"},
		{Name: "service", Help: "ask for the replication service's own path, without credentials (with `service`, of a server asked directly; from outside also through the balancer)"},
		{Name: "service.connect", Help: "open a TCP connection for that"},
		{Name: "service.tls", Help: "secure it and verify the certificate"},
		{Name: "service.request", Help: "GET it, once and without a body"},
		{Name: "no_expect", Help: "the control: a small POST after a logon (with `expect`)"},
		{Name: "no_expect.connect", Help: "open a TCP connection for that"},
		{Name: "no_expect.tls", Help: "secure it and verify the certificate"},
		{Name: "no_expect.logon", Help: "ask without credentials, and the handshake up to its last answer"},
		{Name: "no_expect.request", Help: "send head and body at once"},
		{Name: "no_expect.response", Help: "read the final response"},
		{Name: "wait", Help: "the same POST with Expect: 100-continue, the body after the 100 or the wait (with `expect`)"},
		{Name: "wait.connect", Help: "open a TCP connection for that"},
		{Name: "wait.tls", Help: "secure it and verify the certificate"},
		{Name: "wait.logon", Help: "ask without credentials, and the handshake up to its last answer"},
		{Name: "wait.head", Help: "send the request's head"},
		{Name: "wait.continue", Help: "wait for 100 Continue; succeeds when it comes in time"},
		{Name: "wait.body", Help: "send the body, after the 100 or after the wait"},
		{Name: "wait.response", Help: "read the final response"},
	},
	Reasons: append(slices.Clone(expect.Reasons), []failure.Reason{
		{Stage: failure.Auth, Reason: reasonSchemes, Help: "A scheme that mailbox moves log on by is not offered."},
		{Stage: failure.Status, Reason: reasonDisabled, Help: "After the logon Exchange forbids the path: MRSProxy is switched off."},
		{Stage: failure.Status, Reason: reasonBackend, Help: "Exchange's front end answered with a 5xx: nobody behind it takes the request."},
		{Stage: failure.Status, Reason: reasonNotPublished, Help: "The path is not there, or forbidden, and it is not Exchange that says so."},
		{Stage: failure.Status, Reason: reasonPreauth, Help: "A redirect, a page, or a box's own request for a logon came in place of Exchange's."},
		prober.LogonPage,
		{Stage: failure.Status, Reason: reasonServerError, Help: "A 5xx that does not come from Exchange."},
		{Stage: failure.Status, Reason: reasonUnexpected, Help: "Another status than those that Exchange answers with."},
	}...),
	Metrics: []*result.Metric{outcomeMetric, serviceUp, prober.SchemeOffered, expect.WaitSeconds, statusCode},
	Findings: []prober.Finding{
		{Code: Disabled, Severity: result.Error, Summary: "MRSProxy is switched off on the server that answered."},
		{Code: BackendDown, Severity: result.Error, Summary: "Exchange takes the logon, and nobody behind its front end answers for mailbox moves."},
		{Code: SchemesMissing, Severity: result.Error, Summary: "A scheme that mailbox moves log on by is not offered."},
		{Code: NotPublished, Severity: result.Error, Summary: "The path of MRSProxy does not lead to Exchange."},
		{Code: Preauthenticated, Severity: result.Error, Summary: "Something in front of Exchange asks for a logon of its own, or leads elsewhere."},
		expect.FindingLateBodyRejected,
		{Code: ServiceExposed, Severity: result.Warning, Summary: "The replication service's own path can be reached from outside."},
		{Code: NTLMMissing, Severity: result.Info, Summary: "NTLM is not offered beside Negotiate."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
		prober.FindingAnswersWithoutLogon,
	},
	Dashboard: panels,
	Example:   example,
}

// Codes of this prober's findings.
const (
	Disabled         = "mrs_proxy_disabled"
	BackendDown      = "mrs_proxy_backend_down"
	SchemesMissing   = "mrs_proxy_scheme_mismatch"
	NotPublished     = "mrs_proxy_not_published"
	Preauthenticated = "mrs_proxy_preauthenticated"
	ServiceExposed   = "mrs_service_exposed"
	NTLMMissing      = "mrs_proxy_ntlm_missing"
)

// Reasons, of stage status but for the first.
const (
	reasonSchemes      = "scheme_mismatch"
	reasonDisabled     = "disabled"
	reasonBackend      = "backend_down"
	reasonNotPublished = "not_published"
	reasonPreauth      = "preauthenticated"
	reasonServerError  = "server_error"
	reasonUnexpected   = "unexpected_status"
)
