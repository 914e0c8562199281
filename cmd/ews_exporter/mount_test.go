package main

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestMountFlags: what --web.external-url and --web.route-prefix mean, which is what they mean to Prometheus.
func TestMountFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ external, prefix, wantPrefix, wantReports, wantOrigin string }{
		{"", "", "", "/report/", ""},
		{"", "/", "", "/report/", ""},
		{"", "ews", "/ews", "/ews/report/", ""},
		{"", "/a/b/", "/a/b", "/a/b/report/", ""},
		{"https://monitor.contoso.com", "", "", "https://monitor.contoso.com/report/", "https://monitor.contoso.com"},
		{"https://monitor.contoso.com/ews/", "", "/ews", "https://monitor.contoso.com/ews/report/", "https://monitor.contoso.com"},
		{"https://monitor.contoso.com/ews", "/", "", "https://monitor.contoso.com/ews/report/", "https://monitor.contoso.com"},
		{"https://monitor.contoso.com/ews", "/inside", "/inside", "https://monitor.contoso.com/ews/report/", "https://monitor.contoso.com"},
		{"https://Monitor.contoso.com:443/", "", "", "https://monitor.contoso.com/report/", "https://monitor.contoso.com"},
		{"http://monitor.contoso.com:8080", "", "", "http://monitor.contoso.com:8080/report/", "http://monitor.contoso.com:8080"},
		{"https://[2001:db8::1]:8443/ews", "", "/ews", "https://[2001:db8::1]:8443/ews/report/", "https://[2001:db8::1]:8443"},
		{"https://büro.contoso.com", "", "", "https://xn--bro-hoa.contoso.com/report/", "https://xn--bro-hoa.contoso.com"},
		{"/ews/", "", "/ews", "/ews/report/", ""},
	} {
		m, err := newMount(test.external, test.prefix)
		if err != nil {
			t.Errorf("%q, %q: %v", test.external, test.prefix, err)
			continue
		}
		if m.prefix != test.wantPrefix || m.at("report/") != test.wantReports || m.origin() != test.wantOrigin {
			t.Errorf("%q, %q: prefix %q, reports at %q, origin %q; want %q, %q, %q", test.external, test.prefix, m.prefix, m.at("report/"), m.origin(), test.wantPrefix, test.wantReports, test.wantOrigin)
		}
	}
	for _, external := range []string{
		"monitor.contoso.com", "ftp://monitor.contoso.com", "https://", "https:///ews", "//monitor.contoso.com/ews", "javascript:alert(1)",
		"https://me:hunter2@monitor.contoso.com", "https://monitor.contoso.com/?a", "https://monitor.contoso.com/#a", "https://*.contoso.com",
		"https://monitor.contoso.com/a/../b", "https://monitor.contoso.com/%2e%2e/", "https://monitor.contoso.com/a//b", "/a b", "https://x:y", "'https://monitor.contoso.com'",
	} {
		got := execute(t, "", "--web.listen-address=127.0.0.1:0", "--web.external-url="+external)
		if got.code != exitUsage || !strings.Contains(got.errors, "--web.") || strings.Contains(got.errors, "hunter2") {
			t.Errorf("%q: exit %d: %s", external, got.code, got.errors)
		}
	}
	for _, prefix := range []string{"/..", "/a/../b", "/./a", "/a//b", "/a?b", "/a%2fb", "/a b", "https://monitor.contoso.com/"} {
		if got := execute(t, "", "--web.listen-address=127.0.0.1:0", "--web.route-prefix="+prefix); got.code != exitUsage || !strings.Contains(got.errors, "--web.route-prefix") {
			t.Errorf("%q: exit %d: %s", prefix, got.code, got.errors)
		}
	}
}

// reverseProxy is nginx in front of an exporter, which it hands on what is below a path.
const reverseProxy = `
{{if .Root}}user root;{{end}}
daemon off;
pid {{.Dir}}/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path {{.Dir}}/client_body;
    proxy_temp_path {{.Dir}}/proxy;
    fastcgi_temp_path {{.Dir}}/fastcgi;
    uwsgi_temp_path {{.Dir}}/uwsgi;
    scgi_temp_path {{.Dir}}/scgi;
    server {
        listen {{.Address}};
        absolute_redirect off;
        {{.Lines}}
    }
}
`

