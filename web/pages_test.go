package web

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const aPage = "text/html,*/*"

// submit sends the form as a browser does from the exporter's own page, and does not follow where it leads.
func (e *exporter) submit(t *testing.T, fields url.Values, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL+"/report", strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", aPage)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := *e.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func asked(more ...string) url.Values {
	v := url.Values{"module": {"dialogue"}, "target": {" mail.contoso.com "}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func TestRunLeadsToTheRecord(t *testing.T) {
	t.Parallel()
	e := start(t)
	response, _ := e.submit(t, asked("hostname", "mail.fabrikam.com", "auth", "monitor"), "Sec-Fetch-Site", "same-origin", "Origin", e.URL)
	id := e.prober.answer.Result.ID
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "report/"+id {
		t.Fatalf("got %s, Location %q", response.Status, response.Header.Get("Location"))
	}
	want := runner.Request{Module: "dialogue", Target: "mail.contoso.com", Hostname: "mail.fabrikam.com", Auth: "monitor"}
	if e.prober.last != want {
		t.Errorf("asked for %+v, want %+v", e.prober.last, want)
	}
	for _, path := range []string{"/report/" + id, "/report?module=dialogue&target=mail.contoso.com"} {
		response, body := e.ask(t, "GET", path, "Accept", aPage)
		for _, want := range []string{
			"Failed after 5.221 s", "Kemp LoadMaster", "made the 501 Invalid Request itself", "answered 200 OK", "EX01",
			"late_body_rejected", "header X-FEServer: EX01", "CN=Contoso Issuing CA", "probe_success 0", `id="ticket-text"`, "<svg",
		} {
			if response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %s, %q is missing", path, response.Status, want)
			}
		}
	}
}

func TestReportAsDataAndText(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := examples.Kemp()
	e.recent.Add(r)
	response, body := e.ask(t, "GET", "/report/"+r.ID+".json")
	var decoded struct{ ID string }
	if err := json.Unmarshal([]byte(body), &decoded); err != nil || decoded.ID != r.ID || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v, ID %q, %s", err, decoded.ID, response.Header.Get("Content-Type"))
	}
	for _, path := range []string{"/report/" + r.ID + ".txt", "/report/" + r.ID} { // curl gets text anyway
		if _, body := e.ask(t, "GET", path); !strings.HasPrefix(body, "Failed after") {
			t.Errorf("%s: got %.60q", path, body)
		}
	}
	if response, body := e.ask(t, "GET", "/report/GONE"); response.StatusCode != http.StatusNotFound || !strings.Contains(body, "remembers the last 20 probes that failed") {
		t.Errorf("a report that is gone: %s\n%s", response.Status, body)
	}
	if response, _ := e.ask(t, "GET", "/report/"+r.ID+".exe"); response.StatusCode != http.StatusNotFound {
		t.Errorf("got %s", response.Status)
	}
}

