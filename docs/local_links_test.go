package docs_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestLocalLinksOpen: what the pages say to open on the reader's own machine is there, with the Prometheus and the Alertmanager
// that a reader has from a package, too: those have not every page that newer ones have.
func TestLocalLinksOpen(t *testing.T) {
	t.Parallel()
	servers.Need(t, "prometheus")
	servers.Need(t, "alertmanager")
	amtool := servers.Need(t, "amtool")
	at := map[string]string{
		"127.0.0.1:9090": strings.TrimPrefix(servers.StartPrometheus(t, "global: {scrape_interval: 1m}\n").URL, "http://"),
		"127.0.0.1:9093": servers.Alertmanager.Start(t, servers.Place{Lines: "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"}),
	}
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	opened := map[string]bool{}
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(page) // #nosec G304 -- the project's own
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`http://(127\.0\.0\.1:909\d)([^\s`+"`"+`')]*)`).FindAllStringSubmatch(string(text), -1) {
			opened[link[1]] = true
			if status := statusOf(t.Context(), "http://"+at[link[1]]+link[2]); status != "200 OK" {
				t.Errorf("%s: %s leads to: %s", page, link[0], status)
			}
		}
		for _, command := range regexp.MustCompile(`amtool (alert) --alertmanager\.url=http://(127\.0\.0\.1:\d+)`).FindAllStringSubmatch(string(text), -1) {
			if out, err := exec.CommandContext(t.Context(), amtool, command[1], "--alertmanager.url=http://"+at[command[2]]).CombinedOutput(); err != nil { // #nosec G204 -- the page's
				t.Errorf("%s: %s: %v: %s", page, command[0], err, out)
			}
		}
	}
	if len(opened) != len(at) {
		t.Errorf("the pages lead to %v alone", opened)
	}
}

// statusOf is what a link leads to, or why it leads nowhere.
func statusOf(ctx context.Context, link string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err.Error()
	}
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	_ = answer.Body.Close()
	return answer.Status
}
