package ewssync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// beside is how long a probe that writes waits for the stream's first document before it creates the item, and how long
// what was held back may take to come once the subscription has been ended; never longer than the stream is held.
const beside = time.Second

// parting is what is kept of the time limit to end the subscription in: one that is left counts against the account.
const parting = 250 * time.Millisecond

func (s *Settings) beside() time.Duration { return min(beside, s.StreamHold) }

// takeTurn waits until no other probe with this auth holds a stream open: an account may have few at once, 3 with Exchange
// 2013 (Microsoft Learn, "How to: Maintain affinity between a group of subscriptions and the Mailbox server").
func (p *probe) takeTurn(ctx context.Context) error {
	step := p.run.Step("turn")
	wait, cancel := ctx, func() {}
	if end, ok := ctx.Deadline(); ok {
		wait, cancel = context.WithDeadline(ctx, end.Add(-p.streamNeed()))
	}
	defer cancel()
	release, err := p.run.Turn(wait)
	if err != nil {
		err = failure.New(failure.Config, reasonStreamBusy, "another probe with the auth %s held a stream open until too little of the time limit was left for one of %s; only one is held at a time, so give the module more time, or probe less at once", p.run.Result.Auth, p.StreamHold)
	}
	p.release = release
	step.End(err)
	return err
}

// streamed is a stream under way, and what was heard of it. Moments count from the request.
type streamed struct {
	*probe
	listener   *listener
	step       *prober.Step         // the one of listening
	subscribed *result.Conversation // the one that made the subscription

	exchange *result.Conversation // the stream's; nil while no response came
	count    int                  // documents that came while the subscription lasted
	first    wire.Seconds         // the first of them
	last     wire.Seconds         // the last
	held     wire.Seconds         // how long the stream was listened to
	item     string               // the item created; empty while there is none
	created  wire.Seconds         // since the probe began
	event    wire.Seconds         // from there to the event that told of it; 0 without one
	ended    bool                 // no more comes
	closed   bool                 // the server said that it ends the stream
	over     bool                 // the subscription was ended
	late     int                  // documents that came after that, and tell of what was before
	decides  bool                 // a failure is that of the stream, and not of a request beside it
}

// stream holds a streaming subscription open for a while, and sees whether what the server says at once arrives at once.
func (p *probe) stream(ctx context.Context, step *prober.Step) error {
	defer p.release()
	folder, events := inbox, []string{ews.NewMailEvent, ews.CreatedEvent}
	if p.Write {
		folder, events = *p.folder, []string{ews.CreatedEvent}
	}
	subscribed, err := p.call(ctx, step, "subscribe", p.builder.SubscribeStreaming(folder, events...))
	if err != nil {
		return err
	}
	s := &streamed{probe: p, subscribed: p.lastExchange()}
	s.listener, err = p.connectListener(ctx, step, p.builder.GetStreamingEvents(subscribed.Subscription, p.streamMinutes()))
	if err != nil {
		return err
	}
	defer s.listener.end()
	s.step = step.Step("listen")
	prober.Parallel(func() { s.listener.listen(s.step.Name()) }, func() {
		defer s.listener.enough()
		err = s.converse(ctx, step, subscribed.Subscription)
	})
	s.keep()
	return err
}

// streamMinutes is how long the server is asked to keep the stream open: longer than the probe listens.
func (s *Settings) streamMinutes() int { return int((s.StreamHold+s.streamNeed())/time.Minute) + 1 }

// converse is all that is done while the stream is open, and the verdict.
func (s *streamed) converse(ctx context.Context, step *prober.Step, subscription string) error {
	err := s.attend(ctx, step)
	code, said := s.code, s.said
	missing := s.count == 0 || s.item != "" && s.event == 0
	var unsubscribed error
	if s.backOff == 0 && !slices.Contains(subscriptionGone, code) {
		s.over = true
		unsubscribed = s.unsubscribe(ctx, step, subscription)
	}
	switch {
	case err != nil:
	case s.ended:
		err = s.cut()
	case missing:
		_ = s.hear(ctx, s.beside(), nil) // judges nothing any more
		s.step.Detail("%s; then stream.unsubscribe, and documents that came after it: %d", s.summary(), s.late)
		err = s.missed(ctx)
	default:
		s.step.End(nil)
		return unsubscribed
	}
	s.code, s.said = code, said
	s.step.End(err)
	return err
}

