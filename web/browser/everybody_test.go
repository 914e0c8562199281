package browser_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// axe installs axe-core by npm, at the version of package-lock.json, and gives its script.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "build", "axe"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return "", err
	}
	script, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(script), err
})

// judged is what axe-core says of a page.
type judged struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// everybody fails the test when axe-core finds that somebody cannot use the page.
func (p *tab) everybody(what string) {
	p.Helper()
	script, err := axe()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		p.Fatalf("install axe-core by npm: %v", err)
	case err != nil:
		p.Skipf("axe-core cannot be installed by npm: %v", err)
	}
	p.eval(script + `; "loaded"`)
	var all []judged
	if err := json.Unmarshal([]byte(p.eval(`axe.run().then((r) => JSON.stringify(r.violations))`)), &all); err != nil {
		p.Fatal(err)
	}
	for _, v := range all {
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			p.Errorf("%s: %s (%s): %s\n%s\n%s", what, v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// TestEverybodyCanUseThePages: contrast, names, landmarks, tables, in both themes, and on a phone without scrolling
// sideways.
func TestEverybodyCanUseThePages(t *testing.T) {
	servers.Need(t, "npm")
	e := start(t, lab.Options{Only: []string{"kemp-rfc2616", "healthy", "ignored", "early-401"}}, "healthy")
	p := open(t, e.URL)
	reports := map[string]string{}
	for _, scenario := range []string{"healthy", "ignored", "early-401", "kemp-rfc2616"} {
		p.visit("/")
		p.ask(e.target(t, scenario))
		reports[scenario] = p.eval("location.pathname")
	}
	report, healthy := reports["kemp-rfc2616"], reports["healthy"]
	compared := "/compare?of=" + strings.TrimPrefix(report, "/report/") + "," + strings.TrimPrefix(healthy, "/report/")
	pages := map[string]string{
		"the start page": "/", "a report": report, "an undecided report": reports["early-401"], "a finding": "/findings/late_body_rejected", "the findings": "/findings/",
		"a comparison": compared, "the configuration": "/config", "the own metrics": "/metrics", "what is not there": "/nothing/here", "an unknown finding": "/findings/late_body_reject",
	}
	p.lost = []string{pages["what is not there"], pages["an unknown finding"]}
	for name, path := range pages {
		p.visit(path)
		for _, theme := range []string{"light", "dark"} {
			p.theme(theme)
			p.eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; }); "open"`)
			p.everybody(name + ", " + theme)
		}
		p.size(390, 800)
		if width := p.eval("String(document.documentElement.scrollWidth)"); width != "390" {
			t.Errorf("%s is %s pixels wide on a phone of 390", name, width)
		}
		p.everybody(name + ", on a phone")
		p.size(1200, 900)
	}
}

// TestByKeyboard: from the top of the page to the probe, and through the tree, without a mouse.
func TestByKeyboard(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"healthy"}})
	p := open(t, e.URL)
	p.visit("/")
	p.press("\t", "\r") // skip to the content
	if got := p.eval("location.hash"); got != "#main" {
		t.Errorf("the first link leads to %q", got)
	}
	p.press("\t", first+"_f", "\t", e.target(t, "healthy"), "\r")
	p.await(`document.querySelector(".verdict") !== null`)
	p.says("Succeeded in")
	p.eval(`document.querySelector(".tree summary").focus(); "focused"`)
	p.press("\r")
	p.await(`document.querySelector(".tree details[open]") !== null`)
}

// TestPrinted: what cannot be clicked on paper is not there, and what was found is.
func TestPrinted(t *testing.T) {
	e := start(t, lab.Options{Only: []string{"kemp-rfc2616"}})
	p := open(t, e.URL)
	p.visit("/")
	p.ask(e.target(t, "kemp-rfc2616"))
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	p.says("RFC-7231 Compliant", "wait.continue")
	if text := p.text(); strings.Contains(text, "Run again") || strings.Contains(text, "Own metrics") {
		t.Errorf("there are buttons on the paper:\n%s", text)
	}
}
