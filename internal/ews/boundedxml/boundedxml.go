// Package boundedxml walks XML that a hostile peer may have sent.
//
// It keeps nothing: a Visitor sees each element as it passes and keeps what it wants. Elements go by their local names; a
// Visitor that is a Chooser says of which namespaces they count. What no parser of namespaces takes, such as a prefix that
// is bound to none or an attribute that is there twice, is malformed (Namespaces in XML 1.0). Depth, tokens and the length
// of a text are bounded here; how much is read is the caller's to bound. There is no document type definition and so no entity beyond
// XML's own five. Text is UTF-8: Exchange sends nothing else, and a second decoder would be one more way in.
package boundedxml

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// The bounds of one document.
const (
	MaxDepth  = 64
	MaxTokens = 1 << 20
	MaxText   = 1 << 20 // bytes of one element's own text; a synchronisation state is the longest that Exchange sends
	MaxTag    = 64 << 10
)

// ErrTooLong is for an input to end with whose rest was left unread: the document is beyond a bound of its reader's, and
// does not break off.
var ErrTooLong = errors.New("it is longer than what is read of it")

// UnreadableError is for an input to begin with that is no document in the form in which it came, and says why.
type UnreadableError string

func (e UnreadableError) Error() string { return string(e) }

// maxProblem bounds what an Error says, in bytes.
const maxProblem = 256

// Kind says why a document could not be walked to its end. The set is closed.
type Kind string

// The kinds of Error.
const (
	Empty     Kind = "empty"     // nothing came
	HTML      Kind = "html"      // a page for a browser
	NotXML    Kind = "not_xml"   // text of another kind
	Truncated Kind = "truncated" // the input ended before the document did
	Malformed Kind = "malformed" // not well formed, not UTF-8, with a document type, or beyond the bounds
)

// Error is why a document could not be walked to its end.
type Error struct {
	Kind    Kind
	Problem string // a phrase for a person: "it breaks off after 120 bytes"
	cause   error
}

func (e *Error) Error() string { return e.Problem }

// Unwrap returns what the input's Read returned, if it was that; nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

// Path is the local names from the root to the element at hand. It is valid during the call only.
type Path []string

// Name is the element's own name.
func (p Path) Name() string { return p[len(p)-1] }

// Parent is the name of the element around, empty for the root.
func (p Path) Parent() string {
	if len(p) < 2 {
		return ""
	}
	return p[len(p)-2]
}

// Ends tells whether the path's last names are these.
func (p Path) Ends(names ...string) bool {
	return len(p) >= len(names) && slices.Equal(p[len(p)-len(names):], names)
}

// Begins tells whether the path's first names are these.
func (p Path) Begins(names ...string) bool {
	return len(p) >= len(names) && slices.Equal(p[:len(names)], names)
}

// Has tells whether the element is name or lies within one.
func (p Path) Has(name string) bool { return slices.Contains(p, name) }

// Visitor sees a document's elements in order.
type Visitor interface {
	Start(p Path, attributes []xml.Attr)
	// End gets the text of an element without children. It is valid during the call only.
	End(p Path, text []byte)
}

// Chooser is a Visitor that does not want to see everything.
type Chooser interface {
	// Enters tells whether an element counts. The Visitor sees nothing of one that does not, nor of what is within.
	Enters(around Path, name xml.Name) bool
	// Mixed tells of an element that holds text beside elements.
	Mixed(p Path)
}

// Attribute returns the value of the attribute of this name and no namespace, empty when there is none.
func Attribute(attributes []xml.Attr, name string) string {
	for _, a := range attributes {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// Reader reads documents, one after the other: a streaming response holds several.
type Reader struct {
	source  source
	decoder *xml.Decoder
}

// NewReader reads from r no further than it must, so r may be a connection.
func NewReader(r io.Reader) *Reader {
	reader := &Reader{source: source{Reader: bufio.NewReader(r)}}
	reader.decoder = xml.NewDecoder(&reader.source)
	reader.decoder.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("it is encoded as %q, and only UTF-8 is read", label)
	}
	return reader
}

// source remembers what ended the input, which the decoder does not tell apart from a mistake in it.
type source struct {
	*bufio.Reader
	ended error
	tag   tag
}

func (s *source) ReadByte() (byte, error) {
	b, err := s.Reader.ReadByte()
	if err != nil {
		s.ended = err
		return b, err
	}
	return b, s.tag.take(b)
}

// tag bounds a start tag while it is read, because the decoder gives it only whole: an attribute of a few bytes takes
// many in memory.
type tag struct {
	length int  // 0 outside of one
	quote  byte // that an attribute's value began with
}

func (t *tag) take(b byte) error {
	switch {
	case t.length == 0 && b != '<', t.length == 1 && (b == '!' || b == '?'), t.quote == 0 && b == '>':
		t.length = 0
		return nil
	case t.length == 0:
	case b == t.quote:
		t.quote = 0
	case t.quote == 0 && (b == '"' || b == '\''):
		t.quote = b
	}
	if t.length++; t.length > MaxTag {
		return fmt.Errorf("one of its tags is longer than %d bytes", MaxTag)
	}
	return nil
}

// Next walks one document. The error is an *Error; of kind Empty when nothing but white space came any more.
func (r *Reader) Next(v Visitor) error {
	if err := r.skipSpace(); err != nil {
		return err
	}
	if err := r.look(); err != nil {
		return err
	}
	w := walk{visitor: v}
	w.chooser, _ = v.(Chooser)
	begin := r.decoder.InputOffset()
	for range MaxTokens {
		token, err := r.decoder.Token()
		if err != nil {
			return r.classify(err, r.decoder.InputOffset()-begin)
		}
		done, err := w.take(token)
		if err != nil || done {
			return err
		}
	}
	return malformed("it has more than %d parts", MaxTokens)
}

// End reads on to the input's end, and fails when anything follows the document but comments and white space.
func (r *Reader) End() error {
	begin := r.decoder.InputOffset()
	for range MaxTokens {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) && errors.Is(r.source.ended, io.EOF) {
			return nil
		}
		if err != nil {
			return r.classify(err, r.decoder.InputOffset()-begin)
		}
		switch t := token.(type) {
		case xml.Comment:
			continue
		case xml.CharData:
			if isSpace(t) {
				continue
			}
		}
		return malformed("something follows its end")
	}
	return malformed("something follows its end")
}

