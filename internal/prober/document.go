package prober

import (
	"bytes"
	"io"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Document reads what was read of a response's body. Where the body went on beyond that, it does not end: a document
// that was left unread must not be called one that breaks off, nor one whose content coding could not be undone no XML.
func Document(r *wire.Response, body []byte) io.Reader {
	switch {
	case r.Unreadable != "":
		return unreadable(r.Unreadable)
	case !r.Truncated:
		return bytes.NewReader(body)
	}
	return io.MultiReader(bytes.NewReader(body), unread{})
}

// unread is the rest of a body.
type unread struct{}

func (unread) Read([]byte) (int, error) { return 0, boundedxml.ErrTooLong }

// unreadable is a body whose coding could not be undone, and says why.
type unreadable string

func (u unreadable) Read([]byte) (int, error) { return 0, boundedxml.UnreadableError(u) }
