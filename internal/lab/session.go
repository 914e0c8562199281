package lab

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// session is one client's connection through a balancer, and the connection to the origin that belongs to it alone:
// NTLM authenticates connections, so a balancer that shares them would be another scenario.
type session struct {
	client net.Conn
	in     *bufio.Reader // from client
	meter  *Meter
	dial   func() (net.Conn, error)

	origin  net.Conn // nil until it is needed
	answers *bufio.Reader
	moved   int           // requests that went to one server of a pool after the other
	whole   bool          // the balancer passes a response on once it has come whole
	idle    time.Duration // how long nothing may come in a response; 0 for ever

	copies    bool   // it sends each answer twice
	remembers bool   // it sends each answer again with the next one
	before    []byte // the last one, then

	pending sync.WaitGroup // readers and writers that a balancer left running
}

// response is an origin's answer with its body, if it has one.
type response struct {
	*head
	body []byte
}

func (r *response) bytes() []byte { return slices.Concat(r.raw, r.body) }

// run hands every request of the connection to b.
func (s *session) run(b balancer) {
	defer s.close()
	for s.client.SetDeadline(time.Now().Add(maxRequest)) == nil {
		req, err := readHead(s.in)
		if err != nil {
			if !isGone(err) {
				_ = s.toClient(page(http.StatusBadRequest))
			}
			return
		}
		s.meter.web(req.line, req.field)
		if b(s, req) != nil || req.closes() {
			return
		}
	}
}

// isGone tells whether err is the connection's, not the message's.
func isGone(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &network)
}

// close stops whatever still reads or writes, and ends both connections.
func (s *session) close() {
	_ = s.client.SetReadDeadline(time.Unix(1, 0))
	if s.origin != nil {
		_ = s.origin.Close()
	}
	s.pending.Wait()
	End(s.client, s.in)
}

func (s *session) toClient(b []byte) error {
	_, err := s.client.Write(b)
	return err
}

func (s *session) toOrigin(b []byte) error {
	if s.origin == nil {
		conn, err := s.dial()
		if err != nil {
			return err
		}
		s.origin, s.answers = conn, bufio.NewReader(conn)
	}
	if err := s.origin.SetDeadline(time.Now().Add(maxRequest)); err != nil {
		return err
	}
	_, err := s.origin.Write(b)
	return err
}

// awaitBody returns when the body's first byte is there.
func (s *session) awaitBody() error {
	_, err := s.in.Peek(1)
	return err
}

// passBody copies the request's body to the origin while the caller does something else; the channel says how it ended.
func (s *session) passBody(req *head) <-chan error {
	done := make(chan error, 1)
	s.pending.Go(func() {
		_, err := io.CopyN(s.origin, s.in, int64(req.length))
		if err != nil {
			_ = s.origin.Close() // or it would wait for the rest in vain
		}
		done <- err
	})
	return done
}

// settle ends a request whose final answer has been passed on. Where the body did not come whole, what comes next on
// the connection could be either body or request, so it ends too.
func (s *session) settle(body <-chan error, res *response) error {
	if err := s.client.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	if <-body != nil || res.closes() {
		return errEnd
	}
	return nil
}

// answer reads the origin's next answer to req, interim or final.
func (s *session) answer(req *head) (*response, error) {
	h, err := readHead(s.answers)
	if err != nil {
		return nil, err
	}
	return s.complete(req, h)
}

// complete reads the body that belongs to the head of an answer to req.
func (s *session) complete(req, h *head) (*response, error) {
	switch {
	case h.status() < 200, req.method() == http.MethodHead:
		return &response{head: h}, nil
	case h.chunked, h.endless:
		return s.measure(h)
	}
	body, err := readBody(s.answers, h)
	return &response{head: h, body: body}, err
}

// finalOrNil reads the origin's final answer and drops the interim ones; nil when it gave none.
func (s *session) finalOrNil(req *head) *response {
	for {
		res, err := s.answer(req)
		if err != nil {
			return nil
		}
		if res.status() >= 200 {
			return res
		}
	}
}

// ask reads the whole body, sends it on without Expect, and returns the final answer.
func (s *session) ask(req *head) (*response, error) {
	body, err := readBody(s.in, req)
	if err != nil {
		return nil, err
	}
	if err := s.toOrigin(append(req.without("Expect"), body...)); err != nil {
		return nil, err
	}
	res := s.finalOrNil(req)
	if res == nil {
		return nil, errEnd
	}
	return res, nil
}

// reply passes a final answer on.
func (s *session) reply(res *response) error {
	if err := s.toClient(res.bytes()); err != nil {
		return err
	}
	if res.closes() {
		return errEnd
	}
	return nil
}

func readBody(r io.Reader, h *head) ([]byte, error) {
	body := make([]byte, h.length)
	_, err := io.ReadFull(r, body)
	return body, err
}
