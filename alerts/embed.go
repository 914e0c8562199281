package alerts

import "embed"

// Files are the rules and the example for Alertmanager, for the programs that run them as they are shipped.
//
//go:embed *.rules.yml alertmanager.example.yml
var Files embed.FS
