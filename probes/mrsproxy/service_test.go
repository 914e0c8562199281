package mrsproxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestWhoAnswersInTheServicesPlace: only an answer that shows who made it says whether the service runs, and none of them fails
// the probe.
func TestWhoAnswersInTheServicesPlace(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		status                int
		server, scheme, front string
		up                    float64
	}{
		"http.sys, by Negotiate":             {401, "Microsoft-HTTPAPI/2.0", "Negotiate", "", 1},
		"http.sys forbids":                   {403, "Microsoft-HTTPAPI/2.0", "Negotiate", "", 1},
		"http.sys, by another scheme":        {401, "Microsoft-HTTPAPI/2.0", "Basic", "", 0},
		"http.sys knows no such path":        {404, "Microsoft-HTTPAPI/2.0", "", "", 0},
		"http.sys has no pool":               {503, "Microsoft-HTTPAPI/2.0", "", "", 0},
		"IIS asks for a logon at its root":   {401, "Microsoft-IIS/10.0", "Negotiate", "", 0},
		"Exchange's front end":               {401, "", "Negotiate", "EX01", 0},
		"nobody that names itself":           {401, "", "Negotiate", "", -1},
		"a server that has changed the name": {401, "nginx", "Negotiate", "", -1},
		"a page":                             {200, "", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				status, software, scheme, front := tt.status, tt.server, tt.scheme, tt.front
				if r.URL.Path == "/EWS/mrsproxy.svc" {
					status, software, scheme, front = 401, "Microsoft-IIS/10.0", "Negotiate", "EX01"
				}
				for field, value := range map[string]string{"Server": software, "WWW-Authenticate": scheme, "X-FEServer": front} {
					if value != "" {
						w.Header().Set(field, value)
					}
				}
				w.WriteHeader(status)
			}))
			server.TLS = config.Clone()
			server.StartTLS()
			t.Cleanup(server.Close)
			res := probe(t, authority, "modules: {m: {prober: mrs_proxy, tls_config: {ca_file: ca.pem}, mrs_proxy: {service: true}}}\npolicy: {allow: [127.0.0.0/8]}\n",
				runner.Request{Module: "m", Target: server.Listener.Addr().String(), Hostname: lab.Service, Limit: 5 * time.Second})
			if up := value(res, "probe_mrs_proxy_service_up"); up != tt.up || !res.Success() {
				t.Errorf("it is told as %v, want %v; failure %v", up, tt.up, res.Failure)
			}
		})
	}
}
