// Package expect has the dialogue of a request with "Expect: 100-continue" whose body waits for the 100, and says what became
// of it.
package expect

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Value is that of the field. In lower case: IIS of Windows Server 2003 compared it case-sensitively.
const Value = "100-continue"

// Dialogue is what came of one request, with Expect or, as a contrast, without.
type Dialogue struct {
	Exchange *result.Conversation // nil when no request was begun
	Failure  *failure.Failure     // why there is no final response
	HeadSent bool
	Asked    bool // a 100 came before the body
	Early    bool // a final status came before the body
	BodySent bool
}

// Final is the final response, nil without one.
func (d *Dialogue) Final() *wire.Response {
	if d.Exchange == nil {
		return nil
	}
	return d.Exchange.Final
}

// Status is the final status, 0 without one.
func (d *Dialogue) Status() int {
	if f := d.Final(); f != nil {
		return f.Status
	}
	return 0
}

// Err is the failure as an error: a nil *Failure in an error would not be nil.
func (d *Dialogue) Err() error {
	if d.Failure == nil {
		return nil
	}
	return d.Failure
}

// SendAtOnce sends head and body in one piece, as step "request" within step.
func (d *Dialogue) SendAtOnce(x *wire.Dialogue, step *prober.Step) error {
	err := step.Do("request", x.SendAll)
	d.HeadSent, d.BodySent = err == nil, err == nil
	return err
}

// SendAfterWait sends the head, waits for the 100, and sends the body, unless a final status came first, as steps "head",
// "continue" and "body" within step.
func (d *Dialogue) SendAfterWait(wait time.Duration, x *wire.Dialogue, step *prober.Step) error {
	if err := step.Do("head", x.SendHead); err != nil {
		return err
	}
	d.HeadSent = true
	if err := step.Do("continue", func() error { return d.await(wait, x) }); err != nil && !failure.Is(err, failure.Receive, reasonNoContinue, reasonFinalFirst) {
		return err
	}
	if d.Asked && x.Buffered() { // a final status that came with the 100 came before the body
		r, err := x.Await(time.Now())
		d.Early = r != nil && x.Record.Final != nil
		if err != nil {
			return err
		}
	}
	if d.Early {
		return nil
	}
	err := step.Do("body", x.SendBody)
	d.BodySent = err == nil
	return err
}

// Reasons for which the step "continue" does not succeed, though the probe may.
const (
	reasonNoContinue = "no_continue"
	reasonFinalFirst = "final_first"
)

// await waits for a 100, past other interim responses.
func (d *Dialogue) await(wait time.Duration, x *wire.Dialogue) error {
	until := time.Now().Add(wait)
	for {
		r, err := x.Await(until)
		switch {
		case err != nil:
			return err
		case r == nil:
			return failure.New(failure.Receive, reasonNoContinue, "no 100 Continue within %.1f s of the head", wait.Seconds())
		case r.Status == 100:
			d.Asked = true
			return nil
		case x.Record.Final != nil:
			d.Early = true
			return failure.New(failure.Receive, reasonFinalFirst, "%d %s came before the body", r.Status, r.Reason)
		}
	}
}

// Over tells whether there is nothing to receive any more; sent is what came of sending. When that failed, what was received
// may still say why; before the head was out there is nothing.
func (d *Dialogue) Over(sent error) bool {
	return sent != nil && (failure.Is(sent, failure.Receive) || !d.HeadSent)
}

// Receive reads the answer, as step "response" within step, and at most limit bytes of its body.
func (d *Dialogue) Receive(x *wire.Dialogue, step *prober.Step, limit int64) (body []byte, err error) {
	err = step.Do("response", func() error {
		body, err = x.Finish(limit)
		return err
	})
	return body, err
}

// Silence is how long after the head the body was sent; until the answer, where it never was.
func (d *Dialogue) Silence() wire.Seconds {
	if d.Exchange.Body == nil {
		return d.Exchange.Final.First - d.Exchange.Head.End
	}
	return d.Exchange.Body.Start - d.Exchange.Head.End
}

// Delay is how long after the body the answer came.
func (d *Dialogue) Delay() wire.Seconds {
	if d.Exchange.Body == nil {
		return 0
	}
	return max(0, d.Exchange.Final.First-d.Exchange.Body.End)
}

// Waited is the time from the last header byte to the 100, to the final status that came instead, or to the body.
func (d *Dialogue) Waited() (wire.Seconds, bool) {
	if d.Exchange == nil || d.Exchange.Head == nil {
		return 0, false
	}
	sent := d.Exchange.Head.End
	switch {
	case d.Asked:
		for _, r := range d.Exchange.Interim {
			if r.Status == 100 {
				return r.First - sent, true
			}
		}
	case d.Early:
		return d.Exchange.Final.First - sent, true
	case d.Exchange.Body != nil:
		return d.Exchange.Body.Start - sent, true
	}
	return 0, false
}
