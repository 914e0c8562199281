package ewssync

import (
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestHearTheLimit: a stream that the time limit ended was not ended by its sender, also where the machine was so busy that
// nobody noticed the time before.
func TestHearTheLimit(t *testing.T) {
	t.Parallel()
	for reason, ended := range map[string]bool{"timeout": false, "reset": true} {
		l := &listener{heard: make(chan heard), err: failure.New(failure.Receive, reason, "read the response's body")}
		close(l.heard)
		s := &streamed{probe: &probe{session: session{Settings: defaults()}}, listener: l}
		err := s.hear(t.Context(), time.Minute, nil)
		if s.ended != ended || failure.Is(err, failure.Receive, "timeout") == ended {
			t.Errorf("%s: ended by the sender: %t, error %v", reason, s.ended, err)
		}
	}
}
