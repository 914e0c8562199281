package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads a regular file of at most limit bytes. Its errors do not name the file, so that a caller can leave the
// name out where it may be a secret put into the wrong key.
func ReadFile(path string, limit int64) ([]byte, error) {
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
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it holds more than %d bytes", limit)
	}
	return data, nil
}

// cause is an error of package os without operation and path.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
