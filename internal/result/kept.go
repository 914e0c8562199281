package result

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Kept is a Result as encoding/json writes it so that nothing is lost by which pages and metrics are made of it again.
type Kept struct {
	Result     *Result          `json:"result"`
	Planned    []string         `json:"planned,omitempty"`
	Decides    Decides          `json:"decides,omitempty"`
	Deciding   int              `json:"deciding"`                            // its place among the conversations; -1 for none
	Connection int              `json:"deciding_connection"`                 // its place among the connections; -1 for none of them
	Dialled    *wire.Connection `json:"other_deciding_connection,omitempty"` // that one, where it never came to be
	Places     advice.Places    `json:"verdict_places,omitempty"`            // of the verdict
}

// Keep makes r one that can be written.
func (r *Result) Keep() Kept {
	k := Kept{
		Result: r, Planned: r.Planned, Decides: r.Decides,
		Deciding: slices.Index(r.Conversations, r.Deciding), Connection: slices.Index(r.Connections, r.DecidingConnection),
	}
	if k.Connection < 0 {
		k.Dialled = r.DecidingConnection
	}
	if r.Verdict != nil {
		k.Places = r.Verdict.Places
	}
	return k
}

// Restore gives the Result that was kept; nil where there is none. Metrics are those that there are now, by their names:
// samples of others are left out, and so are those that have other labels.
func (k *Kept) Restore(metrics map[string]*Metric) *Result {
	r := k.Result
	if r == nil {
		return nil
	}
	r.Planned, r.Decides, r.DecidingConnection = k.Planned, min(max(k.Decides, ByHTTP), ByNone), k.Dialled
	if k.Deciding >= 0 && k.Deciding < len(r.Conversations) {
		r.Deciding = r.Conversations[k.Deciding]
	}
	if k.Connection >= 0 && k.Connection < len(r.Connections) {
		r.DecidingConnection = r.Connections[k.Connection]
	}
	if r.Verdict != nil {
		r.Verdict.Places = k.Places
	}
	r.Samples = slices.DeleteFunc(r.Samples, func(s Sample) bool {
		m := metrics[s.Name]
		return m == nil || len(m.Labels) != len(s.Labels)
	})
	for i := range r.Samples {
		r.Samples[i].Metric = metrics[r.Samples[i].Name]
	}
	return r
}
