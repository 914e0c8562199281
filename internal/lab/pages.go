package lab

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// sizes are how many bytes responses have in all, head and body, as IIS counts them in sc-bytes.
type sizes struct {
	unauthorized int // a 401 that only offers schemes
	page         int // a 200
}

// The sizes of a consultant's field notes: an IIS log of four pages, when every request authenticates and when the
// connection stays authenticated.
var (
	defaultSizes   = &sizes{unauthorized: 1872, page: 510}
	persistedSizes = &sizes{unauthorized: 2043, page: 260}
)

// page answers as IIS does for a static page behind Windows authentication, in the sizes of the field notes.
func (e *exchange) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	delete(h, "X-Powered-By")
	ok, challenges := e.admit(r)
	if ok {
		if connectionOf(r).loggedOn && !e.perRequest {
			SetHeader(h, "Persistent-Auth", "true")
		}
		filled(w, http.StatusOK, e.sizes.page)
		return
	}
	h["WWW-Authenticate"] = challenges
	if !slices.Equal(challenges, e.offer()) { // a leg of the handshake: http.sys writes it, without a page
		filled(w, http.StatusUnauthorized, 0)
		return
	}
	filled(w, http.StatusUnauthorized, e.sizes.unauthorized)
}

// filled writes a response of size bytes in all, or as few as its head takes.
func filled(w http.ResponseWriter, status, size int) {
	h := w.Header()
	SetHeader(h, "Content-Type", "text/html")
	SetHeader(h, "Date", now())
	length := 0
	for range 2 { // the length's own digits count too
		SetHeader(h, "Content-Length", fmt.Sprint(length))
		length = max(0, size-headSize(status, h))
	}
	SetHeader(h, "Content-Length", fmt.Sprint(length))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.Repeat(".", length)) // a client that went away misses nothing
}

// headSize counts the bytes of a head as net/http writes it.
func headSize(status int, h http.Header) int {
	size := len(fmt.Sprintf("HTTP/1.1 %d %s\r\n\r\n", status, http.StatusText(status)))
	for name, values := range maps.All(h) {
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return size
}
