package origin

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// response reads a test's response: a status line, fields, an empty line, a body.
func response(t testing.TB, text string) *Response {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	r := &Response{Body: []byte(body)}
	var rest string
	var ok bool
	if r.Proto, rest, ok = strings.Cut(lines[0], " "); !ok {
		t.Fatalf("status line %q", lines[0])
	}
	status, reason, _ := strings.Cut(rest, " ")
	if _, err := fmt.Sscan(status, &r.Status); err != nil {
		t.Fatalf("status line %q: %v", lines[0], err)
	}
	r.Reason = reason
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header = append(r.Header, Field{Name: name, Value: strings.TrimSpace(value)})
	}
	return r
}

// autodiscover401 is Exchange's own 401 to GET /autodiscover/autodiscover.xml, less its Server field.
const autodiscover401 = `Cache-Control: private
request-id: 3a1f7e52-8f0c-4a0e-9a44-0d0f6e1f2b11
X-SOAP-Enabled: True
X-WSSecurity-Enabled: True
X-WSSecurity-For: None
X-OAuth-Enabled: True
X-AspNet-Version: 4.0.30319
WWW-Authenticate: Negotiate
WWW-Authenticate: NTLM
X-Powered-By: ASP.NET
X-FEServer: EX01
Content-Length: 0`

const soapBody = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>` +
	`<h:ServerVersionInfo MajorVersion="15" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header>`

const httpSys400 = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>Bad Request</TITLE></HEAD>
<BODY><h2>Bad Request - Invalid Verb</h2>
<hr><p>HTTP Error 400. The request verb is invalid.</p>
</BODY></HTML>`

const (
	ewsFault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>` +
		`<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorInternalServerError</e:ResponseCode></detail></s:Fault></s:Body></s:Envelope>`
	bareFault = `<?xml version="1.0"?>` + "\n" + `<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/"><SOAP:Body><SOAP:Fault>` +
		`<faultcode>SOAP:Server</faultcode><faultstring>no store</faultstring></SOAP:Fault></SOAP:Body></SOAP:Envelope>`
	arr502 = `<title>502 - Web server received an invalid response while acting as a gateway or proxy server.</title>`
	// apache503 is what Debian's Apache 2.4 answers where nothing listens behind it.
	apache503 = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n<html><head>\n" +
		"<title>503 Service Unavailable</title>\n</head><body>\n<h1>Service Unavailable</h1>\n" +
		"<p>The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems. Please try again later.</p>\n</body></html>\n"
)

