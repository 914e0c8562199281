package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/storage"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// remembering gives what a process remembers that has this folder, and what it logs.
func remembering(t testing.TB, dir string, metrics ...*result.Metric) (*Recent, *Kept, *strings.Builder, func()) {
	t.Helper()
	log := &strings.Builder{}
	store, err := storage.Open(dir, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	recent := &Recent{}
	kept := Keep(recent, store.Archive("results"), []prober.Definition{{Metrics: metrics}})
	return recent, kept, log, func() { _ = store.Close() }
}

// kinds are results of each sort, each of a target of its own.
func kinds() []*result.Result {
	all := []*result.Result{examples.Continue(), examples.Kemp(), examples.Mail(), examples.Unresolved(), examples.Refused()}
	all[1].Verdict = &result.Verdict{Fault: result.Fault{Owner: advice.Middlebox, Certainty: advice.Sure, Advice: "kemp"}, First: "Look", Places: advice.Places{{Product: "kemp", Setting: "L7"}}}
	all[1].Faults, all[1].Planned = []result.Fault{all[1].Verdict.Fault}, []string{"dialogue.wait", "never.begun"}
	for i, r := range all {
		r.Target = fmt.Sprintf("t%d", i)
		later(r, i)
	}
	return all
}

// TestARestartForgetsNoReport: pages, texts, JSON and metrics of each sort of result are after a restart what they were before,
// and the pages say that they are from before it.
func TestARestartForgetsNoReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	recent, kept, log, end := remembering(t, dir)
	before := kinds()
	var metrics []*result.Metric
	for _, r := range before {
		for _, s := range r.Samples {
			metrics = append(metrics, s.Metric)
		}
		recent.Add(r)
	}
	if err := kept.Save(); err != nil {
		t.Fatal(err)
	}
	end()
	again, _, more, end := remembering(t, dir, metrics...)
	defer end()
	if log.Len()+more.Len() > 0 {
		t.Errorf("logged %s%s", log, more)
	}
	for _, want := range before {
		got := again.Get(want.ID)
		if got == nil {
			t.Errorf("%s is forgotten", want.ID)
			continue
		}
		if a, b := asText(want), asText(got); a != b {
			t.Errorf("%s: the text was\n%s\nand is\n%s", want.ID, a, b)
		}
		a, _ := exposition(collector.Gatherer(want, nil))
		if b, err := exposition(collector.Gatherer(got, nil)); err != nil || a != b {
			t.Errorf("%s: the metrics were\n%s\nand are, %v,\n%s", want.ID, a, err, b)
		}
	}
	was, is := recent.List(), again.List()
	if len(was) != len(is) {
		t.Fatalf("%d rows were there, and are %d", len(was), len(is))
	}
	for i := range was {
		if was[i].Target != is[i].Target || was[i].State != is[i].State || !was[i].Since.Equal(is[i].Since) || was[i].Wrong() != is[i].Wrong() || !is[i].Moments[0].Kept {
			t.Errorf("row %d was %+v, and is %+v", i, was[i], is[i])
		}
	}
	e := start(t, func(o *Options) { o.Recent = again })
	for path, want := range map[string]string{"/": "before the restart", "/report/" + before[1].ID: "From before the exporter was restarted"} {
		if _, page := e.ask(t, "GET", path, "Accept", "text/html"); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q:\n%s", path, want, page)
		}
	}
	again.Add(later(examples.Kemp(), 500))
	if s := again.List()[0]; s.Target == "mail.contoso.com" && s.Before {
		t.Error("what was probed since is from before the restart, too")
	}
}

