package result_test

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// TestClosedSetsAreNotRedacted: a password that is one of the exporter's own words must not be given away by a mask
// where that word always stands, nor break a label that rules rely on.
func TestClosedSetsAreNotRedacted(t *testing.T) {
	t.Parallel()
	words := []string{"auth", "refused", "dialogue", "wait", "error", "late_body_rejected", "middlebox", "kemp"}
	r := &result.Result{
		Module: "dialogue", Prober: "dialogue", Auth: "auth", Target: "wait.example",
		Failure:       failure.New(failure.Auth, "refused", "they said: wait"),
		Steps:         []*result.Step{{Name: "wait", Detail: "kemp"}},
		Findings:      []result.Finding{{Code: "late_body_rejected", Severity: result.Error, Origin: origin.Middlebox, Product: "kemp", Sentence: "kemp"}},
		Conversations: []*result.Conversation{{Step: "wait", Origin: origin.Origin{Kind: origin.Middlebox, Product: "kemp", Server: "kemp"}}},
	}
	redactor := &secret.Redactor{}
	redactor.Add(words...)
	redactor.Walk(r)
	f, x := r.Findings[0], r.Conversations[0]
	for _, word := range []string{
		r.Module, r.Prober, r.Auth, string(r.Failure.Stage), r.Failure.Reason, r.Steps[0].Name,
		f.Code, string(f.Severity), string(f.Origin), f.Product, x.Step, string(x.Origin.Kind), x.Origin.Product,
	} {
		if word == secret.Mask {
			t.Errorf("a word of a closed set was masked: %+v", r)
		}
	}
	for _, text := range []string{r.Failure.Message, r.Steps[0].Detail, f.Sentence, x.Origin.Server} {
		if text == "kemp" || text == "they said: wait" {
			t.Errorf("%q was not redacted", text)
		}
	}
}
