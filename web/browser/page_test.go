package browser_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// patience bounds what a test does in the browser, on a busy machine.
const patience = 90 * time.Second

// chromium is one browser for all tests: each opens a tab of its own. It is nil until the first needs it.
var chromium struct {
	sync.Mutex
	ctx   context.Context
	close func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.close != nil {
		chromium.close()
	}
	os.Exit(code)
}

// chromiumFor gives the browser's context.
func chromiumFor(t *testing.T) context.Context {
	t.Helper()
	path := servers.Need(t, "chromium")
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.NoSandbox, // root has none; and it visits nothing but the tests' own pages
		chromedp.Flag("lang", "en"), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", "MAP "+attacker+" 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	chromium.ctx, chromium.close = ctx, func() { cancel(); stop() }
	return ctx
}

// tab is a page in the browser, and what it complained of.
type tab struct {
	*testing.T
	ctx  context.Context
	home string // where the exporter is

	mu       sync.Mutex
	troubles []string
	lost     []string        // paths that are not there: browsers complain of such a page itself
	hosts    map[string]bool // that were asked for anything
}

// open opens a tab for the exporter at home. At the end of the test it must have complained of nothing, and have asked
// nobody but the exporter.
func open(t *testing.T, home string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromiumFor(t))
	ctx, expire := context.WithTimeout(ctx, patience)
	p := &tab{T: t, ctx: ctx, home: home, hosts: map[string]bool{}}
	t.Cleanup(func() {
		p.check()
		expire()
		cancel()
	})
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	call(p, audits.Enable, cdp.Empty{})
	p.theme("light")
	p.size(1200, 900)
	return p
}

// hear notes what the page asks for and complains of.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" {
			p.hosts[u.Scheme+"://"+u.Host] = true
		}
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, "an exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.troubles = append(p.troubles, fmt.Sprintf("the console: %s", e.Type))
	case *log.EventEntryAdded:
		if slices.Contains(p.lost, strings.TrimPrefix(e.Entry.URL, p.home)) {
			break
		}
		p.troubles = append(p.troubles, fmt.Sprintf("the log: %s %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *audits.EventIssueAdded:
		p.troubles = append(p.troubles, fmt.Sprintf("an issue: %s", e.Issue.Code))
	case *page.EventJavascriptDialogOpening:
		p.troubles = append(p.troubles, "a dialog: "+e.Message)
	}
}

// check fails the test for what the page complained of.
func (p *tab) check() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, trouble := range p.troubles {
		p.Error(trouble)
	}
	for host := range p.hosts {
		if host != p.home {
			p.Errorf("the page asked %s, and not only the exporter", host)
		}
	}
}

// do runs actions, and ends the test when one fails.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatalf("%v\n%s", err, p.where())
	}
}

// call sends the browser a command.
func call[P, R any](p *tab, command cdp.Command[P, R], parameters P) {
	p.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, parameters)
		return err
	}))
}

// where says which page it is, for a test that fails.
func (p *tab) where() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return fmt.Sprint(text, errors.Join(err))
}

func (p *tab) visit(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.home + path))
}

// click clicks what a CSS selector finds, with the mouse.
func (p *tab) click(selector chromedp.CSS) {
	p.Helper()
	p.do(chromedp.ScrollIntoView(selector), chromedp.Click(selector, chromedp.NodeVisible))
}

// follow clicks a link or a button, and waits for the page it leads to, which must have what selector finds.
func (p *tab) follow(link, selector chromedp.CSS) {
	p.Helper()
	before := p.eval("String(performance.timeOrigin)")
	p.click(link)
	p.await(fmt.Sprintf("String(performance.timeOrigin) !== %q && document.querySelector(%q) !== null", before, selector))
}

// fill writes into a field as a person does.
func (p *tab) fill(selector chromedp.CSS, text string) {
	p.Helper()
	p.do(chromedp.Clear(selector), chromedp.SendKeys(selector, text, chromedp.NodeVisible))
}

// press sends keys to whatever has the focus.
func (p *tab) press(all ...string) {
	p.Helper()
	for _, keys := range all {
		p.do(chromedp.KeyEvent(keys))
	}
}

// eval evaluates an expression that gives a string.
func (p *tab) eval(expression string) string {
	p.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return text
}

// await waits until an expression is true; between two pages it may fail.
func (p *tab) await(expression string) {
	p.Helper()
	for p.ctx.Err() == nil {
		if is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression)); err == nil && is {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.Fatalf("it never came true: %s\n%s", expression, p.where())
}

// text is what a person reads of the page.
func (p *tab) text() string {
	p.Helper()
	return p.eval("document.body.innerText")
}

// says fails the test unless the page says all of it.
func (p *tab) says(all ...string) {
	p.Helper()
	text := p.text()
	for _, want := range all {
		if !strings.Contains(text, want) {
			p.Errorf("%q is not on the page:\n%s", want, text)
		}
	}
}

func (p *tab) theme(name string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

func (p *tab) size(width, height int64) {
	p.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}
