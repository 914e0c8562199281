package smtp

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// Reply is what a server says to one command, or as its greeting (RFC 5321 section 4.2).
type Reply struct {
	Code     int      // 220; 0 while there is none
	Enhanced string   // "4.3.2" (RFC 2034, RFC 3463); empty where the text has none of the code's class
	Lines    []string // each line's text, at least one
}

// Bounds of a reply. A line is bounded by who reads it from the wire: 4 KiB.
const (
	maxReply  = 100 // lines; Exchange's longest has about twenty
	maxQuoted = 200 // bytes of what a peer said that go into a message
)

// MalformedError is the failure of a peer that does not speak its protocol: stage receive, reason malformed.
type MalformedError struct{ Cause *failure.Failure }

func (e *MalformedError) Error() string { return e.Cause.Error() }

// Unwrap gives the failure.
func (e *MalformedError) Unwrap() error { return e.Cause }

func malformed(format string, args ...any) error {
	return &MalformedError{failure.New(failure.Receive, "malformed", format, args...)}
}

// ReadReply reads one reply: lines that begin with the same three digits, all but the last with a hyphen behind. What was
// read stays in the Reply when it fails. Errors are a *MalformedError, or hear's.
func ReadReply(hear func() (string, error)) (Reply, error) {
	var r Reply
	for range maxReply {
		line, err := hear()
		if err != nil {
			return r, err
		}
		code, text, more, ok := parseLine(line)
		if !ok || r.Code != 0 && code != r.Code {
			return r, malformed("%q is no line of an SMTP reply", plain.Cut(line, maxQuoted))
		}
		r.Code = code
		r.Lines = append(r.Lines, text)
		if !more {
			r.Enhanced = enhanced(r)
			return r, nil
		}
	}
	return r, malformed("an SMTP reply had more than %d lines", maxReply)
}

// parseLine takes a line apart. A reply's code begins with 2 to 5, and its text holds no control character but tabs.
func parseLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]) || strings.ContainsFunc(line, control) {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	switch rest := line[3:]; {
	case rest == "":
		return code, "", false, true
	case rest[0] == ' ', rest[0] == '-':
		return code, rest[1:], rest[0] == '-', true
	}
	return 0, "", false, false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

var enhancedCode = regexp.MustCompile(`^([245])\.\d{1,3}\.\d{1,3}( |$)`)

// enhanced is the enhanced status code at the beginning of the last line, which all lines share where they have one.
func enhanced(r Reply) string {
	found := enhancedCode.FindString(r.Lines[len(r.Lines)-1])
	if found == "" || int(found[0]-'0') != r.Code/100 {
		return ""
	}
	return strings.TrimSpace(found)
}

// String is the reply in one line for a person.
func (r Reply) String() string {
	if r.Code == 0 {
		return "nothing"
	}
	return strings.TrimRight(fmt.Sprintf("%d %s", r.Code, list(r.Lines)), " ")
}

// First is the reply's first line, as a status line is shown.
func (r Reply) First() string {
	if r.Code == 0 {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf("%d %s", r.Code, r.Lines[0]), " ")
}

// list joins lines for a person.
func list(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return plain.Cut(strings.Join(lines, ", "), maxQuoted)
}
