package httpcontent

import "github.com/ews-exporter/ews_exporter/internal/result"

var expected = &result.Metric{
	Name: "probe_http_content_expected", Labels: []string{"what"}, Own: []string{"what"},
	Help:     "1 where an expectation was seen to hold: `status`, `media_type`, `cache`, `prefix`, `redirect`. Where no rule says anything of caches, `cache` is 0.",
	Presence: "always, for `status` and what the settings expect",
}

var file = &result.Metric{
	Name: "probe_http_content_file_info", Labels: []string{"path"},
	Help:     "The file that is asked for: the module's path, or the target's where it has one.",
	Presence: "the probe was begun",
}

// What is expected.
const (
	whatStatus    = "status"
	whatMediaType = "media_type"
	whatCache     = "cache"
	whatPrefix    = "prefix"
	whatRedirect  = "redirect"
)

// expects are the expectations that the settings have, in the order in which they are told.
func (s *Settings) expects() []string {
	list := []string{whatStatus}
	for _, e := range []struct {
		what string
		is   bool
	}{{whatMediaType, s.MediaType != ""}, {whatCache, s.Cache == cacheNo}, {whatPrefix, s.Prefix != ""}, {whatRedirect, s.Redirect != ""}} {
		if e.is {
			list = append(list, e.what)
		}
	}
	return list
}

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) { s.measure(res, nil) }

// measure tells which expectations hold.
func (s *Settings) measure(res *result.Result, met map[string]bool) {
	for _, what := range s.expects() {
		res.Add(expected, result.Truth(met[what]), what)
	}
}
