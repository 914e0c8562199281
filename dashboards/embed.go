package dashboards

import "embed"

// Files are the dashboards.
//
//go:embed *.json
var Files embed.FS
