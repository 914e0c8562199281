// Package dashboards holds Grafana's dashboards as JSON, to import or to provision; its tests hold them against Grafana's
// model and against the metrics that the exporter declares.
package dashboards
