package lab

import (
	"net"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// good is the file as it should be.
var good = iis("200 OK", typed+"Cache-Control: no-cache\r\n", lab.Manifest)

// cases are what no scenario shows.
func cases() []lab.Case {
	const uncached = "Cache-Control: no-store\r\n"
	return append([]lab.Case{
		{Name: "a 404 where everything else is 404 too, each over its own connection", Want: lab.Reports("status/not_found, http_content_missing"), Start: func(t lab.TB) lab.Peer {
			return script.HTTPS(t, script.Ends(notFound()))
		}},
		web("a 404 where a page answers for what cannot exist", "status/not_found, http_content_missing", func(path string) string {
			if strings.HasSuffix(path, ".txt") {
				return iis("200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>")
			}
			return notFound()
		}),
		web("a file that needs a logon", "status/logon_asked", always(iis("401 Unauthorized", "WWW-Authenticate: NTLM\r\n", ""))),
		web("a server without an application", "status/unexpected_status", always(iis("503 Service Unavailable", "", ""))),
		web("a balancer that has no server left", "status/unexpected_status, answered_by_middlebox", always(script.NoServer)),
		web("a redirect to an identity provider", "status/logon_page, http_content_sign_in",
			always(script.Responds("302 Found", "Location: https://login.microsoftonline.com/common/oauth2/authorize?client_id=1\r\n", ""))),
		web("a redirect within the name", "success", func(path string) string {
			if path == "/offline.appcache" {
				return script.Responds("301 Moved Permanently", "Location: /static/offline.appcache\r\n", "")
			}
			return good
		}),
		web("redirects that go on and on", "status/redirect_loop, http_content_redirect_loop", func(path string) string {
			return script.Responds("302 Found", "Location: "+path+"x\r\n", "")
		}),
		web("a type that the server does not know", "content/wrong_type, http_content_type_wrong",
			always(iis("200 OK", "Content-Type: application/octet-stream\r\n"+uncached, lab.Manifest))),
		web("no type at all", "content/wrong_type, http_content_type_wrong", always(iis("200 OK", uncached, lab.Manifest))),
		web("a front page for every path", "content/wrong_type, http_content_prefix_wrong, http_content_type_wrong",
			always(iis("200 OK", "Content-Type: text/html\r\n"+uncached, "<html><h1>Welcome</h1></html>"))),
		web("another file of the right type", "content/wrong_prefix, http_content_prefix_wrong", always(iis("200 OK", typed+uncached, "-----BEGIN"))),
		web("an empty file", "content/wrong_prefix, http_content_prefix_wrong", always(iis("200 OK", typed+uncached, ""))),
		web("a byte order mark before the file", "success", always(iis("200 OK", typed+uncached, "\xef\xbb\xbf"+lab.Manifest))),
		{Name: "a file that breaks off before it can be told", Want: lab.Reports("receive/closed"), Start: func(t lab.TB) lab.Peer {
			return script.HTTPS(t, script.Ends("HTTP/1.1 200 OK\r\n", typed, uncached, "Content-Length: 100\r\n\r\nCACHE"))
		}},
		web("a file without a word of caches", "success, http_content_cache_unset", always(iis("200 OK", typed, lab.Manifest))),
		web("a file for a browser's own cache", "content/cached, http_content_cached", always(iis("200 OK", typed+"Cache-Control: private\r\n", lab.Manifest))),
		web("a file that ends in the future", "content/cached, http_content_cached", always(iis("200 OK", typed+"Expires: Fri, 01 Jan 2100 00:00:00 GMT\r\n", lab.Manifest))),
		web("a file out of a cache on the way", "content/cached, http_content_cached", always(iis("200 OK", typed+"Cache-Control: no-cache\r\nAge: 120\r\nX-Cache: HIT\r\n", lab.Manifest))),
	}, ports()...)
}

// ports are sites whose port 80 is asked too.
func ports() []lab.Case {
	to := func(location string) lab.Static {
		return always(script.Responds("301 Moved Permanently", "Location: "+location+"\r\n", ""))
	}
	return []lab.Case{
		pair("port 80 that leads to https", "success", always(good), to("https://"+lab.Service+":HTTPS/offline.appcache")),
		pair("port 80 that leads to https in two steps, where each answer ends its connection", "success", always(iis("200 OK", typed+"Cache-Control: no-cache\r\nConnection: close\r\n", lab.Manifest)), func(path string) string {
			if path == "/offline.appcache" {
				return to("/offline.appcache/")(path)
			}
			return to("https://" + lab.Service + ":HTTPS/offline.appcache")(path)
		}),
		pair("port 80 that leads to another name", "status/redirected_elsewhere, http_content_redirect_elsewhere", always(good), to("https://owa.fabrikam.test/")),
		pair("port 80 that wants TLS, and does not lead there", "status/redirect_missing, http_content_redirect_missing", always(good), always(iis("403 Forbidden", "", ""))),
		pair("port 80 and 443 that send clients to each other", "status/redirect_loop, http_content_redirect_loop",
			to("http://"+lab.Service+":HTTP/offline.appcache"), to("https://"+lab.Service+":HTTPS/offline.appcache")),
		{Name: "port 80 that is closed", Want: lab.Reports("connect/refused"), Start: func(t lab.TB) lab.Peer {
			p := script.HTTPS(t, answering(always(good)))
			_, port, _ := net.SplitHostPort(script.Closed(t).Target)
			return asked(p, port)
		}},
	}
}

// web is a site over https, asked by the prober's defaults.
func web(name, reports string, s lab.Static) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer { return script.HTTPS(t, answering(s)) }}
}

// pair is a site over https, and one over http. HTTPS and HTTP stand for their ports.
func pair(name, reports string, secure, plain lab.Static) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		var ports *strings.Replacer
		known := make(chan struct{})
		ported := func(s lab.Static) lab.Static {
			return func(path string) string {
				<-known
				return ports.Replace(s(path))
			}
		}
		p := script.HTTPS(t, answering(ported(secure)))
		open := lab.Serve(t, answering(ported(plain)))
		_, https, _ := net.SplitHostPort(p.Target)
		ports = strings.NewReplacer(":HTTPS", ":"+https, ":HTTP", ":"+script.Port(open))
		close(known)
		return asked(p, script.Port(open))
	}}
}

// asked has a peer's other port asked in place of 80.
func asked(p lab.Peer, port string) lab.Peer {
	n, _ := strconv.ParseUint(port, 10, 16)
	p.Keys = []string{"http_content: {redirect: https}"}
	p.Adapt = func(settings any) {
		settings.(interface{ UsePort(plain uint16) }).UsePort(uint16(n)) //nolint:forcetypeassert // the prober's
	}
	return p
}
