package delivery

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Notification is what Alertmanager sends to a webhook (Alertmanager documentation, "webhook_config"), as far as it is
// looked at here.
type Notification struct {
	Receiver string  `json:"receiver"`
	Alerts   []Alert `json:"alerts"`
}

// Alert is one alert of a notification.
type Alert struct {
	Status      string            `json:"status"` // firing, resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

// maxNotification bounds what is read of one: hundreds of alerts.
const maxNotification = 4 << 20

// receive serves a webhook until the chain ends, and returns its address.
func (c *Chain) receive(handle func(Notification)) (address string, err error) {
	var listen net.ListenConfig
	l, err := listen.Listen(c.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for what Alertmanager sends: %w", err)
	}
	var one sync.Mutex
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n Notification
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxNotification)).Decode(&n); err != nil {
			http.Error(w, "not a notification of Alertmanager: "+err.Error(), http.StatusBadRequest)
			return
		}
		one.Lock()
		defer one.Unlock()
		handle(n)
	})}
	c.runs.Go(func() { _ = server.Serve(l) }) // ends when it is closed
	c.runs.Go(func() {
		<-c.ctx.Done()
		_ = server.Close()
	})
	return l.Addr().String(), nil
}
