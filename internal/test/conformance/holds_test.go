package conformance

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestWhatIsSeenIsHeld: what no faulty prober can be made to do in a test, since the exporter keeps it from that, or since it
// would take the machine's memory.
func TestWhatIsSeenIsHeld(t *testing.T) {
	t.Parallel()
	secret := []loggedOn{{`CONTOSO\probe`, "a-password"}}
	for name, test := range map[string]struct {
		demand func(*Examination, complain)
		seen   Observation
		says   string
	}{
		"a password in a report":     {keepsSecrets, Observation{Secrets: secret, Shown: map[string]string{"report": "it is a-password"}}, "the report shows the password"},
		"a password in JSON":         {keepsSecrets, Observation{Secrets: secret, Shown: map[string]string{"JSON": `{"a":"a-password"}`}}, "the JSON shows the password"},
		"a password in a metric":     {keepsSecrets, Observation{Secrets: secret, Shown: map[string]string{"metrics": `x{a="a-password"} 1`}}, "the metrics shows the password"},
		"a password in the log":      {keepsSecrets, Observation{Secrets: secret, Shown: map[string]string{"log": base64.StdEncoding.EncodeToString([]byte(`CONTOSO\probe:a-password`))}}, "the log shows the password"},
		"more memory than is wanted": {keepsItsLimits, Observation{Memory: 65 << 20}, "took 65 MiB of memory"},
		"a connection left open":     {keepsItsLimits, Observation{LeftOpen: 1}, "left 1 connections open"},
		"a probe beyond its limit":   {keepsItsLimits, Observation{Took: 20 * time.Second}, "took 20s, with a limit of 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.seen.Result = &result.Result{Limit: 1}
			x := &Examination{Seen: []*Observation{&test.seen}}
			x.Definition.NoLogon = true
			all := x.Complaints(Demand{name, test.demand})
			if !slices.ContainsFunc(all, func(c string) bool { return strings.Contains(c, test.says) }) {
				t.Errorf("nobody complains that %q: %q", test.says, all)
			}
			if test.seen.Shown != nil {
				test.seen.Shown = map[string]string{"report": "nothing"}
				if all := x.Complaints(Demand{name, test.demand}); len(all) > 0 {
					t.Errorf("%q, where there is nothing to see", all)
				}
			}
		})
	}
}
