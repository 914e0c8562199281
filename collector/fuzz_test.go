package collector

import (
	"testing"
	"unicode/utf8"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// FuzzGatherer: whatever texts of a target a result holds, it can be scraped, in the same text that others write, and no label is
// longer than 128 bytes.
func FuzzGatherer(f *testing.F) {
	f.Add("EX01", "15.2.1748.10", "mail.contoso.com", 501)
	f.Add("\xff\xfe", "a\nb{c=\"d\"} 1", "\u202eevil\x1b[2J", -1)
	metric := &result.Metric{Name: "probe_fuzz_info", Help: "Fuzz.", Labels: []string{"one", "two"}}
	f.Fuzz(func(t *testing.T, one, two, three string, status int) {
		r := examples.Kemp()
		r.Failure = failure.New(failure.Status, "late_body_rejected", "%s", one)
		for _, x := range r.Conversations {
			if x.Final != nil {
				x.Final.Status, x.Final.Proto = status, three
			}
			x.Origin = origin.Origin{Kind: origin.Kind(three), Product: one, Frontend: one, Backend: two, Server: three, Version: two}
		}
		for _, c := range r.Connections {
			if c.Secure != nil {
				c.Secure.Version, c.Secure.Cipher = one, two
			}
		}
		r.Add(metric, 1, one, two)
		r.Add(metric, 2, two, three)
		sameText(t, r, nil)
		families, err := Gatherer(r, nil).Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				for _, label := range m.GetLabel() {
					if v := label.GetValue(); len(v) > 128 || !utf8.ValidString(v) {
						t.Errorf("%s{%s=%q}", family.GetName(), label.GetName(), v)
					}
				}
			}
		}
	})
}
