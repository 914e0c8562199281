package lab

import (
	"context"
	"net/http"
)

// Front is Exchange's front end, for servers that a part starts: it lets Username in by NTLM, plain or within SPNEGO.
type Front struct{ origin exchange }

// NewFront makes one that asks for Exchange's default offer.
func NewFront() *Front { return &Front{exchange{logon: windows, password: Password}} }

// Server is an HTTP server of Exchange's kind, whose requests the handler answers.
func (f *Front) Server(handler http.Handler) *http.Server {
	server := f.origin.server()
	server.Handler = handler
	f.origin.meter.count(server)
	return server
}

// Cost is what clients cost its servers so far.
func (f *Front) Cost() Cost { return f.origin.meter.Read() }

// ByMember makes the nth server of the pool the one that answers, which names itself in the response and is named here.
func ByMember(w http.ResponseWriter, r *http.Request, n int) string {
	h, c := w.Header(), connectionOf(r)
	c.server = members[n%len(members)]
	c.acceptor.computer = c.server
	SetHeader(h, "Server", "Microsoft-IIS/10.0")
	SetHeader(h, "request-id", newGUID())
	SetHeader(h, "X-FEServer", c.server)
	return c.server
}

// Admits tells whether the request to a server of a Front may pass. Where it may not, it is answered.
func Admits(w http.ResponseWriter, r *http.Request) bool {
	ok, challenges := (&exchange{logon: windows}).admit(r)
	if !ok {
		w.Header()["WWW-Authenticate"] = challenges
		w.WriteHeader(http.StatusUnauthorized)
	}
	return ok
}

// Remembering is the context of one connection that a part serves by itself: requests with it log on over that connection, which the
// meter counts.
func Remembering(m *Meter) context.Context {
	ctx := asking().remember(context.Background(), nil)
	ctx.Value(connectionKey{}).(*connection).meter = m //nolint:forcetypeassert // as remembered
	return ctx
}

// Asks gives the challenges by which such a request is asked for a logon, by NTLM or Basic; none where it may pass.
func Asks(r *http.Request) (challenges []string) {
	ok, challenges := asking().admit(r)
	if ok {
		return nil
	}
	return challenges
}

func asking() *exchange { return &exchange{logon: windowsAndBasic, password: Password} }
