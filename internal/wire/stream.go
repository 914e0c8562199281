package wire

import (
	"errors"
	"io"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Start sends head and body at once, as Do does, and reads on until the final response's head. The response's body is
// then the caller's to read: by Finish, or by Stream where it stays open.
func (c *Conn) Start(req *Request) (*Dialogue, error) {
	x := c.Begin(req)
	unsent := x.SendAll()
	if failure.Is(unsent, failure.Send, "invalid") {
		return x, unsent
	}
	err := x.awaitFinal()
	if err != nil && unsent != nil {
		err = unsent
	}
	return x, err
}

// Stream gives the final response's body piece by piece as it comes, decoded: a Read returns what is there, and waits only
// while there is nothing. It waits until the probe's limit, or until the context that the connection was made with ends, so
// a caller that has read enough ends that and closes the connection. At most limit bytes come; what goes on beyond is not
// read, and ends like a body that is complete. Errors but io.EOF are failures of stage receive.
func (x *Dialogue) Stream(limit int64) (io.Reader, error) {
	how, length, err := frame(x.req.Method, x.Record.Final)
	if err != nil {
		return nil, err
	}
	x.conn.deadline(time.Time{})
	decoded := io.Reader(&kept{bodyReader(x.conn.in(), how, length), x.conn})
	if final := x.Record.Final; final.coding() != "" {
		final.Coding = final.coding()
		decoded = &decoder{coding: final.Coding, raw: &counted{r: decoded}}
	}
	return &stream{x: x, how: how, decoded: decoded, left: limit}, nil
}

type stream struct {
	x       *Dialogue
	how     framing
	decoded io.Reader
	left    int64
	ended   error // what every further Read gives
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	final := s.x.Record.Final
	switch {
	case s.ended != nil:
		return 0, s.ended
	case len(p) == 0:
		return 0, nil
	case s.left == 0:
		final.Truncated, s.ended = true, io.EOF
		return 0, s.ended
	}
	n, err := s.decoded.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	final.BodyLength += int64(n)
	if err != nil {
		s.ended = s.end(err)
	}
	s.x.count()
	return n, s.ended
}

// end notes how the body ended, and gives what that means to the reader.
func (s *stream) end(err error) error {
	c := s.x.conn
	var coded *codingError
	if errors.As(err, &coded) {
		s.x.Record.Final.Unreadable = coded.Error()
		return failure.New(failure.Receive, "malformed", "the body from %s cannot be read: %w", c, coded)
	}
	if !errors.Is(err, io.EOF) {
		c.ended(err)
		return c.bodyFailure(s.x.Record.Final.BodyLength, err)
	}
	now := c.dialer.now()
	s.x.Record.End = &now
	if s.how == untilClose {
		c.ended(err)
	} else {
		s.x.complete = true
	}
	return err
}
