package inbound

import (
	"net/http"
	"sync"
)

// Together has answer's writes to w leave in one piece where the connection is answer's alone, which it is in HTTP/1: net/http sends
// whatever is longer than 4 KiB in two or more, and each costs as much as to write the metrics in it. Answer must say its length, and
// must not wait for anything.
func Together(w http.ResponseWriter, r *http.Request, answer func()) {
	c, _ := r.Context().Value(connKey{}).(*conn)
	if c == nil || r.ProtoMajor > 1 {
		answer()
		return
	}
	c.hold()
	defer c.release()
	answer()
	_ = http.NewResponseController(w).Flush() // out of net/http's own buffers; who is gone by then needs no answer
}

// pieces are buffers for what is held.
var pieces = sync.Pool{New: func() any { return new([]byte) }}

// hold keeps what is written from now on until release, up to a piece.
func (c *conn) hold() {
	c.out.Lock()
	defer c.out.Unlock()
	c.held = pieces.Get().(*[]byte) //nolint:forcetypeassert // it holds nothing else
}

func (c *conn) release() {
	c.out.Lock()
	defer c.out.Unlock()
	held := c.held
	_ = c.send() // the next Write tells
	c.held = nil
	pieces.Put(held)
}

// send writes what is held. c.out is locked.
func (c *conn) send() error {
	if c.held == nil || len(*c.held) == 0 {
		return nil
	}
	_, err := inPieces(*c.held, c.writePiece)
	*c.held = (*c.held)[:0]
	return err
}

// Write writes piece by piece, so that a long answer is not granted all its time at once.
func (c *conn) Write(p []byte) (int, error) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.held != nil && len(*c.held)+len(p) <= pieceLength {
		*c.held = append(*c.held, p...)
		return len(p), nil
	}
	if err := c.send(); err != nil {
		return 0, err
	}
	return inPieces(p, c.writePiece)
}
