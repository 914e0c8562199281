// Package windows runs the exporter for Windows in its tests, under Wine: by its own service manager, with its own access lists,
// and with paths and line ends of Windows. Wine is not Windows; docs/windows.md says what follows from that.
package windows