// ruleCases has at least one response per rule, by the rule's name.
var ruleCases = []struct {
	rule, response, evidence string
}{
	{"exchange-frontend", "HTTP/1.1 401 Unauthorized\nServer: Microsoft-IIS/8.5\n" + autodiscover401, "header X-FEServer: EX01"},
	{"exchange-backend", "HTTP/1.1 200 OK\nx-beserver: EX02", "header x-beserver: EX02"},
	{"exchange-backend", "HTTP/1.1 200 OK\nX-TargetBEServer: ex02.contoso.com", "header X-TargetBEServer: ex02.contoso.com"},
	{"exchange-backend", "HTTP/1.1 200 OK\nX-CalculatedBETarget: ex02.contoso.com", "header X-CalculatedBETarget: ex02.contoso.com"},
	{"exchange-diaginfo", "HTTP/1.1 200 OK\nX-DiagInfo: EX02", "header X-DiagInfo: EX02"},
	{"exchange-owa-version", "HTTP/1.1 302 Found\nX-OWA-Version: 15.2.1748.26", "header X-OWA-Version: 15.2.1748.26"},
	{"exchange-cas-error", "HTTP/1.1 404 Not Found\nX-CasErrorCode: UserNotFound", "header X-CasErrorCode: UserNotFound"},
	{"exchange-autodiscover", "HTTP/1.1 401 Unauthorized\nX-SOAP-Enabled: True", "header X-SOAP-Enabled: True"},
	{"ews-soap", "HTTP/1.1 200 OK\nContent-Type: text/xml\n\n" + soapBody, "a SOAP header with ServerVersionInfo of EWS"},
	{"ews-fault", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nContent-Type: text/xml\n\n" + ewsFault, "a SOAP fault with an error of EWS"},
	{"xml-document", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nContent-Type: text/xml\n\n" + bareFault, "a body that is a SOAP document"},
	{"xml-document", "HTTP/1.1 404 Not Found\nServer: Apache\n\n<?xml version=\"1.0\"?><Autodiscover/>", "a body that is an XML document"},

	{"arr-page", "HTTP/1.1 502 Bad Gateway\nServer: Microsoft-IIS/8.5\n\n" + arr502, `page text "while acting as a gateway or proxy server"`},
	{"arr-page", "HTTP/1.1 502 Bad Gateway\nServer: Microsoft-IIS/10.0\n\n<th>Module</th><td>ApplicationRequestRouting</td>", `page text "applicationrequestrouting"`},
	{"arr-header", "HTTP/1.1 504 Gateway Timeout\nServer: Microsoft-IIS/10.0\nX-Powered-By: ARR/3.0", "header X-Powered-By: ARR/3.0"},
	{"iis-server", "HTTP/1.1 404 Not Found\nServer: Microsoft-IIS/10.0", "header Server: Microsoft-IIS/10.0"},
	{"wap-preauthentication", "HTTP/1.1 307 Temporary Redirect\nServer: Microsoft-HTTPAPI/2.0\n" +
		"Location: https://sts.contoso.com/adfs/ls?version=1.0&action=signin&returnUrl=https%3a%2f%2fmail.contoso.com%2fowa",
		"status 307 with a Location at /adfs/ls"},
	{"entra-preauthentication", "HTTP/1.1 302 Found\nServer: Microsoft-HTTPAPI/2.0\nLocation: https://login.microsoftonline.com/x/oauth2/authorize?a=b\n" +
		"Set-Cookie: AzureAppProxyAnalyticCookie_x=1; path=/", "status 302 to Entra ID with a cookie AzureAppProxyAnalyticCookie_x"},
	{"http-sys-server", "HTTP/1.1 503 Service Unavailable\nServer: Microsoft-HTTPAPI/2.0", "header Server: Microsoft-HTTPAPI/2.0"},
	{"http-sys-page", "HTTP/1.1 400 Bad Request\nContent-Type: text/html; charset=us-ascii\n\n" + httpSys400, `page text "<hr><p>http error 400."`},
	{"iis-aspnet", "HTTP/1.1 404 Not Found\nServer: nginx\nX-Powered-By: ASP.NET", "header X-Powered-By: ASP.NET"},
	{"iis-aspnet", "HTTP/1.1 500 Internal Server Error\nX-AspNet-Version: 4.0.30319", "header X-AspNet-Version: 4.0.30319"},

	{"kemp-bare-head", "HTTP/1.1 400 Bad Request\nConnection: close\nContent-Length: 87\nContent-Type: text/html\nDate: Tue, 14 Jan 2014 10:00:00 GMT",
		"a head of Connection: close, Content-Length: 87, Content-Type: text/html and Date, nothing else"},
	{"kemp-reason", "HTTP/1.1 501 Invalid Request\nConnection: close", `reason phrase "Invalid Request" with status 501`},
	{"kemp-served-by", "HTTP/1.1 403 Forbidden\nX-ServedBy: KEMP-LM\n\n<html><title>403 Forbidden</title>", "header X-ServedBy: KEMP-LM"},
	{"f5-server", "HTTP/1.0 302 Found\nLocation: /maintenance\nServer: BigIP\nConnection: Keep-Alive\nContent-Length: 0", "header Server: BigIP"},
	{"f5-server", "HTTP/1.0 503 Service Unavailable\nServer: BIG-IP", "header Server: BIG-IP"},
	{"f5-rejection-page", "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\n\n<html><head><title>Request Rejected</title></head>" +
		"<body>The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 1</body>",
		`page text "the requested url was rejected. please consult with your administrator."`},
	{"f5-logon", "HTTP/1.1 302 Found\nLocation: /my.policy", "status 302 with a Location at F5 BIG-IP Access Policy Manager"},
	{"netscaler-logon", "HTTP/1.1 302 Object Moved\nLocation: https://gw.contoso.com/logon/LogonPoint/tmindex.html", "status 302 with a Location at NetScaler Gateway or AAA"},
	{"netscaler-logon", "HTTP/1.1 302 Object Moved\nLocation: /x\nSet-Cookie: NSC_TASS=aHR0; Path=/", "status 302 with the cookie NSC_TASS"},
	{"tmg-logon", "HTTP/1.1 302 Moved Temporarily\nLocation: https://mail.contoso.com/CookieAuth.dll?GetLogon?curl=Z2FEWS", "status 302 with a Location at Forefront TMG or ISA Server (forms-based logon)"},
	{"netscaler-error", "HTTP/1.1 500 Internal Server Error 43550\n\n<html><body><b>Http/1.1 Internal Server Error 43550 </b></body> </html>",
		`page text "<b>http/1.1 internal server error 43550", and nothing else`},
	{"netscaler-error", "HTTP/1.1 503 Service Unavailable\n\n<html><body><b>Http/1.1 Service Unavailable</b></body> </html>",
		`page text "<b>http/1.1 service unavailable", and nothing else`},
	{"netscaler-page", "HTTP/1.1 403 Forbidden\n\nNS Transaction ID: 5", `page text "ns transaction id"`},
	{"netscaler-page", "HTTP/1.1 403 Forbidden\n\nAppFW Session ID: 5", `page text "appfw session id"`},
	{"tmg-logon-failed", "HTTP/1.1 500 Internal Server Error\n\n<li>Error Code: 500 Internal Server Error. The network logon failed. (1790)</li>",
		`page text "the network logon failed. (1790)"`},
	{"tmg-logon-failed", "HTTP/1.1 500 Internal Server Error ( The network logon failed.  )", `reason phrase with "the network logon failed."`},
	{"tmg-url-denied", "HTTP/1.1 403 Forbidden ( The server denied the specified Uniform Resource Locator (URL). Contact the server administrator.  )",
		`reason phrase with "denied the specified uniform resource locator (url)"`},
	{"tmg-page", "HTTP/1.1 500 Internal Server Error\n\n<li>Error Code: 500 Internal Server Error. The request was rejected by the HTTP filter. " +
		"Contact the server administrator. (12217)", `page text "Error Code: 500" with the Web proxy filter's code (12217)`},
	{"haproxy-page", "HTTP/1.0 503 Service Unavailable\nCache-Control: no-cache\nConnection: close\nContent-Type: text/html\n\n" +
		"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
		`page text "no server is available to handle this request."`},
	{"haproxy-head", "HTTP/1.1 504 Gateway Time-out\ncontent-length: 92\ncache-control: no-cache\nconnection: close\ncontent-type: text/html",
		"a head of nothing but Cache-Control, Connection, Content-Type and length, as HAProxy's page for 504"},
	{"haproxy-head", "HTTP/1.0 502 Bad Gateway\nCache-Control: no-cache\nConnection: close\nContent-Type: text/html",
		"a head of nothing but Cache-Control, Connection, Content-Type and length, as HAProxy's page for 502"},
	{"azure-application-gateway-page", "HTTP/1.1 502 Bad Gateway\nServer: Microsoft-Azure-Application-Gateway/v2\n\n" +
		"<center><h1>502 Bad Gateway</h1></center>\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>",
		`page text "<center>microsoft-azure-application-gateway/"`},
	{"nginx-page", "HTTP/1.1 502 Bad Gateway\nServer: nginx/1.24.0\n\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.24.0</center>",
		`page text "<hr><center>nginx"`},
	{"apache-page", "HTTP/1.1 404 Not Found\nServer: Apache\n\n<hr><address>Apache/2.4.57 (Debian) Server at mail.contoso.com Port 443</address>",
		`page text "<address>apache"`},
	{"nginx-page", "HTTP/1.1 301 Moved Permanently\nServer: openresty\n\n<hr><center>openresty</center>", `page text "<hr><center>openresty"`},
	{"apache-canned-page", "HTTP/1.1 503 Service Unavailable\nServer: Apache/2.4.67 (Debian)\n\n" + apache503, "Apache's built-in page for 503"},
	{"apache-proxy-page", "HTTP/1.1 502 Proxy Error\n\n<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />",
		`page text "<p>the proxy server received an invalid\r\nresponse from an upstream server."`},
	{"squid-error", "HTTP/1.1 503 Service Unavailable\nX-Squid-Error: ERR_CONNECT_FAIL 111", "header X-Squid-Error: ERR_CONNECT_FAIL 111"},
	{"squid-server", "HTTP/1.1 417 Expectation Failed\nServer: squid/3.0.STABLE25", "header Server: squid/3.0.STABLE25"},
	{"tinyproxy-server", "HTTP/1.1 407 Proxy Authentication Required\nServer: tinyproxy/1.11.1\nConnection: close", "header Server: tinyproxy/1.11.1"},
	{"caddy-gateway", "HTTP/1.1 502 Bad Gateway\nServer: Caddy\nContent-Length: 0\nDate: now\nAlt-Svc: h3=\":443\"", "header Server: Caddy, no page, and nothing of a server behind it"},
	{"varnish-page", "HTTP/1.1 503 Backend fetch failed\nX-Varnish: 5\n\n<h3>Guru Meditation:</h3>\n<p>XID: 5</p><hr><p>Varnish cache server</p>",
		`page text "guru meditation:"`},
	{"traefik-no-server", "HTTP/1.1 503 Service Unavailable\nContent-Type: text/plain; charset=utf-8\n\nno available server\n",
		`page text "no available server", and nothing else`},
	{"envoy-page", "HTTP/1.1 503 Service Unavailable\nserver: envoy\n\nupstream connect error or disconnect/reset before headers. reset reason: connection failure",
		`page text "upstream connect error or disconnect/reset before headers"`},
	{"envoy-page", "HTTP/1.1 503 Service Unavailable\nserver: envoy\n\nno healthy upstream", `page text "no healthy upstream", and nothing else`},
	{"traffic-server-page", "HTTP/1.1 502 Could Not Connect\nServer: ATS/9.2.5\n\n<BODY BGCOLOR=\"white\" FGCOLOR=\"black\">\n<H1>x</H1>\n<HR>\n\n<FONT FACE=\"Helvetica,Arial\"><B>\nDescription: x",
		`page text "<body bgcolor=\"white\" fgcolor=\"black\">"`},
	{"cloudflare-status", "HTTP/1.1 522 \nServer: cloudflare\nCF-RAY: 8", "header Server: cloudflare"},
	{"cloudflare-page", "HTTP/1.1 403 Forbidden\nServer: cloudflare\n\n<div class=\"cf-error-details\">", `page text "cf-error-details"`},
	{"akamai-page", "HTTP/1.1 403 Forbidden\nServer: AkamaiGHost\n\nReference&#32;&#35;18&#46;7", `page text "reference&#32;&#35;"`},
	{"barracuda-page", "HTTP/1.1 403 Forbidden\n\n<p>Barracuda Networks Web Application Firewall", `page text "barracuda networks"`},
	{"fortiweb-page", "HTTP/1.1 403 Forbidden\n\n<p class=\"fgd_icon\">Web Page Blocked!", `page text "fgd_icon"`},
	{"logon-form", "HTTP/1.1 200 OK\nServer: Apache\nContent-Type: text/html\n\n<form method=post action=/login><input name=p type=password></form>",
		"an HTML page with a form that asks for a password"},

	{"windows-challenge", "HTTP/1.1 401 Unauthorized\nServer: nginx\nWWW-Authenticate: Basic realm=\"mail\"\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA",
		"header WWW-Authenticate offers NTLM"},
	{"windows-challenge", "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=mail, negotiate", "header WWW-Authenticate offers Negotiate"},
	{"windows-request-id", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nrequest-id: 3a1f7e52-8f0c-4a0e-9a44-0d0f6e1f2b11",
		"header request-id: 3a1f7e52-8f0c-4a0e-9a44-0d0f6e1f2b11"},

	{"nginx-server", "HTTP/1.1 504 Gateway Time-out\nServer: nginx", "header Server: nginx: nginx stands in front"},
	{"apache-server", "HTTP/1.1 503 Service Unavailable\nServer: Apache/2.4.57 (Debian)", "header Server: Apache/2.4.57 (Debian): Apache httpd stands in front"},
	{"caddy-server", "HTTP/1.1 404 Not Found\nServer: Caddy\nContent-Length: 0", "header Server: Caddy: Caddy stands in front"},
	{"envoy-server", "HTTP/1.1 404 Not Found\nserver: istio-envoy", "header server: istio-envoy: Envoy stands in front"},
	{"traffic-server-server", "HTTP/1.1 301 Redirect\nServer: ATS/9.2.0", "header Server: ATS/9.2.0: Apache Traffic Server stands in front"},
	{"cloudflare-server", "HTTP/1.1 502 Bad Gateway\nServer: cloudflare", "header Server: cloudflare: Cloudflare stands in front"},
	{"akamai-server", "HTTP/1.0 400 Bad Request\nServer: AkamaiGHost", "header Server: AkamaiGHost: Akamai stands in front"},

	{"f5-cookie", "HTTP/1.1 200 OK\nSet-Cookie: BIGipServerews_pool=117440522.47873.0000; path=/",
		"cookie BIGipServerews_pool: an F5 BIG-IP stands in front (pool member 10.0.0.7:443)"},
	{"f5-cookie", "HTTP/1.1 200 OK\nSet-Cookie: BIGipServerews_pool=!encrypted==; path=/", "cookie BIGipServerews_pool: an F5 BIG-IP stands in front"},
	{"f5-logon-cookies", "HTTP/1.1 302 Found\nSet-Cookie: LastMRH_Session=1\nSet-Cookie: MRHSession=2",
		"cookies MRHSession and LastMRH_Session: an F5 BIG-IP stands in front"},
	{"f5-connection", "HTTP/1.1 200 OK\nX-Cnection: close", "header X-Cnection: close: an F5 BIG-IP stands in front"},
	{"netscaler-cookie", "HTTP/1.1 200 OK\nSet-Cookie: NSC_mc_fyd=ffffffff; path=/", "cookie NSC_mc_fyd: a NetScaler stands in front"},
	{"netscaler-header", "HTTP/1.1 200 OK\nCneonction: close", "header Cneonction: close: a NetScaler stands in front"},
	{"netscaler-header", "HTTP/1.1 200 OK\nVia: NS-CACHE-9.3: 12", "header Via: NS-CACHE-9.3: 12: a NetScaler stands in front"},
	{"barracuda-cookie", "HTTP/1.1 200 OK\nSet-Cookie: BNI_persistence=1", "cookie BNI_persistence: a Barracuda stands in front"},
	{"fortiweb-cookie", "HTTP/1.1 200 OK\nSet-Cookie: FORTIWAFSID=1", "cookie FORTIWAFSID: a FortiWeb stands in front"},
	{"azure-front-door-header", "HTTP/1.1 200 OK\nx-azure-ref: 0abc", "header x-azure-ref: 0abc: Azure Front Door stands in front"},
	{"cloudflare-header", "HTTP/1.1 200 OK\nServer: cloudflare\nCF-RAY: 8-FRA", "header CF-RAY: 8-FRA: Cloudflare stands in front"},
	{"envoy-header", "HTTP/1.1 404 Not Found\nserver: envoy\nx-envoy-upstream-service-time: 4",
		"header x-envoy-upstream-service-time: 4: Envoy stands in front"},
	{"varnish-header", "HTTP/1.1 404 Not Found\nX-Varnish: 5", "header X-Varnish: 5: Varnish stands in front"},
}

func TestEachRule(t *testing.T) {
	t.Parallel()
	byName := map[string]rule{}
	for _, r := range rules {
		if _, twice := byName[r.name]; twice {
			t.Errorf("two rules are called %s", r.name)
		}
		byName[r.name] = r
	}
	tested := map[string]bool{}
	for _, c := range ruleCases {
		tested[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			got := Identify(response(t, c.response))
			want := byName[c.rule]
			if got.Rule != c.rule || got.Kind != want.kind || got.Evidence != c.evidence {
				t.Errorf("got %s by rule %q: %s\nwant %s by rule %q: %s", got.Kind, got.Rule, got.Evidence, want.kind, c.rule, c.evidence)
			}
			if product := want.product; got.Kind != Middlebox && got.Product != "" || got.Kind == Middlebox && got.Product != product {
				t.Errorf("%s: product %q, the rule's is %q", got.Kind, got.Product, product)
			}
		})
	}
	for name := range byName {
		if !tested[name] {
			t.Errorf("rule %s has no case", name)
		}
	}
}

func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		if r.source == "" || r.looks == "" || r.match == nil {
			t.Errorf("rule %s needs a source, a place where it looks and a matcher", r.name)
		}
		if r.kind == Middlebox && r.product == "" {
			t.Errorf("rule %s names no product", r.name)
		}
	}
}