// TestOthersCannotRun: what another site's page makes a browser send runs nothing.
func TestOthersCannotRun(t *testing.T) {
	t.Parallel()
	e := start(t)
	for name, headers := range map[string][]string{
		"a form elsewhere":      {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a form next door":      {"Sec-Fetch-Site", "same-site", "Origin", "https://other.contoso.com"},
		"an old browser's form": {"Origin", "https://evil.example"},
		"a sandbox":             {"Origin", "null"},
	} {
		response, body := e.submit(t, asked(), headers...)
		if response.StatusCode != http.StatusForbidden || !strings.Contains(body, "another site") {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	if e.prober.last != (runner.Request{}) {
		t.Errorf("it ran %+v", e.prober.last)
	}
	if _, metrics := e.ask(t, "GET", "/metrics"); !strings.Contains(metrics, `probes_refused_total{reason="cross_site"} 4`) {
		t.Error("the refusals are not counted")
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	e := start(t)
	if response, body := e.submit(t, url.Values{"module": {"dialogue"}}); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "lacks") {
		t.Errorf("no target: %s", response.Status)
	}
	if response, _ := e.submit(t, asked("auth", strings.Repeat("x", maxForm))); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a huge form: %s", response.Status)
	}
	e.prober.err = &runner.Refusal{Status: 503, Reason: runner.TooManyProbes, Message: "too <many>"}
	if response, body := e.submit(t, asked()); response.StatusCode != 503 || !strings.Contains(body, "too &lt;many&gt;") || !strings.Contains(body, `value="mail.contoso.com"`) {
		t.Errorf("a refusal says why, and keeps the form filled: %s\n%s", response.Status, body)
	}
	e.prober.err = nil
	e.prober.answer.Result = &result.Result{Module: "dialogue", Failure: failure.New(failure.Policy, "address_denied", "127.0.0.1 is denied: loopback")}
	if response, body := e.submit(t, asked()); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "loopback") {
		t.Errorf("policy: %s", response.Status)
	}
}

func TestDisabledReports(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) { o.Recent = nil })
	for _, path := range []string{"/report?module=a&target=b", "/report/X", "/report/X.json"} {
		if response, _ := e.ask(t, "GET", path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if response, _ := e.submit(t, asked()); response.StatusCode != http.StatusNotFound {
		t.Errorf("run: %s", response.Status)
	}
	response, body := e.ask(t, "GET", "/")
	if response.StatusCode != http.StatusOK || strings.Contains(body, "<form") || !strings.Contains(body, "--web.disable-report") {
		t.Errorf("the start page is bare: %s\n%s", response.Status, body)
	}
	if response, _ := e.ask(t, "GET", probePath); response.StatusCode != http.StatusOK {
		t.Errorf("probes go on, got %s", response.Status)
	}
}

// evil is HTML that runs scripts where it is not escaped, and a character that turns the text behind it around. A
// target's own name cannot hold the latter.
const (
	evilName = `"><script>alert(1)</script><img/src=x/onerror=alert(2)>`
	evil     = evilName + "\u202e"
)

// hostile is a result in which the target put evil wherever it could.
func hostile() *result.Result {
	r := examples.Kemp()
	r.Target, r.Name = evilName, evilName
	r.Failure.Message = evil
	r.Findings[0].Sentence, r.Findings[1].Code = evil, evilName
	r.Deciding.Origin = origin.Origin{Kind: origin.Middlebox, Product: evil, Frontend: evil, Server: evil, Rule: evil, Evidence: evil}
	for _, response := range []*wire.Response{r.Deciding.Final, r.Conversations[1].Final} {
		response.Raw, response.Reason, response.Excerpt = evil, evil, evil
		response.Header = []origin.Field{{Name: evil, Value: evil}}
	}
	r.Deciding.Interim = []*wire.Response{{Raw: evil}}
	r.Conversations[1].Origin.Frontend = evil
	r.Steps[0].Detail, r.Steps[0].Name = evil, evil
	r.Deciding.Error, r.Deciding.URL = evil, evil
	secure := r.Connections[0].Secure
	secure.Chain[0].Subject, secure.Chain[0].Names, secure.VerifyError, secure.Verified = evil, []string{evil}, evil, false
	v := r.Verdict
	v.AtFault, v.On, v.First, v.Then, v.Separates, v.Proof = evil, evil, evil, evil, evil, []string{evil, evil}
	r.Tables = []result.Table{{Title: evil, Columns: []string{evil}, Rows: [][]string{{evil}}}}
	return r
}

// tag is the beginning of any tag that a target wanted on the page.
var tag = regexp.MustCompile("<script>|<img|\u202e")

func TestPagesEscapeAndAreLocked(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.recent.Add(hostile())
	e.recent.Add(later(examples.Kemp(), 1))
	for _, path := range []string{
		"/compare?of=" + hostile().ID + "," + later(examples.Kemp(), 1).ID,
		"/config", "/metrics", "/", "/?filter=" + url.QueryEscape(evilName), "/findings/late_body_rejected", "/findings/", "/report/" + hostile().ID,
		"/report?module=dialogue&target=" + url.QueryEscape(evilName),
	} {
		response, body := e.ask(t, "GET", path, "Accept", aPage)
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %s, %s", path, response.Status, response.Header.Get("Content-Type"))
		}
		if found := tag.FindString(body); found != "" {
			t.Errorf("%s lets %q through:\n%s", path, found, body)
		}
		if strings.Contains(body, "style=") {
			t.Errorf("%s has inline style, which its own policy forbids", path)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, policy)
		}
	}
	response, body := e.ask(t, "GET", "/findings/late_body_rejected")
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") || !strings.HasPrefix(body, "# late\n") {
		t.Errorf("curl gets the text, got %s %q", response.Header.Get("Content-Type"), body)
	}
}

