package inbound

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/policy"
)

var quiet = slog.New(slog.DiscardHandler)

func rules(t *testing.T, names ...string) []policy.Rule {
	t.Helper()
	var all []policy.Rule
	for _, name := range names {
		rule, err := ParseHost(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rule)
	}
	return all
}

// TestNames: by which the exporter may be asked without a flag, with one, and not at all.
func TestNames(t *testing.T) {
	t.Parallel()
	h := newHosts(rules(t, "exporter.contoso.com", "*.monitoring.contoso.com", "büro.contoso.com"), quiet)
	h.own["machine.contoso.com"] = true
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:10501": true, "[::1]:10501": true, "[fe80::1%25eth0]:10501": true, "[2001:db8::1]": true, "192.0.2.1:443": true,
		"localhost": true, "LOCALHOST:10501": true, "localhost.": true, "ews-exporter:10501": true, "": true,
		"ews-exporter.monitoring.svc": true, "ews-exporter.monitoring.svc.cluster.local:10501": true, "ews-exporter-0.ews-exporter.monitoring.svc.cluster.local.": true,
		"machine.contoso.com": true, "Machine.Contoso.com.:10501": true,
		"exporter.contoso.com": true, "EXPORTER.contoso.com:443": true, "a.monitoring.contoso.com": true, "a.b.monitoring.contoso.com": true, "xn--bro-hoa.contoso.com": true,

		"attacker.example": false, "attacker.example:10501": false, "monitoring.contoso.com": false, "contoso.com": false,
		"exporter.contoso.com.attacker.example": false, "127.0.0.1.attacker.example": false, "localhost.attacker.example": false,
		"svc.attacker.example": false, "x.svc.cluster.local.attacker.example": false, "cluster.local": false, "x.pod.cluster.local": false,
		"127.0.0.1.": true, "2130706433.example": false, "notmachine.contoso.com": false,
	} {
		if got := h.known(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestParseHostRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "*", "*.", "*.*", "192.0.2.1", "[2001:db8::1]", "192.0.2.0/24", "exporter.contoso.com:10501", "http://exporter.contoso.com", "a b"} {
		if rule, err := ParseHost(s); err == nil {
			t.Errorf("%q is taken for %s", s, rule)
		}
	}
}

// TestForeignNamesGetNothing, by whatever form a request names its host, with TLS or without; what supervises the exporter may
// ask by any.
func TestForeignNamesGetNothing(t *testing.T) {
	t.Parallel()
	g := guard(t, say("the configuration"), false)
	for request, want := range map[string]int{
		"GET /config HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                                403,
		"GET /config HTTP/1.1\r\nhOST:\tattacker.example:10501\r\nConnection: close\r\n\r\n":                         403,
		"GET /config HTTP/1.0\r\nHost: attacker.example\r\n\r\n":                                                     403,
		"GET /config HTTP/1.0\r\n\r\n":                                                                               200,
		"GET http://attacker.example/config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":                403,
		"GET http://localhost/config HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                200,
		"GET http://attacker.example/-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":             200,
		"GET /config HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":             400,
		"GET /config HTTP/1.1\r\nConnection: close\r\n\r\n":                                                          400,
		"POST /-/reload HTTP/1.1\r\nHost: attacker.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n":        403,
		"GET /sd HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                                    403,
		"GET /metrics HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                               403,
		"GET /-/healthy HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                             200,
		"GET /-/ready HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                               200,
		"GET /-/healthy/../../config HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n":                403,
		"GET /config HTTP/1.1\r\nHost: attacker.example\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n": 403,
	} {
		if got := g.send(t, request); got != want {
			t.Errorf("%.90q is answered %d, want %d", request, got, want)
		}
	}
}

// TestForeignNamesBelowAPrefix: what supervises the exporter may ask by any name there too, and a probe that is refused counts.
func TestForeignNamesBelowAPrefix(t *testing.T) {
	t.Parallel()
	refused := 0
	g := New(Options{Probes: 1, Prefix: "/ews", Allowed: rules(t, "monitor.contoso.com"), Refused: func(string) { refused++ }, Log: quiet})
	handler := g.Handler(say("ok"))
	for path, want := range map[string]int{
		"/ews/-/healthy": 200, "/ews/-/ready": 200, "/ews/probe": 403, "/ews/config": 403, "/ews/ews/-/healthy": 403, "/x/-/healthy": 403, "/ews/-/healthy/x": 403,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = "attacker.example"
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s is answered %d, want %d", path, w.Code, want)
		}
	}
	if refused != 1 {
		t.Errorf("%d refused probes are counted", refused)
	}
}

// TestForeignNamesOverTLS: HTTP/2 names the host as :authority.
func TestForeignNamesOverTLS(t *testing.T) {
	t.Parallel()
	g := guard(t, say("ok"), true)
	client := g.client(t)
	for host, want := range map[string]int{"attacker.example": 403, "localhost": 200, "127.0.0.1:10501": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+g.address+"/config", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.SetBasicAuth("prometheus", "right")
		answer, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want || answer.ProtoMajor != 2 {
			t.Errorf("%s is answered %d by %s, want %d", host, answer.StatusCode, answer.Proto, want)
		}
	}
}

// TestForeignNamesAreTold: the answer names the flag, the log each name once and no more than some, and the metric counts.
func TestForeignNamesAreTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	refused := 0
	g := New(Options{Probes: 1, Refused: func(string) { refused++ }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	handler := g.Handler(say("never"))
	ask := func(host string) string {
		r := httptest.NewRequest(http.MethodGet, "/probe", nil)
		r.Host = host
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s is answered %d", host, w.Code)
		}
		return w.Body.String()
	}
	for range 3 {
		if body := ask("exporter.contoso.com:10501"); !strings.Contains(body, "--web.allow-host=exporter.contoso.com;") && !strings.Contains(body, "--web.allow-host=exporter.contoso.com:") {
			t.Errorf("the answer does not say what to set: %s", body)
		}
	}
	if n := strings.Count(log.String(), "exporter.contoso.com"); n != 2 { // the name, and the flag
		t.Errorf("told %d times:\n%s", n, &log)
	}
	ask("evil\x1b[31m.example")
	for n := range 2 * maxStrangers {
		ask(fmt.Sprintf("n%d.attacker.example", n))
	}
	if n := strings.Count(log.String(), "\n"); n != maxStrangers {
		t.Errorf("the log has %d lines", n)
	}
	if strings.Contains(log.String(), "\x1b") {
		t.Error("the log repeats a control character")
	}
	if refused != 4+2*maxStrangers {
		t.Errorf("%d are counted", refused)
	}
}

// TestOwnNames: what the system's files say of this machine.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	hosts := "127.0.0.1 localhost\n192.0.2.1\tother.contoso.com other\n# 127.0.1.1 comment.contoso.com probe\n127.0.1.1  Probe.contoso.com probe # here\n::1"
	if got := aliases(hosts, "probe"); !slices.Equal(got, []string{"Probe.contoso.com", "probe"}) {
		t.Errorf("aliases %q", got)
	}
	if got := domains("domain old.example\nnameserver 192.0.2.53\nsearch contoso.com lab.contoso.com\n#search x\noptions ndots:5\n"); !slices.Equal(got, []string{"contoso.com", "lab.contoso.com"}) {
		t.Errorf("domains %q", got)
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if h := newHosts(nil, quiet); !h.known(name + ":10501") {
		t.Errorf("this machine's own name, %s, is not known", name)
	}
}