// TestWhoMadeIt holds the cases in which signs of several servers meet, and those in which there are none.
func TestWhoMadeIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, response string
		kind           Kind
		product        string
	}{
		{"Exchange behind nginx, which replaces Server", "HTTP/1.1 401 Unauthorized\nServer: nginx\n" + autodiscover401, Exchange, ""},
		{"Exchange behind a proxy that adds Via and a cookie",
			"HTTP/1.1 200 OK\nVia: 1.1 proxy (squid/5.2)\nSet-Cookie: NSC_a=b\nX-FEServer: EX01", Exchange, ""},
		{"an error of Exchange's with nginx's name over it", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nX-FEServer: EX01", Exchange, ""},
		{"IIS behind an F5 that inserts its cookie",
			"HTTP/1.1 404 Not Found\nServer: Microsoft-IIS/10.0\nSet-Cookie: BIGipServerpool=117440522.47873.0000", IIS, ""},
		{"http.sys behind a NetScaler that inserts its cookie", "HTTP/1.1 503 Service Unavailable\nServer: Microsoft-HTTPAPI/2.0\nSet-Cookie: NSC_a=b", HTTPSys, ""},
		{"IIS behind Caddy, which puts its Server before IIS's", "HTTP/1.1 404 Not Found\nServer: Caddy\nServer: Microsoft-IIS/10.0", IIS, ""},
		{"another server behind Caddy", "HTTP/1.1 404 Not Found\nServer: Caddy\nServer: gunicorn", Unknown, ""},
		{"an error passed by a Caddy that adds Via", "HTTP/1.1 404 Not Found\nServer: Caddy\nVia: 1.1 Caddy", Unknown, ""},
		{"ASP.NET behind nginx", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nX-AspNet-Version: 4.0.30319", IIS, ""},
		{"a challenge behind nginx, of which nginx has none itself", "HTTP/1.1 401 Unauthorized\nServer: nginx\nWWW-Authenticate: Negotiate", Unknown, ""},
		{"Basic alone is anybody's", "HTTP/1.1 401 Unauthorized\nServer: nginx\nWWW-Authenticate: Basic realm=x", Unknown, ""},
		{"text with Basic behind Apache", "HTTP/1.1 401 Unauthorized\nServer: Apache\nContent-Type: text/plain\nWWW-Authenticate: Basic realm=x\n\nUnauthorized", Unknown, ""},
		{"nginx's own Basic", "HTTP/1.1 401 Unauthorized\nServer: nginx\nWWW-Authenticate: Basic realm=x\n\n<center><h1>401 Authorization Required</h1></center>\r\n<hr><center>nginx</center>", Middlebox, "nginx"},
		{"a 404 behind nginx", "HTTP/1.1 404 Not Found\nServer: nginx\nContent-Type: text/html\n\n<html>not found</html>", Unknown, ""},
		{"an empty 404 behind Caddy", "HTTP/1.1 404 Not Found\nServer: Caddy\nContent-Length: 0", Unknown, ""},
		{"a 503 behind Caddy, with a field of its own", "HTTP/1.1 503 Service Unavailable\nServer: Caddy\nContent-Length: 0\nRetry-After: 5", Unknown, ""},
		{"a page behind Caddy", "HTTP/1.1 502 Bad Gateway\nServer: Caddy\nContent-Length: 3\n\nsad", Unknown, ""},
		{"a fault behind Varnish", "HTTP/1.1 500 Internal Server Error\nX-Varnish: 5\nContent-Type: text/xml\n\n" + bareFault, Unknown, ""},
		{"EWS's fault behind Traefik, which leaves no trace", "HTTP/1.1 500 Internal Server Error\nContent-Type: text/xml\n\n" + ewsFault, EWSServer, ""},
		{"a fault that quotes HAProxy's page", "HTTP/1.1 503 Service Unavailable\nContent-Type: text/xml\n\n" +
			"<Fault><string><![CDATA[<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.]]></string></Fault>", Unknown, ""},
		{"Varnish's page, which begins as XML", "HTTP/1.1 503 Backend fetch failed\nContent-Type: text/html\n\n" +
			"<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<html><h3>Guru Meditation:</h3><p>Varnish cache server</p></html>", Middlebox, "varnish"},
		{"a redirect that Exchange made to its own logon", "HTTP/1.1 302 Found\nLocation: /owa/auth/logon.aspx\nX-FEServer: EX01", Exchange, ""},
		{"ARR's mark on what it passed on", "HTTP/1.1 500 Internal Server Error\nServer: Microsoft-IIS/10.0\nX-Powered-By: ARR/3.0", IIS, ""},
		{"Exchange's own 502 behind ARR", "HTTP/1.1 502 Bad Gateway\nServer: Microsoft-IIS/10.0\nX-Powered-By: ARR/3.0\nX-FEServer: EX01", Exchange, ""},
		{"a FastCGI's 500 of IIS", "HTTP/1.1 500 Internal Server Error\nServer: Microsoft-IIS/10.0\n\nacting as a gateway or proxy server", IIS, ""},
		{"words of NetScaler's in a longer page", "HTTP/1.1 503 Service Unavailable\n\n<html><body><b>Http/1.1 Service Unavailable</b><p>sorry</body> </html>", Unknown, ""},
		{"a password form on a page of IIS", "HTTP/1.1 200 OK\nServer: Microsoft-IIS/10.0\nContent-Type: text/html\n\n<form><input type=password></form>", IIS, ""},
		{"mail with a password form", "HTTP/1.1 200 OK\nContent-Type: text/xml\n\n<form><input type=password></form>", Unknown, ""},
		{"a request-id of nginx's own making, without dashes",
			"HTTP/1.1 502 Bad Gateway\nServer: nginx\nrequest-id: 3a1f7e528f0c4a0e9a440d0f6e1f2b11\n\n<hr><center>nginx</center>", Middlebox, "nginx"},
		{"a success with nginx's name over it may be anybody's", "HTTP/1.1 200 OK\nServer: nginx", Unknown, ""},
		{"EWS behind nginx on a hardened site", "HTTP/1.1 500 Internal Server Error\nServer: nginx\nContent-Type: text/xml\n\n" + soapBody, EWSServer, ""},
		{"an error passed by Envoy", "HTTP/1.1 404 Not Found\nserver: envoy\nx-envoy-upstream-service-time: 4", Unknown, ""},
		{"Tomcat is not the Apache HTTP Server", "HTTP/1.1 404 Not Found\nServer: Apache-Coyote/1.1", Unknown, ""},
		{"AD FS redirect of Exchange's own", "HTTP/1.1 302 Found\nLocation: https://sts.contoso.com/adfs/ls/?wa=wsignin1.0\nX-FEServer: EX01", Exchange, ""},
		{"AD FS redirect of IIS", "HTTP/1.1 302 Found\nServer: Microsoft-IIS/10.0\nLocation: https://sts.contoso.com/adfs/ls/", IIS, ""},
		{"a redirect to somewhere else through http.sys", "HTTP/1.1 307 Temporary Redirect\nServer: Microsoft-HTTPAPI/2.0\nLocation: /owa", HTTPSys, ""},
		{"hardened Exchange", "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 5", Unknown, ""},
		{"hardened Exchange that asks for a password", "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"mail\"\nContent-Length: 0", Unknown, ""},
		{"hardened Exchange behind an F5 that inserts its cookie", "HTTP/1.1 404 Not Found\nSet-Cookie: BIGipServerpool=117440522.47873.0000", Unknown, ""},
		{"blanked identity", "HTTP/1.1 200 OK\nX-FEServer: \nServer:  ", Unknown, ""},
		{"one field more than Kemp's bare head",
			"HTTP/1.1 400 Bad Request\nConnection: close\nContent-Length: 87\nContent-Type: text/html\nDate: now\nX-More: 1", Unknown, ""},
		{"another length than Kemp's", "HTTP/1.1 400 Bad Request\nConnection: close\nContent-Length: 88\nContent-Type: text/html\nDate: now", Unknown, ""},
		{"Kemp's head twice the same field", "HTTP/1.1 400 Bad Request\nConnection: close\nConnection: close\nContent-Length: 87\nContent-Type: text/html", Unknown, ""},
		{"Kemp's reason on what IIS made", "HTTP/1.1 400 Invalid Request\nServer: Microsoft-IIS/10.0", IIS, ""},
		{"mail that talks of nginx's page", "HTTP/1.1 200 OK\n\nwe saw <hr><center>nginx</center>", Unknown, ""},
		{"mail that talks of F5's page", "HTTP/1.1 200 OK\nContent-Type: text/xml\n\nThe requested URL was rejected. Please consult with your administrator.", Unknown, ""},
		{"HAProxy's words for another status", "HTTP/1.1 500 Internal Server Error\n\n<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.", Unknown, ""},
		{"HAProxy's head and somebody else's page",
			"HTTP/1.1 503 Service Unavailable\nContent-Length: 107\nCache-Control: no-cache\nConnection: close\nContent-Type: text/html\n\n<html>Sorry", Unknown, ""},
		{"EWS's words in what was sent to it, echoed", "HTTP/1.1 400 Bad Request\n\n<t:RequestServerVersion xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"/>", Unknown, ""},
		{"nothing at all", "HTTP/1.1 200 OK", Unknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Identify(response(t, c.response))
			if got.Kind != c.kind || got.Product != c.product {
				t.Errorf("got %s %q by rule %q (%s), want %s %q", got.Kind, got.Product, got.Rule, got.Evidence, c.kind, c.product)
			}
		})
	}
}

// TestEachStatusOfHAProxy holds its built-in pages, as HAProxy 2.6 writes them, on a connection that is kept and on one
// that is not.
func TestEachStatusOfHAProxy(t *testing.T) {
	t.Parallel()
	for status, known := range haproxyPages {
		for _, connection := range []string{"", "\nconnection: close"} {
			head := fmt.Sprintf("HTTP/1.1 %d X\ncontent-length: %d\ncache-control: no-cache\ncontent-type: text/html%s", status, known.length, connection)
			for rule, text := range map[string]string{"haproxy-head": head, "haproxy-page": fmt.Sprintf("%s\n\n<html><body><h1>%d X</h1>\n%s\n</body></html>\n", head, status, known.text)} {
				if got := Identify(response(t, text)); got.Rule != rule || got.Product != "haproxy" {
					t.Errorf("%d: %s by rule %q, want %q", status, got.Kind, got.Rule, rule)
				}
			}
		}
	}
}

func TestPortals(t *testing.T) {
	t.Parallel()
	const form = "\nContent-Type: text/html\n\n<form action='%s'><INPUT name=p Type = \"password\"></form>"
	for _, c := range []struct{ name, response, portal, product string }{
		{"F5's policy", "HTTP/1.1 302 Found\nServer: BigIP\nLocation: /my.policy", "F5 BIG-IP Access Policy Manager", "f5"},
		{"F5's policy, without Server", "HTTP/1.0 302 Found\nLocation: https://mail.contoso.com/my.policy?x", "F5 BIG-IP Access Policy Manager", "f5"},
		{"NetScaler's gateway", "HTTP/1.1 302 Object Moved\nLocation: https://aaa.contoso.com/vpn/tmindex.html", "NetScaler Gateway or AAA", "netscaler"},
		{"NetScaler's nFactor", "HTTP/1.1 302 Object Moved\nLocation: /logon/LogonPoint/index.html", "NetScaler Gateway or AAA", "netscaler"},
		{"TMG", "HTTP/1.1 302 Moved Temporarily\nLocation: /CookieAuth.dll?GetLogon?curl=Z2FEWS", "Forefront TMG or ISA Server (forms-based logon)", "tmg"},
		{"WAP", "HTTP/1.1 307 Temporary Redirect\nServer: Microsoft-HTTPAPI/2.0\nLocation: https://sts.contoso.com/adfs/ls?a", "AD FS", "wap"},
		{"AD FS by IIS", "HTTP/1.1 302 Found\nServer: Microsoft-IIS/10.0\nLocation: https://sts.contoso.com/adfs/ls/", "AD FS", ""},
		{"Entra behind another box", "HTTP/1.1 302 Found\nLocation: https://login.microsoftonline.com/x/saml2", "Microsoft Entra ID", ""},
		{"OWA by Exchange", "HTTP/1.1 302 Found\nX-FEServer: EX01\nLocation: /owa/auth/logon.aspx?url=https%3a%2f%2fx", portalOWA, ""},
		{"OWA's 440", "HTTP/1.1 440 Login Timeout\nServer: Microsoft-IIS/7.5", portalOWA, ""},
		{"a form", "HTTP/1.1 200 OK" + fmt.Sprintf(form, "/go"), portalForm, "logon_portal"},
		{"OWA's form, hardened", "HTTP/1.1 200 OK" + fmt.Sprintf(form, "/owa/auth.owa"), portalOWA, ""},
		{"somebody's logon page", "HTTP/1.1 303 See Other\nLocation: https://webmail.contoso.com/Login.php", "a logon page", ""},
		{"a sign-in by SAML", "HTTP/1.1 302 Found\nLocation: https://idp.fabrikam.test/x?SAMLRequest=abc&RelayState=y", "a logon page", ""},
		{"a sign-in by WS-Federation", "HTTP/1.1 302 Found\nLocation: https://idp.fabrikam.test/x?wa=wsignin1.0&wtrealm=y", "a logon page", ""},
		{"a sign-in by OpenID Connect", "HTTP/1.1 302 Found\nLocation: https://idp.fabrikam.test/realms/x/auth?client_id=y&response_type=code", "a logon page", ""},
		{"a page that goes back to one", "HTTP/1.1 302 Found\nLocation: https://www.contoso.test/x?from=%3Fclient_id%3Dy%26response_type%3Dcode", "", ""},
		{"a client without a sign-in", "HTTP/1.1 302 Found\nLocation: https://www.contoso.test/x?client_id=y", "", ""},
		{"Ivanti's VPN", "HTTP/1.1 302 Found\nLocation: https://vpn.contoso.test/dana-na/auth/url_default/welcome.cgi", "a VPN gateway's page", ""},
		{"Cisco's VPN", "HTTP/1.1 302 Found\nLocation: /+CSCOE+/portal.html", "a VPN gateway's page", ""},
		{"another name of the service", "HTTP/1.1 301 Moved Permanently\nLocation: https://mail.contoso.com/ews/exchange.asmx?login", "", ""},
		{"Autodiscover's redirect", "HTTP/1.1 302 Found\nLocation: https://autodiscover.contoso.com/autodiscover/autodiscover.xml", "", ""},
		{"a form on an error page", "HTTP/1.1 403 Forbidden" + fmt.Sprintf(form, "/go"), "", ""},
		{"a page without a password", "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<form><input type=text></form>", "", ""},
		{"a challenge", "HTTP/1.1 401 Unauthorized\nLocation: /my.policy", "", ""},
		{"a Location that is no URL", "HTTP/1.1 302 Found\nLocation: ://%zz", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Identify(response(t, c.response)); got.Portal != c.portal || got.Product != c.product {
				t.Errorf("portal %q of product %q (rule %q), want %q of %q", got.Portal, got.Product, got.Rule, c.portal, c.product)
			}
		})
	}
}

