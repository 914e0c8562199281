// Package browser_test opens the pages in a real browser, as people do.
package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// ask fills the form and sends it.
func (p *tab) ask(target string) {
	p.Helper()
	p.do(chromedp.SetValue(chromedp.CSS("#module"), module))
	p.fill("#target", target)
	p.follow("form.probe button", ".verdict")
}

// TestTheKempCase is the whole way of a person in an outage: from the start page to the box at fault and what to set.
func TestTheKempCase(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"kemp-rfc2616"}})
	p := open(t, e.URL)
	p.visit("/")
	p.says("Nothing has been probed yet.")
	p.ask(e.target(t, "kemp-rfc2616"))
	p.says("Failed after 1.", "whoever runs the box in front (load balancer, proxy) (sure)", "Look at the box's setting for Expect: 100-continue", "made the 501 Invalid Request itself", "Kemp LoadMaster", "answered 200 OK",
		"RFC-7231 Compliant", "System Configuration → Miscellaneous Options")

	p.click(`.tree li li details:not([open]) > summary`) // the first step within a step that is closed
	p.await(`document.querySelectorAll(".tree li li details[open]").length >= 3`)
	p.says("127.0.0.1:")

	p.click(`.inside a[href^="#connection-"]`)
	p.await(`document.querySelector("details.endpoint[open]") !== null`)
	p.says("ews_exporter lab authority")

	p.download(t)
	p.copy()
	report := p.eval(`location.href.split("#")[0]`)
	p.follow(`.finding a[href*="findings/late_body_rejected"]`, ".prose")
	p.says("How sure is it", "Roll-back")

	p.visit("/")
	p.says("1 failed", "late_body_rejected")
	p.follow("th[scope=row] a", ".verdict")
	if got := p.eval("location.href"); got != report {
		t.Errorf("the start page leads to %s, want %s", got, report)
	}
}

// download clicks the link to the JSON and reads the file that comes.
func (p *tab) download(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	call(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
	})
	p.click("a[download]")
	for range 500 {
		if files, _ := filepath.Glob(filepath.Join(dir, "report-*.json")); len(files) == 1 {
			text, err := os.ReadFile(files[0])
			var decoded struct{ Module string }
			if err == nil && json.Unmarshal(text, &decoded) == nil && decoded.Module == module {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the JSON did not come")
}

// copy copies the text for a ticket.
func (p *tab) copy() {
	p.Helper()
	p.click(`.links a[href="#ticket"]`)
	p.await(`document.querySelector("#ticket").open`)
	for button, want := range map[chromedp.CSS]string{"#ticket button.copy": "late_body_rejected", ".act button.copy": "Expect: 100-continue"} {
		p.click(button)
		p.await(fmt.Sprintf(`document.querySelector(%q).textContent.startsWith("Cop") === false || document.querySelector(%[1]q).textContent === "Copied"`, button))
		if got := p.eval("getSelection().toString()"); !strings.Contains(got, want) {
			p.Errorf("selected is %.100q, want %q", got, want)
		}
	}
}

// TestTheFirstClick: over the simulated site a visitor who knows nothing yet sees the whole story, and finds it again.
func TestTheFirstClick(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"kemp-rfc2616", "healthy"}}, "kemp-rfc2616", "healthy")
	p := open(t, e.URL)
	p.visit("/")
	p.says("Press one of the buttons above")
	p.everybody("the start page with what to try")
	p.follow("form.try button", ".verdict")
	p.says("made the 501 Invalid Request itself", "RFC-7231 Compliant")
	p.visit("/")
	p.says(`set "100-Continue Handling" to`, "Each button runs one probe", "Try healthy") // the buttons stay
}

// TestWithoutJavaScript: all of it works; only comfort is missing.
func TestWithoutJavaScript(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy"}})
	p := open(t, e.URL)
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.visit("/")
	p.ask(e.target(t, "healthy"))
	p.says("Succeeded in", "passed the requests on")
	p.click(".tree details > summary")
	p.await(`document.querySelector(".tree details[open]") !== null`)
	if p.eval(`String(document.querySelector("button.copy").hidden)`) != "true" {
		t.Error("there is a button that does nothing")
	}
	p.visit("/?filter=nothing")
	p.says("Nothing fits the filter.")
}

