package browser_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

var pictures = flag.String("pictures", "", "write the pictures of the documentation into this folder")

// TestPictures takes the pictures of the documentation, in both themes. Without -pictures there is nothing to do.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("takes pictures when -pictures says where to: make screenshots")
	}
	s := open(t, startServices(t, 12).URL)
	s.visit("/services")
	s.picture("services", 900)
	e := start(t, lab.Options{BasePort: lab.DefaultBasePort}) // ports that are the same each time
	p := open(t, e.URL)
	for _, scenario := range []string{"healthy", "kemp-fixed", "expect-417", "reset-on-body", "ignored"} {
		p.visit("/")
		p.ask(e.target(t, scenario))
	}
	p.visit("/")
	p.click("details.more > summary")
	p.fill("#direct", e.target(t, "kemp-fixed")+", "+e.target(t, "healthy"))
	p.ask(e.target(t, "kemp-rfc2616"))
	p.picture("compare", 780)
	p.visit("/")
	p.picture("start", 900)
	p.do(chromedp.SetValue(chromedp.CSS("#module"), first))
	p.fill("#target", e.target(t, "kemp-rfc2616"))
	p.follow("form.probe button", ".verdict")
	p.picture("report", 1840)
}

// picture writes the top of the page, so many pixels of it, in both themes.
func (p *tab) picture(name string, height int64) {
	p.Helper()
	for _, theme := range []string{"light", "dark"} {
		p.theme(theme)
		p.size(1100, height)
		picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			p.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*pictures, name+"-"+theme+".png"), picture, 0o600); err != nil {
			p.Fatal(err)
		}
	}
	p.theme("light")
	p.size(1200, 900)
}