// TestNetScalersNumbers: its page carries numbers of its own, and other servers' pages that begin alike are not its.
func TestNetScalersNumbers(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"Internal Server Error 43550 ", "Internal Server Error 43531", "Internal Server Error 43524 ", "Service Unavailable", "Forbidden"} {
		for _, gap := range []string{" ", ""} {
			text := "HTTP/1.1 500 x\n\n<html><body><b>Http/1.1 " + reason + "</b></body>" + gap + "</html>"
			if got := Identify(response(t, text)); got.Product != "netscaler" {
				t.Errorf("%q is %s by %q", text, got.Kind, got.Rule)
			}
		}
	}
	for _, other := range []string{"<html><body><b>Http/1.1 Service Unavailable</b><i>x</i></body> </html>", "<html><body><b>Service Unavailable</b></body> </html>"} {
		if got := Identify(response(t, "HTTP/1.1 503 x\n\n"+other)); got.Kind != Unknown {
			t.Errorf("%q is %s by %q", other, got.Kind, got.Rule)
		}
	}
}

func TestNamesAndVersions(t *testing.T) {
	t.Parallel()
	got := Identify(response(t, `HTTP/1.1 200 OK
server: Microsoft-IIS/10.0
x-feserver: EX01
X-FEServer: EX07
X-FEServer: EX01
X-CalculatedBETarget: ex02.contoso.com
X-BEServer: EX02
X-OWA-Version: 15.2.1748.26`))
	want := Origin{Kind: Exchange, Frontend: "EX01, EX07", Backend: "EX02", Server: "Microsoft-IIS/10.0", Version: "15.2.1748.26",
		Rule: "exchange-frontend", Evidence: "header x-feserver: EX01"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	exchange := Identify(response(t, "HTTP/1.1 401 Unauthorized\nX-FEServer: EX01"))
	soap := Identify(response(t, "HTTP/1.1 200 OK\n\n"+soapBody))
	iis := Identify(response(t, "HTTP/1.1 404 Not Found\nServer: Microsoft-IIS/10.0"))
	bare := Identify(response(t, "HTTP/1.1 501 Not Implemented"))
	for _, c := range []struct {
		name     string
		verdict  string
		others   []Origin
		kind     Kind
		evidence string // where it became a middlebox
	}{
		{"bare beside Exchange", "HTTP/1.1 501 Not Implemented", []Origin{iis, exchange}, Middlebox,
			"the lack of Exchange's header X-FEServer: EX01, which another response to this URL carried"},
		{"a balancer's cookie beside Exchange", "HTTP/1.1 404 Not Found\nSet-Cookie: NSC_a=b", []Origin{exchange}, Middlebox,
			"the lack of Exchange's header X-FEServer: EX01, which another response to this URL carried; cookie NSC_a: a NetScaler stands in front"},
		{"alone", "HTTP/1.1 501 Not Implemented", nil, Unknown, ""},
		{"beside its like", "HTTP/1.1 501 Not Implemented", []Origin{bare, bare}, Unknown, ""},
		{"beside IIS, which is not Exchange's identity", "HTTP/1.1 501 Not Implemented", []Origin{iis}, Unknown, ""},
		{"beside EWS on a site that strips its heads", "HTTP/1.1 401 Unauthorized", []Origin{soap}, Unknown, ""},
		{"IIS's own challenge, made before Exchange's modules run", "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: NTLM TlRM", []Origin{exchange}, Unknown, ""},
		{"a document beside Exchange, which no box writes", "HTTP/1.1 500 Internal Server Error\nServer: nginx\n\n" + bareFault, []Origin{exchange}, Unknown, ""},
		{"a document beside an EWS server that is not known to be Exchange", "HTTP/1.1 500 Internal Server Error\n\n" + bareFault, []Origin{soap}, EWSServer,
			"a SOAP header of EWS in another response to this URL; a body that is a SOAP document"},
		{"a page beside such a server", "HTTP/1.1 500 Internal Server Error\n\n<html>", []Origin{soap}, Unknown, ""},
		{"a request-id", "HTTP/1.1 500 Error\nrequest-id: 3a1f7e52-8f0c-4a0e-9a44-0d0f6e1f2b11", []Origin{exchange}, Unknown, ""},
		{"IIS stays IIS", "HTTP/1.1 404 Not Found\nServer: Microsoft-IIS/10.0", []Origin{exchange}, IIS, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			verdict := Identify(response(t, c.verdict))
			got := Contrast(verdict, c.others)
			if got.Kind != c.kind {
				t.Fatalf("got %+v, want %s", got, c.kind)
			}
			if c.evidence == "" {
				if diff := cmp.Diff(verdict, got); diff != "" {
					t.Errorf("the verdict changed: %s", diff)
				}
				return
			}
			if got.Rule != ruleContrast || got.Product != "" || got.Evidence != c.evidence {
				t.Errorf("got rule %q, product %q, evidence %q", got.Rule, got.Product, got.Evidence)
			}
		})
	}
}

