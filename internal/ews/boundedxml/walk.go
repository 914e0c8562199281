package boundedxml

import (
	"bytes"
	"encoding/xml"
)

// walk is one document under way.
type walk struct {
	visitor Visitor
	chooser Chooser // nil: all elements count
	path    Path
	text    []byte
	inner   []bool // of each element of path: it has children
	passed  int    // elements that are open and do not count
	begun   bool   // not only a byte order mark came
	scope   scope
}

// take passes one token on and tells whether the document is complete.
func (w *walk) take(token xml.Token) (done bool, err error) {
	begun := w.begun
	w.begun = true
	switch t := token.(type) {
	case xml.Directive:
		return false, malformed("it has a document type definition, which is not read")
	case xml.ProcInst:
		if t.Target == "xml" && begun {
			return false, malformed("it has an XML declaration that is not at its beginning")
		}
	case xml.StartElement:
		return false, w.start(t)
	case xml.CharData:
		if len(w.path)+w.passed == 0 {
			w.begun = begun
			return false, outside(t, begun)
		}
		return false, w.append(t)
	case xml.EndElement:
		w.end()
		return len(w.path)+w.passed == 0, nil
	}
	return false, nil
}

// outside judges text before the first element: a byte order mark may be there, at the beginning.
func outside(text []byte, begun bool) error {
	if !begun {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if !isSpace(text) {
		return malformed("text stands before its first element")
	}
	return nil
}

func (w *walk) start(t xml.StartElement) error {
	if len(w.path)+w.passed == MaxDepth {
		return malformed("its elements are nested more than %d deep", MaxDepth)
	}
	if err := w.scope.enter(t); err != nil {
		return err
	}
	if n := len(w.inner); n > 0 && w.passed == 0 {
		w.inner[n-1] = true
		w.mixed()
	}
	if w.passed > 0 || w.chooser != nil && !w.chooser.Enters(w.path, t.Name) {
		w.passed++
		return nil
	}
	w.path, w.inner = append(w.path, t.Name.Local), append(w.inner, false)
	w.text = w.text[:0]
	w.visitor.Start(w.path, t.Attr)
	return nil
}

func (w *walk) end() {
	w.scope.leave()
	if w.passed > 0 {
		w.passed--
		return
	}
	n := len(w.path) - 1
	if w.inner[n] {
		w.mixed()
	}
	w.visitor.End(w.path, w.text)
	w.path, w.inner = w.path[:n], w.inner[:n]
	w.text = w.text[:0]
}

// mixed tells of text that stands beside elements.
func (w *walk) mixed() {
	if w.chooser != nil && !isSpace(w.text) {
		w.chooser.Mixed(w.path)
	}
	w.text = w.text[:0]
}

func (w *walk) append(text []byte) error {
	if w.passed > 0 {
		return nil
	}
	if len(w.text)+len(text) > MaxText {
		return malformed("the element %s is longer than %d bytes", w.path.Name(), MaxText)
	}
	w.text = append(w.text, text...)
	return nil
}
