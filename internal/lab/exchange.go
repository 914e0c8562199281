package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Username is whom the lab's servers let in by Basic.
const Username = `CONTOSO\probe`

// Password is Username's unless Options say otherwise. It opens the simulated site on loopback and nothing else, so it
// is no secret.
const Password = "lab-only-and-no-secret" // #nosec G101

// exchange is an Exchange-like origin: IIS's and Exchange's header fields, logon, EWS, and the health check page.
type exchange struct {
	logon      []string   // the challenges of its 401, in order; empty for an open one (see open)
	perRequest bool       // every request has to log on, and not every connection
	protection Protection // Extended Protection of NTLM
	sizes      *sizes     // of the pages, nil where they do not matter

	pool    int                                                                             // how many servers take connections in turn; 0 is one
	sick    string                                                                          // the server that is unhealthy; empty for none
	trouble func(ctx context.Context, server, operation string) (status int, answer string) // what EWS answers instead; status 0 is as ever
	narrow  bool                                                                            // what stands in front leads only the virtual directories there
	bare    bool                                                                            // an EWS server that is not Exchange: no field of a response names it
	voice   voice                                                                           // of streaming responses
	mailbox mailbox
	moves   moves
	mapi    mapi
	meter   Meter
	taken   atomic.Int64 // connections

	password string // Username's
	binding  []byte // what a client sends that sees the certificate which the server has bound
}

// Service is the name that clients of the simulated site use, and MailAddress one in its mail domain.
const (
	Service     = "mail." + MailDomain
	MailDomain  = "contoso.test"
	MailAddress = "probe@" + MailDomain
)

const (
	serverName = "EX01"
	serverFQDN = "ex01.contoso.test"
)

