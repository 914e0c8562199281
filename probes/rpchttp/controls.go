package rpchttp

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// length is what clients announce for a channel in: 1 GiB, of which they send as much as they need.
const length = "1073741824"

// patience is how long an answer to the length is waited for: the server asks for a logon by the head alone, at once.
const patience = 5 * time.Second

// lost tells whether a verb did not get through: to a request without credentials came neither a request for a logon nor an echo.
func (p *probe) lost() bool {
	for _, c := range p.asked {
		if c.first == nil && c.err != nil || c.first != nil && c.first.Final.Status != 401 && !c.echoed {
			return true
		}
	}
	return false
}

// control asks by another verb, by which a box that refuses the verbs of RPC is told from one that leads nowhere.
func (p *probe) control(ctx context.Context, name, verb string) *prober.Control {
	return p.run.Control(ctx, name, p.at, func(step *prober.Step, conn *wire.Conn) (*result.Conversation, error) {
		c, _, err := p.send(step, conn, p.request(verb, ""))
		return c, err
	})
}

// askLength announces what a channel in announces, and sends nothing of it.
func (p *probe) askLength(ctx context.Context) *prober.Control {
	return p.run.Control(ctx, announced, p.at, func(step *prober.Step, conn *wire.Conn) (*result.Conversation, error) {
		request := p.request(verbs[channelIn], "")
		request.SendLength = false
		request.Header = append(request.Header, origin.Field{Name: "Content-Length", Value: length})
		x := conn.Begin(request)
		err := x.SendHead()
		var body []byte
		if err == nil {
			until := time.Now().Add(patience)
			if end, limited := ctx.Deadline(); limited && end.Add(-200*time.Millisecond).Before(until) {
				until = end.Add(-200 * time.Millisecond)
			}
			var final *wire.Response
			if final, err = x.Await(until); final == nil && err == nil {
				err = failure.New(failure.Receive, "timeout", "%s did not answer RPC_IN_DATA that announced %s bytes", conn, length)
			}
		}
		c := p.run.Exchanged(step.Name(), conn, x.Record, body, err)
		if c.Final == nil {
			return nil, err
		}
		return c, nil
	})
}
