package compare

import (
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// Findings are those that only a comparison makes, and no prober.
var Findings = []prober.Finding{
	{Code: runner.PathMTU, Severity: result.Warning, Summary: "Small answers come from one address of a name and large ones do not, and from another address both do (--addresses)."},
}
