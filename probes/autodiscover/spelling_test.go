package autodiscover

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// TestSpellings: only what differs by the spelling, and each time, is told of; a healthy site is asked once more.
func TestSpellings(t *testing.T) {
	t.Parallel()
	settings := func(w http.ResponseWriter) { _, _ = io.WriteString(w, poxAnswer) }
	tests := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, n int64) // n counts from 1
		finds  bool
		asked  int64 // requests
	}{
		"a challenge in either": {func(w http.ResponseWriter, r *http.Request, _ int64) { onlyPOST(w, r, settings, 401) }, false, 2},
		"no GET at all":         {func(w http.ResponseWriter, r *http.Request, _ int64) { onlyPOST(w, r, settings, 405) }, false, 3},
		"every other request is denied": {func(w http.ResponseWriter, r *http.Request, n int64) {
			onlyPOST(w, r, settings, []int{401, 403}[(n+1)%2])
		}, false, 4},
		"busy": {func(w http.ResponseWriter, r *http.Request, _ int64) { onlyPOST(w, r, settings, 503) }, false, 2},
		"capitals are forbidden": {func(w http.ResponseWriter, r *http.Request, _ int64) {
			onlyPOST(w, r, settings, bySpelling(r, 401, 403))
		}, true, 5},
		"capitals lead to a page": {func(w http.ResponseWriter, r *http.Request, _ int64) {
			onlyPOST(w, r, settings, bySpelling(r, 401, 302))
		}, true, 5},
		"capitals are busy": {func(w http.ResponseWriter, r *http.Request, _ int64) {
			onlyPOST(w, r, settings, bySpelling(r, 401, 502))
		}, false, 2},
	}
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(time.Now().Add(time.Hour), frontName)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { test.answer(w, r, asked.Add(1)) }))
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
			server.StartTLS()
			t.Cleanup(server.Close)
			r := probeOnce(t, anonymousFor(t, authority), server.Listener.Addr().String(), frontName)
			if found := slices.Contains(codes(r), PathSpelling); !r.Success() || found != test.finds || asked.Load() != test.asked {
				t.Errorf("%v, found %t by %d requests; want %t by %d", r.Failure, found, asked.Load(), test.finds, test.asked)
			}
		})
	}
}

// onlyPOST answers a POST with settings, and anything else with a status.
func onlyPOST(w http.ResponseWriter, r *http.Request, settings func(http.ResponseWriter), status int) {
	if r.Method == http.MethodPost {
		w.Header().Set("Content-Type", "text/xml")
		settings(w)
		return
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/start")
	}
	w.WriteHeader(status)
}

func bySpelling(r *http.Request, small, capitals int) int {
	if strings.HasPrefix(r.URL.Path, "/A") {
		return capitals
	}
	return small
}
