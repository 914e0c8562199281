package result_test

import (
	"slices"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestATargetChoosesNoLabelOfOurs: what a target hands out as a secret is taken out of what it says, and of nothing that is ours:
// steps, outcomes and planned steps are what alerts go by.
func TestATargetChoosesNoLabelOfOurs(t *testing.T) {
	t.Parallel()
	m := &result.Metric{Name: "probe_x_outcome", Labels: []string{"outcome", "server"}, Own: []string{"outcome"}}
	r := &result.Result{Planned: []string{"x.unauthenticated"}, Steps: []*result.Step{{Name: "x.unauthenticated"}}}
	r.Add(m, 1, "unauthenticated", "EX01, unauthenticated")
	answer := &result.Conversation{HTTP: &wire.Exchange{Method: "SSTP_DUPLEX_POST", Final: &wire.Response{Proto: "HTTP/1.1"}}}
	r.Conversations = []*result.Conversation{answer}
	var redactor secret.Redactor
	redactor.Add("unauthenticated", "HTTP/1.1", "SSTP_DUPLEX_POST")
	redactor.Walk(r)
	if answer.Final.Proto != "HTTP/1.1" || answer.Method != "SSTP_DUPLEX_POST" {
		t.Errorf("%s by %s", answer.Method, answer.Final.Proto)
	}
	if got := r.Samples[0].Labels; !slices.Equal(got, []string{"unauthenticated", "EX01, " + secret.Mask}) {
		t.Errorf("labels %q", got)
	}
	if r.Planned[0] != "x.unauthenticated" || r.Steps[0].Name != "x.unauthenticated" {
		t.Errorf("planned %q, steps %q", r.Planned, r.Steps[0].Name)
	}
	r.Samples[0].Metric = nil // one that was kept, and is not declared any more
	redactor.Walk(r)
	if r.Samples[0].Labels[0] != secret.Mask {
		t.Error("whose label it is that nobody declares is not known")
	}
}
