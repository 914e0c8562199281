package main

import (
	"log/slog"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/storage"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/web"
)

// openMemory opens the folder of --storage.path; nil without one.
func openMemory(path string, log *slog.Logger) (*storage.Store, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no memory is an answer
	}
	return storage.Open(path, log)
}

// keepEvery is how often recent results are written, where there are new ones: what came since then is lost by a crash.
const keepEvery = 2 * time.Minute

// remember lets suspensions, pauses and recent results outlive the process. What is called at the end saves them and gives the
// folder back.
func (e *exporter) remember(memory *storage.Store) (end func()) {
	if memory == nil {
		return func() {}
	}
	memory.Add("auth", e.gate)
	memory.Add("pauses", e.pauses)
	e.gate.Remember(memory.Save)
	e.pauses.Remember(memory.Save)
	_ = memory.Save() // so that a disk that takes nothing is told of now
	keep := e.keepResults(memory.Archive("results"))
	return func() {
		keep()
		_ = memory.Save() // which says what is wrong
		_ = memory.Close()
	}
}

// keepResults lets recent results outlive the process: written every so often, and once more by what it gives. An exporter that
// is told to remember none has none on its disk either.
func (e *exporter) keepResults(archive *storage.Archive) (end func()) {
	if e.recent == nil {
		archive.Remove()
		return func() {}
	}
	kept := web.Keep(e.recent, archive, probes.All())
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticks := time.NewTicker(keepEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				_ = kept.Save() // which says what is wrong
			case <-stop:
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
		_ = kept.Save()
	}
}