// TestCompareInTheBrowser: one form, one sentence.
func TestCompareInTheBrowser(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"kemp-rfc2616", "healthy"}})
	p := open(t, e.URL)
	p.visit("/")
	p.click("details.more > summary")
	server := e.target(t, "healthy")
	p.fill("#direct", server)
	p.ask(e.target(t, "kemp-rfc2616"))
	p.says("Fails through", "works on "+server+": the balancer, a Kemp LoadMaster.", "Side by side")
	for _, width := range []int64{1200, 390} {
		p.size(width, 800)
		if broken := p.eval(brokenWords); broken != "" {
			t.Errorf("at %d pixels there are words broken over lines: %s", width, broken)
		}
	}
}

// brokenWords lists the words of the table that stand on more than one line.
const brokenWords = `(() => {
const broken = [], texts = document.createTreeWalker(document.querySelector("table.compare"), NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
for (const word of texts.currentNode.textContent.matchAll(/[A-Za-z0-9_]+/g)) {
const range = document.createRange();
range.setStart(texts.currentNode, word.index);
range.setEnd(texts.currentNode, word.index + word[0].length);
if (new Set([...range.getClientRects()].map((r) => r.top)).size > 1) { broken.push(word[0]); } } }
return broken.join(", "); })()`

func TestFilterWhileTyping(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy", "kemp-fixed"}})
	p := open(t, e.URL)
	for _, scenario := range []string{"healthy", "kemp-fixed"} {
		p.visit("/")
		p.ask(e.target(t, scenario))
	}
	p.visit("/")
	p.fill("#filter", e.target(t, "healthy"))
	p.await(`document.querySelectorAll("table.series tbody tr:not([hidden])").length === 1`)
}

// TestAHostileTargetChangesNothing: whatever it answers is text.
func TestAHostileTargetChangesNothing(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy"}})
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>`
	tls, err := e.site.Authority().ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	hostile := lab.ServeTLS(t, tls, lab.ReadHead, lab.Write("HTTP/1.1 501 "+evil+"\r\nServer: "+evil+"\r\nX-FEServer: "+evil+
		"\r\n"+strings.ReplaceAll(evil, " ", "")+": "+evil+"\r\nContent-Type: text/html\r\nContent-Length: "+fmt.Sprint(len(evil))+"\r\n\r\n"+evil))
	p := open(t, e.URL)
	p.visit("/")
	p.ask("mail.contoso.test:" + hostile.Addr()[strings.LastIndexByte(hostile.Addr(), ':')+1:])
	if n := p.eval(`String(document.querySelectorAll("script").length)`); n != "1" {
		t.Errorf("%s scripts are on the page, want its own alone", n)
	}
	if n := p.eval(`String(document.querySelectorAll("main img, main style").length)`); n != "0" {
		t.Errorf("%s elements came from the target", n)
	}
	if text := p.eval("document.body.textContent"); !strings.Contains(text, "<script>alert(1)</script>") {
		t.Error("what the target sent is not shown as text")
	}
	p.visit("/")
	p.says("mail.contoso.test:")
}

// TestAnotherSiteRunsNothing: its forms, images, frames and scripts are refused before anything is probed.
func TestAnotherSiteRunsNothing(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy"}})
	probe := e.URL + "/probe?module=" + module + "&target=" + e.target(t, "healthy")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>evil</title><img src=%[1]q><iframe src=%[2]q></iframe><script src=%[1]q></script>
<form method=post action=%[2]q><input name=module value=%[3]q><input name=target value=%[4]q></form>
<script>
const body = new URLSearchParams({module: %[3]q, target: %[4]q});
const ways = [{}, {mode: "no-cors"}, {method: "POST", mode: "no-cors", body}, {method: "POST", body}];
Promise.allSettled(ways.map((w) => fetch(w.method ? %[2]q : %[1]q, w))).then(() => document.forms[0].submit());
</script>`, probe, e.URL+"/report", module, e.target(t, "healthy"))
	}))
	t.Cleanup(evil.Close)
	ctx, cancel := chromedp.NewContext(chromiumFor(t))
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx, home: e.URL}
	p.do(chromedp.Navigate(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)))
	p.await(`document.body.innerText.includes("another site")`) // where its form leads
	if n := e.probes.Load(); n != 0 {
		t.Errorf("another site's page ran %d probes", n)
	}
}
