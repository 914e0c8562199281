// Package logging hands slog's records to go-kit/log, which encodes them: exporters of the Prometheus ecosystem log
// logfmt or JSON with the keys ts, level and msg.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
)

// Flags are what the command line says about logging.
type Flags struct {
	Level  string // debug, info, warn or error
	Format string // logfmt or json
}

// AddFlags adds --log.level and --log.format.
func AddFlags(app *kingpin.Application) *Flags {
	f := &Flags{}
	app.Flag("log.level", "Only log messages of this severity or above: debug, info, warn or error.").
		Default("info").EnumVar(&f.Level, "debug", "info", "warn", "error")
	app.Flag("log.format", "Output format of log messages: logfmt or json.").
		Default("logfmt").EnumVar(&f.Format, "logfmt", "json")
	return f
}

// EventLog takes records with their severities, as Windows' event log does.
type EventLog interface {
	Record(level slog.Level, text string) error
}

// New makes a logger that writes to w, one record at a time; by Record, where w is an EventLog.
func New(w io.Writer, f *Flags) *slog.Logger {
	encode := log.NewLogfmtLogger
	if f.Format == "json" {
		encode = log.NewJSONLogger
	}
	h := &handler{level: level(f.Level)}
	if events, ok := w.(EventLog); ok {
		h.write = func(level slog.Level, pairs []any) error {
			var text strings.Builder
			if err := encode(&text).Log(pairs...); err != nil {
				return fmt.Errorf("encode a record: %w", err)
			}
			return events.Record(level, text.String())
		}
		return slog.New(h)
	}
	out := encode(log.NewSyncWriter(w))
	h.write = func(_ slog.Level, pairs []any) error { return out.Log(pairs...) }
	return slog.New(h)
}

func level(name string) slog.Level {
	switch name {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}
