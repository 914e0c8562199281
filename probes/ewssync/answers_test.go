package ewssync_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// TestOneServerIsOne: where nothing but SOAP tells who answers, all of its documents are one server's, and nobody calls it
// Exchange.
func TestOneServerIsOne(t *testing.T) {
	t.Parallel()
	const version = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>` +
		`<h:ServerVersionInfo MajorVersion="15" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body>`
	good := strings.Replace(folder("Success", gotFolder), `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`, version, 1)
	for name, server := range map[string]string{"bare": "", "behind nginx": "nginx", "behind Apache": "Apache"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := plainly(t, "operations: [get_folder, time_zones]", func(w http.ResponseWriter, r *http.Request) {
				if server != "" {
					w.Header().Set("Server", server)
				}
				w.Header().Set("Content-Type", "text/xml")
				if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "GetFolder") {
					_, _ = io.WriteString(w, good)
					return
				}
				w.WriteHeader(500)
				_, _ = io.WriteString(w, envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>no store</faultstring></s:Fault>"))
			})
			if len(r.Conversations) != 2 || len(r.Findings) > 0 || outcome(r) != "content/soap_fault" {
				t.Fatalf("%d conversations, findings %v, %v", len(r.Conversations), r.Findings, r.Failure)
			}
			for _, c := range r.Conversations {
				if c.Origin.Kind != origin.EWSServer {
					t.Errorf("%s is %s by rule %s", c.Answer(), c.Origin.Kind, c.Origin.Rule)
				}
			}
		})
	}
}

// TestSomethingInspects: where the health check is answered and the requests for EWS are ended, the way is not down.
func TestSomethingInspects(t *testing.T) {
	t.Parallel()
	const says = "something inspects what is sent to this path"
	serve := func(operations string, healthy bool) string {
		r := plainly(t, "operations: ["+operations+"]", func(w http.ResponseWriter, r *http.Request) {
			if healthy && strings.HasSuffix(r.URL.Path, "healthcheck.htm") {
				_, _ = io.WriteString(w, "200 OK<br/>EX01.contoso.test")
				return
			}
			panic(http.ErrAbortHandler) // ends the connection
		})
		if r.Failure == nil {
			t.Fatal("it succeeded")
		}
		return r.Failure.Message
	}
	if said := serve("healthcheck, get_folder", true); !strings.Contains(said, says) {
		t.Errorf("%q does not say it", said)
	}
	for operations, healthy := range map[string]bool{"get_folder": true, "healthcheck, get_folder": false} {
		if said := serve(operations, healthy); strings.Contains(said, says) {
			t.Errorf("%s, healthy %t: %q", operations, healthy, said)
		}
	}
}
