package inbound

import (
	"log/slog"
	"sync"
	"time"
)

// throttle logs a kind of message once a minute: who attacks must not fill the log.
type throttle struct {
	mu   sync.Mutex
	last map[string]time.Time // by message, of which there are few
}

func (t *throttle) warn(log *slog.Logger, message string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if last, ok := t.last[message]; ok && now.Sub(last) < time.Minute {
		return
	}
	if t.last == nil {
		t.last = map[string]time.Time{}
	}
	t.last[message] = now
	log.Warn(message, args...)
}