func TestProductsAreAClosedList(t *testing.T) {
	t.Parallel()
	want := []string{"akamai", "apache", "arr", "azure_application_gateway", "barracuda", "caddy", "cisco", "cloudflare", "entra_application_proxy",
		"envoy", "exim", "f5", "fortiweb", "haproxy", "kemp", "logon_portal", "netscaler", "nginx", "postfix", "sendmail", "squid", "tinyproxy", "tmg", "traefik",
		"traffic_server", "varnish", "wap"}
	if diff := cmp.Diff(want, Products()); diff != "" {
		t.Errorf("a product that comes or goes changes a label of the metrics: %s", diff)
	}
}

// TestLongValuesAreNotCut guards the redaction of a result, which looks for whole secrets.
func TestLongValuesAreNotCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s3cret", 100)
	for _, text := range []string{
		"HTTP/1.1 200 OK\nX-FEServer: " + long,
		"HTTP/1.1 502 Bad Gateway\nServer: nginx " + long,
		"HTTP/1.1 200 OK\nSet-Cookie: BIGipServer" + long + "=1",
		"HTTP/1.1 200 OK\nX-Varnish: " + long,
	} {
		got := Identify(response(t, text))
		if got.Rule == "" || strings.Contains(got.Evidence, "s3cret") {
			t.Errorf("rule %q, evidence %q", got.Rule, got.Evidence)
		}
	}
	exchange := Origin{Kind: Exchange, Evidence: strings.Repeat("x", maxEvidence)}
	if got := Contrast(Origin{Kind: Unknown}, []Origin{exchange}); strings.Contains(got.Evidence, "xx") || got.Kind != Middlebox {
		t.Errorf("contrast cut the other's evidence: %q", got.Evidence)
	}
}

