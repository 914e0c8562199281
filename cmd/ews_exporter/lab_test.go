package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestLabWithTakenPorts: the refusal has the whole command that works.
func TestLabWithTakenPorts(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for name, args := range map[string][]string{
		"the site's":     {"lab", "--serve", "--base-port=" + port, "--web.listen-address=127.0.0.1:0"},
		"the exporter's": {"lab", "--serve", "--base-port=0", "--web.listen-address=127.0.0.1:" + port},
	} {
		r := begin(t, args...)
		if code := r.exit(t); code != exitFailed {
			t.Errorf("%s: exit %d", name, code)
		}
		want := " lab --serve --base-port=0 --web.listen-address=127.0.0.1:0\n"
		if got := r.errors.String(); !strings.Contains(got, "127.0.0.1:"+port) || !strings.HasSuffix(got, want) {
			t.Errorf("%s: no command that works in %s", name, got)
		}
	}
}

// TestLabStopsLast: the simulated site answers the probes that are in flight when the exporter over it stops.
func TestLabStopsLast(t *testing.T) {
	t.Parallel()
	r := begin(t, "lab", "--serve", "--base-port=0", "--web.listen-address=127.0.0.1:0")
	exporter := r.out.await(t, `Open (http://\S+)/ in`)
	probe := r.out.await(t, `curl '(http://\S+)'`) // the first of what is offered takes its time
	answered := make(chan string, 1)
	go func() {
		_, body := get(t, probe)
		answered <- body
	}()
	awaitProbe(t, exporter)
	r.stop()
	body, wanted := <-answered, first.Shared[broken][0]
	for _, want := range []string{wanted.Outcome, wanted.Finding, "probe_success 0"} {
		if !strings.Contains(body, want) {
			t.Errorf("the probe in flight was not finished, %q is missing:\n%s", want, body)
		}
	}
	if code := r.exit(t); code != exitOK {
		t.Errorf("exit %d:\n%s", code, &r.errors)
	}
}

// TestTheLabLeadsOn: every link that is printed opens, and every button of the start page ends with what works, or with who
// acts and what to do first.
func TestTheLabLeadsOn(t *testing.T) {
	t.Parallel()
	r := begin(t, "lab", "--serve", "--base-port=0", "--web.listen-address=127.0.0.1:0")
	r.out.await(t, `(Stop with Ctrl-C)`)
	links := regexp.MustCompile(`http://[^\s']+`).FindAllString(r.out.String(), -1)
	if len(links) < 4 {
		t.Errorf("too few links: %v", links)
	}
	var running sync.WaitGroup
	for _, link := range links {
		running.Go(func() {
			if code, body := get(t, link); code != http.StatusOK {
				t.Errorf("%s: %d\n%s", link, code, body)
			}
		})
	}
	start := links[0]
	_, page := get(t, start)
	buttons := regexp.MustCompile(`name="module" value="([^"]+)"><input type="hidden" name="target" value="([^"]+)">\n<button>([^<]+)<`).FindAllStringSubmatch(page, -1)
	if len(buttons) < 5 {
		t.Errorf("too few buttons: %v", buttons)
	}
	for _, b := range buttons {
		running.Go(func() {
			answer, err := http.PostForm(start+"report", url.Values{"module": {b[1]}, "target": {b[2]}}) //nolint:noctx // it leads to the report, which is text
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = answer.Body.Close() }()
			body := new(strings.Builder)
			if _, err := io.Copy(body, answer.Body); err != nil {
				t.Error(err)
			}
			if text := body.String(); !strings.HasPrefix(text, "Succeeded in") && (!strings.Contains(text, "\nAct: ") || !strings.Contains(text, "\nFirst: ")) {
				t.Errorf("%s ends without a step:\n%.600s", b[3], text)
			}
		})
	}
	running.Wait()
	http.DefaultClient.CloseIdleConnections()
}
