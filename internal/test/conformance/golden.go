package conformance

import (
	"io/fs"
	"path"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// keepsItsGoldens looks for the files that hold what /probe answers: what dashboards and rules were built on must not change
// by accident. Other tests hold them against what it does answer: of simulated sites cmd/ews_exporter, else the prober's own.
func keepsItsGoldens(x *Examination, complain complain) {
	for _, s := range lab.Scenarios([]lab.Part{x.Part}) {
		if !slices.ContainsFunc(x.Part.Scenarios, func(own lab.Scenario) bool { return own.Name == s.Name }) || s.Varies || s.InTurn {
			continue
		}
		module, _ := s.Advice()
		if kept, _ := fs.Glob(x.Folder, "testdata/probe/*/"+s.Name+".prom"); len(kept) == 0 { // the pattern is well-formed
			complain("%s lacks testdata/probe/%s/%s.prom, what /probe answers: make an empty file, and run: go test ./cmd/ews_exporter -run Golden -update",
				x.folder(), module, s.Name)
		}
	}
	kept := false
	err := fs.WalkDir(x.Folder, "testdata", func(name string, _ fs.DirEntry, err error) error {
		kept = kept || path.Ext(name) == ".prom"
		return err
	})
	if err != nil || !kept {
		complain("%s keeps nowhere below testdata what /probe answers: add a golden file, NAME.prom, of one success at least, and a test that holds it", x.folder())
	}
}
