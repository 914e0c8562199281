package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// framing is how a response's body ends (RFC 9112 section 6.3).
type framing int

const (
	noBody framing = iota
	byLength
	chunked
	untilClose
)

// frame reads how the body that follows head ends.
func frame(method string, r *Response) (framing, int64, error) {
	if method == "HEAD" || r.Status < 200 || r.Status == 204 || r.Status == 304 {
		return noBody, 0, nil
	}
	if len(r.Values("Transfer-Encoding")) > 0 {
		if r.Has("Transfer-Encoding", "chunked") {
			return chunked, 0, nil
		}
		return untilClose, 0, nil
	}
	lengths := r.Values("Content-Length")
	if len(lengths) == 0 {
		return untilClose, 0, nil
	}
	length, err := contentLength(lengths)
	return byLength, length, err
}

// contentLength takes one length, or the same one several times (RFC 9112 section 6.3 item 5).
func contentLength(values []string) (int64, error) {
	text := ""
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.TrimSpace(part)
		if text != "" && part != text {
			return 0, malformed("the response has two different Content-Lengths: %s and %s", quote(text), quote(part))
		}
		text = part
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, malformed("the response's Content-Length is no number: %s", quote(text))
	}
	return int64(n), nil //nolint:gosec // ParseUint was given 63 bits
}

// bodyReader gives the decoded body that r's framing delimits.
func bodyReader(br *bufio.Reader, how framing, length int64) io.Reader {
	switch how {
	case byLength:
		return &lengthReader{br, length}
	case chunked:
		return &chunkReader{r: br}
	case untilClose:
		return br
	}
	return strings.NewReader("")
}

// lengthReader is io.LimitReader that tells a body cut short from a complete one.
type lengthReader struct {
	r    io.Reader
	left int64
}

func (l *lengthReader) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if errors.Is(err, io.EOF) && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunkReader decodes the chunked coding (RFC 9112 section 7.1). Unlike net/http's it bounds extensions and trailers.
type chunkReader struct {
	r     *bufio.Reader
	left  int64
	begun bool
	done  bool
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.done {
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next reads the end of the chunk before and the size of the one that follows.
func (c *chunkReader) next() error {
	if c.begun {
		if line, err := c.line(); err != nil || len(line) > 0 {
			return either(err, malformed("a chunk is longer than its size says"))
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 63)
	if err != nil {
		return malformed("no chunk size: %s", quote(line))
	}
	c.left = int64(n) //nolint:gosec // ParseUint was given 63 bits
	if n == 0 {
		return c.trailers()
	}
	return nil
}

func (c *chunkReader) trailers() error {
	for range maxFields {
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			c.done = true
			return nil
		}
	}
	return malformed("more than %d trailer fields", maxFields)
}

// line reads one line of at most the reader's buffer, without its end. It holds until the next read: a body in chunks of
// a byte must not cost a string for each.
func (c *chunkReader) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, malformed("a line of the chunked coding is longer than %d bytes", c.r.Size())
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return bytes.TrimRight(line, "\r\n"), err
}

func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
