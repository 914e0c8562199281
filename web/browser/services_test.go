package browser_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/web"
)

// services are the pages over a site of so many servers and eight modules, of which all is probed, and two servers are dead.
type services struct {
	*httptest.Server
	recent *web.Recent
	cells  []config.Cell
}

func startServices(t *testing.T, count int) *services {
	t.Helper()
	var hosts, modules []string
	text := "modules:\n"
	for i := range 8 {
		modules = append(modules, fmt.Sprintf("module_%d", i))
		text += fmt.Sprintf("  module_%d: {prober: %s}\n", i, first)
	}
	for i := range count {
		hosts = append(hosts, fmt.Sprintf("ex%02d.contoso.com", i))
	}
	text += fmt.Sprintf("services:\n  mail: {name: mail.contoso.com, servers: [%s], modules: [%s]}\n", strings.Join(hosts, ", "), strings.Join(modules, ", "))
	file := filepath.Join(t.TempDir(), "ews.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	s := &services{recent: &web.Recent{}, cells: cfg.Cells()}
	s.probe(90*time.Second, func(c config.Cell) bool {
		return strings.HasPrefix(c.Target, "ex07") || strings.HasPrefix(c.Target, "ex23") || c.Module.Name == "module_3" && c.Target == "mail.contoso.com"
	})
	s.Server = httptest.NewServer(web.New(web.Options{
		Self: collector.NewSelf(func() map[string]bool { return nil }, func() map[string]bool { return nil }), Recent: s.recent, Findings: docs.Findings, Probers: probes.All(), Listed: cfg.Cells,
		Log: slog.New(slog.DiscardHandler), Version: "1.0.0", Modules: func() []string { return modules }, Ready: func() bool { return true },
	}))
	t.Cleanup(s.Close)
	return s
}

// probe has all cells probed so long ago; those that fail do so by a 503.
func (s *services) probe(ago time.Duration, fails func(config.Cell) bool) {
	for i, c := range s.cells {
		r := examples.Continue()
		r.Module, r.Target, r.Name = c.Module.Name, c.Target, "mail.contoso.com"
		r.Start, r.ID = time.Now().Add(-ago), fmt.Sprintf("r%dx%d", i, int(ago.Seconds()))
		r.Connections[0].Secure.Chain[0].SHA1 = "AB12"
		if fails(c) {
			r.Failure = failure.New(failure.Status, "http_503", "%s answered 503", c.Target)
		}
		if c.Module.Name == "module_5" && !fails(c) {
			r.Undecided, r.UndecidedReason = "Not tested: a logon was asked for", result.NoLogon
		}
		s.recent.Add(r)
	}
}

// TestServicesInABrowser: everybody can use the page and the start page, in both themes, and on a phone without scrolling the page
// sideways; 50 servers and 8 modules fit on one screen.
func TestServicesInABrowser(t *testing.T) {
	servers.Need(t, "npm")
	s := startServices(t, 50)
	p := open(t, s.URL)
	for name, path := range map[string]string{"the services": "/services", "the start page with services": "/"} {
		p.size(1400, 900)
		p.visit(path)
		p.says("mail.contoso.com", "ex07.contoso.com, ex23.contoso.com", "module_3: Fails through mail.contoso.com", "fails on ex07.contoso.com and ex23.contoso.com (status: http_503)")
		for _, theme := range []string{"light", "dark"} {
			p.theme(theme)
			p.everybody(name + ", " + theme)
		}
		p.theme("light")
		if size := p.eval(`(() => { const b = document.querySelector(".grid").getBoundingClientRect(); return b.width <= 1400 && b.height <= 900 ? "" : b.width + "×" + b.height })()`); size != "" {
			t.Errorf("%s: the grid of 50 servers and 8 modules takes %s", name, size)
		}
		p.size(390, 844)
		if width := p.eval("String(document.documentElement.scrollWidth)"); width != "390" {
			t.Errorf("%s is %s pixels wide on a phone of 390", name, width)
		}
		p.everybody(name + ", on a phone")
	}
}

// TestServicesRefresh: what is new comes by itself, and neither the place on the page nor the focus is lost; the arrow keys go
// through the grid.
func TestServicesRefresh(t *testing.T) {
	s := startServices(t, 50)
	p := open(t, s.URL)
	p.size(1400, 900)
	p.visit("/services")
	p.eval(`document.querySelector(".grid").rows[40].cells[2].querySelector("a").focus(); "focused"`)
	const where = `(() => { const c = document.activeElement.closest("td"); return c ? c.parentElement.rowIndex + "," + c.cellIndex : "nowhere" })()`
	p.press(kb.ArrowDown)
	if at := p.eval(where); at != "41,2" {
		t.Errorf("the arrow key leads to %s", at)
	}
	scrolled := p.eval(`String(scrollY)`)
	before := p.eval(`document.activeElement.href`)
	s.probe(time.Second, func(config.Cell) bool { return false })
	p.eval(`refresh().then(() => "done")`)
	if at, after := p.eval(where), p.eval(`document.activeElement.href`); at != "41,2" || after == before {
		t.Errorf("the focus was at 41,2 of %s, and is at %s of %s", before, at, after)
	}
	if got := p.eval(`String(scrollY)`); got == "0" || scrolled == "0" {
		t.Errorf("the page was scrolled to %s, and is at %s", scrolled, got)
	}
	if text := p.text(); strings.Contains(text, "ex07.contoso.com, ex23") {
		t.Error("the page still says what has been mended")
	}
	p.click(".pause")
	p.says("Refresh again")
	p.eval(`refresh().then(() => "done")`)
	p.says("Refresh again")
}
