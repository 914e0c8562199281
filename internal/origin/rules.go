package origin

// rule is one sign of who made a response. Rules are tried in the order of the table.
type rule struct {
	name    string
	kind    Kind   // Unknown: a sign of what stands on the way, which does not tell who spoke
	product string // the box that made the response, or with Unknown the one on the way; empty for Microsoft's own
	looks   string // where it looks and what must be there, for docs/who-answered.md
	source  string // what says so: document and section, or project and file
	match   matcher
}

// Names of rules that Contrast asks for.
const (
	ruleSOAP      = "exchange-soap"
	ruleChallenge = "windows-challenge"
	ruleRequestID = "windows-request-id"
)

// tracesOfWindows are the rules that saw something which a box in front of Windows does not make by itself.
var tracesOfWindows = []string{ruleChallenge, ruleRequestID}

// Sources that several rules cite.
const (
	learnInstrumenting = "Microsoft Learn, “Instrumenting client requests for EWS and REST in Exchange”, table 2"
	msxfaqHeaders      = "MSXFAQ, “Exchange HTTP Header”"
	ewsManagedAPI      = "EWS Managed API, Autodiscover/AutodiscoverService.cs, TryGetEnabledEndpointsForHost"
	fieldNotes         = "a consultant's field notes"
	wafw00f            = "wafw00f, wafw00f/plugins/"
	nginxSource        = "nginx, src/http/ngx_http_special_response.c (pages) and ngx_http_header_filter_module.c (Server)"
	haproxySource      = "HAProxy, src/http.c, http_err_msgs"
	squidSource        = "Squid, src/errorpage.cc, ErrorState::BuildHttpReply"
	varnishSource      = "Varnish Cache, bin/varnishd/builtin.vcl"
	envoyHeaders       = "Envoy, docs/root/configuration/http/http_conn_man/headers.rst, “server”"
	atsRecords         = "Apache Traffic Server, records configuration, proxy.config.http.response_server_enabled and response_server_str"
)

