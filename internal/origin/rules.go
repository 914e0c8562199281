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
	ruleDocument  = "xml-document"
	ruleChallenge = "windows-challenge"
	ruleRequestID = "windows-request-id"
)

// passedOn are the rules that saw something which a box does not make by itself, without telling who did: traces of
// Windows, and documents.
var passedOn = []string{ruleChallenge, ruleRequestID, ruleDocument}

// Sources that several rules cite.
const (
	learnInstrumenting = "Microsoft Learn, “Instrumenting client requests for EWS and REST in Exchange”, table 2"
	msxfaqHeaders      = "MSXFAQ, “Exchange HTTP Header”"
	ewsManagedAPI      = "EWS Managed API, Autodiscover/AutodiscoverService.cs, TryGetEnabledEndpointsForHost"
	fieldNotes         = "a consultant's field notes"
	wafw00f            = "wafw00f, wafw00f/plugins/"
	nginxSource        = "nginx, src/http/ngx_http_special_response.c (pages) and ngx_http_header_filter_module.c (Server)"
	haproxySource      = "HAProxy, src/http.c, http_err_msgs"
	apacheSource       = "Apache HTTP Server, modules/http/http_protocol.c, get_canned_error_string"
	squidSource        = "Squid, src/errorpage.cc, ErrorState::BuildHttpReply"
	varnishSource      = "Varnish Cache, bin/varnishd/builtin.vcl"
	caddySource        = "Caddy, modules/caddyhttp/server.go, ServeHTTP, and reverseproxy; caddyserver/caddy issue 6275 and pull request 7645"
	envoyHeaders       = "Envoy, docs/root/configuration/http/http_conn_man/headers.rst, “server”"
	atsRecords         = "Apache Traffic Server, records configuration, proxy.config.http.response_server_enabled and response_server_str"
)

