package web

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/runner"
)

const (
	scrapeLimitHeader = "X-Prometheus-Scrape-Timeout-Seconds"
	// minScrapeLimit is too short for any probe: who asks for it meant something else.
	minScrapeLimit = 500 * time.Millisecond
	maxScrapeLimit = 24 * time.Hour
)

func refusal(status int, reason, format string, args ...any) *runner.Refusal {
	return &runner.Refusal{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *runner.Refusal {
	return refusal(http.StatusBadRequest, runner.BadRequest, format, args...)
}

// crossSite refuses what another site made a browser send: a page on the internet must not probe the inside. A proxy in front
// may ask by another name than the browser did, so there the exporter's own origin is what it was told to be.
func (s *server) crossSite(r *http.Request) *runner.Refusal {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return refusal(http.StatusForbidden, runner.CrossSite,
			"this request comes from another site's page (Sec-Fetch-Site: %s): open the exporter itself and ask there", site)
	}
	origin := r.Header.Get("Origin")
	if origin == "" || s.Origin != "" && strings.EqualFold(origin, s.Origin) {
		return nil
	}
	if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
		return refusal(http.StatusForbidden, runner.CrossSite,
			"this request comes from another site's page (Origin: %s): open the exporter itself and ask there", origin)
	}
	return nil
}

// parameters gives the query's parameters. One that is unknown or there twice is refused rather than ignored: whoever
// wrote it believes that it has an effect.
func parameters(r *http.Request, known ...string) (map[string]string, *runner.Refusal) {
	values, refused := queried(r, known...)
	if refused != nil {
		return nil, refused
	}
	for _, name := range []string{"module", "target"} {
		if values[name] == "" {
			return nil, badRequest("the parameter %q is missing: ask with ?module=MODULE&target=TARGET", name)
		}
	}
	return values, nil
}

// probeRequest reads a request for a probe, and whether it wants the text for people.
func (s *server) probeRequest(r *http.Request) (runner.Request, bool, *runner.Refusal) {
	var none runner.Request
	if refused := s.crossSite(r); refused != nil {
		return none, false, refused
	}
	p, refused := parameters(r, "module", "target", "auth", "hostname", "mailbox", "debug")
	if refused != nil {
		return none, false, refused
	}
	debug := p["debug"]
	if debug != "" && debug != "true" && debug != "false" {
		return none, false, badRequest("debug=%q is neither true nor false", debug)
	}
	limit, refused := s.limit(r.Header.Values(scrapeLimitHeader))
	if refused != nil {
		return none, false, refused
	}
	return runner.Request{
		Module: p["module"], Target: p["target"], Auth: p["auth"], Hostname: p["hostname"], Mailbox: p["mailbox"], Limit: limit,
	}, debug == "true", nil
}

// limit is the time that a scrape leaves the probe: 0 without the header.
func (s *server) limit(header []string) (time.Duration, *runner.Refusal) {
	if len(header) == 0 {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(header[0], 64)
	if err != nil || len(header) > 1 || math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return 0, badRequest("%s: %q is not one number of seconds", scrapeLimitHeader, strings.Join(header, ", "))
	}
	limit := time.Duration(min(seconds, maxScrapeLimit.Seconds()) * float64(time.Second))
	if least := max(minScrapeLimit, s.TimeoutOffset); limit <= least {
		return 0, badRequest("%s: %s s leaves no time for a probe: it must be more than %s (--timeout-offset is %s); raise scrape_timeout in Prometheus",
			scrapeLimitHeader, header[0], least, s.TimeoutOffset)
	}
	return limit - s.TimeoutOffset, nil
}