// rules is the table. Its order carries meaning:
//
//  1. Exchange's identity: the response passed a real front end, whatever a proxy added to it.
//  2. IIS, http.sys and what only they write: a box passed it on and did not make it.
//  3. What only a box writes on what it makes itself.
//  4. Traces of Windows that do not tell which part of it spoke: they keep group 5 from guessing.
//  5. A proxy's name in Server: it stands there also on what was passed on, so it comes late and asks for more.
//  6. What a box leaves on what it passes on: it stands on the way, and says nothing of who spoke.
var rules = []rule{
	// 1. Exchange.
	{"exchange-frontend", Exchange, "", "header `X-FEServer`", learnInstrumenting, field("X-FEServer")},
	{"exchange-backend", Exchange, "", "header `X-TargetBEServer`, `X-BEServer` or `X-CalculatedBETarget`",
		learnInstrumenting + "; " + msxfaqHeaders, field("X-BEServer", "X-TargetBEServer", "X-CalculatedBETarget")},
	{"exchange-diaginfo", Exchange, "", "header `X-DiagInfo`", learnInstrumenting, field("X-DiagInfo")},
	{"exchange-owa-version", Exchange, "", "header `X-OWA-Version`",
		"OWASP Secure Headers Project, ci/headers_remove.json", field("X-OWA-Version")},
	{"exchange-cas-error", Exchange, "", "header `X-CasErrorCode`",
		"exchangelib, CASError", field("X-CasErrorCode")},
	{"exchange-autodiscover", Exchange, "", "header `X-SOAP-Enabled` or `X-WSSecurity-Enabled`",
		ewsManagedAPI, field("X-SOAP-Enabled", "X-WSSecurity-Enabled")},
	{ruleSOAP, Exchange, "", "body with `ServerVersionInfo` in the namespace of EWS's types",
		"Microsoft Learn, EWS reference, “ServerVersionInfo”", soap},

	// 2. IIS and http.sys. WAP answers through http.sys, so its redirect goes first.
	{"iis-server", IIS, "", "header `Server: Microsoft-IIS/…`", "RFC 9110 §10.2.4; captures of IIS", server("Microsoft-IIS")},
	{"wap-preauthentication", Middlebox, "wap", "status 307 with a `Location` at `/adfs/ls`",
		"Microsoft Learn, KB 4012524; “Publishing Applications using AD FS Preauthentication”", proxyPreauthentication},
	{"http-sys-server", HTTPSys, "", "header `Server: Microsoft-HTTPAPI/…`",
		"Microsoft IIS Support Blog, “HTTP 400 Bad Request when client sends invalid HTTP:Host header value”; captures of http.sys",
		server("Microsoft-HTTPAPI")},
	{"http-sys-page", HTTPSys, "", "`Content-Type: text/html; charset=us-ascii` and page text `<hr><p>HTTP Error NNN.`",
		"captures of http.sys, as nmap reports quote them", httpSysPage},
	{"iis-aspnet", IIS, "", "header `X-AspNet-Version`, `X-AspNetMvc-Version` or `X-Powered-By: ASP.NET`",
		"Scott Mitchell, “Removing Unnecessary HTTP Headers in IIS and ASP.NET”",
		anyOf(field("X-AspNet-Version", "X-AspNetMvc-Version"), fieldWith("X-Powered-By", "asp.net"))},

	// 3. Made by a box.
	{"kemp-bare-head", Middlebox, "kemp",
		"status 400 or more, and a head of exactly `Connection: close`, `Content-Length: 87`, `Content-Type: text/html` and `Date`",
		fieldNotes, kempBare},
	{"kemp-reason", Middlebox, "kemp", "status 400 or more with the reason phrase `Invalid Request`", fieldNotes, kempReason},
	{"kemp-served-by", Middlebox, "kemp", "status 403, header `X-ServedBy: KEMP-LM` and title `403 Forbidden`",
		wafw00f + "kemp.py", kempServedBy},
	{"f5-server", Middlebox, "f5", "header `Server: BigIP` or `BIG-IP`",
		"F5 CloudDocs, iRules, HTTP::respond", server("BigIP", "BIG-IP")},
	{"f5-rejection-page", Middlebox, "f5", "HTML with `The requested URL was rejected. Please consult with your administrator.`",
		wafw00f + "f5bigipasm.py", bigIPRejection},
	{"netscaler-page", Middlebox, "netscaler", "error page with `NS Transaction ID` or `AppFW Session ID`",
		wafw00f + "netscaler.py", anyOf(page("ns transaction id"), page("appfw session id"))},
	{"tmg-logon-failed", Middlebox, "tmg", "`The network logon failed.` in the reason phrase, or with `(1790)` on the page",
		fieldNotes, anyOf(page("the network logon failed. (1790)"), reason("the network logon failed."))},
	{"tmg-url-denied", Middlebox, "tmg",
		"`denied the specified Uniform Resource Locator (URL)` in the reason phrase or on an error page",
		"nmap, scripts/http-waf-fingerprint.nse; " + wafw00f + "isaserver.py",
		anyOf(reason("denied the specified uniform resource locator (url)"), page("denied the specified uniform resource locator (url)"))},
	{"tmg-page", Middlebox, "tmg", "page text `Error Code: NNN`, NNN being the status, with a code `(122xx)` or `(123xx)`",
		"“Some ISA/TMG Errors With Resolution”, setspn.blogspot.com; " + fieldNotes, tmgPage},
	{"haproxy-page", Middlebox, "haproxy", "a built-in page: `<html><body><h1>NNN` and that status's sentence", haproxySource, haproxyPage},
	{"haproxy-head", Middlebox, "haproxy",
		"no body read, and a head of exactly `Cache-Control: no-cache`, `Connection: close`, `Content-Type: text/html` and that page's length (none in HTTP/1.0)",
		haproxySource, haproxyHead},
	{"azure-application-gateway-page", Middlebox, "azure_application_gateway",
		"error page with `<center>Microsoft-Azure-Application-Gateway/`",
		wafw00f + "applicationgateway.py; MicrosoftDocs/azure-docs issue 110739", page("<center>microsoft-azure-application-gateway/")},
	{"nginx-page", Middlebox, "nginx", "error page with `<hr><center>nginx`", nginxSource, page("<hr><center>nginx")},
	{"apache-page", Middlebox, "apache", "error page with `<address>Apache… Server at …`",
		"Apache HTTP Server, server/core.c, ap_psignature", page("<address>apache", " server at ", "</address>")},
	{"apache-proxy-page", Middlebox, "apache", "error page with `The proxy server received an invalid response from an upstream server.`",
		"Apache HTTP Server, modules/http/http_protocol.c, get_canned_error_string",
		page("<p>the proxy server received an invalid\r\nresponse from an upstream server.")},
	{"squid-error", Middlebox, "squid", "header `X-Squid-Error`", squidSource, field("X-Squid-Error")},
	{"squid-server", Middlebox, "squid", "header `Server: squid/…`", "Squid, src/HttpReply.cc, HttpReply::setHeaders", server("squid")},
	{"varnish-page", Middlebox, "varnish", "error page with `Guru Meditation:` and `Varnish cache server`",
		varnishSource + ", vcl_synth and vcl_backend_error", page("guru meditation:", "varnish cache server")},
	{"traefik-no-server", Middlebox, "traefik", "status 503 and a body of `no available server` alone",
		"Traefik, pkg/server/service/loadbalancer/wrr/wrr.go, errNoAvailableServer", traefikNoServer},
	{"envoy-page", Middlebox, "envoy", "error page that begins `upstream connect error or disconnect/reset before headers`",
		"Envoy, test/extensions/filters/http/grpc_web/grpc_web_filter_integration_test.cc", envoyPage},
	{"barracuda-page", Middlebox, "barracuda", "error page with `Barracuda Networks`", wafw00f + "barracuda.py", page("barracuda networks")},
	{"fortiweb-page", Middlebox, "fortiweb", "error page with `fgd_icon` and `web page blocked`",
		wafw00f + "fortiweb.py", page("fgd_icon", "web page blocked")},

	// 4. Traces of Windows.
	{ruleChallenge, Unknown, "", "header `WWW-Authenticate` with `Negotiate` or `NTLM`", "RFC 4559; MS-NTHT", windowsChallenge},
	{ruleRequestID, Unknown, "", "header `request-id` with a GUID", learnInstrumenting, requestID},

	// 5. A proxy's name in Server, on a redirect or an error.
	{"nginx-server", Middlebox, "nginx", "header `Server: nginx`" + ownLooks,
		nginxSource + "; nginx documentation, proxy_hide_header", own("nginx")},
	{"apache-server", Middlebox, "apache", "header `Server: Apache`" + ownLooks,
		"Apache HTTP Server, modules/http/http_protocol.c, basic_http_header", own("Apache")},
	{"caddy-server", Middlebox, "caddy", "header `Server: Caddy`" + ownLooks + ", and no `Via` of Caddy",
		"Caddy, modules/caddyhttp/server.go, ServeHTTP; caddyserver/caddy issue 6275 and pull request 7645",
		without(own("Caddy"), fieldWith("Via", "caddy"))},
	{"envoy-server", Middlebox, "envoy",
		"header `Server: envoy` or `istio-envoy`" + ownLooks + ", and no `x-envoy-upstream-service-time`",
		envoyHeaders, without(own("envoy", "istio-envoy"), field("x-envoy-upstream-service-time"))},
	{"traffic-server-server", Middlebox, "traffic_server", "header `Server: ATS`" + ownLooks, atsRecords, own("ATS")},
	{"cloudflare-server", Middlebox, "cloudflare", "header `Server: cloudflare`" + ownLooks,
		wafw00f + "cloudflare.py", own("cloudflare", "cloudflare-nginx")},
	{"akamai-server", Middlebox, "akamai", "header `Server: AkamaiGHost`" + ownLooks, wafw00f + "kona.py", own("AkamaiGHost")},

	// 6. On the way.
	{"f5-cookie", Unknown, "f5", "cookie `BIGipServer…`", "F5 K6917, “Overview of BIG-IP persistence cookie encoding”", bigIPCookie},
	{"f5-logon-cookies", Unknown, "f5", "cookies `MRHSession` and `LastMRH_Session`", wafw00f + "f5bigipapm.py", bigIPLogonCookies},
	{"f5-connection", Unknown, "f5", "header `X-Cnection: close`", wafw00f + "f5bigipltm.py",
		passed("an F5 BIG-IP", fieldWith("X-Cnection", "close"))},
	{"netscaler-cookie", Unknown, "netscaler", "cookie `NSC_…`, `citrix_ns_id…` or `ns_af`",
		"NetScaler documentation, “HTTP cookie persistence”; " + wafw00f + "netscaler.py",
		mark("a NetScaler", "NSC_", "citrix_ns_id", "ns_af")},
	{"netscaler-header", Unknown, "netscaler", "header `Cneonction`, `nnCoection` or `Via: NS-CACHE…`", wafw00f + "netscaler.py",
		passed("a NetScaler", anyOf(field("Cneonction", "nnCoection"), fieldWith("Via", "ns-cache")))},
	{"barracuda-cookie", Unknown, "barracuda", "cookie `BNI_persistence`, `BNI__BARRACUDA_LB_COOKIE`, `BNES_…`, `BNIS_…` or `barra_counter_session`",
		wafw00f + "barracuda.py",
		mark("a Barracuda", "BNI_persistence", "BNI__BARRACUDA_LB_COOKIE", "BNES_", "BNIS_", "barra_counter_session")},
	{"fortiweb-cookie", Unknown, "fortiweb", "cookie `FORTIWAFSID`", wafw00f + "fortiweb.py", mark("a FortiWeb", "FORTIWAFSID")},
	{"azure-front-door-header", Unknown, "azure_front_door", "header `X-Azure-Ref`", wafw00f + "frontdoor.py",
		passed("Azure Front Door", field("X-Azure-Ref"))},
	{"cloudflare-header", Unknown, "cloudflare", "header `CF-RAY`", wafw00f + "cloudflare.py", passed("Cloudflare", field("CF-RAY"))},
	{"envoy-header", Unknown, "envoy", "header `x-envoy-upstream-service-time`", wafw00f + "envoy.py",
		passed("Envoy", field("x-envoy-upstream-service-time"))},
	{"varnish-header", Unknown, "varnish", "header `X-Varnish`", "Fastly documentation, “X-Varnish”", passed("Varnish", field("X-Varnish"))},
}

// ownLooks is what every rule of group 5 asks for besides the name.
const ownLooks = " alone, status 300 or more, and none of the signs above"
