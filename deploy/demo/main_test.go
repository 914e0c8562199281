package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is what has been shown so far. It stops the demo, as Ctrl-C does, once that holds enough.
type screen struct {
	mu     sync.Mutex
	text   strings.Builder
	enough string
	stop   context.CancelFunc
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if strings.Contains(s.text.String(), s.enough) {
		s.stop()
	}
	return len(p), nil
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
		"RFC-7231 Compliant", "What to do first: Look up how the box treats Expect", "/findings/late_body_rejected",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown:\n%s", want, shown.text.String())
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
