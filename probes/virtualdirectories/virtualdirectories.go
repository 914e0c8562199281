// Package virtualdirectories asks each virtual directory of Exchange for its page of health, as balancers do, and says which
// protocol of which server is out of the pool. It also reads which build answers, and what is known to be newer.
package virtualdirectories

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
	Name:       "virtual_directories",
	Summary:    "Which virtual directories does each server hold healthy, and which protocols are out of the balancer's pool?",
	Advice:     book,
	Serves:     advice.EWS.At("Exchange's directories", "Default Web Site", "each directory's own healthcheck.htm"),
	New:        func() prober.Prober { return defaults() },
	NoLogon:    true,
	TargetPath: prober.PathUnused,
	Paths:      prober.ServicePaths,
	Piece:      successMetric,
	Steps:      steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Receive, Reason: reasonUnhealthy, Help: "The connection was ended without an answer to a page of health: so does a server whose component is inactive or unhealthy."},
		{Stage: failure.Status, Reason: reasonServerError, Help: "A page of health was answered with a 5xx."},
		{Stage: failure.Status, Reason: reasonNotThere, Help: "A server that was asked directly answered 403 or 404: the directory is not there, or closed to the exporter."},
		{Stage: failure.Status, Reason: reasonRedirected, Help: "A page of health leads elsewhere, and not to a page to sign in on."},
		{Stage: failure.Status, Reason: reasonUnexpected, Help: "A page of health was answered with a status that is none of the others."},
		{Stage: failure.Content, Reason: reasonForeignPage, Help: "A page of health was answered 200 with another page than Exchange's own."},
	},
	Metrics: []*result.Metric{healthyMetric, successMetric, statusCode, duration, serverInfo, buildInfo},
	Findings: []prober.Finding{
		{Code: Unhealthy, Severity: result.Error, Summary: "A virtual directory does not say that it is healthy: a balancer that asks for its page sends nobody there."},
		{Code: Unpublished, Severity: result.Info, Summary: "Pages of health are not published under the service's name, so nothing is known of these directories from there."},
		{Code: SignIn, Severity: result.Info, Summary: "A page to sign in on, or a request for a logon, came in place of a page of health."},
		{Code: Maintenance, Severity: result.Info, Summary: "A server closes all of its pages of health: it is in maintenance, as it seems."},
		{Code: BuildOld, Severity: result.Info, Summary: "A newer update of this build of Exchange is known."},
		{Code: BuildUnsupported, Severity: result.Info, Summary: "Microsoft does not support this version of Exchange any more."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingAnswersWithoutLogon,
		prober.FindingBytesAfterResponse,
	},
	Dashboard: panels,
	Example:   example,
}

// Codes of this prober's findings.
const (
	Unhealthy        = "virtual_directory_unhealthy"
	Unpublished      = "virtual_directory_unpublished"
	SignIn           = "virtual_directory_sign_in"
	Maintenance      = "exchange_server_maintenance"
	BuildOld         = "exchange_build_old"
	BuildUnsupported = "exchange_build_unsupported"
)

// Reasons of its own.
const (
	reasonUnhealthy   = "unhealthy"
	reasonServerError = "server_error"
	reasonNotThere    = "not_there"
	reasonRedirected  = "redirected"
	reasonUnexpected  = "unexpected"
	reasonForeignPage = "foreign_page"
)

func steps() []prober.StepHelp {
	list := []prober.StepHelp{{Name: "resolve", Help: "look the target's name up"}}
	parts := []prober.StepHelp{
		{Name: ".connect", Help: "open a TCP connection"},
		{Name: ".tls", Help: "secure it and verify the certificate"},
		{Name: ".page", Help: "get the page of health"},
	}
	for _, d := range directories {
		list = append(list, prober.StepHelp{Name: d.name, Help: "ask " + d.path + " whether it is healthy"})
		for _, part := range parts {
			list = append(list, prober.StepHelp{Name: d.name + part.Name, Help: d.name + ": " + part.Help})
		}
	}
	return append(list,
		prober.StepHelp{Name: buildStep, Help: "read the build from Outlook on the web's own pages, where owa is asked and no answer has told it; its failure is not the probe's"},
		prober.StepHelp{Name: buildStep + ".connect", Help: "open a TCP connection"},
		prober.StepHelp{Name: buildStep + ".tls", Help: "secure it and verify the certificate"},
		prober.StepHelp{Name: buildStep + ".page", Help: "get a page"},
	)
}
