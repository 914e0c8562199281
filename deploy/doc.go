// Package deploy holds examples of Prometheus's configuration; its tests have promtool check them, and hold their labels
// against those that rules and dashboards rely on. See docs/deployment.md.
package deploy
