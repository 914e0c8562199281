package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/policy"
)

var durationType = reflect.TypeFor[time.Duration]()

// wanted says, for types that read themselves, what they read: their own errors may quote the value.
var wanted = map[reflect.Type]string{
	reflect.TypeFor[policy.TargetPattern](): "a host, host:port, *.domain or an address; no URL, and nothing that strangers can have a name below",
}

// textTags are the YAML types whose written form is taken where a text is wanted: a password may well be a number.
var textTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}

// text hands a value to a type that reads itself.
func (d *decoder) text(path string, line int, n *yaml.Node, t reflect.Type, v encoding.TextUnmarshaler) {
	if !d.isText(path, line, n) {
		return
	}
	err := v.UnmarshalText([]byte(n.Value))
	switch {
	case err == nil:
	case !d.quiet:
		d.problem(line, path, err.Error())
	case wanted[t] != "":
		d.problem(line, path, "must be "+wanted[t])
	default:
		d.problem(line, path, "this value is not possible here")
	}
}

// scalar decodes a text, number, boolean or duration.
func (d *decoder) scalar(path string, line int, n *yaml.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if d.isText(path, line, n) {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		if d.is(path, line, n, "true or false", "!!bool") {
			b, _ := strconv.ParseBool(n.Value) // "true", "True" or "TRUE", and the like
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int64:
		if v.Type() == durationType {
			d.duration(path, line, n, v)
			return
		}
		if d.is(path, line, n, "a whole number", "!!int") {
			i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
			d.wrong(path, line, n, "a whole number", err == nil && strconv.FormatInt(i, 10) == n.Value)
			v.SetInt(i)
		}
	case reflect.Float64:
		if d.is(path, line, n, "a number", "!!float", "!!int") {
			f, err := strconv.ParseFloat(n.Value, 64)
			d.wrong(path, line, n, "a number", err == nil && !math.IsInf(f, 0) && !math.IsNaN(f))
			v.SetFloat(f)
		}
	default:
		panic("config: a setting cannot be of type " + v.Type().String())
	}
}

// duration reads what Prometheus takes for one: 5s, 1m30s, 500ms, 1d.
func (d *decoder) duration(path string, line int, n *yaml.Node, v reflect.Value) {
	const want = "a duration with its unit, such as 5s, 1m30s or 500ms"
	if d.is(path, line, n, want, "!!str", "!!int") {
		value, err := model.ParseDuration(n.Value)
		d.wrong(path, line, n, want, err == nil)
		v.SetInt(int64(value))
	}
}

func (d *decoder) isText(path string, line int, n *yaml.Node) bool {
	return d.is(path, line, n, "a text in quotation marks", textTags...)
}

// is tells whether n is a scalar of one of these YAML types, and reports it otherwise.
func (d *decoder) is(path string, line int, n *yaml.Node, want string, tags ...string) bool {
	if isNull(n) {
		d.problem(line, path, "has no value; leave the key out for the default, or write "+want)
		return false
	}
	return d.wrong(path, line, n, want, n.Kind == yaml.ScalarNode && slices.Contains(tags, n.ShortTag()))
}

// wrong reports a value that is not what is wanted, unless it is ok, and returns ok.
func (d *decoder) wrong(path string, line int, n *yaml.Node, want string, ok bool) bool {
	switch {
	case ok:
	case d.quiet || n.Kind != yaml.ScalarNode:
		d.problem(line, path, "must be "+want)
	default:
		d.problem(line, path, fmt.Sprintf("%.64q is not %s", n.Value, want))
	}
	return ok
}
