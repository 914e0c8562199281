package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

var timestamp = regexp.MustCompile(`^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

func TestLogfmt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		log  func(*slog.Logger)
		want string
	}{
		"a message with attributes": {
			func(l *slog.Logger) { l.Info("probe done", "module", "mailbox", "duration", 1500*time.Millisecond) },
			`level=info msg="probe done" module=mailbox duration=1.5s`,
		},
		"an error": {
			func(l *slog.Logger) { l.Error("reload", "err", errors.New("line 3: unknown field")) },
			`level=error msg=reload err="line 3: unknown field"`,
		},
		"groups are prefixes": {
			func(l *slog.Logger) {
				l.WithGroup("http").With("status", 501).Warn("x", slog.Group("peer", "name", "lb"))
			},
			`level=warn msg=x http.status=501 http.peer.name=lb`,
		},
		"a slice, which logfmt knows not": {
			func(l *slog.Logger) { l.Info("x", "list", []string{"a", "b"}) },
			`level=info msg=x list="[a b]"`,
		},
		"a text of several lines stays one record": {
			func(l *slog.Logger) { l.Info("x", "stack", "main\n\trun") },
			`level=info msg=x stack="main\n\trun"`,
		},
		"nothing drives a terminal": {
			func(l *slog.Logger) { l.Info("x", "server", "a\u202eb\x1b[2J\u009b") },
			`level=info msg=x server=a\u202eb\u001b[2J\u009b`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			test.log(New(&b, &Flags{Level: "info", Format: "logfmt"}))
			ts, rest, _ := strings.Cut(strings.TrimSpace(b.String()), " ")
			if !timestamp.MatchString(ts) {
				t.Errorf("timestamp %q", ts)
			}
			if rest != test.want {
				t.Errorf("got  %s\nwant %s", rest, test.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var b bytes.Buffer
		l := New(&b, &Flags{Level: flag, Format: "logfmt"})
		l.Debug("x")
		l.Info("x")
		l.Warn("x")
		l.Error("x")
		if got := strings.Count(b.String(), "\n"); got != want {
			t.Errorf("--log.level=%s logs %d of 4 records, want %d", flag, got, want)
		}
	}
}

// The standard library's own checks of a slog.Handler, over our JSON with its dotted keys nested again.
func TestHandlerRules(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	h := New(&b, &Flags{Level: "info", Format: "json"}).Handler()
	err := slogtest.TestHandler(h, func() []map[string]any {
		var all []map[string]any
		for line := range strings.Lines(b.String()) {
			flat := map[string]any{}
			if err := json.Unmarshal([]byte(line), &flat); err != nil {
				t.Fatal(err)
			}
			all = append(all, nested(flat))
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

func nested(flat map[string]any) map[string]any {
	top := map[string]any{}
	for key, value := range flat {
		if key == "ts" {
			key = slog.TimeKey
		}
		at := top
		path := strings.Split(key, ".")
		for _, group := range path[:len(path)-1] {
			if at[group] == nil {
				at[group] = map[string]any{}
			}
			at, _ = at[group].(map[string]any)
		}
		at[path[len(path)-1]] = value
	}
	return top
}

func TestJSONWritesWhatJSONHasNot(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	New(&b, &Flags{Format: "json"}).Info("x", "n", math.NaN(), "f", func() {})
	if !json.Valid(b.Bytes()) || b.Len() == 0 {
		t.Errorf("not JSON: %q", b.String())
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	app := kingpin.New("test", "")
	f := AddFlags(app)
	if _, err := app.Parse([]string{"--log.level=warn", "--log.format=json"}); err != nil {
		t.Fatal(err)
	}
	l := New(&bytes.Buffer{}, f)
	if !l.Enabled(context.Background(), slog.LevelWarn) || l.Enabled(context.Background(), slog.LevelInfo) || f.Format != "json" {
		t.Errorf("got %+v", f)
	}
}

// events are records with their severities.
type events struct {
	bytes.Buffer // what comes another way
	got          []string
}

func (e *events) Record(level slog.Level, text string) error {
	_, text, _ = strings.Cut(strings.TrimSpace(text), " ")
	e.got = append(e.got, level.String()+": "+text)
	return nil
}

// TestEventLog: an event log is told how severe a record is.
func TestEventLog(t *testing.T) {
	t.Parallel()
	var e events
	l := New(&e, &Flags{Level: "info", Format: "logfmt"})
	l.Debug("x")
	l.Info("Started", "port", 1)
	l.With("a", "b").Error("x")
	if got := strings.Join(e.got, "\n"); got != "INFO: level=info msg=Started port=1\nERROR: level=error msg=x a=b" || e.Len() > 0 {
		t.Errorf("got %s, and %q", got, e.String())
	}
}
