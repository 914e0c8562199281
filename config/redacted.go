package config

import (
	"bytes"
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// Redacted is the configuration in force as YAML, defaults spelled out: secrets as <secret>, and header values, bodies
// and whatever else is tagged `redact:"hidden"` as <hidden>. Files are named, their contents are not shown.
func (c *Config) Redacted() ([]byte, error) {
	auths, modules := mapping(), mapping()
	for _, name := range slices.Sorted(maps.Keys(c.Auths)) {
		add(auths, name, show(reflect.ValueOf(*c.Auths[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Modules)) {
		add(modules, name, showModule(c.Modules[name]))
	}
	services := mapping()
	for _, key := range slices.Sorted(maps.Keys(c.Services)) {
		add(services, key, show(reflect.ValueOf(*c.Services[key])))
	}
	top := mapping()
	add(top, "auths", auths)
	add(top, "modules", modules)
	add(top, "owners", show(reflect.ValueOf(c.Owners)))
	add(top, "policy", show(reflect.ValueOf(c.Policy)))
	add(top, "services", services)
	add(top, "site", scalar(c.Site))
	add(top, "vantage", scalar(string(c.Vantage)))
	return encode(top)
}

// Redacted is the module as YAML, in the manner of Config.Redacted.
func (m *Module) Redacted() ([]byte, error) {
	top := mapping()
	add(top, m.Name, showModule(m))
	return encode(top)
}

func showModule(m *Module) *yaml.Node {
	n := show(reflect.ValueOf(*m))
	add(n, m.Prober, show(reflect.ValueOf(m.Settings)))
	return n
}

func encode(n *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, fmt.Errorf("writing the configuration as YAML: %w", err)
	}
	return text.Bytes(), nil
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func add(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, scalar(key), value)
}

// scalar is a node for a plain value: text, number or boolean.
func scalar(v any) *yaml.Node {
	var n yaml.Node
	if s, ok := v.(string); ok {
		n.SetString(s)
		return &n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}
}

// show makes the node that value decodes.
func show(v reflect.Value) *yaml.Node {
	switch x := v.Interface().(type) {
	case secret.Secret:
		if x.Reveal() == "" {
			return scalar("")
		}
	case time.Duration:
		return scalar(spell(x))
	}
	if text, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := text.MarshalText() // the types that a configuration holds are always written
		return scalar(string(b))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		}
		return show(v.Elem())
	case reflect.Struct:
		return showFields(v)
	case reflect.Map:
		n := mapping()
		for _, key := range sortedKeys(v) {
			add(n, key.String(), show(v.MapIndex(key)))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range v.Len() {
			n.Content = append(n.Content, show(v.Index(i)))
		}
		return n
	case reflect.String:
		return scalar(v.String())
	default:
		return scalar(v.Interface())
	}
}

func showFields(v reflect.Value) *yaml.Node {
	n := mapping()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		switch {
		case key == "" || key == "-":
		case f.Tag.Get("redact") == "hidden":
			add(n, key, hidden(v.Field(i)))
		default:
			add(n, key, show(v.Field(i)))
		}
	}
	return n
}

// hidden shows that there is a value, and of a map its keys.
func hidden(v reflect.Value) *yaml.Node {
	switch {
	case v.Kind() == reflect.Map:
		n := mapping()
		for _, key := range sortedKeys(v) {
			add(n, key.String(), scalar("<hidden>"))
		}
		return n
	case v.IsZero():
		return show(v)
	}
	return scalar("<hidden>")
}

func sortedKeys(v reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int {
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	})
}

// spell writes a duration as the configuration does.
func spell(d time.Duration) string { return model.Duration(d).String() }
