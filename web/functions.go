package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// functions are those of the templates. html/template makes any text harmless as HTML; plain and raw, besides, as
// something to read: no character that reorders or hides others.
var functions = template.FuncMap{
	"plain":   plain.Escape,
	"raw":     lines,
	"head":    head,
	"seconds": seconds,
	"prose":   func(text string) template.HTML { return markdown.HTML(text, "", 0) },
	"sign":    sign,
	"tick":    tick,
	"arrow":   func(from wire.Side) string { return map[wire.Side]string{wire.Client: "→", wire.Server: "←"}[from] },
	"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"ago":     func(t time.Time) string { return lasting(time.Since(t)) + " ago" },
	"day":     func(t time.Time) string { return t.UTC().Format("2006-01-02") },
	"until":   until,
	"soon":    func(t time.Time) bool { return time.Until(t) < 30*24*time.Hour },
	"lasting": func(t time.Time) string { return lasting(time.Since(t)) },
}

// head shows a response's head as it came, line by line.
func head(r *wire.Response) string {
	if r.Raw == "" {
		return plain.Lines(fmt.Sprintf("%s %d %s", r.Proto, r.Status, r.Reason))
	}
	return lines(r.Raw)
}

// lines shows text of several lines, however they end.
func lines(s string) string {
	return plain.Lines(strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\r\n"))
}

// seconds writes a time as people say it: 5.004 s, 12.3 ms.
func seconds(value any) (string, error) {
	var s float64
	switch v := value.(type) {
	case wire.Seconds:
		s = float64(v)
	case float64:
		s = v
	default:
		return "", fmt.Errorf("seconds: %T is no time", value)
	}
	switch {
	case s > 0 && s < 0.00005:
		return "< 0.1 ms", nil
	case s < 1:
		return fmt.Sprintf("%.1f ms", s*1000), nil
	}
	return fmt.Sprintf("%.3f s", s), nil
}

// tick writes a round number on the time axis.
func tick(s wire.Seconds) string {
	if s > 0 && s < 1 {
		return strconv.FormatFloat(float64(s)*1000, 'g', 4, 64) + " ms"
	}
	return strconv.FormatFloat(float64(s), 'g', 6, 64) + " s"
}

// sign gives the class of a cell that begins with a mark of good or bad, "" for others.
func sign(cell string) string {
	for mark, state := range map[string]report.State{"✗": report.Failed, "!": report.Warned, "?": report.Undecided, "✓": report.Succeeded} {
		if strings.HasPrefix(cell, mark+" ") {
			return string(state)
		}
	}
	return ""
}

// until says how long something still lasts, or since when it does not.
func until(t time.Time) string {
	if left := time.Until(t); left >= 0 {
		return "in " + lasting(left)
	}
	return "ended " + lasting(time.Since(t)) + " ago"
}

// lasting says how long, in the greatest unit of which there are several.
func lasting(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
