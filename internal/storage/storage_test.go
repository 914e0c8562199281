package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// list is a section that remembers words.
type list struct {
	mu    sync.Mutex
	words []string
}

func (l *list) Snapshot() any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.words...)
}

func (l *list) Restore(text json.RawMessage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.Unmarshal(text, &l.words)
}

func (l *list) add(word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.words = append(l.words, word)
}

// opened is a store with one section, and what it logs.
func opened(t *testing.T, dir string) (*Store, *list, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	s, err := Open(dir, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	l := &list{}
	s.Add("words", l)
	return s, l, &log
}

func TestWhatIsSavedIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by us")
	for i := range 3 {
		s, l, log := opened(t, dir)
		if len(l.words) != i {
			t.Fatalf("the %d. time: %q", i, l.words)
		}
		l.add(fmt.Sprint(i))
		if err := s.Save(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", log)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 { // and the lock
		t.Errorf("left behind: %v", files)
	}
}

func TestAFolderIsOneExportersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, _, _ := opened(t, dir)
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "folder of its own") {
		t.Fatalf("a second one: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, dir)
}

func TestADamagedFileIsSetAside(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":             "",
		"half of it":        `{"version": 1, "sections": {"words": ["a`,
		"something else":    "hello",
		"more than it":      `{"version": 1, "sections": {"words": ["a"]}} x`,
		"of another time":   `{"version": 2, "sections": {"words": ["a"]}}`,
		"another section":   `{"version": 1, "sections": {"words": {"a": 1}}}`,
		"zeros after a cut": strings.Repeat("\x00", 4096),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, l, log := opened(t, dir)
			if len(l.words) > 0 || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), damagedName) {
				t.Errorf("read %q, logged %s", l.words, log)
			}
			if kept, err := os.ReadFile(filepath.Join(dir, damagedName)); err != nil || string(kept) != text {
				t.Errorf("set aside: %q, %v", kept, err)
			}
			l.add("b")
			if err := s.Save(); err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
			if _, l, _ := opened(t, dir); len(l.words) != 1 {
				t.Errorf("after that: %q", l.words)
			}
		})
	}
}

// TestASectionThatIsNotKnownIsNoDamage: another version of the exporter remembers more, or less.
func TestASectionThatIsNotKnownIsNoDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(`{"version": 1, "sections": {"results": [1], "words": ["a"]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, l, log := opened(t, dir); len(l.words) != 1 || log.Len() > 0 {
		t.Errorf("read %q, logged %s", l.words, log)
	}
}

// TestADiskThatTakesNothing: it is told of once, the old file stays as it is, and writing goes on when the disk is well again.
func TestADiskThatTakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l, log := opened(t, dir)
	l.add("a")
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	obstacle := filepath.Join(dir, newName) // a folder in the way of the new file, whoever runs the test
	if err := os.MkdirAll(filepath.Join(obstacle, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.add("b")
	for range 3 {
		if s.Save() == nil {
			t.Fatal("saved where nothing can be written")
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings: %s", n, log)
	}
	if text, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || !strings.Contains(string(text), `"a"`) {
		t.Errorf("the old file: %q, %v", text, err)
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(); err != nil || !strings.Contains(log.String(), "level=INFO") {
		t.Errorf("after that: %v, logged %s", err, log)
	}
}

// TestAFolderThatCannotBeMade is no reason not to run.
func TestAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link") // to a disk that is not there, whoever runs the test
	if err := os.Symlink(filepath.Join(link, "..", "disk", "folder"), link); err != nil {
		t.Fatal(err)
	}
	s, _, log := opened(t, link)
	if err := s.Save(); err == nil || strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("saved: %v, logged %s", err, log)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(); err != nil {
		t.Errorf("once it can be made: %v", err)
	}
}

// TestAFileForAFolder: a slip of the command line is told of at once, and not taken for a disk that may get well again.
func TestAFileForAFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), filepath.Join(file, "far", "below")} {
		if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--storage.path "+dir+": "+file+" is a file") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestManySaveAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l, _ := opened(t, dir)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			l.add(fmt.Sprint(i))
			if err := s.Save(); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, fileName))
			if err != nil || !strings.Contains(string(text), fmt.Sprintf("%q", fmt.Sprint(i))) {
				t.Errorf("%d is not safe after its save: %v", i, err)
			}
		})
	}
	all.Wait()
}
