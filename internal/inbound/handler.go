package inbound

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// Handler bounds the requests that next gets, and lets none through that asks by a foreign name.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(*conn)
		if r.ProtoMajor > 1 {
			if !g.enter(r.Context()) {
				if c != nil {
					_ = c.Close() // an answer would be one more thing to hold
				}
				panic(http.ErrAbortHandler)
			}
			w = &stream{ResponseWriter: w, slack: g.times.slack}
		}
		if !readBody(w, r) { // before it counts as work: who sends it slowly makes room for others
			return
		}
		if c != nil {
			c.begin()
			defer c.end()
		}
		path, _ := strings.CutPrefix(r.URL.Path, g.prefix)
		if refusal := g.hosts.refuse(r, path); refusal != "" {
			if path == "/probe" {
				g.refused(runner.UnknownHost)
			}
			http.Error(w, refusal, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// enter counts a request of HTTP/2 until its stream has ended, which is after its handler has. HTTP/1 has one at a time for
// each connection, and those are counted.
func (g *Guard) enter(ctx context.Context) bool {
	if g.requests.Add(1) > int64(g.limit.connections) {
		g.requests.Add(-1)
		return false
	}
	context.AfterFunc(ctx, func() { g.requests.Add(-1) })
	return true
}

// readBody reads the body, which is short, before anything waits for it. False: it is none, and that was answered.
func readBody(w http.ResponseWriter, r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	var err error = &http.MaxBytesError{Limit: maxBody}
	var body []byte
	if r.ContentLength <= maxBody {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	}
	if err == nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		return true
	}
	w.Header().Set("Connection", "close")
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the request's body is too large: nothing here takes more than 64 KiB", http.StatusRequestEntityTooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		http.Error(w, "the request's body did not come in time", http.StatusRequestTimeout)
	default:
		http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
	}
	return false
}

// stream is an answer over HTTP/2. It ends when the client takes nothing of it, which its connection does not tell: the
// client may read that and grant the stream no bytes.
type stream struct {
	http.ResponseWriter
	slack time.Duration
	until time.Time
}

// Unwrap is for http.ResponseController.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *stream) Write(p []byte) (int, error) { return inPieces(p, s.writePiece) }

func (s *stream) writePiece(p []byte) (int, error) {
	until := time.Now().Add(s.slack + time.Duration(len(p))*time.Second/writeRate)
	if until.Sub(s.until) > time.Second { // each setting is a message to the connection's goroutine
		s.until = until
		_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(until)
	}
	return s.ResponseWriter.Write(p) //nolint:gosec // what is shown is escaped where it is made
}
