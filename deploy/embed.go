package deploy

import _ "embed" // for the example

// ScrapeExample is the example of a scrape configuration with targets written down in it.
//
//go:embed static.prometheus.yml
var ScrapeExample []byte