// TestBehindAReverseProxy: with the flags that fit what nginx does to paths and to the name, everything works from a browser's
// point of view: every link of every page, the form, Prometheus's paths and the supervisors'.
func TestBehindAReverseProxy(t *testing.T) {
	t.Parallel()
	servers.Need(t, "nginx")
	site, file := simulated(t, "healthy", "kemp-rfc2616")
	const named = "http://monitor.contoso.test/monitor/"
	for name, test := range map[string]struct {
		flags    []string
		location string // of nginx; EXPORTER stands for the exporter
	}{
		"it takes the path off":                       {[]string{"--web.external-url=" + named, "--web.route-prefix=/"}, "location /monitor/ { proxy_pass http://EXPORTER/; }"},
		"it hands the path on":                        {[]string{"--web.external-url=" + named}, "location /monitor/ { proxy_pass http://EXPORTER; }"},
		"it changes the path":                         {[]string{"--web.external-url=" + named, "--web.route-prefix=/inside"}, "location /monitor/ { proxy_pass http://EXPORTER/inside/; }"},
		"it hands path and name on":                   {[]string{"--web.external-url=" + named}, "location /monitor/ { proxy_pass http://EXPORTER; proxy_set_header Host $http_host; }"},
		"it takes the path off and hands on the name": {[]string{"--web.external-url=" + named, "--web.route-prefix=/"}, "location /monitor/ { proxy_pass http://EXPORTER/; proxy_set_header Host $http_host; }"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, append(test.flags, "--web.listen-address=127.0.0.1:0", "--config.file="+file)...)
			proxy := servers.Server{Program: "nginx", Config: reverseProxy, Args: func(p servers.Place) []string {
				return []string{"-p", p.Dir, "-e", "stderr", "-c", p.Config}
			}}.Start(t, servers.Place{Lines: strings.ReplaceAll(test.location, "EXPORTER", strings.TrimPrefix(r.url(t), "http://"))})
			b := newVisitor(proxy, "/monitor/")
			if status, body := b.ask(t, "GET", named+"probe?module="+quick+"&target="+address(site, "healthy"), nil); status != 200 || !strings.Contains(body, "probe_success 1") {
				t.Errorf("a probe is answered %d: %s", status, body)
			}
			for _, path := range []string{"-/healthy", "-/ready", "metrics", "findings"} {
				if status, body := b.ask(t, "GET", named+path, nil); status != 200 {
					t.Errorf("/%s is answered %d: %s", path, status, body)
				}
			}
			b.fill(t, named+"report", url.Values{"module": {quick}, "target": {address(site, "kemp-rfc2616")}})
			b.crawl(t, named)
			if len(b.seen) < 20 {
				t.Errorf("only %d places were found", len(b.seen))
			}
		})
	}
}

// visitor is a browser that knows one site by a name that leads to a proxy, and expects everything of it below a path.
type visitor struct {
	client *http.Client
	below  string
	seen   map[string]bool
}

func newVisitor(proxy, below string) *visitor {
	return &visitor{client: &http.Client{Transport: toProxy(proxy)}, below: below, seen: map[string]bool{}}
}

// toProxy is the address of a proxy to which every request goes, under the name that it has.
type toProxy string

func (p toProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.Host, sent.URL.Host = r.URL.Host, string(p)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(sent)
	if err == nil {
		response.Request = r
	}
	return response, err
}

// ask follows redirects, and gives the last answer.
func (v *visitor) ask(t *testing.T, method, at string, form url.Values) (int, string) {
	t.Helper()
	status, body, _ := v.load(t, method, at, form)
	return status, body
}

func (v *visitor) load(t *testing.T, method, at string, form url.Values) (status int, body string, last *url.URL) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	if !strings.Contains(at, "/probe?") && !strings.HasSuffix(at, "/metrics") {
		req.Header.Set("Accept", "text/html")
	}
	response, err := v.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Request.URL
}

// fill sends a form, and ends at a report.
func (v *visitor) fill(t *testing.T, at string, form url.Values) {
	t.Helper()
	status, body, last := v.load(t, http.MethodPost, at, form)
	if status != http.StatusOK || !strings.HasPrefix(last.Path, v.below+"report/") {
		t.Errorf("the form leads to %s, which is answered %d: %.300s", last, status, body)
	}
}

// leading are links, forms, and what pages are made of.
var leading = regexp.MustCompile(`<(a|link|script|form)\b[^>]* (?:href|src|action)="([^"#]+)["#]`)

// most is how many places a visitor looks at: pages of findings are many, and alike.
const most = 60

// crawl opens whatever pages lead to, from one of them on.
func (v *visitor) crawl(t *testing.T, at string) {
	t.Helper()
	if v.seen[at] || len(v.seen) >= most {
		return
	}
	v.seen[at] = true
	status, body, last := v.load(t, http.MethodGet, at, nil)
	if status != http.StatusOK {
		t.Errorf("%s is answered %d: %.200s", at, status, body)
	}
	for _, m := range leading.FindAllStringSubmatch(body, -1) {
		to, err := last.Parse(html.UnescapeString(m[2]))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case to.Host != last.Host: // a page elsewhere
		case !strings.HasPrefix(to.Path, v.below):
			t.Errorf("%s leads to %s, which is not below %s", at, to, v.below)
		case m[1] != "form":
			v.crawl(t, to.String())
		}
	}
}
