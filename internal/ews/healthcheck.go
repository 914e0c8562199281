package ews

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// HealthCheckPath answers a GET without a logon (Microsoft Learn, "Load balancing in Exchange Server").
const HealthCheckPath = "/EWS/healthcheck.htm"

// healthy is how the page of a healthy server begins; balancers look for it.
const healthy = "200 OK<br/>"

// ParseHealthCheck reads the body that Exchange gives for HealthCheckPath with status 200. ok is false when it is
// somebody else's page; server is the name of the server that answered, empty where it does not tell. An unhealthy
// server answers nothing at all: it closes the connection.
func ParseHealthCheck(body []byte) (server string, ok bool) {
	rest, ok := strings.CutPrefix(string(body[:min(len(body), maxText)]), healthy)
	if !ok {
		return "", false
	}
	name, _, err := target.ParseHost(strings.TrimSpace(rest))
	if err != nil {
		return "", true
	}
	return name, true
}