// TestADialogueIsReadable: what was said in another protocol than HTTP stands on the page, in the text and in the JSON, each
// line with its time, and nothing of it is a secret or drives a browser.
func TestADialogueIsReadable(t *testing.T) {
	t.Parallel()
	const marker = "correct-horse-battery"
	e := start(t)
	r := examples.Mail()
	r.Conversations[0].Lines[0].Text = "220 " + evil
	for i, form := range []string{marker, base64.StdEncoding.EncodeToString([]byte(marker)), hex.EncodeToString([]byte(marker)), url.QueryEscape(marker)} {
		r.Conversations[0].Lines[4+i].Text = "250 you said " + form
	}
	redactor := &secret.Redactor{}
	redactor.Add(marker)
	redactor.Walk(r)
	e.recent.Add(r)
	for path, wants := range map[string][]string{
		"/report/" + r.ID:           {"SMTP → 250 ex01.contoso.com Hello", "42.0 ms → EHLO monitor.contoso.com", "44.0 ms ← 250 STARTTLS", "(TLS) 250 you said", "phase-dialogue"},
		"/report/" + r.ID + ".txt":  {"SMTP", "0.042", "→ EHLO monitor.contoso.com", "← 250 STARTTLS", "from here on over TLS", "answered by Exchange"},
		"/report/" + r.ID + ".json": {`"protocol": "smtp"`, `"text": "EHLO monitor.contoso.com"`, `"at": 0.042`, `"from": "client"`},
	} {
		_, body := e.ask(t, "GET", path, "Accept", aPage)
		for _, want := range wants {
			if !strings.Contains(html.UnescapeString(body), want) {
				t.Errorf("%s: %q is missing in\n%s", path, want, body)
			}
		}
		if strings.Contains(body, "horse") || strings.Contains(body, hex.EncodeToString([]byte("horse"))) || strings.Count(html.UnescapeString(body), "<secret>")+strings.Count(body, `\u003csecret\u003e`) < 4 {
			t.Errorf("%s: a secret shows, or is not marked:\n%s", path, body)
		}
		if found := tag.FindString(body); found != "" && !strings.HasSuffix(path, ".txt") && !strings.HasSuffix(path, ".json") {
			t.Errorf("%s lets %q through", path, found)
		}
	}
}

