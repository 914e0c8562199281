package runner

import (
	"cmp"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	reasonLimitTooShort = "limit_too_short"
	reasonBusy          = "busy"
	reasonPanic         = "panic"
)

// Reasons are those for which the runner itself lets a probe fail.
var Reasons = []failure.Reason{
	{Stage: failure.Config, Reason: reasonLimitTooShort, Help: "The time limit is under what the module needs; nothing was sent."},
	{Stage: failure.Connect, Reason: reasonBusy, Help: "Other probes were at this address until the time limit, or too many waited there already."},
	{Stage: failure.Internal, Reason: reasonPanic, Help: "A fault in the exporter; its log says where. Please report it."},
	{Stage: failure.Internal, Reason: "error", Help: "A fault in the exporter. Please report it."},
}

// CommonReasons are those for which any prober may fail, by stage.
func CommonReasons() []failure.Reason {
	all := slices.Concat(Reasons, policy.Reasons, prober.Reasons, wire.Reasons, auth.Reasons, kerberos.Reasons, oauth.Reasons, failure.Reasons)
	slices.SortStableFunc(all, func(a, b failure.Reason) int {
		return cmp.Compare(slices.Index(failure.Stages, a.Stage), slices.Index(failure.Stages, b.Stage))
	})
	return all
}
