// Package storage keeps what should outlive the process, in a folder that is this process's alone: what must not be lost in one
// file, written whenever it changes, and what may be lost since a minute or two in another, an Archive.
//
// A file is written whole beside the old one and then put in its place, so that it is never half written, and a write
// returns once it is safe on the disk. What cannot be read is set aside. A disk that takes nothing is told of, and does
// not stop the exporter: those who remember something decide what follows.
package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// The names in the folder.
const (
	fileName    = "memory.json"
	newName     = fileName + newEnd
	damagedName = fileName + damagedEnd
	lockName    = "lock"

	newEnd     = ".new"
	damagedEnd = ".damaged"
)

// version is that of the file's format. A file of another one is set aside like one that is damaged.
const version = 1

// maxFile bounds what is read. What is remembered is bounded far below.
const maxFile = 64 << 20

// Section is a part of what is remembered. Snapshot gives what encoding/json writes, and Restore takes it in another
// process; its error says why it cannot. They may be called from any goroutine.
type Section interface {
	Snapshot() any
	Restore(text json.RawMessage) error
}

// ErrInUse is the error of Open where another process has the folder.
var ErrInUse = errors.New("another exporter uses it; give each a folder of its own")

// Store is the memory. It is safe for concurrent use.
type Store struct {
	dir string
	log *slog.Logger

	mu       sync.Mutex
	lock     *os.File // nil as long as it could not be had
	read     map[string]json.RawMessage
	names    []string // of the sections, in order
	sections map[string]Section
	written  []byte // as it is on the disk; nil where that is not known
	failing  bool   // the last write failed, and the log knows
}

// document is the file.
type document struct {
	Version  int                        `json:"version"`
	Sections map[string]json.RawMessage `json:"sections"`
}

// Open opens the folder, and makes it where need be. The error is ErrInUse, or that there is a file where the folder is to
// be; whatever else is wrong is logged, and shows again when something is saved.
func Open(dir string, log *slog.Logger) (*Store, error) {
	if file := inTheWay(dir); file != "" {
		return nil, fmt.Errorf("--storage.path %s: %s is a file, and a folder is needed: name one, or what may become one", dir, file)
	}
	s := &Store{dir: dir, log: log, sections: map[string]Section{}}
	if err := s.open(); errors.Is(err, ErrInUse) {
		return nil, fmt.Errorf("the folder %s of --storage.path: %w", dir, err)
	} else if err != nil {
		s.failed(err)
	}
	s.load()
	return s, nil
}

// inTheWay is the file that stands where dir or a folder above it has to be; empty for none.
func inTheWay(dir string) string {
	for {
		info, err := os.Stat(dir)
		switch above := filepath.Dir(dir); {
		case err == nil && !info.IsDir():
			return dir
		case err == nil, above == dir:
			return ""
		default:
			dir = above
		}
	}
}

// open makes the folder and takes its lock.
func (s *Store) open() error {
	if s.lock != nil {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path(lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	switch err := lock(f); {
	case errors.Is(err, ErrInUse):
		_ = f.Close()
		return err
	case err != nil: // some network file systems have no locks
		s.log.Warn("The folder of --storage.path cannot be locked: see to it that no other exporter uses it", "path", s.dir, "error", err)
	}
	s.lock = f // which has the lock until it is closed, or the process ends, however it ends
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// load reads the file, where there is a folder: without one Open has said what is wrong.
func (s *Store) load() {
	if info, err := os.Stat(s.dir); err != nil || !info.IsDir() {
		return
	}
	text, err := s.readFile(fileName)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var d document
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err == nil && d.Version != version {
		err = fmt.Errorf("it is of version %d, and this exporter knows %d", d.Version, version)
	}
	if err != nil {
		s.setAside(fileName, forgets, err)
		return
	}
	s.read = d.Sections
}

func (s *Store) readFile(name string) ([]byte, error) {
	info, err := os.Stat(s.path(name))
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("it holds more than %d bytes", maxFile)
	}
	return os.ReadFile(s.path(name))
}

// forgets is what follows where the memory is lost.
const forgets = "suspensions are forgotten"

// setAside renames a file that cannot be read, so that it is there for a person to look at, and says so, and what follows.
func (s *Store) setAside(name, follows string, why error) {
	renamed := os.Rename(s.path(name), s.path(name+damagedEnd))
	if renamed != nil {
		why = fmt.Errorf("%w; and it cannot be renamed: %w", why, renamed)
	}
	s.log.Warn("What the exporter remembered cannot be read. It is set aside, and the exporter begins anew: "+follows,
		"file", s.path(name), "renamed", name+damagedEnd, "error", why)
}

// Add makes a section part of what is saved, and gives it what was saved of it before. Add all before the first Save.
func (s *Store) Add(name string, section Section) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names, s.sections[name] = append(s.names, name), section
	if text, ok := s.read[name]; ok {
		if err := section.Restore(text); err != nil {
			s.setAside(fileName, forgets, fmt.Errorf("section %s: %w", name, err))
		}
	}
}

// Save writes what all sections give now, and returns once it is safe on the disk. Its error is logged, once until a
// write succeeds again.
func (s *Store) Save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.save()
	switch {
	case err != nil:
		s.failed(err)
	case s.failing:
		s.failing = false
		s.log.Info("What the exporter remembers is written again", "path", s.dir)
	}
	return err
}

func (s *Store) failed(err error) {
	if !s.failing {
		s.log.Warn("What the exporter remembers cannot be written: a restart forgets what is suspended, so a secret that is not proven is not sent for 15 minutes after the start. Let the exporter's user write there, or name another folder by --storage.path",
			"path", s.dir, "error", err)
	}
	s.failing = true
}

func (s *Store) save() error {
	if err := s.open(); err != nil {
		return err
	}
	d := document{version, map[string]json.RawMessage{}}
	for _, name := range s.names {
		text, err := json.Marshal(s.sections[name].Snapshot())
		if err != nil {
			return fmt.Errorf("section %s: %w", name, err)
		}
		d.Sections[name] = text
	}
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	if bytes.Equal(text, s.written) {
		return nil
	}
	s.written = nil
	if err := s.write(fileName, append(text, '\n')); err != nil {
		return err
	}
	s.written = text
	return nil
}

// write puts a new file in the place of the old one.
func (s *Store) write(name string, parts ...[]byte) (err error) {
	defer func() {
		if err != nil {
			_ = os.Remove(s.path(name + newEnd)) // a full disk needs the room
		}
	}()
	f, err := os.OpenFile(s.path(name+newEnd), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err = f.Write(part); err != nil {
			break
		}
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(s.path(name+newEnd), s.path(name)); err != nil {
		return err
	}
	return syncFolder(s.dir)
}

// Close gives the folder to others. Save first what is to be kept.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}
