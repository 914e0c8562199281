package prober

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestAnswersThatSlip: a failure over an answer with another whole response behind it is put down to that, and not to what the
// answer, which may be that to the request before, seems to say.
func TestAnswersThatSlip(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stray  int
		line   string
		reason string
		want   string
	}{
		"another response": {308, "HTTP/1.1 401 Unauthorized", auth.HandshakeBroken, adviceSlipped},
		"some bytes":       {12, "", auth.HandshakeBroken, adviceSlipped},
		"bytes elsewhere":  {12, "", auth.Refused, ""},
		"none":             {0, "", auth.HandshakeBroken, ""},
	} {
		c := &result.Conversation{HTTP: &result.HTTP{}}
		c.Stray, c.StrayLine = test.stray, test.line
		r := &Recorder{Result: &result.Result{Failure: failure.New(failure.Auth, test.reason, "401"), Deciding: c, Conversations: []*result.Conversation{c}}}
		r.Surplus()
		if got := r.Result.Drawn["auth/"+test.reason]; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
