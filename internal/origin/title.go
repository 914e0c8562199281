package origin

// titles are the products' names as their makers write them.
var titles = map[string]string{
	"akamai": "Akamai", "apache": "Apache httpd", "arr": "Application Request Routing of IIS", "azure_application_gateway": "Azure Application Gateway",
	"barracuda": "Barracuda WAF", "caddy": "Caddy", "cisco": "Cisco firewall with SMTP inspection", "cloudflare": "Cloudflare",
	"entra_application_proxy": "Entra application proxy", "envoy": "Envoy", "exim": "Exim", "f5": "F5 BIG-IP",
	"fortiweb": "FortiWeb", "haproxy": "HAProxy", "kemp": "Kemp LoadMaster", "logon_portal": "logon portal", "netscaler": "NetScaler", "nginx": "nginx",
	"postfix": "Postfix", "sendmail": "Sendmail",
	"squid": "Squid", "tinyproxy": "Tinyproxy", "tmg": "Forefront TMG or ISA Server", "traefik": "Traefik", "traffic_server": "Apache Traffic Server",
	"varnish": "Varnish", "wap": "Web Application Proxy",
}

// Title names a product for a person.
func Title(product string) string {
	if title := titles[product]; title != "" {
		return title
	}
	return product
}
