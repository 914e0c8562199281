package logging

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// handler is a slog.Handler over go-kit's encoders. Groups become dotted prefixes, for neither of its formats nests.
type handler struct {
	write  func(slog.Level, []any) error
	level  slog.Level
	prefix string // "group." for every group opened
	pairs  []any  // keys and values of WithAttrs
}

func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	pairs := make([]any, 0, 6+len(h.pairs)+2*r.NumAttrs())
	if !r.Time.IsZero() {
		pairs = append(pairs, "ts", r.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	pairs = append(pairs, "level", strings.ToLower(r.Level.String()), "msg", plain.Lines(r.Message))
	pairs = append(pairs, h.pairs...)
	r.Attrs(func(a slog.Attr) bool {
		pairs = add(pairs, h.prefix, a)
		return true
	})
	return h.write(r.Level, pairs)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.pairs = slices.Clone(h.pairs)
	for _, a := range attrs {
		next.pairs = add(next.pairs, h.prefix, a)
	}
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.prefix += name + "."
	return &next
}

// add appends an attribute, a group's one by one, by the rules of slog.Handler: an empty attribute is left out, and a
// group without a name is as if its attributes stood alone.
func add(pairs []any, prefix string, a slog.Attr) []any {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			pairs = add(pairs, prefix, member)
		}
		return pairs
	}
	if a.Equal(slog.Attr{}) {
		return pairs
	}
	return append(pairs, prefix+a.Key, value(v))
}

// value gives what both encoders can write. Text may come from a target, so what drives a terminal is escaped;
// line feeds are left to the encoders, which write them as \n.
func value(v slog.Value) any {
	switch v.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64:
		return v.Any()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	case slog.KindAny:
		return plain.Lines(fmt.Sprint(v.Any()))
	default: // a float too: JSON has no NaN
		return plain.Lines(v.String())
	}
}
