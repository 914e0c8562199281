package boundedxml

import "encoding/xml"

// scope is the namespaces that are bound where the walk is. The decoder replaces a prefix by its namespace, and leaves one
// that is bound to none as it is.
type scope struct {
	bound    map[string]int // how often
	declared [][]string     // by each open element
}

const xmlNamespace = "http://www.w3.org/XML/1998/namespace"

// enter takes what an element declares, and fails where it or an attribute has a prefix that is not bound, or an attribute
// is there twice.
func (s *scope) enter(t xml.StartElement) error {
	var declared []string
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			declared = append(declared, a.Value)
		}
	}
	s.declared = append(s.declared, declared)
	for _, space := range declared {
		if s.bound == nil {
			s.bound = map[string]int{}
		}
		s.bound[space]++
	}
	if !s.knows(t.Name.Space) {
		return malformed("its element %s has the prefix %s, which is bound to no namespace", t.Name.Local, t.Name.Space)
	}
	for _, a := range t.Attr {
		if a.Name.Space != "xmlns" && !s.knows(a.Name.Space) {
			return malformed("its attribute %s has the prefix %s, which is bound to no namespace", a.Name.Local, a.Name.Space)
		}
	}
	if name, twice := repeated(t.Attr); twice {
		return malformed("its element %s has the attribute %s twice", t.Name.Local, name)
	}
	return nil
}

func (s *scope) knows(space string) bool {
	return space == "" || space == xmlNamespace || s.bound[space] > 0
}

// leave forgets what the innermost element declared.
func (s *scope) leave() {
	n := len(s.declared) - 1
	for _, space := range s.declared[n] {
		if s.bound[space]--; s.bound[space] == 0 {
			delete(s.bound, space)
		}
	}
	s.declared = s.declared[:n]
}

// few is how many attributes are compared with each other: real elements have fewer, and hostile ones thousands.
const few = 8

// repeated gives the first attribute that is there twice.
func repeated(attributes []xml.Attr) (name string, twice bool) {
	if len(attributes) > few {
		seen := map[xml.Name]bool{}
		for _, a := range attributes {
			if seen[a.Name] {
				return a.Name.Local, true
			}
			seen[a.Name] = true
		}
		return "", false
	}
	for i, a := range attributes {
		for _, b := range attributes[:i] {
			if a.Name == b.Name {
				return a.Name.Local, true
			}
		}
	}
	return "", false
}