func TestIndexShowsWhatIsBrokenFirst(t *testing.T) {
	t.Parallel()
	e := start(t)
	healthy := examples.Continue()
	healthy.Target = "a.fabrikam.com"
	e.recent.Add(later(healthy, 1))
	e.recent.Add(later(examples.Kemp(), 0))
	_, body := e.ask(t, "GET", "/")
	broken, works := strings.Index(body, "mail.contoso.com</a>"), strings.Index(body, "a.fabrikam.com</a>")
	if broken < 0 || works < broken {
		t.Errorf("order is wrong:\n%s", body)
	}
	for _, want := range []string{
		"A Kemp LoadMaster in front of Exchange never passed on 100 Continue", "got 200 from Exchange server EX01.", `href="findings/late_body_rejected"`, "<option selected>dialogue</option>",
		"<strong>1</strong> failed", "<strong>2</strong> in all", `title="since 2026-03-14 09:26:53">for `,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
	for query, want := range map[string][2]bool{ // broken, works
		"filter=FABRIKAM": {false, true}, "filter=late_body": {true, false}, "state=failed": {true, false},
		"state=succeeded": {false, true}, "state=failed&filter=fabrikam": {false, false},
	} {
		_, body := e.ask(t, "GET", "/?"+query)
		if got := [2]bool{strings.Contains(body, "mail.contoso.com</a>"), strings.Contains(body, "a.fabrikam.com</a>")}; got != want {
			t.Errorf("%s shows %v, want %v", query, got, want)
		}
	}
}

// TestTheReportBeginsWithWhoActs: the page says what the text says, in its order, before anything else of the probe, and the
// first step can be copied.
func TestTheReportBeginsWithWhoActs(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := examples.Kemp()
	e.recent.Add(r)
	_, page := e.ask(t, "GET", "/report/"+r.ID, "Accept", aPage)
	begin, _, _ := strings.Cut(page, `<ol class="path"`)
	at := 0
	for _, want := range []string{
		`class="verdict failed">Failed after`, "<dt>Urgency</dt><dd><p>now</p>", "<dt>Suffers</dt><dd><p>Mailbox moves", "<dt>Act</dt><dd><p>whoever runs the box in front (load balancer, proxy) (sure)",
		"<dt>At fault</dt><dd><p>a box in front of the server (Kemp LoadMaster)", `<dt>First</dt><dd><p>in a terminal:</p><p class="step"><code>ews_exporter probe dialogue mail.contoso.com --direct EX01</code></p>`,
		`<button type="button" class="copy" aria-label="Copy the first step" hidden>Copy</button>`, "<dt>Proof</dt><dd><p>HTTP/1.1 501 Invalid Request", "<p>body: none</p>", "<dt>Outcome</dt><dd><p>If it works there: the box.</p>",
		"<dt>Then</dt><dd><p>Let it pass Expect on.</p><p>Kemp LoadMaster: 100-Continue Handling: RFC-7231 Compliant</p>",
	} {
		i := strings.Index(html.UnescapeString(begin)[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing at the page's beginning, or not where it belongs:\n%s", want, begin)
		}
		at += i
	}
	if _, body := e.ask(t, "GET", "/"); !strings.Contains(body, "Act: whoever runs the box in front (load balancer, proxy) (sure)") {
		t.Errorf("the start page does not say who acts:\n%s", body)
	}
	healthy := later(examples.Continue(), 1)
	e.recent.Add(healthy)
	if _, body := e.ask(t, "GET", "/report/"+healthy.ID, "Accept", aPage); strings.Contains(body, "<dt>Act</dt>") {
		t.Errorf("somebody has to act on what is well:\n%s", body)
	}
}

// TestUndecidedShows: what decided nothing has a mark and a state of its own, wherever states are shown.
func TestUndecidedShows(t *testing.T) {
	t.Parallel()
	e := start(t)
	open := examples.Continue()
	open.Undecided = "Not tested: a logon was asked for"
	open.ID = "OPEN"
	e.recent.Add(open)
	well := examples.Continue()
	well.ID, well.Target = "WELL", "ex01.contoso.com"
	e.recent.Add(well)
	for path, wants := range map[string][]string{
		"/":                     {`<li class="undecided"><a href="./?state=undecided"><strong>1</strong> undecided</a>`, `<span class="mark undecided">`},
		"/?state=undecided":     {`aria-current="true"><strong>1</strong> undecided`},
		"/report/OPEN":          {`<span class="badge undecided">? Undecided</span>`, `<p class="verdict undecided">Not tested: a logon was asked for.`},
		"/compare?of=OPEN,WELL": {`<span class="badge undecided">`, `<td class="undecided"><div>? not tested`},
	} {
		if _, body := e.ask(t, "GET", path, "Accept", aPage); !containsAll(body, wants...) {
			t.Errorf("%s: of %q something is missing in\n%s", path, wants, body)
		}
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// TestNoPageIsADeadEnd: whatever a browser opens has the way back and on, relative to wherever it is; programs get bare text.
func TestNoPageIsADeadEnd(t *testing.T) {
	t.Parallel()
	e := start(t)
	for path, test := range map[string]struct {
		status     int
		home, says string
		bare       string // its beginning
	}{
		"/config":                    {200, "./", "redacted: ", "redacted: \n"},
		"/metrics":                   {200, "./", "ews_exporter_", "# HELP "},
		"/nothing":                   {404, "./", "Not found", "404 page not found\n"},
		"/not/here/either":           {404, "../../", "Not found", "404 page not found\n"},
		"/findings/late_body_reject": {404, "../", `<a href="../findings/late_body_rejected">`, "There is no finding \"late_body_reject\". Did you mean late_body_rejected?\n"},
		"/findings/%3Cscript%3E":     {404, "../", "There is no finding", "There is no finding"},
		"/report/GONE":               {404, "../", "Run the probe again", "This probe is not there"},
		"/report?module=dialogue":    {400, "./", "is missing", "the parameter"},
		"/-/reload":                  {405, "../", "PUT", "Method Not Allowed\n"},
	} {
		response, body := e.ask(t, "GET", path, "Accept", aPage)
		if response.StatusCode != test.status || !containsAll(html.UnescapeString(body), `<a class="brand" href="`+test.home+`">`, `href="`+test.home+`findings/"`, test.says) || tag.MatchString(body) {
			t.Errorf("%s: %s, of %+v something is missing in\n%s", path, response.Status, test, body)
		}
		if response, body := e.ask(t, "GET", path); response.StatusCode != test.status || !strings.HasPrefix(body, test.bare) {
			t.Errorf("%s: a program gets %s\n%.200s", path, response.Status, body)
		}
	}
	if response, _ := e.ask(t, "GET", "/-/reload", "Accept", aPage); response.Header.Get("Allow") == "" {
		t.Error("what is allowed is not said")
	}
	client := *e.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/nothing/../config", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", aPage)
	response, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode/100 != 3 {
		t.Errorf("a path that leads elsewhere: %s", response.Status)
	}
}

// TestFindingBeginsWithWhatToDo: who acts and the first step, before the long text.
func TestFindingBeginsWithWhatToDo(t *testing.T) {
	t.Parallel()
	e := start(t, func(o *Options) {
		o.Advice = advice.Book{
			{
				Key: "withheld", Owners: []advice.Owner{advice.Middlebox, advice.IIS}, On: "on the box", First: "look <at> it", Separates: "the same past the box", When: advice.Now,
				Suffers: "Clients.", For: advice.About("late_body_rejected"), Direct: "withheld_there",
			},
			{Key: "withheld_there", Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely, First: "List the modules", Suffers: "Clients."},
		}
	})
	for accept, wants := range map[string][]string{
		aPage: {"<dd><p>undecided between whoever runs the box in front (load balancer, proxy) and the administrators", "<p>on the box:</p><p class=\"step\"><code>look &lt;at&gt; it</code></p>", "Asked of a server directly:", "List the modules"},
		"*/*": {"# late\n\nUrgency:    now\nSuffers:    Clients.\nAct:        undecided between", "\nFirst:      on the box:\n                look <at> it\nOutcome:    the same past the box\n", "\n\nAsked of a server directly:\n", "List the modules\n<script>"},
	} {
		if _, body := e.ask(t, "GET", "/findings/late_body_rejected", "Accept", accept); !containsAll(body, wants...) {
			t.Errorf("%s: of %q something is missing in\n%s", accept, wants, body)
		}
	}
}

// TestIndexSaysWhatToDoFirst: the module is chosen, and where there is a simulated site a click is enough.
func TestIndexSaysWhatToDoFirst(t *testing.T) {
	t.Parallel()
	modules := func(o *Options) {
		o.Modules = func() []string { return []string{"binding", "dialogue", "look_up"} }
	}
	try := Try{About: "The <broken> one", Module: "sync", Target: "127.0.0.1:10511"}
	for name, test := range map[string]struct {
		change []func(*Options)
		want   []string
	}{
		"an earnest site": {[]func(*Options){modules}, []string{
			"<option selected>dialogue</option>", "Nothing has been probed yet. Write the name that your clients use",
		}},
		"the simulated site": {[]func(*Options){modules, func(o *Options) { o.Tries = []Try{try} }}, []string{
			"<button>The &lt;broken&gt; one</button>", `name="module" value="sync"`, `name="target" value="127.0.0.1:10511"`,
			`<details class="tries" open>`, "Press one of the buttons above",
		}},
	} {
		_, body := start(t, test.change...).ask(t, "GET", "/")
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, body)
			}
		}
	}
}

