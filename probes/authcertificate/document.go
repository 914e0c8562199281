package authcertificate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// Bounds of a document. Exchange's has one key, or two or three while one replaces another.
const (
	maxDocument = 1 << 20 // bytes
	maxDepth    = 32
	maxKeys     = 100
)

// entry is one of the document's keys, as it is written.
type entry struct {
	usage string // "signing"; empty where it is not said
	kind  string // "x509Certificate"; empty where it is not said
	x5t   string // the thumbprint by which tokens name it (RFC 7515 section 4.1.7)
	value string // base64
}

// document is the JSON that is read. Names count in any case: Exchange writes keyInfo and keyValue, its documentation keyinfo
// and keyvalue.
type document struct {
	*json.Decoder

	keys []entry
}

// mark is what may stand before a text in UTF-8.
var mark = []byte("\xef\xbb\xbf")

// parse reads the keys of a document. An error is one for a person, and quotes little of it.
func parse(body []byte) ([]entry, error) {
	d := &document{Decoder: json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, mark)))}
	d.UseNumber() // none is read, so none is too large
	err := d.object(func(name string) error {
		if name == "keys" {
			return d.list(d.key)
		}
		return d.skip()
	})
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something follows its end")
		}
	}
	return d.keys, worded(err)
}

// worded keeps the decoder's own words away, for they may quote the document.
func worded(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it breaks off")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not well formed at byte %d", syntax.Offset)
	}
	return err
}

// key reads one of the keys.
func (d *document) key() error {
	if len(d.keys) >= maxKeys {
		return fmt.Errorf("it has more than %d keys", maxKeys)
	}
	var e entry
	err := d.object(func(name string) error {
		switch name {
		case "usage":
			return d.text(&e.usage)
		case "keyinfo":
			return d.part("x5t", &e.x5t, "", nil)
		case "keyvalue":
			return d.part("value", &e.value, "type", &e.kind)
		}
		return d.skip()
	})
	d.keys = append(d.keys, e)
	return err
}

// part reads an object of which one text or two are wanted.
func (d *document) part(first string, to *string, second string, and *string) error {
	return d.object(func(name string) error {
		switch {
		case name == first:
			return d.text(to)
		case and != nil && name == second:
			return d.text(and)
		}
		return d.skip()
	})
}

// object reads an object, and has each field read by its name in lower case. A name that is there twice is refused: readers
// differ in which of the two counts (RFC 8259 section 4).
func (d *document) object(field func(name string) error) error {
	if err := d.begin('{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		text, ok := t.(string)
		if !ok {
			return errors.New("it has a name that is none")
		}
		name := strings.ToLower(text)
		if seen[name] {
			return fmt.Errorf("it has %q twice in one place", plain.Text(name, 32))
		}
		seen[name] = true
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// list reads an array of what one reads.
func (d *document) list(one func() error) error {
	if err := d.begin('[', "a list"); err != nil {
		return err
	}
	for d.More() {
		if err := one(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (d *document) begin(with json.Delim, what string) error {
	t, err := d.Token()
	if err == nil && t != with {
		err = fmt.Errorf("it has something else where %s is due", what)
	}
	return err
}

// text reads a text.
func (d *document) text(to *string) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	text, ok := t.(string)
	if !ok {
		return errors.New("it has something else where a text is due")
	}
	*to = text
	return nil
}

// skip passes over a value of any kind.
func (d *document) skip() error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		if delim, ok := t.(json.Delim); ok {
			if delim == '{' || delim == '[' {
				depth++
			} else {
				depth--
			}
		}
		switch {
		case depth > maxDepth:
			return fmt.Errorf("it is nested more than %d deep", maxDepth)
		case depth == 0:
			return nil
		}
	}
}
