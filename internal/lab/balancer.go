package lab

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A balancer handles one request whose head has been read and whose body may still be to come. Any error ends the
// connection, errEnd in good order: what was written arrives.
type balancer func(s *session, req *head) error

var errEnd = errors.New("the balancer ends this connection")

const continue100 = "HTTP/1.1 100 Continue\r\n\r\n"

// together is how soon after the head a body counts as sent with it, not after a wait. The two are separate TLS
// records even where a client sends both at once.
const together = 100 * time.Millisecond

// expecting is a balancer that misbehaves only when a body is announced with Expect, and else relays.
func expecting(misbehave balancer) balancer {
	return func(s *session, req *head) error {
		if req.length == 0 || !req.expects() {
			return relay(s, req)
		}
		return misbehave(s, req)
	}
}

// relay passes on everything as it comes: the head at once, the body behind it, and every answer, a 100 included.
func relay(s *session, req *head) error {
	if err := s.toOrigin(req.raw); err != nil {
		return err
	}
	body := s.passBody(req)
	for {
		h, err := readHead(s.answers)
		if err != nil {
			return err
		}
		if (h.chunked || h.endless) && !s.whole {
			return errors.Join(<-body, s.toClient(h.raw), s.passPieces(h))
		}
		res, err := s.complete(req, h)
		if err != nil {
			return err
		}
		if err := s.pass(res); err != nil {
			return err
		}
		if res.status() >= 200 {
			return s.settle(body, res)
		}
	}
}

// swallow100 is the Kemp LoadMaster of a consultant's field notes, under its option for RFC 2616: the head goes to the
// server at once, the server's 100 never comes back, and a body that comes later than the head is read as a new
// request, so it earns a 501. A body that comes with the head gets through.
func swallow100(s *session, req *head) error {
	if s.in.Buffered() > 0 { // in the same segment
		return buffer(s, req)
	}
	headCame := time.Now()
	if err := s.toOrigin(req.raw); err != nil {
		return err
	}
	answered := make(chan *response, 1)
	s.pending.Go(func() { answered <- s.finalOrNil(req) })
	bodyBegan := make(chan error, 1)
	s.pending.Go(func() { bodyBegan <- s.awaitBody() })

	select {
	case res := <-answered: // the server made up its mind by the head alone
		if res == nil {
			return errEnd
		}
		return errors.Join(s.toClient(res.bytes()), errEnd)
	case err := <-bodyBegan:
		if err != nil {
			return err
		}
	}
	if time.Since(headCame) > together {
		return errors.Join(s.toClient(kemp501()), errEnd)
	}
	if err := <-s.passBody(req); err != nil {
		return err
	}
	res := <-answered
	if res == nil {
		return errEnd
	}
	return s.reply(res)
}

// kemp501 has the status line and the four fields of the field notes. They give the body's length, not its text.
func kemp501() []byte {
	const body = "<html><head><title>501</title></head><body><h1>501 Invalid Request</h1></body></html>\r\n"
	return fmt.Appendf(nil, "HTTP/1.1 501 Invalid Request\r\nConnection: close\r\nContent-Length: %d\r\n"+
		"Content-Type: text/html\r\nDate: %s\r\n\r\n%s", len(body), now(), body)
}

// answer100 makes its own 100 at once, whatever the server would say, and then buffers.
func answer100(s *session, req *head) error {
	if err := s.toClient([]byte(continue100)); err != nil {
		return err
	}
	return buffer(s, req)
}

// late100 sends its 100 when it is of no more use.
func late100(s *session, req *head) error {
	if err := s.awaitBody(); err != nil {
		return err
	}
	return answer100(s, req)
}

// buffer reads the whole body without a word, then asks the server, without Expect.
func buffer(s *session, req *head) error {
	res, err := s.ask(req)
	if err != nil {
		return err
	}
	return s.reply(res)
}

// refuse417 is what RFC 2616 §8.2.3 asks of a proxy that knows its next hop to be HTTP/1.0.
func refuse417(s *session, _ *head) error {
	return errors.Join(s.toClient(page(http.StatusExpectationFailed)), errEnd)
}

// keepSilent takes everything and answers nothing.
func keepSilent(s *session, _ *head) error {
	_, err := io.CopyN(io.Discard, s.in, maxBody)
	return errors.Join(err, errEnd)
}

// timeOut504 asks for the body, and gives up on the member that it goes to.
func timeOut504(s *session, req *head) error {
	if err := s.toClient([]byte(continue100)); err != nil {
		return err
	}
	if _, err := readBody(s.in, req); err != nil {
		return err
	}
	return errors.Join(s.toClient(page(http.StatusGatewayTimeout)), errEnd)
}

// resetOnBody ends the connection with an RST at the body's first byte.
func resetOnBody(s *session, _ *head) error {
	if err := s.awaitBody(); err != nil {
		return err
	}
	return errors.Join(reset(s.client), errEnd)
}

// drip asks for the body, and then writes a byte of the answer's head every 200 ms until the client or the time that a
// request may take ends it.
func drip(s *session, req *head) error {
	if req.expects() {
		if err := s.toClient([]byte(continue100)); err != nil {
			return err
		}
	}
	if _, err := readBody(s.in, req); err != nil {
		return err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	started := "HTTP/1.1 200 OK\r\nX-Slow: "
	for i := 0; ; i++ {
		next := byte('.')
		if i < len(started) {
			next = started[i]
		}
		if err := s.toClient([]byte{next}); err != nil {
			return err
		}
		<-tick.C
	}
}

// downgrade buffers, and answers in HTTP/1.0 whatever was asked.
func downgrade(s *session, req *head) error {
	res, err := s.ask(req)
	if err != nil {
		return err
	}
	old := strings.Replace(string(res.without("Connection")), "HTTP/1.1", "HTTP/1.0", 1)
	return errors.Join(s.toClient(append([]byte(old), res.body...)), errEnd)
}

// page is an error page that tells nothing of who made it.
func page(status int) []byte {
	text := http.StatusText(status)
	body := "<html><body><p>" + text + "</p></body></html>"
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/html; charset=utf-8\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", status, text, now(), len(body), body)
}

func now() string { return time.Now().UTC().Format(http.TimeFormat) }
