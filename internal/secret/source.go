package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// maxFile is the most bytes that a secret's file may hold.
const maxFile = 64 << 10

// Source is where a secret comes from: a value, or a file. It is safe for concurrent use.
type Source struct {
	path  string // empty for a value
	value Secret
}

// FromValue is the source of a secret written out.
func FromValue(value string) *Source { return &Source{value: New(value)} }

// FromFile is the source of a secret that a file holds. The file is not read before Get.
func FromFile(path string) *Source { return &Source{path: path} }

// Get returns the secret as it is now. A file is read each time: it is small, and so a changed secret is never missed
// and one that can no longer be read is an error, not the old secret for ever. One line end at the end is dropped.
func (s *Source) Get() (Secret, error) {
	if s.path == "" {
		return s.value, nil
	}
	data, err := readFile(s.path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the secret file %s: %w", s.path, err)
	}
	text, cut := strings.CutSuffix(string(data), "\n")
	if cut {
		text = strings.TrimSuffix(text, "\r")
	}
	if text == "" {
		return Secret{}, fmt.Errorf("the secret file %s is empty", s.path)
	}
	return New(text), nil
}

// Fingerprint is that of the secret as it is now.
func (s *Source) Fingerprint() (string, error) {
	value, err := s.Get()
	if err != nil {
		return "", err
	}
	return value.Fingerprint(), nil
}

// Warnings says what is unwise about how the secret is kept. Windows keeps access in lists that a file's mode does not
// show, so nothing is said of files there.
func (s *Source) Warnings() []string {
	if s.path == "" || runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(s.path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the secret file %s can be read by everybody on this machine; take that away with chmod o-r", s.path)}
}

// readFile reads a regular file of at most maxFile bytes. Its errors leave the path to the caller.
func readFile(path string) ([]byte, error) {
	// Looked at before it is opened, because opening a named pipe waits for a writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path) //nolint:gosec // the path is the operator's own
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, cause(err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("it holds more than %d bytes", maxFile)
	case hasMark(data):
		return nil, errors.New("it begins with a byte order mark, as PowerShell writes it; save it as UTF-8 without one")
	}
	return data, nil
}

// cause takes an error of package os apart: operation and path are in the sentence around it already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// hasMark tells whether data begins with the byte order mark of UTF-8 or UTF-16.
func hasMark(data []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(string(data), mark) {
			return true
		}
	}
	return false
}
