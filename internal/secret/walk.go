package secret

import "reflect"

// Walk redacts, in place, every string and []byte that v leads to: through pointers, structs, slices, arrays, maps
// with their keys, and interfaces. v must be a pointer, and nobody else may use what it leads to meanwhile.
//
// Unexported fields are left alone, and so are fields tagged `redact:"-"`: what many values share, such as a
// declaration, must not be changed through one of them. A Selective is asked to hide what it holds itself.
func (r *Redactor) Walk(v any) {
	if r.knowsNothing() {
		return
	}
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer {
		panic("secret: Walk needs a pointer")
	}
	w := walker{r: r, seen: map[visit]bool{}}
	w.walk(p)
}

// Selective is a struct that has texts of its own beside those of others.
type Selective interface {
	// Hide puts what hide gives in the place of each text that is not its own, and tells whether one changed.
	Hide(hide func(string) string) (changed bool)
}

// visit is a place that was walked already; values may lead back to themselves.
type visit struct {
	at  uintptr
	len int
	typ reflect.Type
}

type walker struct {
	r    *Redactor
	seen map[visit]bool
}

// walk redacts v, which must be settable or a reference, and tells whether v itself was set.
func (w *walker) walk(v reflect.Value) (changed bool) {
	switch v.Kind() {
	case reflect.String:
		if s := w.r.String(v.String()); s != v.String() {
			v.SetString(s)
			return true
		}
	case reflect.Pointer:
		if !v.IsNil() && w.first(v, 1) {
			w.walk(v.Elem())
		}
	case reflect.Interface:
		return !v.IsNil() && w.replace(v.Elem(), v.Set)
	case reflect.Struct:
		if s, ok := selective(v); ok {
			return s.Hide(w.r.String)
		}
		return w.fields(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return w.bytes(v)
		}
		if w.first(v, v.Len()) {
			w.items(v)
		}
	case reflect.Array:
		return w.items(v)
	case reflect.Map:
		if w.first(v, 1) {
			w.entries(v)
		}
	default: // numbers, booleans, channels and functions hold no text
	}
	return false
}

// first tells whether this pointer, slice or map was not walked before.
func (w *walker) first(v reflect.Value, length int) bool {
	key := visit{v.Pointer(), length, v.Type()}
	if w.seen[key] {
		return false
	}
	w.seen[key] = true
	return true
}

// replace walks a copy of v, for one that cannot be set where it is, and hands a changed copy to set.
func (w *walker) replace(v reflect.Value, set func(reflect.Value)) bool {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	if !w.walk(c) {
		return false
	}
	set(c)
	return true
}

// selective gives a struct as one that hides what it holds itself, where it is such a one.
func selective(v reflect.Value) (s Selective, ok bool) {
	if v.CanAddr() && v.Addr().CanInterface() {
		s, ok = v.Addr().Interface().(Selective)
	}
	return s, ok
}

func (w *walker) fields(v reflect.Value) (changed bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Tag.Get("redact") != "-" {
			changed = w.walk(v.Field(i)) || changed
		}
	}
	return changed
}

func (w *walker) items(v reflect.Value) (changed bool) {
	for i := range v.Len() {
		changed = w.walk(v.Index(i)) || changed
	}
	return changed
}

func (w *walker) bytes(v reflect.Value) bool {
	s := string(v.Bytes())
	redacted := w.r.String(s)
	if redacted == s {
		return false
	}
	v.SetBytes([]byte(redacted))
	return true
}

// entries walks a map's values, then its keys: a key that changes takes its value along.
func (w *walker) entries(v reflect.Value) {
	for _, key := range v.MapKeys() {
		w.replace(v.MapIndex(key), func(c reflect.Value) { v.SetMapIndex(key, c) })
		value := v.MapIndex(key)
		w.replace(key, func(c reflect.Value) {
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(c, value)
		})
	}
}
