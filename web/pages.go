package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").Funcs(functions).ParseFS(assets, "assets/*.html"))

// chrome is what every page has around it.
type chrome struct {
	Title   string
	Home    string // the way back to /, relative: the exporter may be served under a path
	Version string
	Reports bool // there are pages about probes
}

func (s *server) chrome(title, home string) chrome {
	return chrome{title, home, s.Version, s.Recent != nil}
}

// findingCode is what a code looks like; nothing else may become part of a file's path.
var findingCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// findingPage gives the Markdown of a finding, "" where there is none.
func (s *server) findingPage(code string) string {
	if !findingCode.MatchString(code) {
		return ""
	}
	page, err := fs.ReadFile(s.Findings, "findings/"+code+".md")
	if err != nil {
		return ""
	}
	return markdown.Uncommented(string(page))
}

// finding shows the page of a finding: rendered for browsers, as it is for everybody else.
func (s *server) finding(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	page := s.findingPage(code)
	if page == "" {
		s.unknownFinding(w, r, code)
		return
	}
	guides := report.GuidesTo(s.Advice, code)
	if !wantsPage(w, r) {
		text(w, report.WithGuides(page, guides))
		return
	}
	_, body, _ := strings.Cut(page, "\n") // the title is the template's
	s.page(w, http.StatusOK, "finding.html", struct {
		chrome
		Guides []report.Guide
		Text   template.HTML
	}{s.chrome(code, "../"), guides, markdown.HTML(body, "", 0)})
}

// group is the findings of one prober, or of comparisons.
type group struct {
	Name     string
	Findings []prober.Finding
}

// findings lists what there is to be found. The page is always the same, and long, so it is rendered once.
func (s *server) findings(w http.ResponseWriter, _ *http.Request) {
	s.listOnce.Do(func() {
		s.list = s.render("findings.html", struct {
			chrome
			Groups []group
		}{s.chrome("Findings", "../"), append(groups(s.Probers), group{"Comparing addresses", compare.Findings})})
	})
	s.send(w, http.StatusOK, s.list)
}

// groups gives the findings of each prober, the worst first, and at the end those of several.
func groups(probers []prober.Definition) []group {
	makers := map[string]int{}
	for _, d := range probers {
		for _, f := range d.Findings {
			makers[f.Code]++
		}
	}
	var all []group
	shared := group{Name: "Several probers"}
	for _, d := range probers {
		own := group{Name: d.Name}
		for _, f := range d.Findings {
			switch {
			case makers[f.Code] == 1:
				own.Findings = append(own.Findings, f)
			case !slices.Contains(shared.Findings, f):
				shared.Findings = append(shared.Findings, f)
			}
		}
		all = append(all, own)
	}
	all = append(all, shared)
	worstFirst := []result.Severity{result.Error, result.Warning, result.Info}
	for _, g := range all {
		slices.SortStableFunc(g.Findings, func(a, b prober.Finding) int {
			return slices.Index(worstFirst, a.Severity) - slices.Index(worstFirst, b.Severity)
		})
	}
	return slices.DeleteFunc(all, func(g group) bool { return len(g.Findings) == 0 })
}

// wantsPage tells whether the caller is a browser rather than curl.
func wantsPage(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Vary", "Accept")
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// page renders a template whole before the first byte goes out.
func (s *server) page(w http.ResponseWriter, status int, name string, data any) {
	s.send(w, status, s.render(name, data))
}

// render gives a page; nil where that fails, which is logged.
func (s *server) render(name string, data any) []byte {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		s.Log.Error("render a page", "page", name, "err", err)
		return nil
	}
	return b.Bytes()
}

func (s *server) send(w http.ResponseWriter, status int, page []byte) {
	if page == nil {
		http.Error(w, "the page could not be rendered; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the client is gone when this fails
}

// static serves what pages are made of.
func static(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets, "assets/static/"+path.Base(r.PathValue("file")))
}
