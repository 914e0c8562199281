package main

import (
	"log/slog"

	"github.com/ews-exporter/ews_exporter/internal/storage"
)

// openMemory opens the folder of --storage.path; nil without one.
func openMemory(path string, log *slog.Logger) (*storage.Store, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no memory is an answer
	}
	return storage.Open(path, log)
}

// remember lets suspensions and pauses outlive the process. What is called at the end saves them and gives the folder back.
func (e *exporter) remember(memory *storage.Store) (end func()) {
	if memory == nil {
		return func() {}
	}
	memory.Add("auth", e.gate)
	memory.Add("pauses", e.pauses)
	e.gate.Remember(memory.Save)
	e.pauses.Remember(memory.Save)
	_ = memory.Save() // so that a disk that takes nothing is told of now
	return func() {
		_ = memory.Save() // which says what is wrong
		_ = memory.Close()
	}
}