// rules is the table. Its order carries meaning:
//
//  1. Exchange's identity: the response passed a real front end, whatever a proxy added to it. EWS's own words, in a
//     document: a box writes none.
//  2. IIS, http.sys and what only they write: a box passed it on and did not make it. Boxes that run on them go first.
//  3. What only a box writes on what it makes itself.
//  4. Traces of Windows that do not tell which part of it spoke.
//  5. What a box leaves on what it passes on: it stands on the way, and says nothing of who spoke. A proxy's name in
//     Server is of that kind: nginx, Apache and Caddy write theirs on every response that comes without one.
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
	{"ews-soap", EWSServer, "", "body with `ServerVersionInfo` in the namespace of EWS's types",
		"Microsoft Learn, EWS reference, “ServerVersionInfo”", soap},
	{"ews-fault", EWSServer, "", "SOAP fault with something in a namespace of EWS",
		"Microsoft Learn, EWS reference, “ResponseCode”; EWS Managed API, Core/SoapFaultDetails.cs", soapFault},
	{ruleDocument, Unknown, "", "status 300 or more, and a body that is a SOAP or another XML document, and no page",
		"the pages and replies of the boxes below: none is such a document", document},

	// 2. IIS and http.sys. WAP and Entra's application proxy answer through http.sys, ARR through IIS: they go before.
	{"arr-page", Middlebox, "arr", "status 502 or 504 with the page text `while acting as a gateway or proxy server`, or an error page that names `ApplicationRequestRouting`",
		"IIS, custerr/en-US/502.htm; Microsoft Learn, “Troubleshooting 502 Errors in ARR”", arrPage},
	{"arr-header", Middlebox, "arr", "status 502 or 504 with the header `X-Powered-By: ARR/…`",
		"Microsoft Learn, “Troubleshooting 502 Errors in ARR”; captures of ARR", arrHeader},
	{"iis-server", IIS, "", "header `Server: Microsoft-IIS/…`", "RFC 9110 §10.2.4; captures of IIS", server("Microsoft-IIS")},
	{"wap-preauthentication", Middlebox, "wap", "status 307 with a `Location` at `/adfs/ls`",
		"Microsoft Learn, KB 4012524; “Publishing Applications using AD FS Preauthentication”", proxyPreauthentication},
	{"entra-preauthentication", Middlebox, "entra_application_proxy", "redirect to Entra ID, with a cookie `AzureAppProxy…`",
		"Microsoft Learn, “Cookie settings for accessing on-premises applications in Microsoft Entra ID”", entraPreauthentication},
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
	{"f5-logon", Middlebox, "f5", "redirect to `/my.policy`, `/my.logout.php3` or below `/vdesk/`",
		wafw00f + "f5bigipapm.py; public reports of Exchange behind it", toPortal("f5")},
	{"netscaler-logon", Middlebox, "netscaler", "redirect to `/vpn/index.html`, `/vpn/tmindex.html` or below `/logon/LogonPoint/`, or with a cookie `NSC_TASS` or `NSC_TMAS`",
		"Citrix blog, “NetScaler Authentication vserver”; public reports of Exchange behind it", netscalerLogon},
	{"tmg-logon", Middlebox, "tmg", "redirect to `/CookieAuth.dll`",
		"public reports of Exchange behind it", toPortal("tmg")},
	{"netscaler-error", Middlebox, "netscaler", "a body of `<html><body><b>Http/1.1 REASON</b></body> </html>` alone, which may have a number behind the reason",
		"botocore, botocore/parsers.py, _is_generic_error_response; php-ews and exchangelib issue 1185 (43550); Citrix CTX573440 (43524)", netscalerError},
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
		"no body read, and a head of exactly `Cache-Control: no-cache`, `Content-Type: text/html`, that page's length (none in HTTP/1.0), and at most `Connection: close`",
		haproxySource, haproxyHead},
	{"azure-application-gateway-page", Middlebox, "azure_application_gateway",
		"error page with `<center>Microsoft-Azure-Application-Gateway/`",
		wafw00f + "applicationgateway.py; MicrosoftDocs/azure-docs issue 110739", page("<center>microsoft-azure-application-gateway/")},
	{"nginx-page", Middlebox, "nginx", "error page or redirect with `<hr><center>nginx` or `<hr><center>openresty`", nginxSource,
		anyOf(page("<hr><center>nginx"), page("<hr><center>openresty"))},
	{"apache-page", Middlebox, "apache", "error page or redirect with `<address>Apache… Server at …`",
		"Apache HTTP Server, server/core.c, ap_psignature", page("<address>apache", " server at ", "</address>")},
	{"apache-canned-page", Middlebox, "apache", "a built-in page: title `NNN …`, the reason in `<h1>`, and that status's sentence",
		apacheSource, apachePage},
	{"apache-proxy-page", Middlebox, "apache", "error page with `The proxy server received an invalid response from an upstream server.`",
		apacheSource,
		page("<p>the proxy server received an invalid\r\nresponse from an upstream server.")},
	{"squid-error", Middlebox, "squid", "header `X-Squid-Error`", squidSource, field(squidError)},
	{"squid-server", Middlebox, "squid", "header `Server: squid/…`", "Squid, src/HttpReply.cc, HttpReply::setHeaders", server("squid")},
	{"tinyproxy-server", Middlebox, "tinyproxy", "header `Server: tinyproxy/…`", "Tinyproxy, src/html-error.c, send_http_headers", server("tinyproxy")},
	{"caddy-gateway", Middlebox, "caddy",
		"status 502, 503 or 504, no body, and a head of nothing but `Server: Caddy`, `Date`, `Content-Length: 0`, `Alt-Svc` and `Connection`",
		caddySource, caddyGateway},
	{"varnish-page", Middlebox, "varnish", "error page with `Guru Meditation:` and `Varnish cache server`",
		varnishSource + ", vcl_synth and vcl_backend_error", page("guru meditation:", "varnish cache server")},
	{"traefik-no-server", Middlebox, "traefik", "status 503 and a body of `no available server` alone",
		"Traefik, pkg/server/service/loadbalancer/wrr/wrr.go, errNoAvailableServer", traefikNoServer},
	{"envoy-page", Middlebox, "envoy", "error page that begins `upstream connect error or disconnect/reset before headers`; with `server: envoy` or `istio-envoy`, one of `no healthy upstream` or `upstream request timeout` alone",
		"Envoy, test/extensions/filters/http/grpc_web/grpc_web_filter_integration_test.cc and source/common/router/router.cc", envoyPage},
	{"traffic-server-page", Middlebox, "traffic_server", "error page or redirect with `<body bgcolor=\"white\" fgcolor=\"black\">` and `<font face=\"helvetica,arial\"><b>`, `Description:` behind it",
		"Apache Traffic Server, proxy/config/body_factory/default", page("<body bgcolor=\"white\" fgcolor=\"black\">", "<font face=\"helvetica,arial\"><b>\ndescription: ")},
	{"cloudflare-status", Middlebox, "cloudflare", "header `Server: cloudflare` and status 520 to 527 or 530",
		"Cloudflare documentation, “Cloudflare 5xx errors”", cloudflareStatus},
	{"cloudflare-page", Middlebox, "cloudflare", "error page with `cf-error-details` or `<hr><center>cloudflare`",
		wafw00f + "cloudflare.py; Cloudflare documentation, “Error pages”", anyOf(page("cf-error-details"), page("<hr><center>cloudflare"))},
	{"akamai-page", Middlebox, "akamai", "header `Server: AkamaiGHost` and an error page with `Reference&#32;&#35;`",
		wafw00f + "kona.py", both(server("AkamaiGHost"), page("reference&#32;&#35;"))},
	{"barracuda-page", Middlebox, "barracuda", "error page with `Barracuda Networks`", wafw00f + "barracuda.py", page("barracuda networks")},
	{"fortiweb-page", Middlebox, "fortiweb", "error page with `fgd_icon` and `web page blocked`",
		wafw00f + "fortiweb.py", page("fgd_icon", "web page blocked")},
	{"logon-form", Middlebox, "logon_portal", "status 200 and an HTML page with a form that asks for a password, other than Outlook on the web's",
		"WHATWG HTML, “Password state (type=password)”: EWS and Autodiscover answer no request with a form", logonForm},

	// 4. Traces of Windows.
	{ruleChallenge, Unknown, "", "header `WWW-Authenticate` with `Negotiate` or `NTLM`", "RFC 4559; MS-NTHT", windowsChallenge},
	{ruleRequestID, Unknown, "", "header `request-id` with a GUID", learnInstrumenting, requestID},

	// 5. On the way.
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
	{"nginx-server", Unknown, "nginx", "header `Server: nginx` or `openresty`",
		nginxSource + "; nginx documentation, proxy_hide_header", passed("nginx", server("nginx", "openresty"))},
	{"apache-server", Unknown, "apache", "header `Server: Apache`",
		"Apache HTTP Server, modules/http/http_protocol.c, basic_http_header", passed("Apache httpd", server("Apache"))},
	{"caddy-server", Unknown, "caddy", "header `Server: Caddy`", caddySource, passed("Caddy", server("Caddy"))},
	{"envoy-server", Unknown, "envoy", "header `Server: envoy` or `istio-envoy`", envoyHeaders, passed("Envoy", server("envoy", "istio-envoy"))},
	{"traffic-server-server", Unknown, "traffic_server", "header `Server: ATS`", atsRecords, passed("Apache Traffic Server", server("ATS"))},
	{"cloudflare-server", Unknown, "cloudflare", "header `Server: cloudflare`", wafw00f + "cloudflare.py", passed("Cloudflare", server("cloudflare"))},
	{"akamai-server", Unknown, "akamai", "header `Server: AkamaiGHost`", wafw00f + "kona.py", passed("Akamai", server("AkamaiGHost"))},
}
