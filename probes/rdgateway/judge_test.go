package rdgateway

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestALogonThatIsHeldBackIsNoFailureOfTheTransport: where the account is spared, a transport was asked for a logon, and none was made.
func TestALogonThatIsHeldBackIsNoFailureOfTheTransport(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		auth.Unanswered: logonAsked, auth.Suspended: logonAsked, auth.Waiting: logonAsked, auth.Refused: denied, auth.HandshakeBroken: failed,
	} {
		p := &probe{run: &prober.Run{Recorder: &prober.Recorder{Result: &result.Result{}}}}
		tr := &transport{outcome: failed, err: failure.New(failure.Auth, reason, "held back")}
		_ = p.unanswered(tr)
		if tr.outcome != want {
			t.Errorf("auth/%s: %s, want %s", reason, tr.outcome, want)
		}
	}
}
