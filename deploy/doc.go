// Package deploy holds examples of Prometheus's configuration, and what the exporter is run and protected with; its tests
// have promtool and systemd-analyze check them, and hold labels against those that rules and dashboards rely on. See
// docs/deployment.md and docs/hardening.md.
package deploy
