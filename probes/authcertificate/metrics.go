package authcertificate

import "github.com/ews-exporter/ews_exporter/internal/result"

// maxThumbprints is how many certificates are told of.
const maxThumbprints = 8

var notAfter = &result.Metric{
	Name: "probe_auth_certificate_not_after_timestamp_seconds", Labels: []string{"thumbprint"},
	Help:     "When a certificate ends by which tokens are signed, in seconds since 1970, by its SHA-1 thumbprint as Windows shows it; of the 8 that last longest.",
	Presence: "for each that could be read",
}

// Blank implements prober.Prober: nothing is known of a document that was not read.
func (s *Settings) Blank(*result.Result) {}

func (p *probe) measure() {
	for _, c := range p.signing[:min(len(p.signing), maxThumbprints)] {
		p.run.Result.Add(notAfter, float64(c.NotAfter.Unix()), c.thumbprint)
	}
}
