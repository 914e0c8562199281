package origin_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// ask gets what a server answers, and who that is.
func ask(t *testing.T, url string) origin.Origin {
	t.Helper()
	client := &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, //nolint:gosec // its certificate is the test's
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Post(url, "text/xml", strings.NewReader("<x/>"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, reason, _ := strings.Cut(res.Status, " ")
	r := &origin.Response{Proto: res.Proto, Status: res.StatusCode, Reason: reason, Body: body}
	for name, values := range res.Header {
		for _, v := range values {
			r.Header = append(r.Header, origin.Field{Name: name, Value: v})
		}
	}
	return origin.Identify(r)
}

// behind is a server that names itself nowhere.
func behind(t *testing.T, secure bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		status, kind, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		code, _ := strconv.Atoi(status)
		switch kind {
		case "basic":
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.Header().Set("Content-Type", "text/plain")
		case "fault":
			w.Header().Set("Content-Type", "text/xml")
		case "moved":
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
		bodies := map[string]string{"basic": "Unauthorized", "page": "<html><h1>Sorry</h1></html>", "fault": `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>`}
		_, _ = io.WriteString(w, bodies[kind])
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// TestWhatRealFrontsPassOn: whatever a front writes on it, what the server behind it made is not the front's.
func TestWhatRealFrontsPassOn(t *testing.T) {
	t.Parallel()
	certificate := behind(t, true).TLS.Certificates[0]
	for _, front := range servers.AnswerFronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			servers.Need(t, front.Program)
			address := start(t, front, behind(t, front.Name != "squid").Listener.Addr().String(), certificate)
			for _, path := range []string{"401/basic", "404/page", "404/", "403/page", "500/fault", "503/fault", "302/moved", "500/"} {
				if got := ask(t, address+"/"+path); got.Kind == origin.Middlebox {
					t.Errorf("%s, made behind it, is said to be %s's by rule %s: %s", path, got.Product, got.Rule, got.Evidence)
				}
			}
		})
	}
}

// TestWhatRealFrontsAnswer where nothing listens behind them is theirs.
func TestWhatRealFrontsAnswer(t *testing.T) {
	t.Parallel()
	certificate := behind(t, true).TLS.Certificates[0]
	for _, front := range servers.AnswerFronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			servers.Need(t, front.Program)
			address := start(t, front, "127.0.0.1:1", certificate) // tcpmux: nobody listens there
			product, _, _ := strings.Cut(front.Name, "-")
			if got := ask(t, address+"/EWS/Exchange.asmx"); got.Kind != origin.Middlebox || got.Product != product {
				t.Errorf("%s %q by rule %q: %s", got.Kind, got.Product, got.Rule, got.Evidence)
			}
		})
	}
}

func start(t *testing.T, front servers.Front, behind string, certificate tls.Certificate) string {
	t.Helper()
	if front.Name == "squid" {
		return "http://" + front.Start(t, behind, tls.Certificate{})
	}
	return "https://" + front.Start(t, behind, certificate)
}

// TestRealHAProxysPages asks HAProxy for each of its built-in pages.
func TestRealHAProxysPages(t *testing.T) {
	t.Parallel()
	servers.Need(t, "haproxy")
	statuses := []int{400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504}
	config := "defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\nfrontend f\n  bind {{.Address}}\n"
	for _, status := range statuses {
		config += fmt.Sprintf("  http-request deny deny_status %d if { path /%d }\n", status, status)
	}
	haproxy := servers.Server{Program: "haproxy", Config: config + "  http-request auth if { path /auth }\n", Args: func(p servers.Place) []string {
		return []string{"-db", "-f", p.Config}
	}}
	address := "http://" + haproxy.Start(t, servers.Place{})
	for _, status := range statuses {
		if got := ask(t, fmt.Sprintf("%s/%d", address, status)); got.Rule != "haproxy-page" {
			t.Errorf("%d: %s by rule %q: %s", status, got.Kind, got.Rule, got.Evidence)
		}
	}
	if got := ask(t, address+"/auth"); got.Rule != "haproxy-page" {
		t.Errorf("its own request for a logon: %s by rule %q", got.Kind, got.Rule)
	}
}