// server is the origin as an HTTP server. net/http sends the 100 when a handler first reads the body, and none when
// the handler answers without reading it.
func (e *exchange) server() *http.Server {
	return &http.Server{
		Handler:           e,
		ConnContext:       e.remember,
		ReadHeaderTimeout: maxRequest,
		ReadTimeout:       maxRequest,
		WriteTimeout:      maxRequest,
		IdleTimeout:       2 * maxRequest, // longer than any balancer keeps the connection, so it never closes first
		MaxHeaderBytes:    maxHead,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// ServeHTTP finds its way without regard to case, as IIS does.
func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := w.Header(); !e.bare {
		SetHeader(h, "Server", "Microsoft-IIS/10.0")
		SetHeader(h, "X-Powered-By", "ASP.NET")
	}
	path := strings.ToLower(r.URL.Path)
	directory, known := directories[path]
	switch {
	case known:
		directory(e, w, r)
	case strings.HasSuffix(path, "/healthcheck.htm") && r.Method == http.MethodGet:
		e.healthCheck(w, r)
	case path == "/ews/exchange.asmx" && !e.passes(w, r):
	case path == "/ews/exchange.asmx" && r.Method == http.MethodPost:
		e.ews(w, r)
	case path == "/ews/exchange.asmx":
		w.WriteHeader(http.StatusMethodNotAllowed)
	case e.sizes != nil && strings.HasSuffix(path, ".htm") && r.Method == http.MethodGet:
		e.page(w, r)
	default: // IIS's own: no field of Exchange's
		Answer(w, http.StatusNotFound, "text/html", "<h1>404 - File or directory not found.</h1>")
	}
}

// healthCheck answers as Exchange's HealthCheckResponder does for a component that is active: exactly the words that
// balancers look for, and the server's name.
// An inactive one makes it end the connection without an answer.
func (e *exchange) healthCheck(w http.ResponseWriter, r *http.Request) {
	server := connectionOf(r).server
	if server == e.sick {
		panic(http.ErrAbortHandler)
	}
	if !e.bare {
		SetHeader(w.Header(), "X-FEServer", server)
	}
	Answer(w, http.StatusOK, "text/html", "200 OK<br/>"+strings.ToLower(server)+".contoso.test")
}

// open tells of a site that answers who has not logged on, so that its transport can be tried without an account: with an
// empty answer to the one request that leads into no mailbox. Exchange itself asks every client for a logon, and so does
// an open site before anything else.
func (e *exchange) open() bool { return len(e.logon) == 0 }

// harmless is the operation that leads into no mailbox.
const harmless = "GetServerTimeZones"

// passes tells whether the request may pass. Where it may not, it is answered: by the 401 of Exchange's front end. That
// does not read the body, so net/http sends no 100 before it.
func (e *exchange) passes(w http.ResponseWriter, r *http.Request) bool {
	if e.open() && r.Header.Get("Authorization") == "" {
		return true // what it asks for decides
	}
	ok, challenges := e.admit(r)
	if !ok {
		e.unauthorized(w, r, challenges)
	}
	return ok
}

func (e *exchange) unauthorized(w http.ResponseWriter, r *http.Request, challenges []string) {
	h := w.Header()
	if !e.bare {
		SetHeader(h, "request-id", newGUID())
		SetHeader(h, "X-FEServer", connectionOf(r).server)
	}
	h["WWW-Authenticate"] = challenges
	w.WriteHeader(http.StatusUnauthorized)
}

// ews answers a SOAP request as the back end does, through the front end that chose it.
func (e *exchange) ews(w http.ResponseWriter, r *http.Request) {
	// Read to its end, so that net/http notices when the client goes away.
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)) // what is cut short is no XML
	asked, status, text := readSOAP(bytes.NewReader(body))
	stranger := e.open() && !e.knowsWho(r)
	if stranger && (len(body) == 0 || status == 0 && asked.XMLName.Local != harmless) {
		e.unauthorized(w, r, windowsAndBasic)
		return
	}
	h, server := w.Header(), connectionOf(r).server
	if !e.bare {
		named(h, server)
	}
	if connectionOf(r).loggedOn && !e.perRequest {
		SetHeader(h, "Persistent-Auth", "true")
	}
	if _, err := r.Cookie(affinityCookie); err != nil && e.sizes == nil && !e.bare {
		h["Set-Cookie"] = []string{affinityCookie + "=" + opaque("back end", serverFQDN) + "; expires=" + cookieEnd() + "; path=/EWS; secure; HttpOnly"}
	}
	if id := r.Header.Get("client-request-id"); strings.EqualFold(r.Header.Get("return-client-request-id"), "true") && id != "" {
		SetHeader(h, "client-request-id", id)
	}
	if status == 0 && asked.XMLName.Local == "GetStreamingEvents" {
		e.stream(w, r, server, asked)
		return
	}
	if status == 0 {
		status, text = e.answerSOAP(r.Context(), server, asked)
	}
	if stranger && status == http.StatusOK && asked.XMLName.Local == harmless {
		text = strings.Replace(text, stateless[harmless], `<m:`+harmless+`Response xmlns:m="`+messagesNS+`"/>`, 1)
	}
	Answer(w, status, "text/xml; charset=utf-8", text)
}

// named sets the fields by which Exchange names itself.
func named(h http.Header, server string) {
	SetHeader(h, "Cache-Control", "private")
	SetHeader(h, "request-id", newGUID())
	SetHeader(h, "X-CalculatedBETarget", strings.ToLower(server)+".contoso.test")
	SetHeader(h, "X-DiagInfo", server)
	SetHeader(h, "X-BEServer", server)
	SetHeader(h, "X-AspNet-Version", "4.0.30319")
	SetHeader(h, "X-FEServer", server)
}

// affinityCookie is what the front end keeps a mailbox's server in.
const affinityCookie = "X-BackEndCookie"

// cookieEnd is when a cookie that is set now ends.
func cookieEnd() string { return time.Now().UTC().Add(10 * time.Minute).Format(http.TimeFormat) }

// SetHeader keeps the field's name as Exchange writes it, where Header.Set would change its case.
func SetHeader(h http.Header, name, value string) { h[name] = []string{value} }

// Answer answers a request with a text.
func Answer(w http.ResponseWriter, status int, contentType, text string) {
	SetHeader(w.Header(), "Content-Type", contentType)
	SetHeader(w.Header(), "Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that went away misses nothing
}

// newGUID is a random GUID (RFC 9562 §5.4), as request-id has one.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
