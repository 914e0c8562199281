package httpcontent

import (
	"bytes"
	"cmp"
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict: first of the file, then of port 80.
func (p *probe) judge() {
	r := p.run.Result
	if p.sentBack() {
		p.judgeWay(p.redirect)
		p.content.step.Fail(r.Failure)
		p.redirect.step.Fail(r.Failure)
		return
	}
	p.judgeContent()
	p.content.step.Fail(r.Failure)
	if p.redirect == nil {
		return
	}
	before := r.Failure
	p.judgeRedirect()
	if before == nil && r.Failure != nil {
		p.decide(p.redirect)
		p.redirect.step.Fail(r.Failure)
	}
}

// sentBack tells whether the file's own URL sends everybody to port 80, which sends them back: that is one fault and not two.
func (p *probe) sentBack() bool {
	return p.content.ends == elsewhere && p.redirect != nil && p.redirect.ends == circle && slices.Contains(p.redirect.passed, p.content.passed[0])
}

// fail records a finding behind a failure, and the failure. blames may be empty.
func (p *probe) fail(stage failure.Stage, reason, code string, who origin.Origin, blames result.Blame, sentence string) {
	p.run.Find(code, result.Error, who, "%s", sentence)
	if blames != "" {
		p.run.Blame(blames)
	}
	p.run.Result.Fail(failure.New(stage, reason, "%s", sentence))
}

func (p *probe) judgeContent() {
	c := p.content
	switch {
	case c.err != nil:
		p.run.Result.Fail(failure.From(c.err))
	case c.Origin.Portal != "":
		p.fail(failure.Status, prober.ReasonLogonPage, SignIn, c.Origin, "", fmt.Sprintf("%s answered %s in place of the file%s.", c.Origin.Subject(), c.Answer(), c.Cause()))
	case c.ends != answered:
		p.judgeWay(c)
	case c.Status() == 404:
		p.missing()
	case c.Status() == 401, c.Status() == 407:
		p.run.FindBox(c.Conversation)
		p.run.Result.Fail(failure.New(failure.Status, reasonLogonAsked, "%s answered %s to %s: it asks for a logon, and a file for everybody needs none%s", c.Origin.Subject(), c.Answer(), c.URL, c.Cause()))
	case c.Status() != 200:
		p.run.FindBox(c.Conversation)
		p.run.Result.Fail(failure.New(failure.Status, reasonStatus, "%s answered %s to %s%s", c.Origin.Subject(), c.Answer(), c.URL, c.Cause()))
	default:
		p.met[whatStatus] = true
		p.judgeType()
		p.judgePrefix()
		p.judgeCaching()
	}
}

// judgeWay is for redirects that do not come to an answer.
func (p *probe) judgeWay(t *trail) {
	way := strings.Join(t.passed[:min(len(t.passed), 3)], " → ")
	if len(t.passed) > 3 {
		way += fmt.Sprintf(" → … (%d requests)", len(t.passed))
	}
	if t.ends == circle {
		p.fail(failure.Status, reasonLoop, Loop, t.Origin, result.Either, fmt.Sprintf("%s → %s: the redirects lead round in a circle, or on and on. Where TLS ends at a box, a server behind it that wants https sends every request back to where it came from.", way, t.to))
		return
	}
	p.fail(failure.Status, reasonElsewhere, Elsewhere, t.Origin, result.Either, fmt.Sprintf("%s answered %s: it leads to %s, which is another name, another port, or not over TLS. Whoever asks %s for the file gets somebody else's.",
		way, t.Answer(), t.to, p.run.Target.Name))
}

// missing is for a 404. Where what lies beside the file is there, two causes are left, and they look alike from outside.
func (p *probe) missing() {
	c := p.content
	extension := path.Ext(strings.SplitN(c.last.path, "?", 2)[0])
	sentence := fmt.Sprintf("%s answered %s to %s", c.Origin.Subject(), c.Answer(), c.URL)
	switch {
	case p.beside == nil:
		sentence += ". The file is missing, or its name and path lead to another site or folder."
	case p.beside.err != nil || p.nobody.err != nil:
		sentence += ". What lies beside it could not be asked: the file may be missing, its extension " + extension + " may have no MIME mapping in IIS or be denied by its request filtering, or its path may lead to another folder."
	case p.nobody.Status() != 404:
		sentence += fmt.Sprintf(", and %s to a name that cannot exist, so nothing follows from what lies beside it. The file may be missing, its extension %s may have no MIME mapping in IIS or be denied by its request filtering, or its path may lead to another folder.", p.nobody.Answer(), extension)
	case p.beside.Status() == 200:
		p.run.Result.Draw(Missing, adviceFileOrMapping)
		sentence += fmt.Sprintf(", 200 to %s beside it, and 404 to a name that cannot exist: the folder is served, and this file is not. Three causes look alike from outside: the file is missing, IIS has no MIME mapping for %s, or its request filtering denies that extension. IIS answers all of them 404; the sub-status in its own log tells them apart: 0, 3 or 7.", p.beside.last.path, extension)
	default:
		sentence += fmt.Sprintf(", as to a name that cannot exist. Several causes look alike from outside: the file is missing, IIS has no MIME mapping for %s or its request filtering denies it, or name and path lead to another site or folder. To tell them apart put a copy of the file beside it as %s: if that is answered 200, the last is out, and if the file itself is there, it is its extension.", extension, p.beside.last.path)
	}
	p.fail(failure.Status, reasonNotFound, Missing, c.Origin, result.Either, sentence)
}

// judgeType compares the media type alone, in whatever case (RFC 9110 section 8.3.1).
func (p *probe) judgeType() {
	c := p.content
	got, _, err := mime.ParseMediaType(c.Final.Get("Content-Type"))
	if p.MediaType == "" || err == nil && got == p.MediaType {
		p.met[whatMediaType] = true
		return
	}
	says, hint := "none", "The server has no type for this extension."
	if field := c.Final.Get("Content-Type"); field != "" {
		says, hint = plain.Text(field, 128), "Either the server maps the extension to that, or something on the way rewrites it, or it is another page that came."
		if got == "application/octet-stream" {
			hint = "That is what servers send for an extension that they do not know."
		}
	}
	p.fail(failure.Content, reasonType, WrongType, c.Origin, result.Either, fmt.Sprintf("%s sent %s with the media type %s, and %s is expected. %s", c.Origin.Subject(), c.URL, says, p.MediaType, hint))
}

// mark is what may stand before a text in UTF-8.
var mark = []byte("\xef\xbb\xbf")

// judgePrefix compares how the body begins.
func (p *probe) judgePrefix() {
	c := p.content
	body := bytes.TrimPrefix(c.body, mark)
	if bytes.HasPrefix(body, []byte(p.Prefix)) && c.Final.Unreadable == "" || p.Prefix == "" {
		p.met[whatPrefix] = true
		return
	}
	if c.cut != nil && bytes.HasPrefix([]byte(p.Prefix), body) {
		p.run.Result.Fail(failure.From(c.cut)) // what did not come may have been right
		return
	}
	got := fmt.Sprintf("begins with %q", plain.Text(string(body), 60))
	switch {
	case c.Final.Unreadable != "":
		got = "cannot be read: " + plain.Text(c.Final.Unreadable, 128)
	case len(body) == 0:
		got = "is empty"
	}
	p.fail(failure.Content, reasonPrefix, WrongPrefix, c.Origin, result.Either, fmt.Sprintf("What %s sent for %s %s, and %q is expected: it is another file, or a page that came in its place.", c.Origin.Name(), c.URL, got, p.Prefix))
}

func (p *probe) judgeCaching() {
	c := p.content
	if p.Cache != cacheNo {
		return
	}
	age := keptFor(c.Final)
	kept := ""
	if age > 0 {
		kept = fmt.Sprintf(" One on the way did keep it: for %d s (Age)%s.", age, p.cacheName())
	}
	rule, why := cachingOf(c.Final, p.run.Result.Start)
	switch {
	case rule == allows:
		p.fail(failure.Content, reasonCached, Cached, c.Origin, result.Either, fmt.Sprintf("Caches may keep %s, browsers' own included: %s.%s", c.URL, why, kept))
	case age > 0:
		p.fail(failure.Content, reasonCached, Cached, c.Origin, result.InBetween, fmt.Sprintf("%s came out of a cache on the way, which had kept it for %d s (Age)%s. What it says of that: %s.", c.URL, age, p.cacheName(), why))
	case rule == unset:
		p.run.Find(CacheUnset, result.Warning, c.Origin, "Nothing says that caches must not keep %s (%s), so each decides by itself, as a rule by Last-Modified.", c.URL, why)
		c.step.Warn()
	default:
		p.met[whatCache] = true
	}
}

// cacheName is what the response says of the cache that it came through; empty for nothing.
func (p *probe) cacheName() string {
	for _, name := range []string{"X-Cache", "Via"} {
		if value := p.content.Final.Get(name); value != "" {
			return fmt.Sprintf("; %s: %s", name, plain.Text(value, 128))
		}
	}
	return ""
}

// judgeRedirect judges where port 80 leads. Once it has led to https of the same name, the file's own answer tells the rest.
func (p *probe) judgeRedirect() {
	t := p.redirect
	secure := t.last.scheme == redirectHTTPS
	switch {
	case t.err != nil:
		p.run.Result.Fail(failure.From(t.err))
	case t.ends == circle, t.ends == elsewhere && !secure:
		p.judgeWay(t)
	case secure:
		p.met[whatRedirect] = true
	default:
		p.fail(failure.Status, reasonNoRedirect, NoRedirect, t.Origin, result.Either, fmt.Sprintf("%s answered %s to %s, which leads nowhere, and a redirect to https://%s is expected%s.", t.Origin.Subject(), t.Answer(), t.URL, p.run.Target.Name, cmp.Or(t.Reading.Said(), "")))
	}
}