// attend hears the stream for as long as it is to be held, and meanwhile creates an item where the probe writes. It fails
// when something else comes than a stream, or the time limit first.
func (s *streamed) attend(ctx context.Context, step *prober.Step) error {
	if end, ok := ctx.Deadline(); ok {
		shorter, cancel := context.WithDeadline(ctx, end.Add(-parting))
		defer cancel()
		ctx = shorter
	}
	begun := s.run.Now()
	defer func() {
		s.held = s.run.Now() - begun
		s.step.Detail("%s", s.summary())
	}()
	if s.Write {
		if err := s.provoke(ctx, step); err != nil || s.ended {
			return err
		}
	}
	return s.hear(ctx, s.StreamHold-time.Duration(float64(s.run.Now()-begun)*float64(time.Second)), nil)
}

// provoke creates an item and hears the stream until its event is there. Once the stream is open the event has to come
// through it; but a probe does not wait long for that, for where responses are kept back it opens only at its end.
func (s *streamed) provoke(ctx context.Context, step *prober.Step) error {
	if err := s.hear(ctx, s.beside(), func() bool { return s.count > 0 }); err != nil || s.ended {
		return err
	}
	s.created = s.run.Now()
	id, err := s.create(ctx, step)
	if err != nil {
		return err
	}
	s.item = id
	told := func() bool { return s.event > 0 }
	wait := min(s.StreamHold, s.EventWait)
	if err := s.hear(ctx, wait, told); err != nil {
		return err
	}
	if s.count > 0 && !told() { // the stream is open, so a late event comes through it
		if err := s.hear(ctx, s.EventWait-wait, told); err != nil {
			return err
		}
	}
	return s.remove(ctx, step, id)
}

