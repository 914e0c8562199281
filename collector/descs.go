package collector

import "github.com/ews-exporter/ews_exporter/internal/result"

// The metrics that every probe has, whatever its prober. Names that blackbox_exporter has too keep its meaning.
var (
	probeSuccess = &result.Metric{
		Name:     "probe_success",
		Help:     "Whether the probe succeeded: 0 exactly when there is a failure.",
		Presence: "always",
	}
	probeDuration = &result.Metric{
		Name:     "probe_duration_seconds",
		Help:     "How long the probe took.",
		Presence: "always",
	}
	probeTimeout = &result.Metric{
		Name:     "probe_timeout_seconds",
		Help:     "The time limit that the probe had.",
		Presence: "always",
	}
	dnsLookup = &result.Metric{
		Name:     "probe_dns_lookup_time_seconds",
		Help:     "How long the DNS lookup took; 0 when the target is an address.",
		Presence: "a lookup was made, or the target is an address",
	}
	ipProtocol = &result.Metric{
		Name:     "probe_ip_protocol",
		Help:     "The IP protocol of the deciding connection, 4 or 6.",
		Presence: "an address was chosen",
	}
	httpStatus = &result.Metric{
		Name:     "probe_http_status_code",
		Help:     "HTTP status code of the deciding exchange's final response, 0 without one.",
		Presence: "always, for probers that HTTP decides",
	}
	httpVersion = &result.Metric{
		Name:     "probe_http_version",
		Help:     "HTTP version of the deciding exchange's final response, 0 without one.",
		Presence: "always, for probers that HTTP decides",
	}
	httpSSL = &result.Metric{
		Name:     "probe_http_ssl",
		Help:     "Whether the deciding exchange's final response came over TLS.",
		Presence: "always, for probers that HTTP decides",
	}
	httpDuration = &result.Metric{
		Name:   "probe_http_duration_seconds",
		Help:   "Duration of the deciding exchange by phase: resolve, connect, tls, processing (request begun to first byte of a response), transfer (first byte to last).",
		Labels: []string{"phase"}, Own: []string{"phase"},
		Presence: "each phase that was measured, for probers that HTTP decides",
	}
	certExpiry = &result.Metric{
		Name:     "probe_ssl_earliest_cert_expiry",
		Help:     "Earliest expiry among the certificates that the server presented, in Unix time.",
		Presence: "a certificate was presented, be it refused",
	}
	lastChainExpiry = &result.Metric{
		Name:     "probe_ssl_last_chain_expiry_timestamp_seconds",
		Help:     "When the path from the certificate to an authority ends that lasts longest, in Unix time: the earliest expiry on it. Certificates that were presented and lie on no such path do not count. Of several connections the one that ends first counts.",
		Presence: "a path to an authority was verified, or was before something on it expired, for the name asked for",
	}
	tlsVersion = &result.Metric{
		Name:     "probe_tls_version_info",
		Help:     "The TLS version of the deciding connection.",
		Labels:   []string{"version"},
		Presence: "a TLS version was agreed, unless nothing decides",
	}
	tlsCipher = &result.Metric{
		Name:   "probe_tls_cipher_info",
		Help:   "The TLS cipher suite of the deciding connection.",
		Labels: []string{"cipher"}, Own: []string{"cipher"},
		Presence: "a TLS cipher suite was agreed, unless nothing decides",
	}
	httpResponses = &result.Metric{
		Name:   "probe_http_responses",
		Help:   "Final responses received in this probe, by status code and by who made them. Count over time with sum_over_time.",
		Labels: []string{"code", "origin"}, Own: []string{"code", "origin"},
		Presence: "each that came; codes 401 and 501 always (0 for origin unknown), for probers that HTTP decides",
	}
	failureInfo = &result.Metric{
		Name:   "probe_failure_info",
		Help:   "Why the probe failed.",
		Labels: []string{"stage", "reason", "origin", "product"}, Own: []string{"stage", "reason", "origin", "product"},
		Presence: "exactly one series when the probe failed",
	}
	faultInfo = &result.Metric{
		Name:   "probe_fault_info",
		Help:   "Who acts on the failure and on each error or warning finding, how sure that is, and the advice: advice is explained in docs/diagnosis.md. Several owners are undecided between each other.",
		Labels: []string{"owner", "certainty", "advice"}, Own: []string{"owner", "certainty", "advice"},
		Presence: "each owner and advice of a probe that failed, has a warning, or decided nothing",
	}
	undecided = &result.Metric{
		Name:   "probe_undecided",
		Help:   "The probe succeeded and proves nothing of what the prober is for.",
		Labels: []string{"reason"}, Own: []string{"reason"},
		Presence: "a success proves nothing, and the module has no undecided_ok",
	}
	finding = &result.Metric{
		Name:   "probe_finding",
		Help:   "A diagnosis; the exporter serves its page at /findings/CODE.",
		Labels: []string{"code", "severity", "origin", "product"}, Own: []string{"code", "severity", "origin", "product"},
		Presence: "exactly one series per code found",
	}
	stepDuration = &result.Metric{
		Name:   "probe_step_duration_seconds",
		Help:   "How long each step took; repeats are summed.",
		Labels: []string{"step"}, Own: []string{"step"},
		Presence: "each step that was begun",
	}
	stepSuccess = &result.Metric{
		Name:   "probe_step_success",
		Help:   "Whether each step succeeded; of repeats, whether all did. 0 for a planned step that was not reached.",
		Labels: []string{"step"}, Own: []string{"step"},
		Presence: "each step that was begun, and each that was planned (0 when not reached)",
	}
	serverInfo = &result.Metric{
		Name:     "probe_server_info",
		Help:     "What the headers of the deciding exchange's response say of the servers; empty where unknown.",
		Labels:   []string{"frontend", "backend", "server", "version"},
		Presence: "exactly one series",
	}
	resultAge = &result.Metric{
		Name:     "probe_result_age_seconds",
		Help:     "How old this result is: within min_interval the last one is given again.",
		Presence: "the module has a min_interval",
	}
	seriesDropped = &result.Metric{
		Name:     "probe_series_dropped",
		Help:     "Series left out of this probe: beyond the 500th, or alike once their labels were shortened.",
		Presence: "a series was left out",
	}
)

// Metrics lists the metrics that every probe has, in the order of docs/metrics.md. The probers' own come on top.
func Metrics() []*result.Metric {
	return []*result.Metric{
		probeSuccess, probeDuration, probeTimeout, dnsLookup, ipProtocol,
		httpStatus, httpVersion, httpSSL, httpDuration, certExpiry, lastChainExpiry, tlsVersion, tlsCipher, httpResponses,
		failureInfo, faultInfo, undecided, finding, stepDuration, stepSuccess, serverInfo, resultAge, seriesDropped,
	}
}
