package lab

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"
)

// voice is how much a server says in a streaming response.
type voice int

const (
	fluent   voice = iota // everything
	wordless              // that it is there, and no event
	mute                  // nothing after the head
)

// heartbeat is how often a server says that it is still there. Clients expect it within 45 s (Exchange Web Services Managed
// API, GetStreamingEventsRequest.cs).
const heartbeat = 30 * time.Second

// stream answers GetStreamingEvents: the response stays open, and each document in it is a whole envelope. It ends at the
// time that the request sets, or when the subscription does.
func (e *exchange) stream(w http.ResponseWriter, r *http.Request, server string, asked element) {
	SetHeader(w.Header(), "Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	say := func(a answer) bool {
		if e.voice != mute {
			_, _ = io.WriteString(w, envelope(a.message("GetStreamingEvents")))
		}
		return out.Flush() == nil
	}
	id := asked.find("SubscriptionIds").find("SubscriptionId").Text
	if _, _, ok := e.mailbox.news(server, id); !ok {
		say(answer{noSubscription.code, noSubscription.text, "<m:ErrorSubscriptionIds><t:SubscriptionId>" + id + "</t:SubscriptionId></m:ErrorSubscriptionIds><m:ConnectionStatus>Closed</m:ConnectionStatus>"})
		return
	}
	minutes, _ := strconv.Atoi(asked.find("ConnectionTimeout").Text)
	end, beat := time.After(time.Duration(minutes)*time.Minute), time.NewTicker(heartbeat)
	defer beat.Stop()
	for open := say(statusOK); open; {
		events, changed, ok := e.mailbox.news(server, id)
		if !ok {
			say(answer{"ErrorSubscriptionUnsubscribed", "The subscription was unsubscribed.", "<m:ConnectionStatus>Closed</m:ConnectionStatus>"})
			return
		}
		if events != "" && e.voice == fluent {
			open = say(answer{content: "<m:Notifications><m:Notification><t:SubscriptionId>" + id + "</t:SubscriptionId>" + events + "</m:Notification></m:Notifications>"})
			continue
		}
		var due <-chan time.Time
		if e.mailbox.late > 0 {
			due = time.After(e.mailbox.late / 20)
		}
		select {
		case <-changed:
		case <-due:
		case <-beat.C:
			open = say(statusOK)
		case <-end:
			say(answer{content: "<m:ConnectionStatus>Closed</m:ConnectionStatus>"})
			return
		case <-r.Context().Done():
			return
		}
	}
}

var statusOK = answer{content: "<m:ConnectionStatus>OK</m:ConnectionStatus>"}

// news are the events of a subscription since it was asked last, and what closes with the next change of the mailbox; false
// when the server does not know the subscription.
func (m *mailbox) news(server, id string) (events string, changed <-chan struct{}, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begin()
	s, ok := m.subscriptions[id]
	if !ok || s.server != server {
		return "", nil, false
	}
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	events = m.events(s.folder, s.told, "")
	s.told = m.due()
	m.subscriptions[id] = s
	return events, m.changed, true
}

// changedNow wakes all who wait for news.
func (m *mailbox) changedNow() {
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// passPieces passes on an answer without a length piece by piece as it comes. Where the balancer has an idle limit, it ends a
// response in which nothing comes for that long.
func (s *session) passPieces(h *head) error {
	s.pending.Go(func() { // a client that goes away ends what it asked for
		_, _ = s.in.Peek(1)
		_ = s.origin.Close()
	})
	body, form, last := s.pieces(h), "%[2]s", ""
	if h.chunked {
		form, last = "%x\r\n%s\r\n", "0\r\n\r\n"
	}
	for piece := make([]byte, 32<<10); ; {
		if s.idle > 0 {
			_ = s.origin.SetReadDeadline(time.Now().Add(s.idle))
		}
		n, err := body.Read(piece)
		if n > 0 {
			if err := s.toClient(fmt.Appendf(nil, form, n, piece[:n])); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return errors.Join(s.toClient([]byte(last)), errEnd)
		case err != nil:
			return err
		}
	}
}

// pieces reads the body of an answer without a length.
func (s *session) pieces(h *head) io.Reader {
	if h.chunked {
		return httputil.NewChunkedReader(s.answers)
	}
	return s.answers
}

// measure makes an answer without a length one with a length, once it has come whole. The connection it came on is not used
// again.
func (s *session) measure(h *head) (*response, error) {
	body, err := io.ReadAll(io.LimitReader(s.pieces(h), maxBody))
	_ = s.origin.Close()
	s.origin = nil
	raw := h.without("Transfer-Encoding")
	raw = fmt.Appendf(raw[:len(raw)-len("\r\n")], "Content-Length: %d\r\n\r\n", len(body))
	return &response{head: &head{raw: raw, line: h.line, field: h.field, length: len(body)}, body: body}, err
}

// keepBack is a proxy that passes a response on when it has it whole.
func keepBack(s *session, req *head) error {
	s.whole = true
	return relay(s, req)
}

// impatient is a proxy that ends a response in which nothing comes for a second.
func impatient(s *session, req *head) error {
	s.idle = time.Second
	return relay(s, req)
}
