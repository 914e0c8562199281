package mailprobe

import "github.com/ews-exporter/ews_exporter/internal/result"

var (
	capabilityOffered = &result.Metric{
		Name: "probe_mail_capability", Labels: []string{"capability"}, Own: []string{"capability"}, Presence: "the server said what it offers",
		Help: "Whether the mail server offers a capability, before TLS or over it: a closed list, in lower case.",
	}
	logonSuccess = &result.Metric{
		Name: "probe_mail_logon_success", Presence: "each configured auth, whatever became of the probe",
		Help: "Whether the mail server accepted the logon.",
	}
	greetingSeconds = &result.Metric{
		Name: "probe_mail_greeting_seconds", Presence: "a greeting came whole",
		Help: "From when the connection was there (with security: implicit, its TLS) to the greeting's end.",
	}
)

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	if res.Auth != "" {
		res.Add(logonSuccess, 0)
	}
}

func (p *probe) measure() {
	r := p.run.Result
	if p.greeted > 0 {
		r.Add(greetingSeconds, float64(p.greeted))
	}
	if p.offers != nil {
		for _, name := range p.kind.Capabilities {
			r.Add(capabilityOffered, result.Truth(p.offers.Has(name)), name)
		}
	}
	if p.run.LogsOn() {
		r.Add(logonSuccess, result.Truth(p.loggedOn))
	}
}
