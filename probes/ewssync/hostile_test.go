package ewssync_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// plainly probes a handler over plain HTTP, without an auth.
func plainly(t *testing.T, settings string, handler http.HandlerFunc) *result.Result {
	t.Helper()
	return at(t, settings, httptest.NewServer(handler))
}

// at is plainly at a server that runs already, and ends with the test.
func at(t *testing.T, settings string, server *httptest.Server) *result.Result {
	t.Helper()
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "c.yml")
	text := "modules: {ews: {prober: ews_sync, timeout: 7s, ews_sync: {" + settings + "}}}\npolicy: {allow: [127.0.0.0/8]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	shorten(cfg)
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	answer, err := r.Probe(context.Background(), runner.Request{Module: "ews", Target: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// envelope is a response of EWS with this body.
func envelope(body string) string {
	return `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
}

// folder is GetFolder's response, of a class and with what is in it. Nobody logs on here; the space before the class's sign
// of equality keeps the probe from finding that EWS answers without a logon, which is another test's.
func folder(class, content string) string {
	return envelope(`<GetFolderResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"><ResponseMessages><GetFolderResponseMessage ResponseClass ="` + class + `">` + content + `</GetFolderResponseMessage></ResponseMessages></GetFolderResponse>`)
}

const gotFolder = `<ResponseCode>NoError</ResponseCode><Folders><Folder><FolderId Id="a"/></Folder></Folders>`

// TestContentCodings: what somebody compressed though nobody asked is read, and what cannot be read is not called no XML.
func TestContentCodings(t *testing.T) {
	t.Parallel()
	answer := folder("Success", gotFolder)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, answer)
	_ = w.Close()
	for _, test := range []struct{ name, coding, body, outcome, says string }{
		{"gzip", "gzip", zipped.String(), "none", ""},
		{"gzip that breaks off", "gzip", zipped.String()[:zipped.Len()-20], "content/truncated", "breaks off"},
		{"brotli", "br", "\x0b\x02\x80", "content/malformed_xml", `content coding "br", which nobody asked for`},
		{"plain text that says deflate", "deflate", answer, "content/malformed_xml", "and is none"},
		{"plain text that says gzip", "gzip", answer, "content/malformed_xml", "and is none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := plainly(t, "operations: [get_folder]", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", test.coding)
				_, _ = io.WriteString(w, test.body)
			})
			if got := outcome(r); got != test.outcome {
				t.Errorf("%s (%v), want %s", got, r.Failure, test.outcome)
			}
			if r.Failure != nil && !strings.Contains(r.Failure.Message, test.says) {
				t.Errorf("%q does not say %q", r.Failure.Message, test.says)
			}
		})
	}
}

