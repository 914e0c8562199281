package secret

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSourceReadsAFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content, want, err string
	}{
		{name: "no line end", content: "hunter2", want: "hunter2"},
		{name: "one line end is dropped", content: "hunter2\n", want: "hunter2"},
		{name: "so is one of Windows", content: "hunter2\r\n", want: "hunter2"},
		{name: "only one", content: "hunter2\n\n", want: "hunter2\n"},
		{name: "spaces count", content: " hunter2 \n", want: " hunter2 "},
		{name: "empty", content: "\n", err: "it is empty"},
		{name: "as large as may be", content: strings.Repeat("x", maxFile), want: strings.Repeat("x", maxFile)},
		{name: "too large", content: strings.Repeat("x", maxFile+1), err: "more than 65536 bytes"},
		{name: "UTF-16 of PowerShell", content: "\xff\xfeh\x00", err: "byte order mark"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "password")
			write(t, path, tt.content)
			got, err := FromFile(path).Get()
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), path) {
					t.Fatalf("error %v", err)
				}
				return
			}
			check(t, err)
			if got.Reveal() != tt.want {
				t.Errorf("got %q", got.Reveal())
			}
		})
	}
}

func TestSourceFollowsItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "password")
	source := FromFile(path)
	if _, err := source.Get(); err == nil || strings.Count(err.Error(), path) != 1 {
		t.Errorf("a missing file: %v", err)
	}
	write(t, path, "first\n")
	before, err := source.Fingerprint()
	check(t, err)
	write(t, path, "other\n") // as long, and perhaps within one tick of the file system's clock
	got, err := source.Get()
	check(t, err)
	after, err := source.Fingerprint()
	check(t, err)
	if got.Reveal() != "other" || before == after {
		t.Errorf("after a change the secret is %q, fingerprints %s and %s", got.Reveal(), before, after)
	}
	check(t, os.Remove(path))
	if got, err := source.Get(); err == nil || got.Reveal() != "" {
		t.Errorf("a file that went away still gives a secret, error %v", err)
	}
	if _, err := source.Fingerprint(); err == nil {
		t.Error("a file that went away still gives a fingerprint")
	}
}

func TestSourceReadsRegularFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := FromFile(dir).Get()
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Fatalf("a directory: %v", err)
	}
	if inner := errors.Unwrap(err); inner == nil || strings.Contains(inner.Error(), dir) {
		t.Errorf("the wrapped error names the file: %v", inner)
	}
}

func TestSourceWarnsOfWhatEverybodyCanRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes do not tell on Windows")
	}
	path := filepath.Join(t.TempDir(), "password")
	write(t, path, "hunter2")
	for mode, warn := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true} {
		check(t, os.Chmod(path, mode))
		if got := FromFile(path).Warnings(); (len(got) > 0) != warn {
			t.Errorf("mode %o: %v", mode, got)
		}
	}
	if got := FromValue("hunter2").Warnings(); got != nil {
		t.Errorf("a value: %v", got)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	check(t, os.WriteFile(path, []byte(content), 0o600))
}
