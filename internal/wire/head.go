package wire

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Bounds on what a peer may send as heads; beyond them a response is malformed.
const (
	maxHead    = 1 << 20 // bytes of all heads of one exchange
	maxFields  = 1000    // of one head
	maxInterim = 100     // interim responses of one exchange
)

// malformed is the failure of a response that is not HTTP/1.x or breaks the bounds.
func malformed(format string, args ...any) *failure.Failure {
	return failure.New(failure.Receive, "malformed", format, args...)
}

// quoted is how much of what a peer sent goes into a message. The rest of the house shortens messages for people, but
// only after it has taken secrets out: a secret that was cut in two would no longer be found.
const quoted = 8 << 10

func quote[T string | []byte](sent T) string {
	return strconv.Quote(string(sent[:min(len(sent), quoted)]))
}

// looksLikeHTTP tells whether head can still become an HTTP/1.x response, so that garbage is known at its first bytes
// and not at the time limit.
func looksLikeHTTP(head []byte) bool {
	const version = "HTTP/1."
	n := min(len(head), len(version))
	return string(head[:n]) == version[:n] || len(head) <= 2 && len(bytes.Trim(head, "\r\n")) == 0
}

// unfold makes one line of a field that goes on in the next one (RFC 9112 section 5.2: obs-fold).
var unfold = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ", "\n ", " ", "\n\t", " ")

// parseHead reads a complete head, tolerant of what real boxes send: bare LF, no reason phrase, folded lines, HTTP/1.0.
// It fails on what is not HTTP: a line without a colon, control characters in a name, NUL or a bare CR anywhere.
func parseHead(raw []byte) (*Response, error) {
	r := &Response{Raw: string(raw)}
	status, fields, _ := strings.Cut(r.Raw, "\n")
	if err := parseStatusLine(r, strings.TrimSuffix(status, "\r")); err != nil {
		return nil, err
	}
	if strings.Contains(fields, "\n ") || strings.Contains(fields, "\n\t") {
		fields = unfold.Replace(fields)
	}
	for line := range strings.SplitSeq(fields, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		if err := parseField(r, line); err != nil {
			return nil, err
		}
		if len(r.Header) > maxFields {
			return nil, malformed("the response head has more than %d fields", maxFields)
		}
	}
	return r, nil
}

// parseStatusLine reads "HTTP/1.1 501 Not Implemented" (RFC 9112 section 4); the reason and its space may be missing.
func parseStatusLine(r *Response, line string) error {
	proto, rest, _ := strings.Cut(line, " ")
	minor, ok := strings.CutPrefix(proto, "HTTP/1.")
	if !ok || len(minor) != 1 || minor[0] < '0' || minor[0] > '9' {
		return malformed("not an HTTP/1.x status line: %s", quote(line))
	}
	code, reason, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if len(code) != 3 || strings.Trim(code, "0123456789") != "" || code < "100" {
		return malformed("no status code in the status line %s", quote(line))
	}
	if strings.ContainsAny(reason, "\x00\r") {
		return malformed("control characters in the status line %s", quote(line))
	}
	r.Proto, r.Reason = proto, reason
	r.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return nil
}

func parseField(r *Response, line string) error {
	if strings.ContainsAny(line, "\x00\r") {
		return malformed("control characters in the header line %s", quote(line))
	}
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return malformed("not a header line: %s", quote(line))
	}
	r.Header = append(r.Header, origin.Field{Name: name, Value: strings.Trim(value, " \t")})
	return nil
}

// Values gives the values of the fields called name, in order, whatever their case.
func (r *Response) Values(name string) []string {
	var values []string
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Get gives the first value of the fields called name, or "".
func (r *Response) Get(name string) string {
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Has tells whether one of the comma-separated tokens of the fields called name is token, whatever the case.
func (r *Response) Has(name, token string) bool {
	for _, value := range r.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// isInterim tells whether this is a 1xx response: another one follows. 101 ends HTTP on the connection, so it is final.
func (r *Response) isInterim() bool { return r.Status < 200 && r.Status != 101 }
