package wire

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
)

// No request asks for a content coding, and without Accept-Encoding a server may choose any (RFC 9110 section 12.5.3): some
// boxes compress whatever passes. gzip and deflate are undone, others are named.

// Bounds on what a small body may become. The reader's own limit on a body is one on what it becomes.
const (
	maxRatio     = 200      // bytes for each that came, …
	freeOfRatio  = 64 << 10 // beyond these
	maxRawChunks = 4 << 10  // bytes looked at to tell zlib's form of deflate from the raw one
)

// errRatio ends a body that becomes too much.
var errRatio = fmt.Errorf("it becomes more than %d times as large", maxRatio)

// coding is the content coding of a response, in lower case; empty for none, and for one that says nothing is done.
func (r *Response) coding() string {
	var codings []string
	for _, value := range r.Values("Content-Encoding") {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.ToLower(strings.TrimSpace(part)); part != "" && part != "identity" {
				codings = append(codings, strings.TrimPrefix(part, "x-"))
			}
		}
	}
	return strings.Join(codings, ", ")
}

// decode undoes the coding of a body that was read, of which at most limit bytes are given; it gives the raw body, and
// says so in r, where that cannot be done. A body that breaks off gives what came of it. hold is told of what is decoded, and ends
// that by an error.
func (r *Response) decode(raw []byte, limit int64, hold func(bytes int) error) []byte {
	r.Coding = r.coding()
	if r.Coding == "" || len(raw) == 0 {
		return raw
	}
	d := &decoder{coding: r.Coding, raw: &counted{r: bytes.NewReader(raw)}, hold: hold}
	body, err := io.ReadAll(io.LimitReader(d, limit+1))
	if int64(len(body)) > limit {
		body, r.Truncated = body[:limit], true
	}
	if err != nil && (len(body) == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
		r.Unreadable = err.Error()
		return raw
	}
	r.BodyLength = int64(len(body))
	return body
}

// decoder undoes a content coding as bytes come. It reads nothing before the first Read.
type decoder struct {
	coding  string
	raw     *counted
	decoded io.Reader // nil before
	given   int64
	hold    func(bytes int) error // nil: nothing is kept of it
}

// Read implements io.Reader. What cannot be undone is a codingError.
func (d *decoder) Read(p []byte) (int, error) {
	if d.decoded == nil {
		var err error
		if d.decoded, err = d.begin(); err != nil {
			return 0, d.wrong(err)
		}
	}
	n, err := d.decoded.Read(p)
	d.given += int64(n)
	if d.given > freeOfRatio && d.given > maxRatio*d.raw.n {
		return 0, d.wrong(errRatio)
	}
	if d.hold != nil {
		if short := d.hold(n); short != nil {
			return 0, short
		}
	}
	return n, d.wrong(err)
}

func (d *decoder) begin() (io.Reader, error) {
	switch d.coding {
	case "gzip":
		return gzip.NewReader(d.raw)
	case "deflate": // zlib's form by RFC 9110 section 8.4.1.2; some servers send it without
		buffered := bufio.NewReaderSize(d.raw, maxRawChunks)
		if head, err := buffered.Peek(2); err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			return zlib.NewReader(buffered)
		}
		return flate.NewReader(buffered), nil
	}
	return nil, errors.New("which the probe cannot undo")
}

// wrong tells faults of the coding from what the connection brought, which goes on as it is.
func (d *decoder) wrong(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil, errors.Is(err, io.EOF) && d.decoded != nil:
		return err
	case d.raw.err != nil && !errors.Is(d.raw.err, io.EOF):
		return d.raw.err
	case d.decoded != nil && errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.As(err, &corrupt), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrChecksum),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("and is none")
	}
	return &codingError{d.coding, err}
}

// codingError is a body that is not what its Content-Encoding says, or that cannot be told.
type codingError struct {
	coding string
	why    error
}

func (e *codingError) Error() string {
	return fmt.Sprintf("it is said to be in the content coding %s, which nobody asked for, %s", quote(e.coding), e.why)
}

func (e *codingError) Unwrap() error { return e.why }

// counted counts what is read, and keeps how that ended.
type counted struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}
