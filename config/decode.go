package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/auth"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// The bounds of what one file may hold, its aliases followed.
const (
	maxDepth  = 32
	maxValues = 100_000
)

// decoder puts the nodes of one file into a configuration. It walks the nodes itself, because yaml.v3's own decoding
// stops at the first kinds of mistakes, and quotes values.
type decoder struct {
	*loader
	file   string
	root   *yaml.Node
	top    []entry // its keys
	budget int     // how many more values may be read
	depth  int

	// private are the nodes that lie under auths, or are reached from there by an alias. Their content is never quoted.
	private map[*yaml.Node]bool
	quiet   bool // under auths
}

// public are the sections whose values mistakes may quote; a misspelt "auths" is private too.
var public = []string{"defaults", "modules", "owners", "policy", "services", "site", "vantage"}

// open marks what is private, and reads the defaults.
func (d *decoder) open() {
	d.private = map[*yaml.Node]bool{}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		if !slices.Contains(public, d.root.Content[i].Value) {
			d.mark(d.root.Content[i+1])
		}
	}
	d.inside("", entry{"", d.root.Line, d.root}, func(list []entry) { d.top = list })
	for _, e := range d.top {
		if e.key == "defaults" {
			d.defaults(e)
		}
	}
}

// document reads the rest.
func (d *decoder) document() {
	d.depth++ // within the document's own keys, which open has read
	defer d.leave()
	var top struct {
		Policy Policy `yaml:"policy"`
	}
	sections := map[string]func(entry){
		"auths": d.auths, "modules": d.modules, "owners": d.owners, "services": d.services, "defaults": func(entry) {},
		"site": func(e entry) { d.said(e, &d.config.Site, d.site) }, "vantage": func(e entry) { d.said(e, (*string)(&d.config.Vantage), d.vantage) },
	}
	d.structure("", d.top, reflect.ValueOf(&top).Elem(), sections)
	d.config.Policy.Allow = append(d.config.Policy.Allow, top.Policy.Allow...)
	d.config.Policy.Deny = append(d.config.Policy.Deny, top.Policy.Deny...)
}

// once tells whether a key at the top, which one file alone may have, is there for the first time.
func (d *decoder) once(key string, line int) bool {
	if before, set := d.places[key]; set {
		d.problem(line, key, fmt.Sprintf("%s:%d says it already", before.file, before.line))
		return false
	}
	d.places[key] = place{d.file, line}
	return true
}

// said reads a text at the top that one file alone may say, and keeps it where check finds nothing wrong.
func (d *decoder) said(e entry, keep *string, check func(string) (problem string)) {
	if !d.once(e.key, e.line) {
		return
	}
	before, text := len(d.problems), ""
	d.value(e.key, e.line, e.value, reflect.ValueOf(&text).Elem())
	if len(d.problems) > before {
		return
	}
	if problem := check(text); problem != "" {
		d.problem(e.line, e.key, problem)
		return
	}
	*keep = text
}

// vantage says what is wrong with where the exporter looks from.
func (d *decoder) vantage(text string) string {
	if all := []string{string(Inside), string(Outside)}; !slices.Contains(all, text) {
		return suggest.OneOf(text, all)
	}
	return ""
}

// site says what is wrong with the exporter's own label.
func (d *decoder) site(text string) string {
	if len(text) > 128 || strings.ContainsFunc(text, invisible) {
		return "a site has a name of at most 128 bytes, without control characters"
	}
	return ""
}

// mark makes n private, with all that it holds and that its aliases stand for.
func (d *decoder) mark(n *yaml.Node) {
	if n == nil || d.private[n] {
		return
	}
	d.private[n] = true
	d.mark(n.Alias)
	for _, child := range n.Content {
		d.mark(child)
	}
}

func (d *decoder) auths(section entry) {
	d.quiet = true
	defer func() { d.quiet = false }()
	d.inside("auths", section, func(list []entry) {
		for _, e := range list {
			path, ok := d.named("auths", e)
			if !ok {
				continue
			}
			a := &Auth{Name: e.key, ChannelBinding: auth.Right}
			d.config.Auths[e.key] = a
			d.value(path, e.line, e.value, reflect.ValueOf(a).Elem())
		}
	})
}

func (d *decoder) modules(section entry) {
	d.inside("modules", section, func(list []entry) {
		for _, e := range list {
			if path, ok := d.named("modules", e); ok {
				m := d.module(e.key)
				d.config.Modules[e.key] = m
				d.inside(path, e, func(fields []entry) { d.fill(path, fields, m) })
			}
		}
	})
}

// named checks the name of an auth, a module or a service, and that no other file has it.
func (d *decoder) named(section string, e entry) (path string, ok bool) {
	path = join(section, e.key)
	if at, taken := d.places[path]; taken {
		d.problem(e.line, path, fmt.Sprintf("%s:%d has one of this name already", at.file, at.line))
		return path, false
	}
	d.places[path] = place{d.file, e.line}
	if len(e.key) > 128 || strings.ContainsFunc(e.key, isControl) {
		d.problem(e.line, path, "a name has at most 128 bytes and no control characters")
	}
	return path, true
}

