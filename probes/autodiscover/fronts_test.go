package autodiscover

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

const (
	frontName = "autodiscover.contoso.test"
	poxAnswer = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">` +
		`<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType><Action>settings</Action>` +
		`<Protocol><Type>EXPR</Type><EwsUrl>https://mail.contoso.test/EWS/Exchange.asmx</EwsUrl></Protocol></Account></Response></Autodiscover>`
	poxInvalid = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response>` +
		`<Error Time="13:15:00.0" Id="1"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData/></Error></Response></Autodiscover>`
)

// exchangeThatAdmitsAll answers as Exchange does, in any spelling of the path: who asks with a body has settings, who asks
// without has an invalid request.
func exchangeThatAdmitsAll(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-FEServer", "EX01")
	w.Header().Set("Content-Type", "text/xml")
	if !strings.EqualFold(r.URL.Path, "/autodiscover/autodiscover.xml") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if body, _ := io.ReadAll(r.Body); r.Method == http.MethodPost && len(body) > 0 {
		_, _ = io.WriteString(w, poxAnswer) // a client that went away misses nothing
		return
	}
	_, _ = io.WriteString(w, poxInvalid)
}

// TestRealNginx probes through real nginx: what its configuration does to the path and the body shows, and one that does
// nothing shows nothing.
func TestRealNginx(t *testing.T) {
	t.Parallel()
	servers.Need(t, "nginx")
	origin := httptest.NewTLSServer(http.HandlerFunc(exchangeThatAdmitsAll))
	t.Cleanup(origin.Close)
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(time.Now().Add(time.Hour), frontName)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		front             servers.Front
		failure, findings string
		says              string // the failure, or the first finding
	}{
		"everything":        {servers.Lettered("/"), "", "", ""},
		"any spelling":      {servers.Lettered("~* ^/autodiscover"), "", "", ""},
		"small letters":     {servers.Lettered("/autodiscover"), "", PathSpelling, "/Autodiscover/Autodiscover.xml was answered 404 Not Found by a box in front of the server (nginx)"},
		"capitals":          {servers.Lettered("/Autodiscover"), "status/unexpected_status", "answered_by_middlebox " + PathSpelling, "404 Not Found"},
		"another directory": {servers.Lettered("/EWS"), "status/unexpected_status", "answered_by_middlebox", "404 Not Found"},
		"nothing but GET":   {servers.Bodiless(), "content/service_error", "", "something on the way lost or changed its body"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := test.front.Start(t, origin.Listener.Addr().String(), certificate)
			r := probeOnce(t, anonymousFor(t, authority), address, frontName)
			found := strings.Join(codes(r), " ")
			if got := verdict(r); got != test.failure || found != test.findings {
				t.Errorf("%q with %q, want %q with %q: %v", got, found, test.failure, test.findings, r.Failure)
			}
			said := fmt.Sprint(r.Failure)
			if i := slices.Index(codes(r), PathSpelling); r.Success() && i >= 0 {
				said = r.Findings[i].Sentence
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("%q, want %q", said, test.says)
			}
		})
	}
}

// anonymousFor is a runner with one module that asks once, without an auth.
func anonymousFor(t *testing.T, authority *lab.Authority) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), authority.PEM())
	write(t, filepath.Join(dir, "ews.yml"), []byte(`
modules:
  autodiscover: {prober: autodiscover, tls_config: {ca_file: ca.pem}, autodiscover: {email: probe@contoso.test, attempts: 1}}
policy: {allow: ["127.0.0.0/8"]}
`))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews.yml")}, []prober.Definition{Definition})
	if err != nil {
		t.Fatal(err)
	}
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}
