package ewssync_test

import (
	"fmt"
	"slices"
	"testing"
)

// TestBrokenAffinityInPoolsOfAnySize: a box that gives each request to the next of its servers is found out by each probe,
// however many they are: what is asked of a subscription comes at no distance that is a round of all of them.
func TestBrokenAffinityInPoolsOfAnySize(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"reading":               "operations: [notify]",
		"writing":               "operations: [notify], write: true, event_wait: 1s",
		"writing, all of it":    "operations: [sync, notify], write: true, event_wait: 1s",
		"reading, among others": "operations: [get_folder, sync, notify, oof], mailbox: probe@contoso.test",
		"streaming":             "operations: [stream], stream_hold: 1s",
		"streaming and writing": "operations: [stream], write: true, stream_hold: 1s, event_wait: 1s",
	} {
		for pool := 2; pool <= 5; pool++ {
			t.Run(fmt.Sprintf("%s/%d servers", name, pool), func(t *testing.T) {
				t.Parallel()
				s := start(t, settings, "basic", "healthy")
				s.Spread("healthy", pool)
				for range 3 { // each begins at another server
					r := s.probe(t, "healthy")
					if outcome(r) != "content/response_error" || !slices.Contains(codes(r), "ews_affinity_broken") {
						t.Fatalf("%s (%v), findings %v", outcome(r), r.Failure, codes(r))
					}
				}
			})
		}
	}
}
