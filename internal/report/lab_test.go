package report_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestWhichBox: the boxes that the pages paint are those that the scenarios of the simulated site break, whichever module
// fails there. Where nothing is broken all modules work.
func TestWhichBox(t *testing.T) {
	t.Parallel()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	for scenario, want := range map[string]struct {
		box, server report.State // "": there is none
		waits       bool         // modules take seconds there
	}{
		"healthy":                  {report.Succeeded, report.Succeeded, true},
		"kemp-rfc2616":             {report.Failed, report.Succeeded, true},
		"ews-stream-buffered":      {report.Failed, report.Succeeded, true},
		"ews-stream-cut":           {report.Warned, report.Warned, true},
		"ews-stream-silent":        {report.Warned, report.Warned, true},
		"ews-affinity-broken":      {report.Failed, report.Succeeded, true},
		"ews-soap-fault":           {report.Succeeded, report.Failed, false},
		"ews-form-page":            {report.Failed, "", false},
		"legs-split":               {report.Failed, report.Unknown, false},
		"protection-allow-rebound": {report.Failed, report.Unknown, false},
	} {
		where, _ := site.Scenario(scenario)
		tested := false
		for _, v := range where.Verdicts {
			if (v.Failure == lab.None) != (scenario == "healthy") {
				continue
			}
			tested = true
			t.Run(scenario+" by "+v.Module, func(t *testing.T) {
				t.Parallel()
				if want.waits && testing.Short() {
					t.Skip("waits as clients do")
				}
				answer, err := overLab(t, site).Probe(t.Context(), runner.Request{Module: v.Module, Target: where.Address})
				if err != nil {
					t.Fatal(err)
				}
				if answer.Result.Decides == result.ByHTTP { // others have no boxes
					paints(t, report.NewView(answer.Result), want.box, want.server)
				}
			})
		}
		if !tested {
			t.Errorf("no module fails at %s", scenario)
		}
	}
}

// paints holds the boxes of a page.
func paints(t *testing.T, v *report.View, box, server report.State) {
	t.Helper()
	path := v.Path
	if len(path) < 2 || path[1].State != box {
		t.Fatalf("the box is not %s: %+v", box, path)
	}
	switch {
	case len(path) > 2 && path[2].State != server:
		t.Errorf("the server is not %q: %+v", server, path)
	case len(path) == 2 && server != "":
		t.Errorf("no server is shown: %+v", path)
	}
}

// overLab probes the site by the modules of `make run`. Each has a gate of its own: where one is refused, the next would be
// held back.
func overLab(t *testing.T, site *lab.Site) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}
