package config

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestFilesOfWindows: what editors and PowerShell on Windows save is read as it is meant, and a mistake keeps its line.
func TestFilesOfWindows(t *testing.T) {
	t.Parallel()
	const text = "modules:\r\n  m:\r\n    prober: pong\r\n    timeout: 5s\r\n"
	for name, as := range map[string]func(string) string{
		"line ends of Windows":        func(s string) string { return s },
		"a byte order mark":           func(s string) string { return "\xef\xbb\xbf" + s },
		"line ends of Unix, one mark": func(s string) string { return "\xef\xbb\xbf" + strings.ReplaceAll(s, "\r", "") },
		"UTF-16 of PowerShell 5":      utf16LE,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "c.yml")
			create(t, file, as(text))
			c, err := Load([]string{file}, kinds)
			check(t, err)
			if c.Modules["m"] == nil || c.Modules["m"].Timeout.Seconds() != 5 {
				t.Errorf("got %+v", c.Modules)
			}
			create(t, file, as(text+"oops: 1\r\n"))
			if _, err := Load([]string{file}, kinds); err == nil || !strings.HasPrefix(err.Error(), file+":5: ") {
				t.Errorf("a mistake in line 5: %v", err)
			}
		})
	}
}

// utf16LE is what > of Windows PowerShell 5 writes.
func utf16LE(s string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}
