package virtualdirectories

import (
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	healthyMetric = &result.Metric{
		Name: "probe_virtual_directory_healthy", Labels: []string{"directory"}, Own: []string{"directory"},
		Help:     "1 when the directory's page of health is the one of Exchange's that says it is healthy: whether a balancer that asks for it sends clients there.",
		Presence: "always, for each configured directory",
	}
	successMetric = &result.Metric{
		Name: "probe_virtual_directory_success", Labels: []string{"directory"}, Own: []string{"directory"},
		Help:     "As `probe_virtual_directory_healthy`, but only where that tells of the directory itself: 0 fails the probe.",
		Presence: "each configured directory, unless its page is not published, a page to sign in on came in its place, the version of Exchange has none, or the server seems to be in maintenance",
	}
	statusCode = &result.Metric{
		Name: "probe_virtual_directory_status_code", Labels: []string{"directory"}, Own: []string{"directory"},
		Help:     "The status of the answer.",
		Presence: "a final response came",
	}
	duration = &result.Metric{
		Name: "probe_virtual_directory_duration_seconds", Labels: []string{"directory"}, Own: []string{"directory"},
		Help:     "From the request to the last byte of the answer, or until it was given up.",
		Presence: "the page was asked for",
	}
	serverInfo = &result.Metric{
		Name: "probe_virtual_directory_server_info", Labels: []string{"directory", "server"}, Own: []string{"directory"},
		Help:     "1 for the server that the page names: through a balancer, a member of the pool for this directory.",
		Presence: "the page names one",
	}
	buildInfo = &result.Metric{
		Name: "probe_virtual_directory_build_info", Labels: []string{"build", "version"},
		Help:     "1 for each build of Exchange that an answer named, and the version it is of.",
		Presence: "an answer named one",
	}
)

// Blank implements prober.Prober: nothing is healthy that was not reached.
func (s *Settings) Blank(res *result.Result) {
	for _, name := range s.Directories {
		res.Add(healthyMetric, 0, name)
		res.Add(successMetric, 0, name)
	}
}

func (p *probe) measure() {
	r := p.run.Result
	for _, pg := range p.pages {
		r.Add(healthyMetric, result.Truth(pg.state == healthy), pg.directory)
		if pg.decided() {
			r.Add(successMetric, result.Truth(pg.state == healthy), pg.directory)
		}
		if pg.exchange == nil {
			continue
		}
		if status := pg.exchange.Status(); status != 0 {
			r.Add(statusCode, float64(status), pg.directory)
		}
		r.Add(duration, float64(pg.took), pg.directory)
		if pg.server != "" {
			r.Add(serverInfo, 1, pg.directory, pg.server)
		}
	}
	for _, b := range p.builds() {
		r.Add(buildInfo, 1, b.String(), versionOf(b.build).name)
	}
}

// table shows at a glance which directory is in the pool, by which server's word.
func (p *probe) table() result.Table {
	t := result.Table{
		Title:   "Virtual directories, and what a balancer's check of the page makes of each",
		Columns: []string{"directory", "state", "answer", "after", "a balancer's check"},
	}
	for _, pg := range p.pages {
		t.Rows = append(t.Rows, []string{pg.directory, string(pg.state), pg.answer(), took(pg), pg.check()})
	}
	return t
}