// hear takes what the stream brings for a time, until the stream ends, or it is enough. That the time limit ends first is an
// error: whoever sent the stream did not end it.
func (s *streamed) hear(ctx context.Context, during time.Duration, enough func() bool) error {
	timer := time.NewTimer(during)
	defer timer.Stop()
	for !s.ended && (enough == nil || !enough()) {
		select {
		case d, more := <-s.listener.heard:
			switch {
			case more:
				if err := s.take(d); err != nil {
					return err
				}
			case failure.Is(s.listener.err, failure.Receive, "timeout"):
				return s.outOfTime()
			default:
				s.ended = true
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return s.outOfTime()
		}
	}
	return nil
}

// unsubscribe ends the subscription over the first connection.
func (s *streamed) unsubscribe(ctx context.Context, step *prober.Step, subscription string) error {
	_, err := s.call(ctx, step, "unsubscribe", s.builder.Unsubscribe(subscription))
	if err != nil {
		s.affinity(s.subscribed, s.lastExchange(), err)
	}
	return err
}

// take notes a document, and judges it while the subscription lasts. How a server ends a stream whose subscription was
// ended is its own affair; but what it then says of the time before was held back.
func (s *streamed) take(d heard) error {
	s.exchange = d.exchange
	created := slices.ContainsFunc(d.Events, func(e ews.Event) bool { return e.Type == ews.CreatedEvent && e.Item == s.item })
	good := d.Judge(s.listener.request).OK
	if s.over {
		if good && d.Connection != "Closed" {
			s.late++
		}
		return nil
	}
	if err := s.judge(s.step, d.exchange, d.Response, s.listener.request, nil); err != nil {
		s.affinity(s.subscribed, d.exchange, err)
		s.decides = true
		return err
	}
	s.count++
	s.last = d.since
	if s.count == 1 {
		s.first = d.since
	}
	if created && s.item != "" && s.event == 0 {
		s.event = max(d.at-s.created, 1e-6)
	}
	s.closed = d.Connection == "Closed"
	s.ended = s.closed
	return nil
}

// cut is the failure of a stream that ended before anybody wanted it to.
func (s *streamed) cut() error {
	s.decides = true
	var err error
	if !s.closed { // else the listener may be at it still
		err = s.listener.err
	}
	if err != nil && (s.exchange == nil || failure.Is(err, failure.Content)) {
		return err // no response at all, or more than is read
	}
	how, blame := "the response ended without Exchange's closing word", result.Either
	switch {
	case s.closed:
		how, blame = "Exchange closed it", result.Server
	case err != nil:
		how = err.Error()
	}
	s.run.Find(StreamCut, result.Error, s.who(), "A stream that was to stay open for %d min ended after %.1f s, %.1f s after the last document in it: %s.", s.streamMinutes(), float64(s.held), float64(s.held-s.last), how)
	accuse(s.run, blame)
	return failure.New(failure.Content, StreamCut, "the stream ended after %.1f s: %s", float64(s.held), how)
}

// missed is the failure of a stream in which something did not come that was due.
func (s *streamed) missed(ctx context.Context) error {
	s.decides = true
	what := "nothing came in the stream"
	if s.count > 0 {
		what = "the event of an item that had been created did not come in the stream"
	}
	switch {
	case ctx.Err() != nil:
		return s.outOfTime()
	case s.late > 0:
		s.run.Find(StreamBuffered, result.Error, s.who(), "For %.1f s %s. Then the probe ended the subscription (step stream.unsubscribe), and what the server had written before came at once (documents: %d). Something in between keeps the response until it is complete, so clients learn of nothing before a stream ends, which may take 30 minutes.", float64(s.held), what, s.late)
		accuse(s.run, result.InBetween)
		return failure.New(failure.Content, StreamBuffered, "for %.1f s %s; it came when the stream had ended", float64(s.held), what)
	case s.count == 0:
		s.run.Find(StreamSilent, result.Error, s.who(), "For %.1f s %s. Then the probe ended the subscription (step stream.unsubscribe), and nothing came after that either. Exchange answers at once, if only with a status: either something in between keeps the response, or the server does not write it.", float64(s.held), what)
		accuse(s.run, result.Either)
		return failure.New(failure.Content, StreamSilent, "for %.1f s %s", float64(s.held), what)
	}
	s.run.Find(NotificationsMissing, result.Error, s.who(), "An item was created in a folder with a streaming subscription. Within %s (event_wait) the stream brought other things (documents: %d), and nothing that tells of the item.", s.EventWait, s.count)
	return failure.New(failure.Content, NotificationsMissing, "%s within %s", what, s.EventWait)
}

// outOfTime is the failure of a stream that could not be held for as long as it was to be.
func (s *streamed) outOfTime() error {
	s.decides = true
	if s.count > 0 && s.item != "" && s.event == 0 {
		return failure.New(failure.Receive, "timeout", "the time limit came when the event of a new item had been waited for for %.1f s of %s (event_wait): give the module more time (timeout, and the scrape's)", float64(s.run.Now()-s.created), s.EventWait)
	}
	return failure.New(failure.Receive, "timeout", "the time limit came before the stream had been held for %s: what came before it took too long", s.StreamHold)
}

// who made the stream's response.
func (s *streamed) who() origin.Origin {
	if s.exchange == nil {
		return origin.Origin{Kind: origin.Unknown}
	}
	return s.exchange.Origin
}

// summary is what a person reads beside the step.
func (s *streamed) summary() string {
	if s.count == 0 {
		return fmt.Sprintf("held for %.3f s, and nothing came", float64(s.held))
	}
	text := fmt.Sprintf("the first document came after %.3f s", float64(s.first))
	if s.event > 0 {
		text += fmt.Sprintf(", the event of the new item %.3f s after its creation", float64(s.event))
	}
	return text + fmt.Sprintf("; held for %.3f s, documents: %d", float64(s.held), s.count)
}

// keep notes what the stream came to, for the metrics and as what decided.
func (s *streamed) keep() {
	p, r := s.probe, s.run.Result
	p.streamFirst, p.streamEvent = s.first, s.event
	if !s.decides || r.Failure != nil {
		return
	}
	for _, e := range r.Conversations {
		if e.Step == s.step.Name() {
			r.Deciding, r.DecidingConnection = e, s.listener.step.Connection()
		}
	}
}
