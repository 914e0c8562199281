// Package dashboards holds Grafana's dashboards as JSON, to import or to provision. They are generated: those of one prober
// from its panels.go, those of no single one from what is written here. Tests hold them against Grafana's model and against
// the metrics that the exporter declares.
package dashboards
