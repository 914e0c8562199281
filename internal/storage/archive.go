package storage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// archiveVersion is that of an archive's format. A file of another one is set aside like one that is damaged.
const archiveVersion = 1

// The bounds, in bytes.
const (
	maxArchive  = 32 << 20 // the file
	maxUnpacked = 512 << 20
	maxLine     = 2 << 20 // unpacked
)

// ErrLong is the error of Pack where a line would be too long to be kept.
var ErrLong = errors.New("too long to be kept")

// Archive is a file beside the memory, for much that changes often and may be lost since it was last written. It is lines of
// JSON, each compressed by itself, so that a line which stays is packed once however often the file is written:
// `zcat results.json.gz` shows it. It is safe for concurrent use.
type Archive struct {
	store *Store
	name  string

	mu      sync.Mutex
	failing bool // the last write failed, and the log knows
}

// Archive is that of the name.
func (s *Store) Archive(name string) *Archive { return &Archive{store: s, name: name + ".json.gz"} }

// archiveHead is the first line.
type archiveHead struct {
	Version int `json:"version"`
	Lines   int `json:"lines"` // that follow
}

// Line is one line of an Archive.
type Line []byte

// packers are writers of gzip (RFC 1952): each holds more than a megabyte.
var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one that there is
	return w
}}

// Pack makes a line of what encoding/json writes of v.
func Pack(v any) (Line, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(text) >= maxLine {
		return nil, ErrLong
	}
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool holds nothing else
	defer packers.Put(w)
	w.Reset(&b)
	_, err = w.Write(append(text, '\n'))
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Save writes the lines in the place of those that were there, the weightiest first: what goes beyond the bound is left out. It
// returns once they are safe on the disk. Its error is logged, once until a write succeeds again.
func (a *Archive) Save(lines []Line) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.save(lines)
	switch {
	case err != nil && !a.failing:
		a.store.log.Warn("Recent results cannot be written: after a restart the pages do not have them. Nothing else changes",
			"file", a.store.path(a.name), "error", err)
	case err == nil && a.failing:
		a.store.log.Info("Recent results are written again", "file", a.store.path(a.name))
	}
	a.failing = err != nil
	return err
}

func (a *Archive) save(lines []Line) error {
	if err := a.store.ready(); err != nil {
		return err
	}
	parts := make([][]byte, 1, 1+len(lines))
	for n, i := 0, 0; i < len(lines); i++ {
		if n += len(lines[i]); n > maxArchive {
			break
		}
		parts = append(parts, lines[i])
	}
	head, err := Pack(archiveHead{archiveVersion, len(parts) - 1})
	if err != nil {
		return err
	}
	parts[0] = head
	return a.store.write(a.name, parts...)
}

// ready sees to it that there is a folder to write to.
func (s *Store) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open()
}

// Load gives each line that was saved to take. A file that cannot be read whole, and one of which take gives an error, is set
// aside, and told of; false then, and what was taken should be dropped.
func (a *Archive) Load(take func(line []byte) error) bool {
	packed, err := a.store.readFile(a.name)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err == nil {
		err = unpack(packed, take)
	}
	if err != nil {
		a.store.setAside(a.name, "the pages begin without recent results", err)
	}
	return err == nil
}

// Remove takes the file away, for an exporter that is told to remember none.
func (a *Archive) Remove() { _ = os.Remove(a.store.path(a.name)) }

func unpack(packed []byte, take func(line []byte) error) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(&io.LimitedReader{R: unpacked, N: maxUnpacked})
	lines.Buffer(nil, maxLine)
	var head archiveHead
	if lines.Scan() {
		err = json.Unmarshal(lines.Bytes(), &head)
	}
	switch {
	case err != nil:
		return err
	case head.Version != archiveVersion:
		return fmt.Errorf("it is of version %d, and this exporter knows %d", head.Version, archiveVersion)
	}
	n := 0
	for ; lines.Scan(); n++ {
		if err := take(lines.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n+2, err)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if n != head.Lines {
		return fmt.Errorf("it should hold %d lines, and holds %d", head.Lines, n)
	}
	return nil
}
