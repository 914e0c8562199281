package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// screen is what has been shown so far. Once that holds enough it opens the links that are in it, and stops the demo, as
// Ctrl-C does.
type screen struct {
	mu     sync.Mutex
	text   strings.Builder
	enough string
	stop   context.CancelFunc
	opened map[string]string // what came of each link
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if strings.Contains(s.text.String(), s.enough) && s.opened == nil {
		s.opened = map[string]string{}
		for _, link := range regexp.MustCompile(`http://127\.0\.0\.1:\d+[^\s"'\\]*`).FindAllString(s.text.String(), -1) {
			s.opened[link] = outcome(link)
		}
		s.stop()
	}
	return len(p), nil
}

// outcome is the status that a link leads to, or why it leads nowhere.
func outcome(link string) string {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(link) //nolint:noctx // it has a limit
	if err != nil {
		return err.Error()
	}
	_ = answer.Body.Close()
	return answer.Status
}

// TestDemo: what is shown names the box and the setting to change, and when it is stopped nothing is left.
func TestDemo(t *testing.T) {
	servers.Need(t, "prometheus")
	servers.Need(t, "alertmanager")
	exporter := filepath.Join(t.TempDir(), "ews_exporter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", exporter, "../../cmd/ews_exporter").CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	shown := &screen{enough: "Now the LoadMaster's", stop: stop}
	began := time.Now()
	err := run(ctx, shown, exporter, pace{factor: 20, variant: "_fast"})
	if err == nil || time.Since(began) > patience {
		t.Fatalf("stopped by %v after %v; shown:\n%s", err, time.Since(began), shown.text.String())
	}
	text := strings.Join(strings.Fields(shown.text.String()), " ")
	for _, want := range []string{
		"The exporter got a 501 through the balancer.", "FIRING critical EwsLateBodyRejected", "Made by: middlebox (kemp)",
		"RFC-7231 Compliant", "What to do first: Look at the box's setting for Expect", "/findings/late_body_rejected",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown:\n%s", want, shown.text.String())
		}
	}
	if len(shown.opened) < 4 {
		t.Errorf("few links are shown: %v", shown.opened)
	}
	for link, status := range shown.opened {
		if status != "200 OK" {
			t.Errorf("%s is shown, and leads to: %s", link, status)
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
