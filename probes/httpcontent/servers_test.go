package httpcontent_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestRealServers: what real web servers do with a file by default, and by the settings that their administrators use.
func TestRealServers(t *testing.T) {
	t.Parallel()
	const (
		nginxType    = "types { text/cache-manifest appcache; }\n"
		lighttpdType = "mimetype.assign = (\".appcache\" => \"text/cache-manifest\")\n"
	)
	for name, tt := range map[string]struct {
		web      servers.Web
		lines    string
		reports  string // the failure, and the findings
		expected string // what holds
		says     string // in the failure's message
	}{
		"nginx as it comes":             {servers.NginxWeb, "", "content/wrong_type http_content_cache_unset http_content_type_wrong", "status prefix", "application/octet-stream"},
		"nginx, set right":              {servers.NginxWeb, nginxType + "add_header Cache-Control no-cache;", "none", "status media_type cache prefix", ""},
		"nginx, expires 1d":             {servers.NginxWeb, nginxType + "expires 1d;", "content/cached http_content_cached", "status media_type prefix", "Expires"},
		"nginx, expires -1":             {servers.NginxWeb, nginxType + "expires -1;", "none", "status media_type cache prefix", ""},
		"nginx, expires epoch":          {servers.NginxWeb, nginxType + "expires epoch;", "none", "status media_type cache prefix", ""},
		"nginx, add_header and expires": {servers.NginxWeb, nginxType + "add_header Cache-Control no-cache; expires 1d;", "content/cached http_content_cached", "status media_type prefix", "Expires"},
		"nginx, private":                {servers.NginxWeb, nginxType + "add_header Cache-Control private;", "content/cached http_content_cached", "status media_type prefix", "private"},
		"nginx that lacks the file":     {servers.NginxWeb, "location = /offline.appcache { return 404; }", "status/not_found http_content_missing", "", "200 to /offline.txt beside it, and 404 to a name that cannot exist"},
		"nginx with a page for all":     {servers.NginxWeb, "location / { try_files /index.html =404; }", "content/wrong_type http_content_cache_unset http_content_prefix_wrong http_content_type_wrong", "status", "text/html"},
		"nginx that redirects away":     {servers.NginxWeb, "return 301 https://www.contoso.test$request_uri;", "status/redirected_elsewhere http_content_redirect_elsewhere", "", "https://www.contoso.test/offline.appcache"},
		"nginx that redirects in place": {servers.NginxWeb, "return 302 $request_uri;", "status/redirect_loop http_content_redirect_loop", "", "in a circle"},
		"nginx within the name":         {servers.NginxWeb, nginxType + "absolute_redirect off; add_header Cache-Control no-cache; location = /offline.appcache { return 301 /copy.appcache; }", "none", "status media_type cache prefix", ""},
		"lighttpd as it comes":          {servers.Lighttpd, "", "content/wrong_type http_content_cache_unset http_content_type_wrong", "status prefix", "application/octet-stream"},
		"lighttpd, set right":           {servers.Lighttpd, lighttpdType + "server.modules += (\"mod_setenv\")\nsetenv.add-response-header = (\"Cache-Control\" => \"no-cache\")", "none", "status media_type cache prefix", ""},
		"lighttpd, expire.url":          {servers.Lighttpd, lighttpdType + "server.modules += (\"mod_expire\")\nexpire.url = (\"/\" => \"access plus 1 days\")", "content/cached http_content_cached", "status media_type prefix", "max-age=86400"},
		"lighttpd that redirects away":  {servers.Lighttpd, "server.modules += (\"mod_redirect\")\nurl.redirect = (\"^/\" => \"https://www.contoso.test/\")", "status/redirected_elsewhere http_content_redirect_elsewhere", "", "www.contoso.test"},
		"lighttpd that denies":          {servers.Lighttpd, "server.modules += (\"mod_access\")\nurl.access-deny = (\".appcache\")", "status/unexpected_status", "", "403"},
		"Apache as it comes":            {servers.ApacheWeb, "", "none http_content_cache_unset", "status media_type prefix", ""},
		"Apache, set right":             {servers.ApacheWeb, "Header set Cache-Control no-store", "none", "status media_type cache prefix", ""},
		"Apache, ExpiresDefault":        {servers.ApacheWeb, "ExpiresActive On\nExpiresDefault A86400", "content/cached http_content_cached", "status media_type prefix", "Expires"},
		"Apache without the extension":  {servers.ApacheWeb, "RemoveType .appcache\nAddType text/plain .appcache\nHeader set Cache-Control no-cache", "content/wrong_type http_content_type_wrong", "status cache prefix", "text/plain"},
		"Apache that lacks the file":    {servers.ApacheWeb, "Redirect 404 /offline.appcache", "status/not_found http_content_missing", "", "200 to /offline.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"offline.appcache": lab.Manifest, "copy.appcache": lab.Manifest, "offline.txt": lab.Manifest, "index.html": "<h1>Welcome</h1>"}
			res := ask(t, lab.Peer{Target: "http://" + tt.web.Start(t, files, tt.lines) + "/offline.appcache"}, "")
			if got := reports(res); got != tt.reports {
				t.Errorf("it reports %s (%v), want %s", got, res.Failure, tt.reports)
			}
			if got := holds(res); !slices.Equal(got, strings.Fields(tt.expected)) {
				t.Errorf("it sees %v hold, want %s", got, tt.expected)
			}
			if res.Failure != nil && !strings.Contains(res.Failure.Message, tt.says) {
				t.Errorf("it does not say %q: %v", tt.says, res.Failure)
			}
		})
	}
}

// TestRealPort80: a real web server's port without TLS leads to https of the same name, or is told of.
func TestRealPort80(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ lines, reports string }{
		"leads there":         {"return 301 https://$host:HTTPS$request_uri;", "none"},
		"leads away":          {"return 301 https://www.fabrikam.test$request_uri;", "status/redirected_elsewhere http_content_redirect_elsewhere"},
		"serves the file too": {"", "status/redirect_missing http_content_redirect_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := script.HTTPS(t, script.Each(script.Request(lab.Write(script.Responds("200 OK", "Content-Type: text/cache-manifest\r\nCache-Control: no-cache\r\n", lab.Manifest)))))
			_, https, _ := net.SplitHostPort(p.Target)
			open := servers.NginxWeb.Start(t, map[string]string{"offline.appcache": lab.Manifest}, strings.ReplaceAll(tt.lines, "HTTPS", https))
			_, port, _ := net.SplitHostPort(open)
			p.Keys = []string{"http_content: {redirect: https}"}
			if got := reports(ask(t, p, port)); got != tt.reports {
				t.Errorf("it reports %s, want %s", got, tt.reports)
			}
		})
	}
}
