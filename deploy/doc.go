// Package deploy holds examples of Prometheus's configuration, a compose file for everything together, and what the exporter
// is run and protected with; its tests have promtool, amtool and systemd-analyze check them, and hold labels against those
// that rules and dashboards rely on, and files against each other. See docs/deployment.md and docs/hardening.md.
package deploy
