package servers_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// newOrigin is an https server that names itself and the path it was asked for.
func newOrigin(t *testing.T) *httptest.Server {
	origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "origin saw %s %s", r.URL.Path, body)
	}))
	origin.Config.ErrorLog = log.New(io.Discard, "", 0) // fronts end connections as they like
	origin.StartTLS()
	t.Cleanup(origin.Close)
	return origin
}

// fetch posts a body, so that it passes through the front's buffers too, and returns what comes back.
func fetch(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("a body"))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestFrontsReachTheOrigin(t *testing.T) {
	for _, front := range servers.Fronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			servers.Need(t, front.Program)
			origin := newOrigin(t)
			address := front.Start(t, origin.Listener.Addr().String(), origin.TLS.Certificates[0])
			if got, want := fetch(t, origin.Client(), "https://"+address+"/EWS/Exchange.asmx"), "origin saw /EWS/Exchange.asmx a body"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestFrontsServePlainWithoutCertificate(t *testing.T) {
	for _, front := range servers.Fronts() {
		if front.Name == "haproxy-tcp" {
			continue // speaks what the origin speaks
		}
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			servers.Need(t, front.Program)
			origin := newOrigin(t)
			address := front.Start(t, origin.Listener.Addr().String(), tls.Certificate{})
			if got, want := fetch(t, origin.Client(), "http://"+address+"/"), "origin saw / a body"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestFrontEndsWithItsTest(t *testing.T) {
	for _, front := range servers.Fronts() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			var address string
			t.Run("runs", func(t *testing.T) {
				origin := newOrigin(t)
				address = front.Start(t, origin.Listener.Addr().String(), origin.TLS.Certificates[0])
			})
			if address == "" {
				t.Skip("the server did not run")
			}
			dialer := net.Dialer{Timeout: time.Second}
			if conn, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
				_ = conn.Close()
				t.Errorf("%s still accepts at %s", front.Name, address)
			}
		})
	}
}

func TestPrometheusScrapes(t *testing.T) {
	t.Parallel()
	servers.Need(t, "prometheus")
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, `answer{of="everything"} 42`)
	}))
	t.Cleanup(target.Close)
	prometheus := servers.StartPrometheus(t, `
global: {scrape_interval: 100ms, scrape_timeout: 100ms}
scrape_configs:
  - job_name: test
    static_configs: [{targets: ["`+target.Listener.Addr().String()+`"]}]
`)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		samples, err := prometheus.Query(t.Context(), "answer")
		if err != nil {
			t.Fatal(err)
		}
		if len(samples) == 0 {
			continue
		}
		if s := samples[0]; s.Value != 42 || s.Labels["of"] != "everything" || s.Labels["job"] != "test" {
			t.Errorf("got %v", s)
		}
		return
	}
	t.Error("the scraped series never appeared")
}

func TestPrometheusTellsQueryErrors(t *testing.T) {
	t.Parallel()
	prometheus := servers.StartPrometheus(t, "global: {}\n")
	if _, err := prometheus.Query(t.Context(), "not a query"); err == nil || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("got %v, want the parse error that Prometheus tells", err)
	}
	if _, err := prometheus.Query(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "instant vector") {
		t.Errorf("got %v, want that a scalar is no instant vector", err)
	}
}

// The rest runs this test binary again, because what it tests is how a test ends.

const helper = "SERVERS_TEST_HELPER"

func TestHelperMissing(t *testing.T) {
	if os.Getenv(helper) == "" {
		t.Skip("run by TestMissingServer")
	}
	servers.Need(t, "no-such-server")
}

func TestHelperRoot(t *testing.T) {
	if os.Getenv(helper) == "" {
		t.Skip("run by TestWithoutRoot")
	}
	servers.WithoutRoot()
	servers.NeedRoot(t, "Exim")
}

func TestHelperBadConfig(t *testing.T) {
	if os.Getenv(helper) == "" {
		t.Skip("run by TestLogIsShown")
	}
	server := servers.Server{Program: "nginx", Config: "no_such_directive on;", Args: func(p servers.Place) []string {
		return []string{"-p", p.Dir, "-e", "stderr", "-c", p.Config}
	}}
	server.Start(t, servers.Place{})
}

func runHelper(t *testing.T, name string, env ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), append(env, helper+"=1")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMissingServer(t *testing.T) {
	t.Parallel()
	t.Run("is skipped and noted", func(t *testing.T) {
		t.Parallel()
		skipped := filepath.Join(t.TempDir(), "skipped")
		out, err := runHelper(t, "TestHelperMissing", "CI=", servers.SkippedFile+"="+skipped)
		if err != nil || !strings.Contains(out, "--- SKIP: TestHelperMissing") {
			t.Errorf("got %v:\n%s\nwant a skipped test", err, out)
		}
		got, err := os.ReadFile(skipped)
		if want := "TestHelperMissing: no-such-server is not installed: run scripts/install-test-servers.sh\n"; err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	})
	t.Run("fails with CI=true", func(t *testing.T) {
		t.Parallel()
		out, err := runHelper(t, "TestHelperMissing", "CI=true")
		if err == nil || !strings.Contains(out, "install-test-servers.sh") {
			t.Errorf("got %v:\n%s\nwant a failure that says what to run", err, out)
		}
	})
}

// TestWithoutRoot: what takes root is skipped and noted without it, and with CI=true it fails.
func TestWithoutRoot(t *testing.T) {
	t.Parallel()
	for _, ci := range []string{"", "true"} {
		t.Run("CI="+ci, func(t *testing.T) {
			t.Parallel()
			skipped := filepath.Join(t.TempDir(), "skipped")
			out, err := runHelper(t, "TestHelperRoot", "CI="+ci, servers.SkippedFile+"="+skipped)
			noted, _ := os.ReadFile(skipped)
			switch is := string(noted); {
			case ci == "true" && (err == nil || !strings.Contains(out, "Exim takes root")):
				t.Errorf("got %v:\n%s\nwant a failure that says what is lacking", err, out)
			case ci == "" && (err != nil || !strings.Contains(out, "--- SKIP: TestHelperRoot") || is != "TestHelperRoot: Exim takes root: run the tests as root\n"):
				t.Errorf("got %v, noted %q:\n%s\nwant a test that is skipped, and noted", err, is, out)
			}
		})
	}
}

func TestLogIsShown(t *testing.T) {
	t.Parallel()
	servers.Need(t, "nginx")
	out, err := runHelper(t, "TestHelperBadConfig")
	if err == nil || !strings.Contains(out, `unknown directive "no_such_directive"`) {
		t.Errorf("got %v:\n%s\nwant a failure with what nginx said", err, out)
	}
}
