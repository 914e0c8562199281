package collector

import "github.com/ews-exporter/ews_exporter/internal/result"

// The exporter's own metrics. Unlike a probe's they are counters and histograms too, as their names tell.
var (
	selfBuild = &result.Metric{
		Name:   "ews_exporter_build_info",
		Help:   "The version of the exporter and how it was built.",
		Labels: []string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"},
	}
	selfReloaded = &result.Metric{
		Name: "ews_exporter_config_last_reload_successful",
		Help: "Whether the last attempt to load the configuration succeeded.",
	}
	selfReloadAt = &result.Metric{
		Name: "ews_exporter_config_last_reload_success_timestamp_seconds",
		Help: "When the configuration in force was loaded, in Unix time.",
	}
	selfProbes = &result.Metric{
		Name:   "ews_exporter_probes_total",
		Help:   "Probes made, by module and by result: success or failure.",
		Labels: []string{"module", "result"},
	}
	selfResponses = &result.Metric{
		Name:   "ews_exporter_probe_responses_total",
		Help:   "Final responses that probes received; rare status codes are counted as other.",
		Labels: []string{"module", "code", "origin"},
	}
	selfDuration = &result.Metric{
		Name:   "ews_exporter_probe_duration_seconds",
		Help:   "How long probes took: a histogram with classic buckets from 0.05 s to 30 s, and native.",
		Labels: []string{"module"},
	}
	selfInFlight = &result.Metric{
		Name: "ews_exporter_probes_in_flight",
		Help: "Probes running now.",
	}
	selfRefused = &result.Metric{
		Name:   "ews_exporter_probes_refused_total",
		Help:   "Requests for a probe that were refused, by reason.",
		Labels: []string{"reason"},
	}
	selfPanics = &result.Metric{
		Name: "ews_exporter_probe_panics_total",
		Help: "Probes that ended in a panic of the exporter: each is a bug.",
	}
	selfSuspended = &result.Metric{
		Name:   "ews_exporter_auth_suspended",
		Help:   "Whether an auth is suspended, for one target or for all, because its logons were not accepted.",
		Labels: []string{"auth"},
	}
	selfExplained = &result.Metric{
		Name:   "ews_exporter_auth_suspension_explained",
		Help:   "Whether an auth is suspended and a finding says, for each target that refused it, why a right secret is refused there too.",
		Labels: []string{"auth"},
	}
)

// selfCertificates tells when clients' certificates end.
var selfCertificates = &result.Metric{
	Name:   "ews_exporter_auth_certificate_not_after_timestamp_seconds",
	Help:   "When the client certificate of an auth (cert_file) expires, in Unix time; read at each scrape, absent where the file cannot be used.",
	Labels: []string{"auth"},
}

// selfLogons is a counter.
var selfLogons = &result.Metric{
	Name:   "ews_exporter_auth_logons_total",
	Help:   "Logons begun with the account of an auth, over all probers, targets, and auths that share it. Tickets and tokens that are at hand are none.",
	Labels: []string{"auth"},
}

// selfTargets counts what service discovery lists, so that a target that was taken out on purpose is told from one that is missing.
var selfTargets = &result.Metric{
	Name:   "ews_exporter_service_targets",
	Help:   "How many targets /sd lists, by service, module and way; absent where it lists none.",
	Labels: []string{"service", "module", "via"},
}

// selfAdvice says what to do first, for alerts to look up.
var selfAdvice = &result.Metric{
	Name:   "ews_exporter_advice_info",
	Help:   "What to do first, by the advice that probe_fault_info names, and where it is typed or done; on is empty where first says that itself.",
	Labels: []string{"advice", "on", "first"},
}

// selfOutcome says how to read it.
var selfOutcome = &result.Metric{
	Name:   "ews_exporter_advice_outcome_info",
	Help:   "What the outcome of that first step tells, and the change that mends it then.",
	Labels: []string{"advice", "tells", "then"},
}

// selfMeaning says what the advice is about.
var selfMeaning = &result.Metric{
	Name:   "ews_exporter_advice_meaning_info",
	Help:   "What it is that the advice is about, in a sentence.",
	Labels: []string{"advice", "means", "urgency"},
}

// selfDirect says which advice holds instead at a server.
var selfDirect = &result.Metric{
	Name:   "ews_exporter_advice_direct_info",
	Help:   "Which advice holds in place of this one where a server was asked directly, past the balancer.",
	Labels: []string{"advice", "direct"},
}

// selfModules says which auth a module logs on with, for alerts to name it. Of the account it says nothing: who reads the metrics could
// lock it.
var selfModules = &result.Metric{
	Name:   "ews_exporter_module_info",
	Help:   "Every configured module, with its prober and the name of its auth; empty for none.",
	Labels: []string{"module", "prober", "auth"},
}

// selfOwner says who the owners are.
var selfOwner = &result.Metric{
	Name:   "ews_exporter_owner_info",
	Help:   "Who an owner is that probe_fault_info names, in words, and what the configuration calls that team (owners); empty for nothing.",
	Labels: []string{"owner", "title", "team"},
}

// SelfMetrics lists the exporter's own metrics, in the order of docs/metrics.md. Those of the Go runtime, of the process
// and of the handler of /metrics come on top.
func SelfMetrics() []*result.Metric {
	return []*result.Metric{
		selfBuild, selfReloaded, selfReloadAt, selfProbes, selfResponses, selfDuration, selfInFlight, selfRefused,
		selfPanics, selfSuspended, selfExplained, selfLogons, selfCertificates, selfTargets, selfAdvice, selfOutcome, selfMeaning, selfDirect, selfOwner, selfModules,
	}
}
