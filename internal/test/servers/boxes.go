package servers

import (
	_ "embed" // for the configuration
)

//go:embed configs/caddy.json
var caddyConfig string

var caddy = Server{Program: "caddy", Config: caddyConfig, Args: func(p Place) []string {
	return []string{"run", "--config", p.Config}
}, Env: func(p Place) []string {
	return []string{"HOME=" + p.Dir, "XDG_DATA_HOME=" + p.Dir, "XDG_CONFIG_HOME=" + p.Dir}
}}

// Boxes lists proxies in the configurations that differ in what becomes of a logon: what the programs do by default, what
// popular pages advise, and what a logon of Windows needs.
func Boxes() []Front {
	return []Front{
		front(nginx, "nginx", "nginx, proxy_pass with defaults", ""),
		front(nginx, "nginx-1.1", "nginx, proxy_http_version 1.1", "proxy_http_version 1.1;"),
		Pooling(),
		front(apache, "apache", "Apache httpd, ProxyPass with defaults", ""),
		front(apache, "apache-nokeepalive", "Apache httpd, SetEnv proxy-nokeepalive", "SetEnv proxy-nokeepalive 1"),
		front(apache, "apache-1.0", "Apache httpd, SetEnv force-proxy-request-1.0", "SetEnv force-proxy-request-1.0 1"),
		front(apache, "apache-disablereuse", "Apache httpd, ProxyPass with disablereuse=on", "disablereuse=on"),
		front(haproxy, "haproxy", "HAProxy, mode http with defaults", "mode http"),
		front(haproxy, "haproxy-server-close", "HAProxy, option http-server-close", "mode http\n    option http-server-close"),
		front(haproxy, "haproxy-reuse-always", "HAProxy, http-reuse always", "mode http\n    http-reuse always"),
		front(haproxy, "haproxy-tcp", "HAProxy, mode tcp", "mode tcp"),
		front(caddy, "caddy", "Caddy, reverse_proxy with defaults", ""),
	}
}
