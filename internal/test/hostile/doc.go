// Package hostile is a table of what broken and hostile peers do, and of what probes of them report. It has tests only:
// they play each row against every prober that can meet it, and docs/reliability.md is written from it.
package hostile
