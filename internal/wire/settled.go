package wire

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Settled takes the error off a dialogue whose status came: that is what counts, and a body that was cut short is the step's to
// tell.
func (d *Dialogue) Settled(err error) error {
	if d.Record.Final != nil && !failure.Is(err, failure.Receive, "malformed") {
		return nil
	}
	return err
}
