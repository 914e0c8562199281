package ewssync

import (
	"context"
	"errors"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// streamLimit is how much of a streaming response is read, in bytes: some thousands of notifications.
const streamLimit = 1 << 20

// listener hears a streaming response over a connection of its own, while the probe does other things over the first one.
type listener struct {
	session
	request ews.Request
	sent    *wire.Request
	ctx     context.Context // the connection's
	enough  context.CancelFunc
	heard   chan heard // closed when no more comes
	err     error      // why no more comes; nil for an end in good order. To be read once heard is closed
}

// heard is one document of a streaming response.
type heard struct {
	*ews.Response
	exchange *result.Conversation
	at       wire.Seconds // when its last byte was there
	since    wire.Seconds // from the request's last byte to that
}

// connectListener opens and logs on the connection of a stream, as parts of step. It takes over the cookies and the logon
// that requests have in common, for it is to get to the server that holds the subscription.
func (p *probe) connectListener(ctx context.Context, step *prober.Step, request ews.Request) (*listener, error) {
	ctx, enough := context.WithCancel(ctx)
	l := &listener{
		session: session{Settings: p.Settings, run: p.run, under: step, link: p.link.Another(), cookies: slices.Clone(p.cookies), repeat: p.repeat},
		request: request, sent: p.session.request("POST", p.path(), request.Body), ctx: ctx, enough: enough, heard: make(chan heard),
	}
	err := l.connect(ctx)
	if err == nil {
		err = l.greet(ctx, l.sent)
	}
	if err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

// end ends the connection. Nobody may be listening any more.
func (l *listener) end() {
	l.enough()
	l.hangUp()
}

// listen sends the request and passes on what is heard, until the stream ends or enough was heard.
func (l *listener) listen(step string) {
	defer close(l.heard)
	l.err = l.read(step)
}

func (l *listener) read(step string) error {
	var x *wire.Dialogue
	e, body, err := l.exchange(step, l.sent, func(sent *wire.Request) (_ *wire.Dialogue, body []byte, err error) {
		if x, err = l.link.Start(sent); err == nil && x.Record.Final.Status != 200 {
			body, err = x.Finish(ews.MaxBody)
		}
		return x, body, err
	})
	if err != nil {
		return err
	}
	if e.Final.Status != 200 { // a fault, or somebody's page
		l.tell(e, ews.Parse(prober.Document(l.ctx, e.Final, body)))
		return nil
	}
	stream, err := x.Stream(streamLimit)
	if err != nil {
		return err
	}
	for documents := ews.NewStream(stream); ; {
		response, err := documents.Next()
		var broken *failure.Failure
		switch {
		case errors.As(err, &broken): // between two documents or in the midst of one
			return broken
		case x.Record.Final.Truncated:
			return failure.New(failure.Content, ews.ReasonMalformed, "the stream brought more than %d bytes, which is more than is read", streamLimit)
		case response.Kind == ews.Empty:
			return nil
		case !l.tell(e, response), response.Kind != ews.Answered && response.Kind != ews.Faulted: // nothing more can be read
			return nil
		}
	}
}

// tell passes a document on, and tells whether anybody still wants to hear.
func (l *listener) tell(e *result.Conversation, response *ews.Response) bool {
	d := heard{response, e, l.run.Now(), 0}
	if e.Body != nil {
		d.since = d.at - e.Body.End
	}
	select {
	case l.heard <- d:
		return true
	case <-l.ctx.Done():
		return false
	}
}
