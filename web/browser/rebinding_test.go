package browser_test

import (
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
}

// turn leads the name elsewhere from now on.
func (n *turncoat) turn(to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leadsTo = to
}

func (n *turncoat) leads() string {
	n.mu.Lock()
	defer n.mu.Unlock()
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
			to, err := net.Dial("tcp", n.leads())
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
	p := &tab{T: t, ctx: ctx, home: e.URL}
	p.do(chromedp.Navigate("http://" + strings.Replace(l.Addr().String(), "127.0.0.1", attacker, 1)))
	p.await(`document.title === "evil"`)
	name.turn(e.Listener.Addr().String())

	ask := "module=" + module + "&target=" + e.target(t, "healthy")
	var got map[string]struct {
		Status int
		Body   string
	}
	text := p.eval(fmt.Sprintf(`Promise.all([["/config"], ["/metrics"], ["/"], ["/probe?%[1]s"], ["/report", "POST", "%[1]s"], ["/-/reload", "POST"], ["/-/healthy"]]
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
	if a := got["/-/healthy"]; a.Status != http.StatusOK { // so it is the exporter that was asked
		t.Errorf("/-/healthy is answered %d", a.Status)
	}
	if probes, reloads := e.probes.Load(), e.reloads.Load(); probes+reloads != 0 {
		t.Errorf("the page ran %d probes, and reloaded %d times", probes, reloads)
	}
}
