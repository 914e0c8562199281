package prober

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Control is a request beside those that a probe is about, over a connection of its own and without credentials: it differs from one
// of them in one thing, so that what is answered otherwise shows what is minded.
type Control struct {
	Step         *Step
	Conversation *result.Conversation // nil without an answer
	Err          error                // why there is none
}

// Control asks one at an endpoint, as a step at the top; send sends it, as the step that it is given.
func (r *Run) Control(ctx context.Context, name string, at Endpoint, send func(*Step, *wire.Conn) (*result.Conversation, error)) *Control {
	c := &Control{Step: r.Step(name)}
	conn, err := r.Network.Open(ctx, c.Step, at)
	if err == nil {
		defer conn.Close()
		request := c.Step.Step("request")
		c.Conversation, err = send(request, conn)
		request.End(err)
	}
	c.Err = err
	c.Step.Detail("%s", c.Answer())
	c.Step.End(err)
	return c
}

// Answer says what came of it, for a person.
func (c *Control) Answer() string {
	switch {
	case c.Conversation != nil:
		return c.Conversation.Answer() + " from " + c.Conversation.Origin.Name()
	case failure.Is(c.Err, failure.Receive, "timeout"):
		return "no answer"
	}
	return "the end of the connection"
}

// AsksLogon tells whether it got a request for a logon. One that was not made got nothing.
func (c *Control) AsksLogon() bool {
	return c != nil && c.Conversation != nil && c.Conversation.Final.Status == 401
}

// Share gives f its part of what is left of the time, so that what keeps silent leaves some to what follows.
func Share(ctx context.Context, parts int, f func(context.Context)) {
	if end, limited := ctx.Deadline(); limited && parts > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(parts))
		defer cancel()
	}
	f(ctx)
}
