// Package alerts holds Prometheus rules and an example for Alertmanager; its tests hold them against the metrics that
// the exporter declares, and have promtool and amtool check them. See docs/alerts.md.
package alerts
