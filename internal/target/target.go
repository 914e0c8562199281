// Package target parses what a caller asks to have probed.
package target

import "net/netip"

// Target is a parsed target parameter.
type Target struct {
	Raw    string     // as written
	Scheme string     // "https" (default) or "http"
	Host   string     // a name as A-labels in lower case without trailing dot, or an address
	Addr   netip.Addr // valid when Host is an IP literal
	Port   uint16     // 443, or 80 for http, unless written
	Path   string     // of a URL, with its query; empty otherwise
	Name   string     // the hostname parameter if given, else Host: what Host, SNI, certificate check and auth go by
}
