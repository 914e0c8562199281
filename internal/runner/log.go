package runner

import (
	"context"
	"log/slog"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Logged says which probes the log is told of at level info. At level debug it is told of all.
type Logged string

// Which they are; the zero value is LogNone.
const (
	LogFailed Logged = "failed"
	LogAll    Logged = "all"
	LogNone   Logged = "none"
)

// log tells the log of a probe, in one record whose texts are redacted and cut.
func (r *Runner) log(ctx context.Context, res *result.Result) {
	level, message := slog.LevelDebug, "Probe succeeded"
	if !res.Success() {
		message = "Probe failed"
	}
	if r.LogProbes == LogAll || r.LogProbes == LogFailed && !res.Success() {
		level = slog.LevelInfo
	}
	if r.Log.Enabled(ctx, level) {
		r.Log.LogAttrs(ctx, level, message, r.told(res)...)
	}
}

// told is what a record says of a probe: of what, how it went, and, where somebody has to act, who and what first.
func (r *Runner) told(res *result.Result) []slog.Attr {
	told := []slog.Attr{slog.String("module", res.Module), slog.String("target", plain.Escape(res.Target))}
	if res.Auth != "" {
		told = append(told, slog.String("auth", res.Auth))
	}
	told = append(told, slog.Float64("duration_seconds", float64(res.Duration)))
	if f := res.Failure; f != nil {
		told = append(told, slog.String("stage", string(f.Stage)), slog.String("reason", f.Reason), slog.String("error", plain.Escape(f.Message)))
	}
	if v := res.Verdict; v != nil {
		told = append(told, slog.String("owner", owners(v)), slog.String("certainty", string(v.Certainty)), slog.String("advice", v.Advice))
	}
	if r.Reports != "" {
		told = append(told, slog.String("report", r.Reports+res.ID))
	}
	return told
}

// owners are all that may have to act, parted by commas.
func owners(v *result.Verdict) string {
	names := make([]string, 0, 1+len(v.Also))
	for _, owner := range v.Owners() {
		names = append(names, string(owner))
	}
	return strings.Join(names, ",")
}
