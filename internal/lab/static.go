package lab

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"
)

// Static is a web site by itself, for the scenarios of parts: the whole response to a path.
type Static func(path string) string

// staticIdle is how long a client may say nothing.
const staticIdle = 30 * time.Second

// Dialogue is what the site has on one connection (see Scenario.Serve).
func (s Static) Dialogue(conn net.Conn, certificate *tls.Config, request func()) {
	client := tls.Server(conn, certificate)
	in := bufio.NewReader(client)
	defer End(client, in)
	for client.SetDeadline(time.Now().Add(staticIdle)) == nil {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		request()
		if _, err := io.WriteString(client, s(r.URL.Path)); err != nil {
			return
		}
	}
}
