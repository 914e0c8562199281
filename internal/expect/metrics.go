package expect

import "github.com/ews-exporter/ews_exporter/internal/result"

// WaitSeconds is the metric of Dialogue.Waited.
var WaitSeconds = &result.Metric{
	Name:     "probe_expect_continue_wait_seconds",
	Help:     "From the last header byte to the 100, or to the final status that came instead, or the silence kept before the body.",
	Presence: "one of the three was measured",
}

// StatusCode is the metric of the final statuses of the request and of those beside it, which is there as presence says.
func StatusCode(presence string) *result.Metric {
	return &result.Metric{
		Name: "probe_expect_continue_status_code", Labels: []string{"variant"}, Own: []string{"variant"},
		Help:     "Final status of each variant; 0 without one.",
		Presence: presence,
	}
}

// The variants that every dialogue has.
const (
	Wait     = "wait"      // with Expect: 100-continue; the body follows the 100, or the wait
	NoExpect = "no_expect" // without Expect: the control
)