func TestHostileHead(t *testing.T) {
	t.Parallel()
	r := &Response{Proto: "HTTP/1.1", Status: 400, Reason: strings.Repeat("\x00", 1<<20), Body: make([]byte, 1<<20)}
	for range 1000 {
		r.Header = append(r.Header, Field{Name: "Set-Cookie", Value: strings.Repeat(";\x00\xff", 300)}, Field{Name: "X-FEServer", Value: " "})
	}
	r.Header = append(r.Header, Field{Name: "Server", Value: "nginx \x1b[2J\u202e\xff"})
	got := Identify(r)
	if got.Rule != "nginx-server" || got.Evidence != `header Server: nginx \u001b[2J\u202e�: nginx stands in front` {
		t.Errorf("got rule %q, evidence %q", got.Rule, got.Evidence)
	}
}

func FuzzIdentify(f *testing.F) {
	for _, c := range ruleCases {
		r := response(f, c.response)
		var head strings.Builder
		for _, field := range r.Header {
			fmt.Fprintf(&head, "%s:%s\n", field.Name, field.Value)
		}
		f.Add(r.Status, r.Reason, head.String(), r.Body)
	}
	products := map[string]bool{"": true}
	for _, p := range Products() {
		products[p] = true
	}
	f.Fuzz(func(t *testing.T, status int, reason, head string, body []byte) {
		r := &Response{Proto: "HTTP/1.1", Status: status, Reason: reason, Body: body}
		for line := range strings.SplitSeq(head, "\n") {
			name, value, _ := strings.Cut(line, ":")
			r.Header = append(r.Header, Field{Name: name, Value: value})
		}
		o := Identify(r)
		for _, o := range []Origin{o, Contrast(o, []Origin{{Kind: Exchange, Evidence: o.Evidence}})} {
			unsafe := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }
			if len(o.Evidence) > maxEvidence || !utf8.ValidString(o.Evidence) || strings.ContainsFunc(o.Evidence, unsafe) {
				t.Errorf("evidence of %d bytes: %q", len(o.Evidence), o.Evidence)
			}
			if !products[o.Product] || o.Product != "" && o.Kind != Middlebox {
				t.Errorf("%s with product %q", o.Kind, o.Product)
			}
			if o.Kind != Unknown && o.Rule == "" {
				t.Errorf("%s without a rule", o.Kind)
			}
		}
	})
}
