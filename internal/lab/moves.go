package lab

import (
	"io"
	"net/http"
	"strings"
)

// The paths of mailbox moves, as directories has them: the proxy in the virtual directory of EWS, and the replication service's
// own, which it registers with http.sys beside IIS.
var (
	movesPath = strings.ToLower("/EWS/MRSProxy.svc")
	movesDoor = strings.ToLower("/Microsoft.Exchange.MailboxReplicationService.ProxyService")
)

// moves says how it stands with mailbox moves at an origin.
type moves int

const (
	movesOn   moves = iota
	movesOff        // the virtual directory's switch is off, as Exchange installs it
	movesDown       // the replication service does not run
)

// moveProxy answers as the front end does for the proxy of mailbox moves. Everybody who has not logged on gets the request for a
// logon, whatever the switch says. Behind it is a WCF service without metadata, whose usual answer to a GET, and to what is no
// SOAP, is 400; Exchange's own is not documented.
func (e *exchange) moveProxy(w http.ResponseWriter, r *http.Request) {
	if e.bare { // no Exchange
		Answer(w, http.StatusNotFound, "text/html", "")
		return
	}
	if ok, challenges := e.admit(r); !ok {
		e.unauthorized(w, r, challenges)
		return
	}
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)) // asks for the body
	named(w.Header(), connectionOf(r).server)
	switch e.moves {
	case movesOff:
		Answer(w, http.StatusForbidden, "text/plain", "MRS proxy service is disabled")
	case movesDown:
		Answer(w, http.StatusServiceUnavailable, "text/html", "")
	default:
		Answer(w, http.StatusBadRequest, "text/html", "")
	}
}

// moveService answers in the replication service's place: http.sys asks for a logon before the service gets to see anything.
// Where the service does not run, the path is IIS's, which knows it not; where only what clients need is published, it is not
// led there.
func (e *exchange) moveService(w http.ResponseWriter, _ *http.Request) {
	if e.moves == movesDown || e.narrow {
		Answer(w, http.StatusNotFound, "text/html", "<h1>404 - File or directory not found.</h1>")
		return
	}
	h := w.Header()
	delete(h, "X-Powered-By")
	SetHeader(h, "Server", "Microsoft-HTTPAPI/2.0")
	h["WWW-Authenticate"] = []string{"Negotiate"}
	w.WriteHeader(http.StatusUnauthorized)
}
