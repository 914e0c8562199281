package web

import (
	"net/http"
	"path"
	"strings"
)

// mounted serves next below a prefix, "" or as in /ews, and leads there from the root.
func mounted(prefix string, next http.Handler) http.Handler {
	inside := http.StripPrefix(prefix, relatively(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, prefix+"/"):
			inside.ServeHTTP(w, r)
		case r.URL.Path == "/":
			lead(w, http.StatusFound, "."+prefix+"/")
		case r.URL.Path == prefix:
			lead(w, http.StatusFound, "./"+path.Base(prefix)+"/")
		default:
			http.Error(w, "there is nothing here: the exporter is served under "+prefix+"/", http.StatusNotFound)
		}
	})
}

// lead leads to a path relative to the one that was asked for: to whoever asks, the exporter may be under another.
func lead(w http.ResponseWriter, status int, relative string) {
	w.Header().Set("Location", relative)
	w.WriteHeader(status)
}

// relatively makes redirects of next that begin at its root relative.
func relatively(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&relative{w, r}, r)
	})
}

// relative is an answer to a request.
type relative struct {
	http.ResponseWriter
	to *http.Request
}

// Unwrap is for http.ResponseController.
func (w *relative) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader makes the answer's Location relative.
func (w *relative) WriteHeader(status int) {
	if location := w.Header().Get("Location"); strings.HasPrefix(location, "/") {
		w.Header().Set("Location", homeOf(w.to)+strings.TrimLeft(location, "/"))
	}
	w.ResponseWriter.WriteHeader(status)
}

// homeOf is the way from a path back to the root, relative, as clients resolve it (RFC 3986 section 5.2.4): a part that is
// empty counts, one that says "here" or "back" does not.
func homeOf(r *http.Request) string {
	up := 0
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for _, part := range parts[min(1, len(parts)-1) : len(parts)-1] {
		switch part {
		case ".":
		case "..":
			up = max(0, up-1)
		default:
			up++
		}
	}
	if up == 0 {
		return "./"
	}
	return strings.Repeat("../", up)
}
