package script

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Front is Exchange's front end over TLS, whose requests the handler answers, as a peer under the service's name.
func Front(t lab.TB, handler http.HandlerFunc) lab.Peer {
	t.Helper()
	front := lab.NewFront()
	server := front.Server(handler)
	var listen net.ListenConfig
	l, err := listen.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting a front end: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(tls.NewListener(l, TLS(t)))
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return lab.Peer{Target: net.JoinHostPort(lab.Service, port), Authority: Authority(), Resolver: Leads{}, Cost: front.Cost}
}
