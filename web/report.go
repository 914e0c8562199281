package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// maxForm bounds what the form may send, in bytes.
const maxForm = 64 << 10

// forgotten says why there is no report.
var forgotten = fmt.Sprintf("This probe is not there any more, or never was. Of each target and module the exporter remembers the last %d probes "+
	"that failed or had a warning, and the last %d others, and where it has no --storage.path until it is restarted. Run the probe again.", maxBad, maxGood)

// reportPage is one probe as a page.
type reportPage struct {
	chrome
	Form     form
	View     *report.View
	Findings []finding
	Metrics  string
	Text     string // for a ticket
	Before   bool   // it was probed before the exporter was restarted
}

// finding is a finding with its fix.
type finding struct {
	result.Finding
	Of   string        // the target, where several are shown
	Page string        // all about it
	Fix  template.HTML // for the product where the page has it, else for all; empty without a page
}

// newest shows the newest result of a target and module again, without probing.
func (s *server) newest(w http.ResponseWriter, r *http.Request) {
	p, refused := parameters(r, "module", "target", "hostname", "auth")
	if refused != nil {
		s.refusePage(w, r, refused, form{})
		return
	}
	newest := s.Recent.Newest(p["module"], p["target"], p["hostname"], p["auth"])
	if newest == nil {
		s.refusePage(w, r, refusal(http.StatusNotFound, "", "%s", forgotten),
			form{Module: p["module"], Target: p["target"], Hostname: p["hostname"], Auth: p["auth"]})
		return
	}
	s.report(w, r, newest, "./")
}

// byID shows a result for good, as a page, or with .json or .txt behind its ID.
func (s *server) byID(w http.ResponseWriter, r *http.Request) {
	id, kind, _ := strings.Cut(r.PathValue("id"), ".")
	found := s.Recent.Get(id)
	switch {
	case found == nil:
		s.refusePage(w, r, refusal(http.StatusNotFound, "", "%s", forgotten), form{})
	case kind == "":
		s.report(w, r, found, "../")
	case kind == "json":
		w.Header().Set("Content-Type", "application/json")
		_ = report.JSON(w, found) // the client is gone when this fails
	case kind == "txt":
		text(w, asText(found))
	default:
		s.lost(w, r, "A report is a page, or has .json or .txt at its end.", "")
	}
}

// asText is the report as text. Writing to memory does not fail.
func asText(r *result.Result) string {
	var b bytes.Buffer
	_ = report.Text(&b, r, report.Options{})
	return b.String()
}

// report shows a result: a page to browsers, text to everybody else.
func (s *server) report(w http.ResponseWriter, r *http.Request, found *result.Result, home string) {
	if !wantsPage(w, r) {
		text(w, asText(found))
		return
	}
	p := reportPage{
		chrome: s.chrome(found.Module+" of "+found.Target, home),
		Form:   form{Modules: s.Modules(), Module: found.Module, Target: found.Target, Hostname: hostname(found), Auth: found.Auth, Mailbox: found.Mailbox},
		View:   report.NewView(found), Text: asText(found), Before: s.Recent.Before(found.ID),
	}
	for _, f := range found.Findings {
		p.Findings = append(p.Findings, s.explain(f, "", home))
	}
	p.Metrics = string(s.values.Append(nil, collector.Text, found, nil))
	s.page(w, http.StatusOK, "report.html", p)
}

// hostname is the name that was asked for, "" where the target says it.
func hostname(r *result.Result) string {
	if t, err := target.Parse(r.Target, ""); err != nil || t.Name == r.Name {
		return ""
	}
	return r.Name
}

func (s *server) explain(f result.Finding, of, home string) finding {
	return finding{f, of, home + "findings/" + f.Code, s.fix(f, home)}
}

// fix gives what a finding's page says about mending it.
func (s *server) fix(f result.Finding, home string) template.HTML {
	all := markdown.Section(s.findingPage(f.Code), "The fix")
	if f.Product != "" {
		if own := markdown.Section(all, f.Product); own != "" {
			all = own
		}
	}
	return markdown.HTML(all, home+"findings/", 2)
}

