package config

import (
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// entry is a key with its value, and the key's line.
type entry struct {
	key   string
	line  int
	value *yaml.Node
}

// enter follows an alias and keeps the bounds. Every enter that returns true needs a leave.
func (d *decoder) enter(path string, line int, n *yaml.Node) (*yaml.Node, bool) {
	if n.Alias != nil {
		n = n.Alias
	}
	switch {
	case d.private[n] && !d.quiet:
		d.problem(line, path, "an alias must not lead into auths or out of it; write the value out")
		return nil, false
	case d.depth == maxDepth:
		d.problem(line, path, fmt.Sprintf("nested more than %d deep, perhaps by an alias that stands within its own anchor", maxDepth))
		return nil, false
	case !d.spend(path, line, 1):
		return nil, false
	}
	d.depth++
	return n, true
}

func (d *decoder) leave() { d.depth-- }

// spend takes n values off the budget and tells whether there was enough. That it ran out is reported once.
func (d *decoder) spend(path string, line, n int) bool {
	if d.budget < 0 {
		return false
	}
	if d.budget -= n; d.budget < 0 {
		d.problem(line, path, fmt.Sprintf("the file stands for more than %d values, its aliases followed", maxValues))
	}
	return d.budget >= 0
}

// inside calls do with the keys of e's value.
func (d *decoder) inside(path string, e entry, do func([]entry)) {
	if n, ok := d.enter(path, e.line, e.value); ok {
		defer d.leave()
		do(d.entries(path, e.line, n))
	}
}

// entries are the keys of n, in order, then those that it merges (<<) and does not set itself.
func (d *decoder) entries(path string, line int, n *yaml.Node) []entry {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.broken = append(d.broken, path)
		d.problem(line, path, "must be keys with values, each in a line of its own and indented alike")
		return nil
	}
	if !d.spend(path, line, len(n.Content)/2) {
		return nil
	}
	var list, merged []entry
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merged = append(merged, d.merged(path, key.Line, value)...)
			continue
		}
		name, ok := d.key(path, key)
		if !ok {
			continue
		}
		if first, twice := lines[name]; twice {
			d.twice(path, entry{name, key.Line, value}, first)
			continue
		}
		lines[name] = key.Line
		list = append(list, entry{name, key.Line, value})
	}
	for _, e := range merged {
		if _, set := lines[e.key]; !set {
			lines[e.key] = e.line
			list = append(list, e)
		}
	}
	return list
}

// merged are the keys of what a merge key names: one mapping, or a list of them, of which the first has precedence.
func (d *decoder) merged(path string, line int, n *yaml.Node) []entry {
	n, ok := d.enter(path, line, n)
	if !ok {
		return nil
	}
	defer d.leave()
	if n.Kind != yaml.SequenceNode {
		return d.entries(path, line, n)
	}
	var list []entry
	for _, n := range n.Content {
		d.inside(path, entry{"", n.Line, n}, func(more []entry) { list = append(list, more...) })
	}
	return list
}

// key reads a key: a plain text.
func (d *decoder) key(path string, n *yaml.Node) (string, bool) {
	line := n.Line
	if n.Alias != nil {
		n = n.Alias
	}
	switch {
	case n.Kind != yaml.ScalarNode || n.Value == "":
		d.problem(line, path, "a key must be a word")
		return "", false
	case d.private[n] && !d.quiet:
		d.problem(line, path, "an alias must not lead into auths or out of it; write the key out")
		return "", false
	}
	return n.Value, true
}

// twice reports a key that is there already. Of an auth only the keys that there are get shown: another one may be a
// value that lost its place.
func (d *decoder) twice(path string, e entry, first int) {
	text := fmt.Sprintf("is there already, in line %d", first)
	if _, known := fieldsOf(reflect.TypeFor[Auth]())[e.key]; d.quiet && path != "auths" && !known {
		d.problem(e.line, path, "a key "+text)
		return
	}
	d.problem(e.line, join(path, e.key), text)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