// TestFindingsAreExplained: each once, by prober, the worst first.
func TestFindingsAreExplained(t *testing.T) {
	t.Parallel()
	_, body := start(t).ask(t, "GET", "/findings/")
	at := 0
	for _, want := range []string{
		"<h2>dialogue</h2>", `<td class="error">error</td><th scope="row"><a href="late_body_rejected">`, "A box took the body for a request.",
		`<td class="warning">warning</td><th scope="row"><a href="continue_late">`, "It comes <code>late</code>.",
		"<h2>Several probers</h2>", `<a href="answered_by_middlebox">`,
		"<h2>Comparing addresses</h2>", `<a href="path_mtu_suspected">`,
	} {
		i := strings.Index(body[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or not where it belongs, in\n%s", want, body)
		}
		at += i
	}
	if strings.Count(body, "answered_by_middlebox") != 2 || strings.Contains(body, "<h2>look_up</h2>") { // address and name
		t.Errorf("what several probers find is there more than once:\n%s", body)
	}
}

func TestManySeriesAreCutToAPage(t *testing.T) {
	t.Parallel()
	e := start(t)
	for i := range maxShown + 1 {
		e.recent.Add(later(func() *result.Result { r := examples.Kemp(); r.Target = strings.Repeat("x", i+1); return r }(), i))
	}
	if _, body := e.ask(t, "GET", "/"); !strings.Contains(body, "200 of 201 are shown") {
		t.Error("the page does not say that it is cut")
	}
}

func TestTheFixForTheProductIsOnThePage(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.recent.Add(examples.Kemp())
	_, body := e.ask(t, "GET", "/report/"+examples.Kemp().ID, "Accept", aPage)
	if !strings.Contains(body, "turn <em>it</em> off") || strings.Contains(body, "look into it") {
		t.Errorf("the fix is that for the product:\n%s", body)
	}
}

// TestCompare: one form, and the page says who is at fault.
func TestCompare(t *testing.T) {
	t.Parallel()
	e := start(t)
	through, direct := examples.Kemp(), later(examples.Continue(), 1)
	direct.Target = "ex01.contoso.com"
	e.prober.by = map[string]*result.Result{"mail.contoso.com": through, direct.Target: direct}
	response, _ := e.submit(t, asked("direct", "ex01.contoso.com"))
	to := response.Header.Get("Location")
	if response.StatusCode != http.StatusSeeOther || to != "compare?of="+through.ID+","+direct.ID {
		t.Fatalf("got %s, Location %q", response.Status, to)
	}
	_, body := e.ask(t, "GET", "/"+to, "Accept", aPage)
	for _, want := range []string{
		"Fails through mail.contoso.com (192.0.2.10), works on ex01.contoso.com: the balancer, a Kemp LoadMaster.",
		`<td class="failed"><div>✗ failed`, `href="./report/` + direct.ID, "late_body_rejected", `value="ex01.contoso.com"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
	if _, body := e.ask(t, "GET", "/"+to); !strings.HasPrefix(body, "Fails through") {
		t.Errorf("curl gets text, got %.80q", body)
	}
	for path, status := range map[string]int{"/compare": 400, "/compare?of=" + through.ID: 400, "/compare?of=A,B": 404} {
		if response, _ := e.ask(t, "GET", path, "Accept", aPage); response.StatusCode != status {
			t.Errorf("%s: got %s, want %d", path, response.Status, status)
		}
	}
	if response, body := e.submit(t, asked("direct", "e x")); response.StatusCode != 400 || !strings.Contains(body, "e x") {
		t.Errorf("a malformed server: %s", response.Status)
	}
}

// TestTheFormAsksTheSameAgain: also for the name of a probe that went to one server under the service's name.
func TestTheFormAsksTheSameAgain(t *testing.T) {
	t.Parallel()
	e := start(t)
	direct := examples.Kemp()
	direct.Target = "https://ex01.contoso.com:8443/x"
	direct.ID = "DIRECT"
	e.recent.Add(direct)
	if _, body := e.ask(t, "GET", "/report/"+direct.ID, "Accept", aPage); !strings.Contains(body, `name="hostname" value="mail.contoso.com"`) {
		t.Error("the name is lost")
	}
	plain := examples.Kemp()
	plain.Target = "https://mail.contoso.com:8443/x"
	plain.ID = "PLAIN"
	e.recent.Add(plain)
	if _, body := e.ask(t, "GET", "/report/"+plain.ID, "Accept", aPage); !strings.Contains(body, `name="hostname" value=""`) {
		t.Error("a name is made up")
	}
}

// TestMailboxStays: results of two mailboxes are two rows, and what is run again is run for the same mailbox.
func TestMailboxStays(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, mailbox := range []string{"a@contoso.com", "b@contoso.com"} {
		r := examples.Kemp()
		r.ID, r.Mailbox = "of"+mailbox[:1], mailbox
		e.recent.Add(r)
	}
	if rows := e.recent.List(); len(rows) != 2 || rows[0].Mailbox == rows[1].Mailbox {
		t.Errorf("%d rows", len(rows))
	}
	if _, body := e.ask(t, "GET", "/report/ofb", "Accept", aPage); !containsAll(body, `<input type="hidden" name="mailbox" value="b@contoso.com">`, "<dt>Mailbox</dt><dd>b@contoso.com</dd>") {
		t.Error(body)
	}
	e.submit(t, asked("mailbox", "b@contoso.com"), "Sec-Fetch-Site", "same-origin", "Origin", e.URL)
	if e.prober.last.Mailbox != "b@contoso.com" {
		t.Errorf("asked for %+v", e.prober.last)
	}
}
