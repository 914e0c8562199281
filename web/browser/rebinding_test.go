package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// attacker is the name of a site whose name server is the attacker's own. The browser looks it up on this machine.
const attacker = "rebound.attacker.example"

// turncoat is the address behind the attacker's name, as a browser meets it: first the attacker's server, then another one.
type turncoat struct {
	net.Listener
	mu      sync.Mutex
	leadsTo string
	open    []net.Conn
}

// turn leads the name elsewhere from now on. Browsers keep connections in store, so those that there are end.
func (n *turncoat) turn(to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leadsTo = to
	for _, c := range n.open {
		_ = c.Close()
	}
}

// leads says where a connection goes.
func (n *turncoat) leads(c net.Conn) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = append(n.open, c)
	return n.leadsTo
}

func (n *turncoat) serve() {
	for {
		c, err := n.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			to, err := net.Dial("tcp", n.leads(c))
			if err != nil {
				return
			}
			defer func() { _ = to.Close() }()
			go func() { _, _ = io.Copy(to, c); _ = to.(*net.TCPConn).CloseWrite() }()
			_, _ = io.Copy(c, to)
		}()
	}
}

// TestRebindingReadsAndDoesNothing: a page whose name leads to the exporter, once the page is open, is of one site with it for
// the browser. It gets nothing all the same.
func TestRebindingReadsAndDoesNothing(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy"}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	name := &turncoat{Listener: l}
	go name.serve()
	t.Cleanup(func() { _ = l.Close() })
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>evil</title>")
	}))
	t.Cleanup(evil.Close)
	name.turn(evil.Listener.Addr().String())

	ctx, cancel := chromedp.NewContext(chromiumFor(t))
	t.Cleanup(cancel)
	ctx, expire := context.WithTimeout(ctx, patience)
	t.Cleanup(expire)
	p := &tab{T: t, ctx: ctx, home: e.URL}
	p.do(chromedp.Navigate("http://" + strings.Replace(l.Addr().String(), "127.0.0.1", attacker, 1)))
	p.await(`document.title === "evil"`)
	name.turn(e.Listener.Addr().String())

	p.eval(`(async () => {
for (;;) {
try { if (await (await fetch("/-/healthy")).text() === "healthy\n") return "turned"; } catch {}
await new Promise((again) => setTimeout(again, 50)); } })()`)

	ask := "module=" + module + "&target=" + e.target(t, "healthy")
	var got map[string]struct {
		Status int
		Body   string
	}
	text := p.eval(fmt.Sprintf(`Promise.all([["/config"], ["/metrics"], ["/"], ["/probe?%[1]s"], ["/report", "POST", "%[1]s"], ["/-/reload", "POST"]]
.map(async ([path, method, body]) => { const a = await fetch(path, {method, body, headers: body ? {"Content-Type": "application/x-www-form-urlencoded"} : {}});
return [path.split("?")[0], {Status: a.status, Body: await a.text()}]; })).then((all) => JSON.stringify(Object.fromEntries(all)))`, ask))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/config", "/metrics", "/", "/probe", "/report", "/-/reload"} {
		if a := got[path]; a.Status != http.StatusForbidden || !strings.Contains(a.Body, attacker) {
			t.Errorf("%s is answered %d: %.100q", path, a.Status, a.Body)
		}
	}
	if probes, reloads := e.probes.Load(), e.reloads.Load(); probes+reloads != 0 {
		t.Errorf("the page ran %d probes, and reloaded %d times", probes, reloads)
	}
}