func isSpace(text []byte) bool { return len(bytes.Trim(text, " \t\r\n")) == 0 }

// skipSpace leaves the input at the first byte that means something.
func (r *Reader) skipSpace() error {
	for {
		b, err := r.source.Reader.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return &Error{Kind: Empty, Problem: "it is empty"}
		case errors.As(err, new(UnreadableError)):
			return malformed("%s", err)
		case err != nil:
			return &Error{Kind: Truncated, Problem: "it could not be read: " + err.Error(), cause: err}
		case !strings.ContainsRune(" \t\r\n", rune(b)):
			_ = r.source.UnreadByte() // cannot fail after ReadByte
			return nil
		}
	}
}

// look tells by what lies ready what is no XML: an XML decoder's complaint about an HTML page helps nobody.
func (r *Reader) look() error {
	head, _ := r.source.Peek(r.source.Buffered())
	text := strings.TrimLeft(strings.TrimPrefix(string(head[:min(len(head), 1024)]), "\ufeff"), " \t\r\n")
	switch {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"), strings.HasPrefix(text, "<\x00"), strings.HasPrefix(text, "\x00<"):
		return malformed("it is encoded as UTF-16, and only UTF-8 is read")
	case looksHTML(text):
		return &Error{Kind: HTML, Problem: "it is an HTML page"}
	case !strings.HasPrefix(text, "<") && text != "" && !beginsBOM(text):
		return &Error{Kind: NotXML, Problem: "it is not XML"}
	}
	return nil
}

// beginsBOM tells whether text is a byte order mark cut short: the rest has not come yet.
func beginsBOM(text string) bool { return text == "\xef" || text == "\xef\xbb" }

// looksHTML skips what may stand before the first element and tells whether that is one of HTML's. Boxes send pages
// that begin in the middle ("<h1>404</h1>").
func looksHTML(text string) bool {
	text = strings.ToLower(text)
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		end := ""
		switch {
		case strings.HasPrefix(text, "<?"):
			end = "?>"
		case strings.HasPrefix(text, "<!--"):
			end = "-->"
		default:
			return htmlTag(text)
		}
		_, rest, found := strings.Cut(text, end)
		if !found {
			return false
		}
		text = rest
	}
}

func htmlTag(text string) bool {
	if strings.HasPrefix(text, "<!doctype html") {
		return true
	}
	name, found := strings.CutPrefix(text, "<")
	if end := strings.IndexFunc(name, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }); end >= 0 {
		// A colon is a namespace's prefix, which HTML has not.
		found = found && name[end] != ':'
		name = name[:end]
	}
	return found && slices.Contains([]string{"html", "head", "body", "title", "meta", "script", "style", "h1", "h2", "h3", "p", "div", "center", "pre"}, name)
}

// classify turns the decoder's error into ours.
func (r *Reader) classify(err error, consumed int64) error {
	switch ended := r.source.ended; {
	case errors.Is(ended, ErrTooLong):
		return malformed("it is longer than the %d bytes that are read of it", consumed)
	case errors.Is(ended, io.EOF):
		return &Error{Kind: Truncated, Problem: fmt.Sprintf("it breaks off after %d bytes", consumed)}
	case ended != nil:
		return &Error{Kind: Truncated, Problem: fmt.Sprintf("it breaks off after %d bytes: %v", consumed, ended), cause: ended}
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return malformed("it is not well-formed XML: line %d: %s", syntax.Line, syntax.Msg)
	}
	return malformed("%s", strings.TrimPrefix(err.Error(), "xml: "))
}

// malformed makes an Error whose Problem may quote the document, and so is cut short and made harmless.
func malformed(format string, args ...any) error {
	return &Error{Kind: Malformed, Problem: plain.Text(fmt.Sprintf(format, args...), maxProblem)}
}
