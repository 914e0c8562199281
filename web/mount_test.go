package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestMounted: below its prefix everything is served, and nothing beside it, however a path is written; redirects lead to where
// they should from wherever the client believes to be, and never to another host.
func TestMounted(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) { o.Prefix = "/a/ews" })
	for asked, want := range map[string]struct {
		status int
		leads  string // resolved by the client
	}{
		"/a/ews/":                         {200, ""},
		"/a/ews/-/healthy":                {200, ""},
		"/a/ews/-/ready":                  {200, ""},
		"/a/ews/metrics":                  {200, ""},
		"/a/ews/config":                   {200, ""},
		"/a/ews/findings/":                {200, ""},
		"/a/ews/assets/style.css":         {200, ""},
		"/a/ews" + probePath:              {200, ""},
		"/":                               {302, "/a/ews/"},
		"/a/ews":                          {302, "/a/ews/"},
		"/a/ews/findings":                 {307, "/a/ews/findings/"},
		"/a/ews//config":                  {307, "/a/ews/config"},
		"/a/ews/./config":                 {307, "/a/ews/config"},
		"/a/ews/x/../config":              {307, "/a/ews/config"},
		"/a/ews/x//../config":             {307, "/a/ews/config"},
		"/a/ews//attacker.example/..":     {307, "/a/ews/"},
		"/a/ews/assets/../config":         {307, "/a/ews/config"},
		"/a/ews/assets/..%2f..%2fconfig":  {400, ""},
		"/a/ews/assets/%2e%2e/config":     {404, ""},
		"/a/ews/../../config":             {307, "/config"}, // where there is nothing
		"/a/ews/findings/..%2fconfig":     {404, ""},
		"/a/ews/report/..%2f..%2f..%2fx":  {404, ""},
		"/config":                         {404, ""},
		"/-/healthy":                      {404, ""},
		"/probe?module=m&target=t":        {404, ""},
		"/a":                              {404, ""},
		"/a/ewsx":                         {404, ""},
		"/a/ewsconfig":                    {404, ""},
		"/a/%65ws/config":                 {404, ""},
		"/A/EWS/config":                   {404, ""},
		"//a/ews/config":                  {404, ""},
		"//attacker.example/a/ews/config": {404, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://exporter.test/", nil)
		path, query, _ := strings.Cut(asked, "?")
		r.URL.RawQuery = query
		r.URL.RawPath = path
		var err error
		if r.URL.Path, err = url.PathUnescape(path); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		e.Config.Handler.ServeHTTP(w, r)
		leads := ""
		if location := w.Header().Get("Location"); location != "" {
			to, err := r.URL.Parse(location)
			if err != nil || to.Host != r.Host {
				t.Errorf("%s leads to %q: %v", asked, location, err)
				continue
			}
			leads = to.Path
		}
		if w.Code != want.status || leads != want.leads {
			t.Errorf("%s is answered %d and leads to %q (%s), want %d and %q", asked, w.Code, leads, w.Header().Get("Location"), want.status, want.leads)
		}
		if strings.Contains(w.Body.String(), "redacted:") && !strings.HasPrefix(asked, "/a/ews/config") {
			t.Errorf("%s shows the configuration", asked)
		}
	}
}

// TestOwnOrigin: where a proxy stands in front and asks by another name, a browser's request from the exporter's own pages is
// told by the origin that the exporter was told, and every other stays refused.
func TestOwnOrigin(t *testing.T) {
	t.Parallel()
	const own = "https://monitor.contoso.com"
	e := start(t, func(o *Options) { o.Origin = own })
	for name, test := range map[string]struct {
		origin, site string
		refused      bool
	}{
		"its own":             {own, "same-origin", false},
		"its own, in capital": {"https://Monitor.contoso.com", "same-origin", false},
		"its own, over http":  {own, "", false},
		"without TLS":         {"http://monitor.contoso.com", "", true},
		"another port":        {own + ":8443", "", true},
		"another site":        {"https://attacker.example", "cross-site", true},
		"a beginning of it":   {own + ".attacker.example", "", true},
		"a sandbox":           {"null", "", true},
		"another of the site": {own, "same-site", true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:10501/report", strings.NewReader("module=dialogue&target=mail.contoso.com"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", test.origin)
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		w := httptest.NewRecorder()
		e.Config.Handler.ServeHTTP(w, r)
		if refused := w.Code == http.StatusForbidden; refused != test.refused || !refused && w.Code != http.StatusSeeOther {
			t.Errorf("%s: answered %d", name, w.Code)
		}
	}
}
