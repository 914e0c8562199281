package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"
)

// head is a request's or a response's head, kept as it came so that what is relayed stays the same to the byte.
type head struct {
	raw   []byte // with the empty line that ends it
	line  string // the request line or status line
	field textproto.MIMEHeader
	// length of the body that follows: what Content-Length announces, 0 without one.
	length int
	// chunked tells that the body of a response comes in chunks instead, endless that its end is the connection's.
	chunked, endless bool
}

var errHeadTooLong = errors.New("the head is longer than the lab reads (64 KiB)")

// readHead reads up to and including the empty line. A head whose body the lab would not read is an error.
func readHead(r *bufio.Reader) (*head, error) {
	raw, err := readRawHead(r)
	if err != nil {
		return nil, err
	}
	lines := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw)))
	line, err := lines.ReadLine()
	if err != nil {
		return nil, fmt.Errorf("reading a first line: %w", err)
	}
	field, err := lines.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("reading header fields: %w", err)
	}
	h := &head{raw: raw, line: line, field: field}
	if strings.HasPrefix(line, "HTTP/") && h.status() >= 200 && field.Get("Content-Length") == "" {
		h.chunked = field.Get("Transfer-Encoding") == "chunked"
		h.endless = !h.chunked && h.status() == 200
	}
	if !h.chunked {
		h.length, err = bodyLength(field)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

func readRawHead(r *bufio.Reader) ([]byte, error) {
	var raw []byte
	for !bytes.HasSuffix(raw, []byte("\r\n\r\n")) {
		if len(raw) == maxHead {
			return nil, errHeadTooLong
		}
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		raw = append(raw, b)
	}
	return raw, nil
}

// status is a status line's code, 0 where there is none.
func (h *head) status() int {
	_, rest, _ := strings.Cut(h.line, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil {
		return 0
	}
	return n
}

// method is a request line's method.
func (h *head) method() string {
	method, _, _ := strings.Cut(h.line, " ")
	return method
}

// bodyLength reads Content-Length. No client of the lab sends chunks, so it reads none.
func bodyLength(field textproto.MIMEHeader) (int, error) {
	if field.Get("Transfer-Encoding") != "" {
		return 0, errors.New("the lab reads bodies with Content-Length only")
	}
	text := field.Get("Content-Length")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("a Content-Length of %q is no length", text)
	}
	if n > maxBody {
		return 0, fmt.Errorf("a body of %d bytes is longer than the lab reads (1 MiB)", n)
	}
	return n, nil
}

// expects tells whether the request wants a 100 before it sends its body (RFC 9110 §10.1.1).
func (h *head) expects() bool {
	return strings.EqualFold(h.field.Get("Expect"), "100-continue")
}

// closes tells whether the connection ends after this message.
func (h *head) closes() bool {
	return strings.EqualFold(h.field.Get("Connection"), "close") || strings.Contains(h.line, "HTTP/1.0")
}

// without is the raw head less a field.
func (h *head) without(name string) []byte {
	var kept []byte
	for line := range bytes.SplitAfterSeq(h.raw, []byte("\n")) {
		field, _, _ := bytes.Cut(line, []byte(":"))
		if !strings.EqualFold(string(field), name) {
			kept = append(kept, line...)
		}
	}
	return kept
}
