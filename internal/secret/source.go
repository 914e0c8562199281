package secret

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
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
// What the error wraps does not name the file.
func (s *Source) Get() (Secret, error) {
	if s.path == "" {
		return s.value, nil
	}
	text, err := readText(s.path)
	if err != nil {
		return Secret{}, fmt.Errorf("the secret file %s: %w", s.path, err)
	}
	return New(text), nil
}

// Changed is when the file was last written; zero for a value, and where that cannot be told.
func (s *Source) Changed() time.Time {
	if s.path == "" {
		return time.Time{}
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Fingerprint is that of the secret as it is now.
func (s *Source) Fingerprint() (string, error) {
	value, err := s.Get()
	if err != nil {
		return "", err
	}
	return value.Fingerprint(), nil
}

// Warnings says what is unwise about how the secret is kept.
func (s *Source) Warnings() []string {
	if s.path == "" {
		return nil
	}
	return openToAll(s.path)
}

// readText reads a secret's file, without the one line end that editors put there.
func readText(path string) (string, error) {
	data, err := ReadFile(path, maxFile)
	if err != nil {
		return "", err
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(string(data), mark) {
			return "", errors.New("it begins with a byte order mark, as PowerShell writes it; save it as UTF-8 without one")
		}
	}
	text, cut := strings.CutSuffix(string(data), "\n")
	if cut {
		text = strings.TrimSuffix(text, "\r")
	}
	if text == "" {
		return "", errors.New("it is empty")
	}
	return text, nil
}