// fill decodes one module: the common fields, and its prober's under the prober's name.
func (d *decoder) fill(path string, fields []entry, m *Module) {
	var definition prober.Definition // the zero one where there is none of the name
	for _, e := range fields {
		if e.key == "prober" {
			definition = d.definition(e.value)
		}
	}
	fields = slices.DeleteFunc(fields, func(e entry) bool {
		if e.key == definition.Name || !slices.ContainsFunc(d.probers, func(p prober.Definition) bool { return p.Name == e.key }) {
			return false
		}
		if definition.Name != "" {
			d.problem(e.line, join(path, e.key), "the settings of another prober; this module's is "+definition.Name)
		}
		return true
	})
	own := map[string]func(entry){}
	if definition.Name != "" {
		m.use(definition)
		own[definition.Name] = func(e entry) {
			d.value(join(path, e.key), e.line, e.value, reflect.ValueOf(m.Settings).Elem())
		}
	}
	d.structure(path, fields, reflect.ValueOf(m).Elem(), own)
}

// definition is the prober's of this name; the zero one when there is none.
func (d *decoder) definition(name *yaml.Node) prober.Definition {
	if name.Alias != nil {
		name = name.Alias
	}
	for _, known := range d.probers {
		if name.Kind == yaml.ScalarNode && known.Name == name.Value {
			return known
		}
	}
	return prober.Definition{}
}

func (l *loader) proberNames() []string {
	names := make([]string, len(l.probers))
	for i, k := range l.probers {
		names[i] = k.Name
	}
	return names
}

// value decodes n into v, which is settable, as the field path that begins in the line.
func (d *decoder) value(path string, line int, n *yaml.Node, v reflect.Value) {
	d.places[path] = place{d.file, line}
	n, ok := d.enter(path, line, n)
	if !ok {
		return
	}
	defer d.leave()
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	text, reads := v.Addr().Interface().(encoding.TextUnmarshaler)
	if reads && (n.Kind == yaml.ScalarNode || v.Kind() != reflect.Struct || len(fieldsOf(v.Type())) == 0) {
		d.text(path, line, n, v.Type(), text)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(path, d.entries(path, line, n), v, nil)
	case reflect.Map:
		d.table(path, d.entries(path, line, n), v)
	case reflect.Slice:
		d.list(path, line, n, v)
	default:
		d.scalar(path, line, n, v)
	}
}

// structure decodes keys into a struct's fields by their yaml tags; extra keys have functions of their own.
func (d *decoder) structure(path string, list []entry, v reflect.Value, extra map[string]func(entry)) {
	known := fieldsOf(v.Type())
	for _, e := range list {
		if decode, ok := extra[e.key]; ok {
			decode(e)
		} else if i, ok := known[e.key]; ok {
			d.value(join(path, e.key), e.line, e.value, v.Field(i))
		} else {
			d.unknown(path, e, slices.AppendSeq(slices.Collect(maps.Keys(known)), maps.Keys(extra)))
		}
	}
}

// fieldsByType are those that fieldsOf has looked up: each of thousands of modules asks for the same.
var fieldsByType sync.Map

// fieldsOf are the fields of a struct by their keys. They are shared, so nobody may change them.
func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := fieldsByType.Load(t); ok {
		return known.(map[string]int) //nolint:forcetypeassert // nothing else is kept there
	}
	fields := map[string]int{}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			fields[key] = i
		}
	}
	fieldsByType.Store(t, fields)
	return fields
}

// unknown reports a key that means nothing. Under auths it is not shown: who gets the indentation wrong makes a key of
// what was to be a value.
func (d *decoder) unknown(path string, e entry, known []string) {
	text := "unknown key; " + suggest.Hint(e.key, known)
	if strings.HasSuffix(path, ".tls_config") && (e.key == "cert_file" || e.key == "key_file") {
		text = "a client's certificate is a secret, and stands in an auth, which says where it may be shown: auths, cert_file and key_file"
	}
	if !d.quiet {
		path = join(path, e.key)
	}
	d.problem(e.line, path, text)
}

func (d *decoder) table(path string, list []entry, v reflect.Value) {
	if len(list) == 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range list {
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(join(path, e.key), e.line, e.value, value)
		v.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
}

func (d *decoder) list(path string, line int, n *yaml.Node, v reflect.Value) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.broken = append(d.broken, path)
		d.problem(line, path, "must be a list: [a, b], or a line with a hyphen for each entry")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i, n := range n.Content {
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(item(path, i), n.Line, n, value)
		v.Set(reflect.Append(v, value))
	}
}

func (d *decoder) problem(line int, field, text string) { d.fail(place{d.file, line}, field, text) }
