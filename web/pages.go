package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"ago": func(t time.Time) string { return time.Since(t).Round(time.Second).String() },
}).ParseFS(assets, "assets/*.html"))

// index is the start page: what was probed lately, a form, and where to go on.
func (s *server) index(w http.ResponseWriter, _ *http.Request) {
	s.page(w, "index.html", struct {
		Version string
		Modules []string
		Recent  []*result.Result
	}{s.Version, s.Modules(), s.Recent.List()})
}

// textPage is a page that shows text as it is.
type textPage struct {
	Title, Text string
	Home        string // the way back to /, relative: the exporter may be served under a path
}

// report shows the newest result of a target and module again, without probing.
func (s *server) report(w http.ResponseWriter, r *http.Request) {
	p, refused := parameters(r, "module", "target")
	if refused != nil {
		http.Error(w, refused.Message, refused.Status)
		return
	}
	newest := s.Recent.Newest(p["module"], p["target"])
	if newest == nil {
		http.Error(w, "no probe of this module and target is remembered: the newest 200 are; run it with /probe", http.StatusNotFound)
		return
	}
	var b bytes.Buffer
	if err := report.Text(&b, newest, report.Options{}); err != nil {
		http.Error(w, "the report could not be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	s.textOrPage(w, r, textPage{"Report: " + newest.Module + " of " + newest.Target, b.String(), "./"})
}

// findingCode is what a code looks like; nothing else may become part of a file's path.
var findingCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// finding shows the page of a finding.
func (s *server) finding(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	if !findingCode.MatchString(code) {
		http.NotFound(w, r)
		return
	}
	page, err := fs.ReadFile(s.Findings, "findings/"+code+".md")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s.textOrPage(w, r, textPage{"Finding " + code, string(page), "../"})
}

// findings lists the pages there are.
func (s *server) findings(w http.ResponseWriter, _ *http.Request) {
	files, err := fs.Glob(s.Findings, "findings/*.md")
	if err != nil {
		http.Error(w, "the findings cannot be listed: "+err.Error(), http.StatusInternalServerError)
		return
	}
	codes := make([]string, len(files))
	for i, file := range files {
		codes[i] = strings.TrimSuffix(path.Base(file), ".md")
	}
	s.page(w, "findings.html", codes)
}

// textOrPage gives browsers a page and everybody else the text.
func (s *server) textOrPage(w http.ResponseWriter, r *http.Request, p textPage) {
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.page(w, "text.html", p)
		return
	}
	text(w, p.Text)
}

// page renders a template whole before the first byte goes out.
func (s *server) page(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		s.Log.Error("render a page", "page", name, "err", err)
		http.Error(w, "the page could not be rendered; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the client is gone when this fails
}

func style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets, "assets/style.css")
}
