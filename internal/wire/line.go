package wire

import (
	"bufio"
	"errors"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// ReadLine reads one line without its end, for protocols of lines that precede a handshake (SMTP). A line longer than
// the reader's 4 KiB is malformed. Errors are failures of stage receive: closed, reset, timeout, malformed, error.
func (c *Conn) ReadLine() (string, error) {
	c.deadline(time.Time{})
	line, err := c.reader.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", failure.New(failure.Receive, "malformed", "%s sent a line of more than %d bytes", c, c.reader.Size())
	}
	if err != nil {
		c.ended(err)
		return "", c.receiveFailure("wait for a line", err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// WriteLine writes one line with CRLF. Errors are failures of stage send.
func (c *Conn) WriteLine(line string) error {
	c.deadline(time.Time{})
	if _, err := c.stream.Write([]byte(line + "\r\n")); err != nil {
		c.ended(err)
		return failure.New(failure.Send, streamReason(err), "send %q to %s: %w", line, c, err)
	}
	return nil
}

// Unread counts the bytes that came and nobody has read: before a handshake there must be none, or what somebody put
// into the clear text would count as said under TLS.
func (c *Conn) Unread() int { return c.reader.Buffered() }
