package web

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// targetGroup is one of Prometheus's http_sd_configs: https://prometheus.io/docs/prometheus/latest/http_sd/.
type targetGroup struct {
	Targets []string     `json:"targets"`
	Labels  targetLabels `json:"labels"`
}

// targetLabels are what rules and dashboards rely on, and what makes a scrape of a probe. Prometheus takes those that begin with
// two underscores for itself.
type targetLabels struct {
	Scheme   string `json:"__scheme__"`
	Path     string `json:"__metrics_path__"`
	Interval string `json:"__scrape_interval__"`
	Timeout  string `json:"__scrape_timeout__"`

	ParamModule   string `json:"__param_module"`
	ParamTarget   string `json:"__param_target"`
	ParamHostname string `json:"__param_hostname,omitempty"`
	ParamMailbox  string `json:"__param_mailbox,omitempty"`

	Instance string `json:"instance"`
	Service  string `json:"service"`
	Via      string `json:"via"`
	Module   string `json:"module"`
	Mailbox  string `json:"mailbox,omitempty"`
	Site     string `json:"site,omitempty"`
}

// discover tells Prometheus what to scrape. Where that is not known, it answers with an error: then Prometheus keeps what it had.
func (s *server) discover(w http.ResponseWriter, r *http.Request) {
	if refused := s.crossSite(r); refused != nil {
		s.refuse(w, refused)
		return
	}
	wanted, refused := queried(r, "service", "module")
	if refused != nil {
		s.refuse(w, refused)
		return
	}
	cfg, cells, err := s.Cells(r.Context())
	if err != nil {
		s.Log.Warn("Service discovery was not answered, so Prometheus keeps the targets that it has", "err", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	if refused := known(cfg, wanted); refused != nil {
		s.refuse(w, refused)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// The list of a large site has megabytes: it is written as it is made, so that many who ask cost no memory. The client is gone
	// when that fails, and there is nobody left to tell.
	_ = writeGroups(w, s.probesAt(r), cfg.Site, s.TimeoutOffset, func(yield func(config.Cell) bool) {
		for _, c := range cells {
			if wants(wanted["service"], c.Service.Key, c.Service.Name) && wants(wanted["module"], c.Module.Name) && !yield(c) {
				return
			}
		}
	})
}

// wants tells whether what is asked for is one of these; "" asks for all.
func wants(asked string, names ...string) bool { return asked == "" || slices.Contains(names, asked) }

// writeGroups writes a group for each cell, as a JSON array.
func writeGroups(w io.Writer, at *url.URL, site string, offset time.Duration, cells iter.Seq[config.Cell]) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	paces := map[*config.Module][2]string{}
	separator := byte('[')
	for c := range cells {
		pace, known := paces[c.Module]
		if !known {
			interval, timeout := c.Module.Scrape(offset)
			pace = [2]string{model.Duration(interval).String(), model.Duration(timeout).String()}
			paces[c.Module] = pace
		}
		_ = buffered.WriteByte(separator) // an error stays, and Flush tells it
		separator = ','
		if err := encoder.Encode(targetGroup{[]string{at.Host}, labelsOf(c, at, site, pace)}); err != nil {
			return err //nolint:wrapcheck // nobody reads it
		}
	}
	if separator == '[' {
		_ = buffered.WriteByte(separator)
	}
	_ = buffered.WriteByte(']')
	return buffered.Flush()
}

func labelsOf(c config.Cell, at *url.URL, site string, pace [2]string) targetLabels {
	return targetLabels{
		Scheme: at.Scheme, Path: at.Path, Interval: pace[0], Timeout: pace[1],
		ParamModule: c.Module.Name, ParamTarget: c.Target, ParamHostname: c.Hostname, ParamMailbox: c.Mailbox,
		Instance: c.Target, Service: c.Service.Name, Via: c.Via(), Module: c.Module.Name, Mailbox: c.Mailbox, Site: site,
	}
}

// probesAt is where Prometheus reaches /probe: as it is told to reach the exporter, or as it asked now.
func (s *server) probesAt(r *http.Request) *url.URL {
	at, err := url.Parse(s.ProbeURL)
	if err != nil || at.Path == "" {
		at = &url.URL{Path: s.Prefix + "/probe"}
	}
	if at.Host == "" {
		at.Host, at.Scheme = r.Host, "http"
		if r.TLS != nil {
			at.Scheme = "https"
		}
	}
	return at
}

// known refuses to answer for what is not configured: an empty list would take targets away.
func known(cfg *config.Config, wanted map[string]string) *runner.Refusal {
	if of := wanted["module"]; of != "" && cfg.Modules[of] == nil {
		return badRequest("there is no module %q", of)
	}
	of := wanted["service"]
	if of == "" || cfg.Services[of] != nil {
		return nil
	}
	for _, s := range cfg.Services {
		if s.Name == of {
			return nil
		}
	}
	return badRequest("there is no service %q", of)
}

// queried gives the query's parameters, each of which is known and there once.
func queried(r *http.Request, known ...string) (map[string]string, *runner.Refusal) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("the query string cannot be read: %v", err)
	}
	values := map[string]string{}
	for name, all := range query {
		switch {
		case !slices.Contains(known, name):
			return nil, badRequest("unknown parameter %q: there are %s", name, strings.Join(known, ", "))
		case len(all) > 1:
			return nil, badRequest("the parameter %q is there %d times: give it once", name, len(all))
		}
		values[name] = all[0]
	}
	return values, nil
}
