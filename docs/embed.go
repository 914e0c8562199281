// Package docs carries the pages that the exporter serves itself: the internet may be part of the outage.
package docs

import "embed"

// Findings holds findings/CODE.md: what each finding means and how to fix it.
//
//go:embed findings/*.md
var Findings embed.FS
