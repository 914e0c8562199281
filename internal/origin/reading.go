package origin

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// Reading is what a response that is no success says of its own cause.
type Reading struct {
	Says    []string `json:"says,omitempty"`     // in its own words, for a person
	BackEnd bool     `json:"back_end,omitempty"` // a front end passed on what a server behind it said
	Advice  string   `json:"advice,omitempty"`   // what it means, and what to do first; empty where nothing is known to help

	// Certificate is what it says of the client's certificate; empty for nothing.
	Certificate CertificateWord `json:"client_certificate,omitempty"`

	portal    string // whose page to log on by it is, or leads to
	elsewhere bool   // something else than EWS or Autodiscover was asked for
}

// Bounds on a Reading. What is longer is told by its length: a secret that was cut in two would not be found.
const (
	maxSaid    = 400 // bytes of one saying
	maxSayings = 8
)

// Read reads what a response says of why it is no success: a redirect, an error, or a page to log on by. Of anything else
// it is nil. who is what Identify gave for it.
func Read(r *Response, who Origin) *Reading {
	if r.Status < 300 && who.Portal == "" {
		return nil
	}
	v := look(r)
	reading := &Reading{BackEnd: behindFrontEnd(v), portal: who.Portal, elsewhere: isElsewhere(r.URL)}
	for _, say := range []func(*view) string{backEndSays, failureContext, sentence, certificatePage, fieldSays("x-ms-diagnostics"), fieldSays("X-CasErrorCode"), retryAfter, allowed, locationSays, numberSays} {
		if said := say(v); said != "" && len(reading.Says) < maxSayings && !slices.Contains(reading.Says, said) {
			reading.Says = append(reading.Says, said)
		}
	}
	reading.Certificate, _ = certificateSays(r)
	reading.Advice = advise(v, who, reading.BackEnd)
	return reading
}

// Said is what a sentence about the response goes on with: "; it says: …". It may be asked of nil.
func (r *Reading) Said() string {
	if r == nil {
		return ""
	}
	var text string
	if r.portal != "" {
		text = "; that is a page to log on by, for people (" + r.portal + ")"
	}
	if len(r.Says) > 0 {
		text += "; it says: " + strings.Join(r.Says, "; ")
	}
	return text
}

// Text is Said with what it means, and what to do first. It may be asked of nil.
func (r *Reading) Text() string {
	if r == nil || r.Advice == "" {
		return r.Said()
	}
	return r.Said() + "; " + r.Advice
}

// MadeByBox gives the advice for an error that a box made, where that shows only afterwards. It may be asked of nil.
func (r *Reading) MadeByBox(status int) {
	if r != nil && status >= 400 && r.portal == "" && ofBox(status, r.elsewhere) != "" {
		r.Advice = ofBox(status, r.elsewhere)
	}
}

// said bounds and escapes what a target says.
func said(name, value string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if s := plain.Escape(value); len(value) <= maxSaid && len(s) <= maxSaid {
		return name + ": " + s
	}
	return fmt.Sprintf("%s (%d bytes long)", name, len(value))
}

func fieldSays(name string) func(*view) string {
	return func(v *view) string { return said(name, v.values(name)) }
}

// behindFrontEnd tells whether Exchange's front end passed on what the back end said: by the status that it took from
// there, by the context that it gives, or by a page of http.sys that bears the front end's name.
func behindFrontEnd(v *view) bool {
	if status := v.values("X-BackEndHttpStatus"); status != "" && status != "200" {
		return true
	}
	from, _, _ := strings.Cut(v.values("X-FailureContext"), ";")
	return strings.EqualFold(strings.TrimSpace(from), "BackEnd") || v.values("X-FEServer") != "" && httpSysPage(v) != ""
}

// backEndSays names the server behind, and the status that it gave.
func backEndSays(v *view) string {
	status, target := v.values("X-BackEndHttpStatus"), v.either("X-CalculatedBETarget", "X-TargetBEServer", "X-BEServer")
	switch {
	case status != "" && target != "":
		return said("the back end "+bounded(target)+" answered (X-BackEndHttpStatus)", status)
	case status != "":
		return said("the back end answered (X-BackEndHttpStatus)", status)
	case target != "" && v.Status >= 500:
		return said("the request was for the back end", target)
	}
	return ""
}

// bounded is a short value within a saying.
func bounded(value string) string {
	if s := plain.Escape(value); len(value) <= maxQuote && len(s) <= maxQuote {
		return s
	}
	return fmt.Sprintf("(a name of %d bytes)", len(value))
}

// failureContext reads X-FailureContext: who failed, the status, and texts in base64, parted by semicolons (captures of
// Exchange 2013 and later). That the front end asks for a logon is no news.
func failureContext(v *view) string {
	value := v.values("X-FailureContext")
	if value == "" || len(value) > 4*maxSaid || v.Status == 401 && !behindFrontEnd(v) {
		return ""
	}
	var parts []string
	for i, part := range strings.Split(value, ";") {
		part = strings.TrimSpace(part)
		if text, err := base64.StdEncoding.DecodeString(part); i > 1 && err == nil && utf8.Valid(text) {
			part = string(text)
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return said("X-FailureContext", strings.Join(parts, ", "))
}

// httpSysSentence is the one sentence on a page of http.sys.
var httpSysSentence = regexp.MustCompile(`(?i)<p>\s*(HTTP Error \d{3}\. [^<]{1,200}?)\s*</p>`)

// iisSentence is what IIS's short pages say.
var iisSentence = regexp.MustCompile(`(?i)^\s*(The page (?:was not|cannot be) displayed because [^<]{1,200}?)\s*$`)

// sentence is what the page of http.sys or IIS says in so many words.
func sentence(v *view) string {
	body := v.Body[:min(len(v.Body), maxBody)]
	for _, known := range []*regexp.Regexp{httpSysSentence, iisSentence} {
		if found := known.FindSubmatch(body); found != nil && v.Status >= 400 {
			return strings.TrimSuffix(said("page text", string(found[1])), ".")
		}
	}
	return ""
}

// certificatePage is what the page says of the client's certificate.
func certificatePage(v *view) string {
	_, text := certificateSays(v.Response)
	return said("page text", text)
}

func retryAfter(v *view) string { return said("Retry-After", v.values("Retry-After")) }

// allowed is which methods are, where the one asked by is not.
func allowed(v *view) string {
	if v.Status != 405 {
		return ""
	}
	return said("Allow", v.values("Allow"))
}

func locationSays(v *view) string {
	if !v.redirects() {
		return ""
	}
	return said("Location", v.values("Location"))
}

// numberSays is NetScaler's own number, by which its maker's articles are found.
func numberSays(v *view) string {
	if found := netscalerReply.FindSubmatch(v.lower); found != nil && len(found[2]) > 0 {
		return "NetScaler's error number " + string(found[2])
	}
	return ""
}
