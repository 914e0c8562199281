package deploy

import _ "embed" // for the examples

// ScrapeExample is the example of a scrape configuration with targets written down in it.
//
//go:embed static.prometheus.yml
var ScrapeExample []byte

// ConfigurationExample has the modules that the scrape configurations ask for.
//
//go:embed ews_exporter.example.yml
var ConfigurationExample []byte