// run runs a probe that a person asked for, and leads to its record.
func (s *server) run(w http.ResponseWriter, r *http.Request) {
	asked, refused := s.readForm(w, r)
	if refused != nil {
		s.refusePage(w, r, refused, asked)
		return
	}
	requests, err := asked.requests()
	if err != nil {
		s.refusePage(w, r, badRequest("%v", err), asked)
		return
	}
	results, err := compare.Run(r.Context(), s.Prober, requests)
	if err != nil {
		s.refusePage(w, r, asRefusal(err), asked)
		return
	}
	ids := make([]string, len(results))
	for i, res := range results {
		if denied(res) {
			s.refusePage(w, r, refusal(http.StatusForbidden, runner.DeniedTarget, "%s", res.Failure.Message), asked)
			return
		}
		s.Recent.Add(res)
		ids[i] = res.ID
	}
	if len(ids) == 1 {
		lead(w, http.StatusSeeOther, "report/"+ids[0])
		return
	}
	lead(w, http.StatusSeeOther, "compare?of="+strings.Join(ids, ","))
}

// requests are those that a form asks for: one, or with servers to compare with, one for each of them too.
func (f form) requests() ([]runner.Request, error) {
	req := runner.Request{Module: f.Module, Target: f.Target, Auth: f.Auth, Hostname: f.Hostname, Mailbox: f.Mailbox}
	if f.Direct == "" {
		return []runner.Request{req}, nil
	}
	return compare.Requests(req, f.Direct)
}

// asRefusal makes an error of a probe an answer to the one who asked for it.
func asRefusal(err error) *runner.Refusal {
	var refused *runner.Refusal
	if errors.As(err, &refused) {
		return refusal(refused.Status, refused.Reason, "%v", err) // which may say of which target it is
	}
	return refusal(http.StatusInternalServerError, "", "the probe could not be run: %v", err)
}

// readForm reads the form of a page, which another site's page must not send.
func (s *server) readForm(w http.ResponseWriter, r *http.Request) (form, *runner.Refusal) {
	if err := s.protection.Check(r); err != nil {
		return form{}, refusal(http.StatusForbidden, runner.CrossSite, "this request comes from another site's page (%v): open the exporter itself and ask there", err)
	}
	if refused := s.crossSite(r); refused != nil {
		return form{}, refused
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return form{}, badRequest("the form cannot be read: %v", err)
	}
	f := form{
		Module: r.PostForm.Get("module"), Target: strings.TrimSpace(r.PostForm.Get("target")),
		Hostname: strings.TrimSpace(r.PostForm.Get("hostname")), Auth: strings.TrimSpace(r.PostForm.Get("auth")),
		Direct: strings.TrimSpace(r.PostForm.Get("direct")), Mailbox: strings.TrimSpace(r.PostForm.Get("mailbox")),
	}
	if f.Module == "" || f.Target == "" {
		return f, badRequest("the form lacks the module or the target")
	}
	return f, nil
}

// refusePage says why there is nothing to show, with the form to try again.
func (s *server) refusePage(w http.ResponseWriter, r *http.Request, refused *runner.Refusal, asked form) {
	if refused.Reason != "" {
		s.Self.Refused(refused.Reason)
	}
	if !wantsPage(w, r) {
		http.Error(w, plain.Escape(refused.Message), refused.Status)
		return
	}
	if asked.Module == "" {
		asked.Module = s.newForm().Module
	}
	asked.Modules = s.Modules()
	home := "./"
	if r.PathValue("id") != "" {
		home = "../"
	}
	title := "Not probed"
	if refused.Status == http.StatusNotFound {
		title = "Not remembered"
	}
	s.page(w, refused.Status, "refused.html", struct {
		chrome
		Form    form
		Message string
	}{s.chrome(title, home), asked, refused.Message})
}
