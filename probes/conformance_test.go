package probes_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/test/conformance"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

var update = flag.Bool("update", false, "write the table of docs/diagnosis.md anew")

// TestMain runs many tests at once, because most of them wait.
func TestMain(m *testing.M) { waiting.TestMain(m, 24) }

// TestConformance holds every prober to what is asked of all, and shows every reason that they share.
func TestConformance(t *testing.T) {
	all := probes.All()
	examined := make([]*conformance.Examination, len(all))
	t.Run("probers", func(t *testing.T) {
		for i, d := range all {
			t.Run(d.Name, func(t *testing.T) {
				x := conformance.New(subject(t, d))
				if !testing.Short() {
					x.Flood(t.Context()) // before any runs in parallel
				}
				t.Parallel()
				x.Play(t.Context(), testing.Short())
				examined[i] = x
				for _, demand := range conformance.Demands {
					t.Run(demand.Name, func(t *testing.T) {
						for _, complaint := range x.Complaints(demand) {
							t.Error(complaint)
						}
					})
				}
			})
		}
	})
	if t.Failed() || testing.Short() || slices.Contains(examined, nil) {
		return // what was not played may show the reasons
	}
	for _, complaint := range conformance.CommonReasons(examined, exemptOf("")) {
		t.Error(complaint)
	}
}

// subject is a prober with its part of the lab and its folder.
func subject(t *testing.T, d prober.Definition) conformance.Subject {
	t.Helper()
	parts := labs.All()
	part := slices.IndexFunc(parts, func(p lab.Part) bool { return p.Prober == d.Name })
	if part < 0 {
		t.Fatalf("%s has no part of the lab: add a line to probes/labs", d.Name)
	}
	return conformance.Subject{
		Definition: d, Part: parts[part], Folder: os.DirFS(folderOf(d)), Shared: os.DirFS("../internal/prober/findings"),
		Exempt: exemptOf(d.Name),
	}
}

// folderOf is where a prober lives.
func folderOf(d prober.Definition) string { return strings.ReplaceAll(d.Name, "_", "") }

// exemptOf are the exemptions of a prober, or of the reasons that all share.
func exemptOf(prober string) (list []conformance.Exemption) {
	for _, e := range exemptions {
		if e.Prober == prober {
			list = append(list, e)
		}
	}
	return list
}
