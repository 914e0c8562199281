package wire

import (
	"bufio"
	"errors"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Side is one of the two that talk.
type Side string

// The sides.
const (
	Client Side = "client" // the probe
	Server Side = "server" // the peer
)

// Line is what one side said at once: a line without its end, or a packet or a question in words.
type Line struct {
	At   Seconds `json:"at"` // it was sent, or had come whole
	From Side    `json:"from" redact:"-"`
	Text string  `json:"text"`
	TLS  bool    `json:"tls,omitempty"` // it went over TLS
}

// Talk records what both sides said over one connection, or in datagrams, in order of time.
type Talk struct {
	Span     Span     `json:"span"`                  // from what was first sent or waited for to what was last
	Heard    *Seconds `json:"first_heard,omitempty"` // the peer's first byte; nil while none has come
	Lines    []Line   `json:"lines,omitempty"`       // at most maxLines, of maxTalk bytes in all
	LeftOut  int      `json:"left_out,omitempty"`    // lines beyond that
	Outcome  string   `json:"outcome,omitempty"`     // what came of it, in a few words
	Sent     int64    `json:"sent"`                  // bytes above TLS
	Received int64    `json:"received"`              // bytes above TLS that were read

	size int // of the texts in Lines
}

// The most that is kept of a talk. What goes beyond is counted.
const (
	maxLines = 300
	maxTalk  = 64 << 10
)

// Add notes a line. Lines are kept whole or not at all: a secret that was cut in two would not be found in it.
func (t *Talk) Add(line Line) {
	if t.Span.End < line.At {
		t.Span.End = line.At
	}
	if len(t.Lines) >= maxLines || t.size+len(line.Text) > maxTalk {
		t.LeftOut++
		return
	}
	t.size += len(line.Text)
	t.Lines = append(t.Lines, line)
}

// Lines is a dialogue in lines under way, as in SMTP, IMAP and POP3. It goes on through a handshake.
type Lines struct {
	Record *Talk
	Until  time.Time // when what is said and heard next must have gone and come; zero: the probe's limit
	conn   *Conn
	gone   error // how the connection ended, where Await saw it
}

// Lines begins a dialogue in lines; nothing is sent yet.
func (c *Conn) Lines() *Lines {
	now := c.dialer.now()
	return &Lines{Record: &Talk{Span: Span{Start: now, End: now}}, conn: c}
}

// Say sends a line and its CRLF. Errors are failures of stage send; a line that would be two is refused as invalid.
func (l *Lines) Say(line string) error { return l.Confide(line, line) }

// Confide is Say for a line that holds a secret: shown stands for it in the record, and in errors.
func (l *Lines) Confide(line, shown string) error {
	c := l.conn
	if strings.ContainsAny(line, "\r\n\x00") {
		return failure.New(failure.Send, "invalid", "a line for %s holds a character that none may hold", c)
	}
	c.deadline(l.Until)
	n, err := c.stream.Write([]byte(line + "\r\n"))
	l.Record.Sent += int64(n)
	if err != nil {
		c.ended(err)
		return failure.New(failure.Send, streamReason(err), "send %q to %s: %w", shown, c, err)
	}
	l.note(Client, shown)
	return nil
}

// Hear reads one line without its end (CRLF, or a bare LF, which is forgiven), until the probe's limit. A line longer
// than the reader's 4 KiB is malformed. Errors are failures of stage receive: closed, reset, timeout, alert, malformed,
// error.
func (l *Lines) Hear() (string, error) {
	c := l.conn
	c.deadline(l.Until)
	raw, err := l.read()
	l.Record.Received += int64(len(raw))
	line := strings.TrimRight(string(raw), "\r\n")
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		l.note(Server, line)
		return "", failure.New(failure.Receive, "malformed", "%s sent a line of more than %d bytes", c, c.reader.Size())
	case err != nil:
		if len(raw) > 0 { // what came of a line that never ended
			l.note(Server, line)
		}
		l.Record.Span.End = c.dialer.now()
		c.ended(err)
		return "", c.receiveFailure("wait for a line", partOf("line", len(raw)), err)
	}
	l.note(Server, line)
	return line, nil
}

// read reads as far as a line's end, and notes when the peer's first byte came.
func (l *Lines) read() ([]byte, error) {
	if l.gone != nil {
		return nil, l.gone
	}
	if err := l.first(); err != nil {
		return nil, err
	}
	line, err := l.conn.in().ReadSlice('\n')
	if short := l.conn.hold(len(line)); short != nil {
		return nil, short
	}
	return line, err
}

// first waits for the peer's first byte and notes when it came.
func (l *Lines) first() error {
	if l.Record.Heard != nil {
		return nil
	}
	_, err := l.conn.in().Peek(1)
	if err == nil {
		now := l.conn.dialer.now()
		l.Record.Heard = &now
	}
	return err
}

// Await waits for the peer's first byte, at most until then, and tells whether there is something to hear: a byte, or how
// the connection ended.
func (l *Lines) Await(until time.Time) bool {
	l.conn.deadline(until)
	err := l.first()
	if isTimeout(err) {
		return false
	}
	l.gone = err // a reset shows once
	return true
}

func (l *Lines) note(from Side, text string) {
	l.Record.Add(Line{At: l.conn.dialer.now(), From: from, Text: text, TLS: l.conn.secure != nil && l.conn.stream == l.conn.secure})
}

// Unread counts the bytes that came and nobody has read: before a handshake there must be none, or what somebody put
// into the clear text would count as said under TLS.
func (l *Lines) Unread() int { return l.conn.reader.Buffered() }

// String names the connection for a person.
func (l *Lines) String() string { return l.conn.String() }
