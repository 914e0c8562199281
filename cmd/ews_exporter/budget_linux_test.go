package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// hoarded is as much of a head as a probe reads, and no end of it.
var hoarded = "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Y: "+strings.Repeat("z", 4000)+"\r\n", 240)

// TestHostileAnswersInSum: a hundred probes at once, of every prober over HTTP, at thirty addresses that all send as much as is
// read of them and let the probe hold it until its time is up, take little more memory than they may, whoever waits for room is
// told so, and each caller is answered in time. Afterwards others are probed as ever.
func TestHostileAnswersInSum(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	var modules []string
	var text strings.Builder
	text.WriteString("modules:\n")
	for _, p := range labs.All() {
		if i := slices.IndexFunc(probes.All(), func(d prober.Definition) bool { return d.Name == p.Prober }); probes.All()[i].Decides == result.ByHTTP {
			modules = append(modules, p.Prober)
			fmt.Fprintf(&text, "  %s: %s\n", p.Prober, flowOf(p, p.Least, "timeout: 12s"))
		}
	}
	text.WriteString("policy: {allow: [127.0.0.0/8]}\n")
	file := filepath.Join(t.TempDir(), "ews_exporter.yml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serveShipped(t, "--config.file="+file, "--web.disable-report", "--limit.memory=64MiB")
	var targets []string
	for i := range 30 {
		targets = append(targets, lab.ServeAt(t, fmt.Sprintf("127.0.%d.2:0", i+1), nil, []lab.Step{lab.ReadHead, lab.Write(hoarded), lab.Hang}).Addr())
	}
	client := &http.Client{Timeout: 25 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	seen := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			answer, err := client.Get(p.url + "/probe?module=" + modules[n%len(modules)] + "&target=" + url.QueryEscape(fmt.Sprintf("http://%s", targets[n*7%len(targets)])))
			if err != nil {
				t.Errorf("no answer: %v", err)
				return
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			mu.Lock()
			defer mu.Unlock()
			seen[fmt.Sprint(answer.StatusCode, " ", line(string(text), "probe_failure_info"))]++
		})
	}
	all.Wait()
	for what, n := range seen {
		if !strings.Contains(what, `stage="internal",reason="out_of_memory"`) && !strings.Contains(what, `stage="receive",reason="timeout"`) {
			t.Errorf("%d were answered %s", n, what)
		}
	}
	p.tookAtMost(t, 200<<20)
	p.sound(t)
	honest := lab.Serve(t, lab.ReadHead, lab.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).Addr()
	if _, answer := p.ask(t, "/probe?module="+modules[0]+"&target=http://"+honest); !strings.Contains(answer, "probe_http_status_code 404") {
		t.Errorf("afterwards: %s", answer)
	}
}

// line is the first line of a text that begins so.
func line(text, begin string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, begin) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}
