package web

import (
	"fmt"
	"net/http"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// guided answers browsers with a page, from which they find on, where mux has nothing for a request.
func (s *server) guided(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, pattern := mux.Handler(r)
		if pattern != "" || !wantsPage(w, r) {
			mux.ServeHTTP(w, r)
			return
		}
		told := &noted{header: http.Header{}}
		answer.ServeHTTP(told, r)
		switch told.status {
		case http.StatusNotFound:
			s.lost(w, r, "There is nothing here.", "")
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", told.header.Get("Allow"))
			s.messagePage(w, r, told.status, "Not by "+r.Method, "This is asked for by "+told.header.Get("Allow")+".", "")
		default: // it leads elsewhere
			answer.ServeHTTP(w, r)
		}
	})
}

// noted keeps an answer's status and head.
type noted struct {
	header http.Header
	status int
}

func (n *noted) Header() http.Header         { return n.header }
func (n *noted) WriteHeader(status int)      { n.status = status }
func (n *noted) Write(p []byte) (int, error) { return len(p), nil }

// lost says that something is not there; near is the finding that may be meant, "" for none.
func (s *server) lost(w http.ResponseWriter, r *http.Request, message, near string) {
	if wantsPage(w, r) {
		s.messagePage(w, r, http.StatusNotFound, "Not found", message, near)
		return
	}
	if near != "" {
		message += " Did you mean " + near + "?"
	}
	http.Error(w, plain.Escape(message), http.StatusNotFound)
}

func (s *server) messagePage(w http.ResponseWriter, r *http.Request, status int, title, message, near string) {
	s.page(w, status, "message.html", struct {
		chrome
		Message, Near string
	}{s.chrome(title, homeOf(r)), message, near})
}

// unknownFinding is the answer to a code that no finding has.
func (s *server) unknownFinding(w http.ResponseWriter, r *http.Request, code string) {
	var codes []string
	for _, d := range s.Probers {
		for _, f := range d.Findings {
			codes = append(codes, f.Code)
		}
	}
	s.lost(w, r, fmt.Sprintf("There is no finding %.100q.", code), suggest.Nearest(code, codes))
}

// raw answers with text: within a page to browsers, so that they find on from there, as it is to everybody else.
func (s *server) raw(w http.ResponseWriter, r *http.Request, title, about, body string) {
	if !wantsPage(w, r) {
		text(w, body)
		return
	}
	s.page(w, http.StatusOK, "raw.html", struct {
		chrome
		About, Text string
	}{s.chrome(title, homeOf(r)), about, body})
}
