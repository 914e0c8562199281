package web

import (
	"encoding/json"
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
	at := s.probesAt(r)
	groups := []targetGroup{}
	for _, c := range cells {
		if of := wanted["service"]; of != "" && of != c.Service.Key && of != c.Service.Name {
			continue
		}
		if of := wanted["module"]; of != "" && of != c.Module.Name {
			continue
		}
		groups = append(groups, targetGroup{[]string{at.Host}, labelsOf(c, at, cfg.Site, s.TimeoutOffset)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(groups) // the client is gone when this fails, and there is nobody left to tell
}

func labelsOf(c config.Cell, at *url.URL, site string, offset time.Duration) targetLabels {
	interval, timeout := c.Module.Scrape(offset)
	return targetLabels{
		Scheme: at.Scheme, Path: at.Path, Interval: model.Duration(interval).String(), Timeout: model.Duration(timeout).String(),
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
