// Package conformance is what every prober has to hold, whatever it probes: that it does what it declares and declares what
// it does, that it tells apart what it says it tells apart, ends in time, keeps secrets, and brings in its folder what people
// and the rest of the program need.
//
// A Subject is played: every scenario and every case of its part of the lab, and peers that behave as no server should, each
// by a whole probe, the way the exporter runs it. What was seen is then held against each of the Demands. They report
// sentences that say what is missing and where to put it, and know nothing of package testing, so that a test can show of
// each that it fails.
package conformance

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// Subject is a prober, and what stands in its folder.
type Subject struct {
	Definition prober.Definition
	Part       lab.Part
	Folder     fs.FS       // the prober's
	Shared     fs.FS       // where the pages stand of findings that several probers make: CODE.md
	Exempt     []Exemption // what no scenario and no case of the prober shows
}

// Exemption is something that a prober declares and that cannot be shown by a probe in a test.
type Exemption struct {
	Prober string // empty for a reason that all probers share
	What   string // such as "reason connect/reset", "finding X", "step X", "metric X", "outcome X"
	Why    string
	Chance bool // it shows now and then all the same
}

// Examination is a Subject that is played.
type Examination struct {
	Subject
	Seen []*Observation

	short   bool
	patient bool // what is played is played once more
	mu      sync.Mutex
	faults  []string // why something could not be played
}

// Demand is one thing that is asked of every prober.
type Demand struct {
	Name string
	hold func(x *Examination, complain func(format string, args ...any))
}

// Demands are all of them.
var Demands = []Demand{
	{"declaration", declares},
	{"folder", bringsItsFolder},
	{"advice", advises},
	{"example", bringsAnExample},
	{"probes", probes},
	{"verdicts", holdsItsVerdicts},
	{"declared", saysWhatItDeclares},
	{"coverage", showsWhatItDeclares},
	{"presence", keepsPresence},
	{"peers", standsItsPeers},
	{"limits", keepsItsLimits},
	{"secrets", keepsSecrets},
	{"relays", bindsItsLogons},
	{"harmless", saysNothingHarmful},
	{"labels", choosesNoneOfOurLabels},
	{"golden", keepsItsGoldens},
}

// New makes an Examination of which nothing has been played yet.
func New(s Subject) *Examination { return &Examination{Subject: s} }

// Complaints are what the subject lacks of a demand, each a sentence.
func (x *Examination) Complaints(d Demand) []string {
	var all []string
	d.hold(x, func(format string, args ...any) {
		if c := fmt.Sprintf(format, args...); !slices.Contains(all, c) {
			all = append(all, c)
		}
	})
	return all
}

// folder is how messages call the prober's folder.
func (s Subject) folder() string { return "the folder of " + s.Definition.Name }
