package httpcontent

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "http_content",
	Summary: "Is a file, such as the offline manifest or a revocation list, there for everybody, of the right type, uncached, and of the right kind?",
	Advice:  book,
	Serves:  served,
	New:     func() prober.Prober { return defaults() },
	NoLogon: true,
	Absent:  []string{"status/" + reasonNotFound},
	Paths:   prober.ServicePaths,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "content", Help: "fetch the file, and follow redirects within the name"},
		{Name: "content.connect", Help: "open a TCP connection, where none is there that may be used again"},
		{Name: "content.tls", Help: "secure it and verify the certificate"},
		{Name: "content.request", Help: "ask, and read what comes back"},
		{Name: "beside", Help: "after a 404: ask for a file beside it, and for one that cannot exist"},
		{Name: "beside.connect", Help: "open a TCP connection for that, where the last one has ended"},
		{Name: "beside.tls", Help: "secure it and verify the certificate"},
		{Name: "beside.request", Help: "ask"},
		{Name: "redirect", Help: "ask port 80, and follow it within the name (with `redirect`)"},
		{Name: "redirect.connect", Help: "open a TCP connection, where none is there that may be used again"},
		{Name: "redirect.tls", Help: "secure it and verify the certificate, once it leads to https at another port"},
		{Name: "redirect.request", Help: "ask"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Status, Reason: reasonNotFound, Help: "404: the file, its MIME mapping or the way to it is missing, or its extension is denied."},
		{Stage: failure.Status, Reason: reasonLogonAsked, Help: "A logon is asked for (401, 407), and files for everybody need none."},
		{Stage: failure.Status, Reason: reasonStatus, Help: "Another status than 200 came."},
		{Stage: failure.Status, Reason: reasonElsewhere, Help: "A redirect leads to another name, to another port of it, or from https to http."},
		{Stage: failure.Status, Reason: reasonLoop, Help: "Redirects lead round in a circle, or on and on."},
		{Stage: failure.Status, Reason: reasonNoRedirect, Help: "Port 80 does not lead to https (with `redirect`)."},
		{Stage: failure.Content, Reason: reasonType, Help: "The media type is another one than is expected."},
		{Stage: failure.Content, Reason: reasonPrefix, Help: "The body begins otherwise than is expected."},
		{Stage: failure.Content, Reason: reasonCached, Help: "Caches may keep the file, or one did."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{expected, file},
	Findings: []prober.Finding{
		{Code: Missing, Severity: result.Error, Summary: "The file is answered 404: it is missing, its extension has no MIME mapping or is denied, or the path leads elsewhere."},
		{Code: SignIn, Severity: result.Error, Summary: "A page to sign in on came in place of the file."},
		{Code: Elsewhere, Severity: result.Error, Summary: "A redirect leads to another name, to another port of it, or from https to http."},
		{Code: Loop, Severity: result.Error, Summary: "Redirects lead round in a circle, or on and on."},
		{Code: NoRedirect, Severity: result.Error, Summary: "Port 80 does not lead to https."},
		{Code: WrongType, Severity: result.Error, Summary: "The file comes with another media type than is expected."},
		{Code: WrongPrefix, Severity: result.Error, Summary: "The file begins otherwise than is expected."},
		{Code: Cached, Severity: result.Error, Summary: "Caches may keep the file, or one did."},
		{Code: CacheUnset, Severity: result.Warning, Summary: "Nothing says whether caches may keep the file, so each decides by itself."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
	},
	Dashboard: panels,
	Example:   example,
}

// Codes of this prober's findings.
const (
	Missing     = "http_content_missing"
	SignIn      = "http_content_sign_in"
	Elsewhere   = "http_content_redirect_elsewhere"
	Loop        = "http_content_redirect_loop"
	NoRedirect  = "http_content_redirect_missing"
	WrongType   = "http_content_type_wrong"
	WrongPrefix = "http_content_prefix_wrong"
	Cached      = "http_content_cached"
	CacheUnset  = "http_content_cache_unset"
)

// Reasons of the stages status and content.
const (
	reasonNotFound   = "not_found"
	reasonLogonAsked = "logon_asked"
	reasonStatus     = "unexpected_status"
	reasonElsewhere  = "redirected_elsewhere"
	reasonLoop       = "redirect_loop"
	reasonNoRedirect = "redirect_missing"
	reasonType       = "wrong_type"
	reasonPrefix     = "wrong_prefix"
	reasonCached     = "cached"
)