// TestVerdicts: neither is 200 a success by itself, nor does a status without EWS's words say more than it says.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	fault := envelope(`<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>`)
	for _, test := range []struct {
		name    string
		status  int
		header  string
		body    string
		outcome string
	}{
		{"a folder", 200, "", folder("Success", gotFolder), "none"},
		{"a folder, with status 500", 500, "", folder("Success", gotFolder), "status/server_error"},
		{"class Error", 200, "", folder("Error", "<ResponseCode>ErrorItemNotFound</ResponseCode>"), "content/response_error"},
		{"class Warning, and a folder", 200, "", folder("Warning", gotFolder), "none"},
		{"class Warning, and nothing else", 200, "", folder("Warning", "<ResponseCode>ErrorBatchProcessingStopped</ResponseCode>"), "content/missing_content"},
		{"a folder that was created", 201, "", folder("Success", gotFolder), "status/unexpected"},
		{"a folder for later", 202, "", folder("Success", gotFolder), "status/unexpected"},
		{"a folder that a proxy changed", 203, "", folder("Success", gotFolder), "status/unexpected"},
		{"a part of something", 206, "Content-Range: bytes 0-400/401", folder("Success", gotFolder), "status/unexpected"},
		{"a fault in 203", 203, "", fault, "content/soap_fault"},
		{"a folder that is said to be deflated", 200, "Content-Encoding: deflate", folder("Success", gotFolder), "content/malformed_xml"},
		{"a folder that is said to be coded twice", 200, "Content-Encoding: identity, br", folder("Success", gotFolder), "content/malformed_xml"},
		{"a folder that is said to be itself", 200, "Content-Encoding: identity", folder("Success", gotFolder), "none"},
		{"a folder, and more", 200, "", folder("Success", gotFolder) + "<x/>", "content/malformed_xml"},
		{"success without a folder", 200, "", folder("Success", "<ResponseCode>NoError</ResponseCode>"), "content/missing_content"},
		{"another operation", 200, "", strings.ReplaceAll(folder("Success", gotFolder), "GetFolder", "FindFolder"), "content/wrong_operation"},
		{"a fault in 500", 500, "", fault, "content/soap_fault"},
		{"a fault in 200", 200, "", fault, "content/soap_fault"},
		{"throttled in 200", 200, "", folder("Error", "<ResponseCode>ErrorServerBusy</ResponseCode>"), "content/throttled"},
		{"nothing", 200, "", "", "content/empty_response"},
		{"a page", 200, "", "<!DOCTYPE html><html><body>Log on</body></html>", "content/html"},
		{"text", 200, "", "fine, thank you", "content/not_soap"},
		{"half a document", 200, "", folder("Success", gotFolder)[:200], "content/truncated"},
		{"a bomb", 200, "", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>`, "content/malformed_xml"},
		{"a redirect", 302, "Location: https://portal.contoso.test/?\x1b[2J", "", "status/redirected"},
		{"forbidden", 403, "", "", "status/forbidden"},
		{"no mailbox", 404, "X-CasErrorCode: UserNotFound", "", "status/not_found"},
		{"no server", 503, "Retry-After: 100000", "", "status/unavailable"},
		{"a box's 502", 502, "", "<html>Bad Gateway</html>", "status/server_error"},
		{"a teapot", 418, "", "", "status/unexpected"},
		{"a logon", 401, "WWW-Authenticate: NTLM", "", "auth/logon_required"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := plainly(t, "operations: [get_folder]", func(w http.ResponseWriter, _ *http.Request) {
				if name, value, ok := strings.Cut(test.header, ": "); ok {
					w.Header()[name] = []string{value}
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			if got := outcome(r); got != test.outcome {
				t.Errorf("%s (%v), want %s", got, r.Failure, test.outcome)
			}
			if r.Failure != nil && strings.Contains(r.Failure.Message, "\x1b") {
				t.Errorf("a control character got into %q", r.Failure.Message)
			}
		})
	}
}

// TestHealthCheck tells an unhealthy server, which closes the connection, from somebody else's page.
func TestHealthCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, outcome string
		answer        func(w http.ResponseWriter)
	}{
		{"healthy", "none", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "200 OK<br/>ex01.contoso.test") }},
		{"unhealthy", "receive/unhealthy", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		{"another page", "content/foreign_page", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>Welcome</html>") }},
		{"Exchange 2010", "status/not_found", func(w http.ResponseWriter) { w.WriteHeader(404) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := plainly(t, "operations: [healthcheck]", func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "GET" || r.URL.Path != "/EWS/healthcheck.htm" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				test.answer(w)
			})
			if got := outcome(r); got != test.outcome {
				t.Errorf("%s (%v), want %s", got, r.Failure, test.outcome)
			}
		})
	}
}

// TestRequests: what a server sees of the headers, and that cookies come back only as far as they should.
func TestRequests(t *testing.T) {
	t.Parallel()
	var count atomic.Int32
	ids := make(chan string, 8)
	settings := "operations: [get_folder, time_zones], request_server_version: Exchange2016, anchor_mailbox: a@contoso.test, headers: {X-Test: yes}, impersonation: {account: b@contoso.test}"
	plainly(t, settings, func(w http.ResponseWriter, r *http.Request) {
		ids <- r.Header.Get("client-request-id")
		body, _ := io.ReadAll(r.Body)
		if r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("a length of %d for %d bytes, encoded as %v", r.ContentLength, len(body), r.TransferEncoding)
		}
		for name, want := range map[string]string{
			"User-Agent": "ews_exporter/test", "X-AnchorMailbox": "a@contoso.test", "X-PreferServerAffinity": "true", "X-Test": "yes",
			"Return-Client-Request-Id": "true", "Content-Type": "text/xml; charset=utf-8",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if !strings.Contains(string(body), "<t:ConnectingSID><t:SmtpAddress>b@contoso.test</t:SmtpAddress></t:ConnectingSID>") {
			t.Errorf("nobody is impersonated: %s", body)
		}
		if !strings.Contains(string(body), `<t:RequestServerVersion Version="Exchange2016"/>`) {
			t.Errorf("another version of the schema is asked for: %s", body)
		}
		want := ""
		if count.Add(1) > 1 {
			want = "good=a-good-value"
		}
		if got := r.Header.Get("Cookie"); got != want {
			t.Errorf("request %d has the cookies %q, want %q", count.Load(), got, want)
		}
		w.Header()["Set-Cookie"] = []string{
			"good=a-good-value; path=/EWS; secure", "gone=x; Max-Age=0", "empty=", "noequals", "a b=c", "c=\x01", "long=" + strings.Repeat("x", 5000),
		}
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	close(ids)
	var seen []string
	for id := range ids {
		if len(id) != 36 || slices.Contains(seen, id) {
			t.Errorf("client-request-id %q", id)
		}
		seen = append(seen, id)
	}
	if len(seen) != 2 {
		t.Errorf("%d requests, want 2", len(seen))
	}
}

// TestCookiesStayAway: where the configuration says so, none comes back.
func TestCookiesStayAway(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	plainly(t, "operations: [get_folder, time_zones], affinity_cookies: false", func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if len(r.Cookies()) > 0 {
			t.Errorf("the cookies %v came back", r.Cookies())
		}
		w.Header().Set("Set-Cookie", "good=a-good-value")
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	if requests.Load() != 2 {
		t.Errorf("%d requests, want 2", requests.Load())
	}
}

// TestCookiesAreBounded: a server that sets more and more does not make requests grow without bound.
func TestCookiesAreBounded(t *testing.T) {
	t.Parallel()
	var most, n atomic.Int32
	plainly(t, "operations: [get_folder, time_zones, sync, notify]", func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), int32(len(r.Cookies())))) //nolint:gosec // few
		for range 40 {
			w.Header().Add("Set-Cookie", fmt.Sprintf("c%d=value", n.Add(1)))
		}
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	if most.Load() > 16 {
		t.Errorf("%d cookies came back", most.Load())
	}
}

// TestAClosedConnectionIsOpenedAgain: a server that closes after each answer costs connections, and no operation.
func TestAClosedConnectionIsOpenedAgain(t *testing.T) {
	t.Parallel()
	r := plainly(t, "operations: [get_folder, healthcheck]", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if r.Method == "GET" {
			_, _ = io.WriteString(w, "200 OK<br/>ex01")
			return
		}
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	if outcome(r) != "none" || len(r.Connections) != 2 {
		t.Errorf("%v over %d connections, want 2", r.Failure, len(r.Connections))
	}
}

// TestOneFailureDoesNotHideTheRest: a dead connection ends one operation, and the others still tell how they are.
func TestOneFailureDoesNotHideTheRest(t *testing.T) {
	t.Parallel()
	r := plainly(t, "operations: [time_zones, get_folder]", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "GetServerTimeZones") {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	got := map[string]float64{}
	for _, s := range r.Samples {
		if s.Name == "probe_ews_operation_success" {
			got[s.Labels[0]] = s.Value
		}
	}
	if outcome(r) != "receive/closed" || got["time_zones"] != 0 || got["get_folder"] != 1 {
		t.Errorf("%s with %v", outcome(r), got)
	}
	if r.Deciding == nil || r.Deciding.Step != "time_zones" {
		t.Errorf("deciding is %+v", r.Deciding)
	}
}

// byBasic makes probes of a server that asks for Basic, and gives a request that carries a logon to the handler, with the
// number that it has among those.
func byBasic(t *testing.T, handler func(w http.ResponseWriter, logon int)) (probe func() *result.Result, logons *atomic.Int32) {
	t.Helper()
	logons = new(atomic.Int32)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			askForBasic(w)
			return
		}
		handler(w, int(logons.Add(1)))
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	address := server.Listener.Addr().String()
	text := "auths: {lab: {username: u, password: a-password, schemes: [basic], targets: ['" + address + "']}}\n" +
		"modules: {ews: {prober: ews_sync, auth: lab, tls_config: {ca_file: ca.pem}, ews_sync: {operations: [get_folder, time_zones, resolve_names], mailbox: a@contoso.test}}}\n" +
		"policy: {allow: [127.0.0.0/8]}\n"
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, content := range map[string]string{"c.yml": text, "ca.pem": string(ca)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	return func() *result.Result {
		answer, err := r.Probe(context.Background(), runner.Request{Module: "ews", Target: address})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Result
	}, logons
}

func askForBasic(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// TestALogonThatIsLost: a server that accepts a password and then does not gets it once more, and no second logon.
func TestALogonThatIsLost(t *testing.T) {
	t.Parallel()
	probe, logons := byBasic(t, func(w http.ResponseWriter, logon int) {
		if logon > 1 {
			askForBasic(w)
			return
		}
		_, _ = io.WriteString(w, folder("Success", gotFolder))
	})
	if r := probe(); outcome(r) != "auth/logon_lost" || logons.Load() != 2 {
		t.Errorf("%s (%v), and the password was sent %d times", outcome(r), r.Failure, logons.Load())
	}
}

// TestWhatNobodyAcceptedIsNotRepeated: a box that answers in place of Exchange, as gateways do that hide a refusal, accepts
// no password. Each request that carries it may be a failed logon behind the box, so each is one that the gate counts.
func TestWhatNobodyAcceptedIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 500, 502, 503, 504} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			probe, logons := byBasic(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(status) })
			for range 3 {
				probe()
			}
			if n := logons.Load(); n == 0 || n > 2 {
				t.Errorf("a password that nobody has accepted was sent %d times, want 2 at most", n)
			}
		})
	}
}

// TestThrottledWhileCleaningUp: a server that is too busy fails the probe, also when the operations were done by then; any
// other failure of cleaning up does not.
func TestThrottledWhileCleaningUp(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"ErrorServerBusy": "content/throttled", "ErrorInternalServerError": "none"} {
		contents := map[string]string{
			"FindFolder":          `<RootFolder TotalItemsInView="1"><Folders><Folder><FolderId Id="f"/></Folder></Folders></RootFolder>`,
			"SyncFolderHierarchy": "<SyncState>h</SyncState>",
			"SyncFolderItems":     `<SyncState>s</SyncState><IncludesLastItemInRange>true</IncludesLastItemInRange><Changes><Create><Message><ItemId Id="i"/></Message></Create></Changes>`,
			"CreateItem":          `<Items><Message><ItemId Id="i"/></Message></Items>`,
			"DeleteItem":          "",
		}
		r := plainly(t, "operations: [sync], write: true", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, rest, _ := strings.Cut(string(body), "<soap:Body><m:")
			op := rest[:strings.IndexAny(rest, " >")]
			class, content := "Success", "<ResponseCode>NoError</ResponseCode>"+contents[op]
			if op == "FindItem" {
				class, content = "Error", "<ResponseCode>"+code+"</ResponseCode>"
			}
			_, _ = io.WriteString(w, strings.ReplaceAll(folder(class, content), "GetFolder", op))
		})
		if got := outcome(r); got != want {
			t.Errorf("%s: %s (%v), want %s", code, got, r.Failure, want)
		}
		if (want != "none") != slices.Contains(codes(r), "ews_throttled") {
			t.Errorf("%s: findings %v", code, codes(r))
		}
	}
}

// TestAnAnswerToAnEarlierRequest: Exchange gives a request's id back, so that an answer which bears an earlier one is known for
// what it is; an id that nobody sent shows nothing.
func TestAnAnswerToAnEarlierRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		foreign bool
		outcome string
		finding string
	}{"of an earlier request": {false, "content/wrong_operation", "bytes_after_response"}, "of nobody's": {true, "none", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := ""
			r := plainly(t, "operations: [get_folder, healthcheck], path: /EWS/Exchange.asmx", func(w http.ResponseWriter, r *http.Request) {
				id := r.Header.Get("client-request-id")
				if r.Method == "GET" {
					before = id
					_, _ = io.WriteString(w, "200 OK<br/>ex01")
					return
				}
				if test.foreign {
					before = "00000000-0000-4000-8000-000000000000"
				}
				w.Header()["client-request-id"] = []string{before}
				_, _ = io.WriteString(w, folder("Success", gotFolder))
			})
			if got := strings.Join(codes(r), " "); outcome(r) != test.outcome || got != test.finding {
				t.Errorf("%s (%v) with %q, want %s with %q", outcome(r), r.Failure, got, test.outcome, test.finding)
			}
		})
	}
}
