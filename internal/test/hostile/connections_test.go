package hostile

import (
	"net"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// closed is a port where nobody listens.
func closed(t *testing.T) site {
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return site{target: "https://" + net.JoinHostPort(service, port)}
}

func connections() group {
	return group{"Connections", "the peer", []fault{
		{does: "refuses the connection", peer: closed, reports: everywhere("connect/refused")},
		{does: "does not answer the connection request (a firewall that drops)", peer: blackhole, reports: everywhere("connect/timeout"), hangs: true},
		{does: "accepts, and resets at once", peer: raw(lab.Wait(300*time.Millisecond), lab.Reset), reports: everywhere("tls/reset").but(sslBinding, "tls/reset, binding_missing")},
		{does: "accepts, and closes at once", peer: raw(), reports: everywhere("tls/closed").but(sslBinding, "tls/closed, binding_missing")},
		{does: "accepts, and never says a word", peer: raw(lab.Hang), reports: everywhere("tls/timeout"), hangs: true},
	}}
}
