package lab

import (
	"errors"
	"net/http"
	"strings"
)

// rpcProxy is where Windows has its RPC proxy.
const rpcProxy = "/rpc/rpcproxy.dll"

// RPCEcho is the answer to an echo request: an RTS packet with the flag RTS_FLAG_ECHO and without commands (MS-RPCH).
const RPCEcho = "\x05\x00\x14\x03\x10\x00\x00\x00\x14\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00"

// rpc answers as the RPC proxy does to an echo request: a verb of its own, and a body of no more than 16 bytes (MS-RPCH section
// 2.1.2.1.5). Channels are not simulated.
func (e *exchange) rpc(w http.ResponseWriter, r *http.Request) {
	if e.bare { // no Exchange
		Answer(w, http.StatusNotFound, "text/html", "")
		return
	}
	if ok, challenges := e.admit(r); !ok {
		e.unauthorized(w, r, challenges)
		return
	}
	SetHeader(w.Header(), "X-FEServer", connectionOf(r).server)
	switch {
	case !strings.HasPrefix(r.Method, "RPC_"):
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.ContentLength > 16:
		w.WriteHeader(http.StatusNotImplemented)
	default:
		Answer(w, http.StatusOK, "application/rpc", RPCEcho)
	}
}

// refuseVerbs is a box that knows no verbs but those of browsers.
func refuseVerbs(s *session, req *head) error {
	if !strings.HasPrefix(req.method(), "RPC_") {
		return relay(s, req)
	}
	return errors.Join(s.toClient(page(http.StatusMethodNotAllowed)), errEnd)
}

// loseVerbs is a firewall that passes no verbs on but those of browsers, and says nothing.
func loseVerbs(s *session, req *head) error {
	if !strings.HasPrefix(req.method(), "RPC_") {
		return relay(s, req)
	}
	return keepSilent(s, req)
}

// rpcUnavailable is an RPC proxy that cannot reach what the query names: its error stands in the reason phrase.
func rpcUnavailable(s *session, req *head) error {
	if !strings.HasPrefix(req.method(), "RPC_") {
		return relay(s, req)
	}
	return errors.Join(s.toClient([]byte("HTTP/1.1 503 RPC Error: 6ba\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), errEnd)
}
