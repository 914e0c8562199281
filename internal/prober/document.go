package prober

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Document reads what was read of a response's body. Where the body went on beyond that, it does not end: a document
// that was left unread must not be called one that breaks off, nor one whose content coding could not be undone no XML. It
// breaks off when ctx ends, where it is a large one: that takes time to look through, and who waits for the probe does not wait
// for that. Ask InTime before anything is concluded from a document that may be larger than small.
func Document(ctx context.Context, r *wire.Response, body []byte) io.Reader {
	switch {
	case r.Unreadable != "":
		return unreadable(r.Unreadable)
	case !r.Truncated:
		return &timely{ctx, bytes.NewReader(body), small}
	}
	return io.MultiReader(&timely{ctx, bytes.NewReader(body), small}, unread{})
}

// InTime tells whether there was time to look through a document that came from who, of so many bytes. Its error is a failure of
// stage receive.
func InTime(ctx context.Context, who fmt.Stringer, bytes int) error {
	if ctx.Err() == nil || bytes <= small {
		return nil
	}
	return failure.New(failure.Receive, "timeout", "the answer of %s had come, and the time limit came before it was looked through: it is very large, or the exporter has too much to do", who)
}

// small is what is looked through in no time, in bytes.
const small = 64 << 10

// timely is what is read as long as ctx lasts, but for its beginning, which always is.
type timely struct {
	ctx  context.Context
	from *bytes.Reader
	free int // bytes of that beginning
}

func (t *timely) Read(p []byte) (int, error) {
	if t.free <= 0 && t.ctx.Err() != nil {
		return 0, t.ctx.Err()
	}
	n, err := t.from.Read(p)
	t.free -= n
	return n, err
}

// unread is the rest of a body.
type unread struct{}

func (unread) Read([]byte) (int, error) { return 0, boundedxml.ErrTooLong }

// unreadable is a body whose coding could not be undone, and says why.
type unreadable string

func (u unreadable) Read([]byte) (int, error) { return 0, boundedxml.UnreadableError(u) }