// TestDamagedResultsAreSetAside: the exporter begins without them, and goes on.
func TestDamagedResultsAreSetAside(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	recent, kept, _, end := remembering(t, whole)
	for _, r := range kinds() {
		recent.Add(r)
	}
	if err := kept.Save(); err != nil {
		t.Fatal(err)
	}
	end()
	file := filepath.Join(whole, "results.json.gz")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	flipped := append([]byte{}, text...)
	flipped[len(flipped)/2] ^= 0x55
	packed := func(v any) string { line, _ := storage.Pack(v); return string(line) }
	for name, damaged := range map[string]string{
		"empty": "", "half of it": string(text[:len(text)/2]), "another bit": string(flipped), "something else": "hello",
		"of another time": packed(map[string]int{"version": 2}),
		"a line short":    packed(map[string]int{"version": 1, "lines": 2}) + packed(map[string]int{}),
		"no state":        packed(map[string]int{"version": 1, "lines": 1}) + packed(keptLine{Pair: &keptPair{Newest: examples.Kemp(), Moments: []Moment{{State: "well"}}}}),
		"no result":       packed(map[string]int{"version": 1, "lines": 1}) + packed(keptLine{Pair: &keptPair{Moments: []Moment{{State: "failed"}}}}),
		"another kind":    packed(map[string]int{"version": 1, "lines": 1}) + packed(map[string]any{"pair": map[string]any{"newest": 1}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "results.json.gz"), []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			recent, kept, log, end := remembering(t, dir)
			defer end()
			if len(recent.List()) > 0 || strings.Count(log.String(), "level=WARN") != 1 {
				t.Errorf("read %d rows, logged %s", len(recent.List()), log)
			}
			if aside, err := os.ReadFile(filepath.Join(dir, "results.json.gz.damaged")); err != nil || string(aside) != damaged {
				t.Errorf("set aside: %v", err)
			}
			recent.Add(examples.Kemp())
			if err := kept.Save(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestADiskThatTakesNoResults is told of once, and tried again.
func TestADiskThatTakesNoResults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	recent, kept, log, end := remembering(t, dir)
	defer end()
	obstacle := filepath.Join(dir, "results.json.gz.new", "x") // a folder in the way, whoever runs the test
	if err := os.MkdirAll(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	recent.Add(examples.Kemp())
	for range 3 {
		if kept.Save() == nil {
			t.Fatal("saved where nothing can be written")
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings: %s", n, log)
	}
	if err := os.RemoveAll(filepath.Dir(obstacle)); err != nil {
		t.Fatal(err)
	}
	if err := kept.Save(); err != nil {
		t.Error(err)
	}
	end()
	again, _, _, end := remembering(t, dir)
	defer end()
	if len(again.List()) != 1 {
		t.Error("what could not be written at first is not written later")
	}
}

// TestKeptResultsAreBounded whatever targets send: what a process may remember can be written and read again.
func TestKeptResultsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it fills the memory of results, and keeps it")
	}
	t.Parallel()
	dir := t.TempDir()
	recent, kept, log, end := remembering(t, dir)
	nasty := strings.Repeat("\x01\xff<", 100_000) // JSON writes six bytes for one
	const pairs = 1010
	for i := range pairs {
		r := examples.Kemp()
		r.Target = fmt.Sprintf("x%d", i)
		if i%50 == 0 {
			r.Deciding.Final.Raw = nasty
		}
		recent.Add(later(r, i))
	}
	long := examples.Kemp()
	long.Deciding.Final.Raw = strings.Repeat(nasty, 3)
	recent.Add(later(long, 5000))
	if err := kept.Save(); err != nil {
		t.Fatal(err)
	}
	end()
	info, err := os.Stat(filepath.Join(dir, "results.json.gz"))
	if err != nil || info.Size() > 32<<20 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	again, _, more, end := remembering(t, dir)
	defer end()
	if got := again.List(); len(got) != pairs+1 || log.Len()+more.Len() > 0 {
		t.Errorf("%d rows are there again; logged %s%s", len(got), log, more)
	}
	if again.Get(long.ID) != nil || again.Newest("dialogue", "x1009", "", "") == nil {
		t.Error("what is too long is kept, or what is not is missing")
	}
}

// BenchmarkKeep is what a probe costs by having its result written: one save after each pair of a site was probed once.
func BenchmarkKeep(b *testing.B) {
	recent, kept, _, end := remembering(b, b.TempDir())
	defer end()
	const pairs = 400 // 50 servers, 8 modules
	minute := 0
	probeAll := func() {
		for i := range pairs {
			r := examples.Kemp()
			if i%8 > 0 {
				r = examples.Continue()
			}
			r.Target = fmt.Sprintf("ex%d", i)
			recent.Add(later(r, minute))
		}
		minute++
	}
	for range maxMoments {
		probeAll()
	}
	for b.Loop() {
		b.StopTimer()
		probeAll()
		b.StartTimer()
		if err := kept.Save(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/pairs, "µs/probe")
	text, err := json.Marshal(examples.Kemp())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(text)), "bytes/result")
}
