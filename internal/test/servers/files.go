package servers

import (
	_ "embed" // for the configurations
	"os"
	"path/filepath"
	"testing"
)

var (
	//go:embed configs/nginx-files.conf
	nginxFiles string
	//go:embed configs/apache2-files.conf
	apacheFiles string
	//go:embed configs/lighttpd.conf
	lighttpdFiles string
)

// Web is a web server that serves a folder over plain HTTP.
type Web struct {
	Name   string // of the program, for a table of tests
	server Server
}

// The web servers.
var (
	NginxWeb  = Web{"nginx", Server{Program: nginx.Program, Config: nginxFiles, Args: nginx.Args}}
	ApacheWeb = Web{"apache", Server{Program: apache.Program, Config: apacheFiles, Args: apache.Args}}
	Lighttpd  = Web{"lighttpd", Server{Program: "lighttpd", Config: lighttpdFiles, Args: func(p Place) []string {
		return []string{"-D", "-f", p.Config}
	}}}
)

// Start runs it over files, by their names, with lines added to its configuration, and returns its address. It ends with the
// test.
func (w Web) Start(t testing.TB, files map[string]string, lines string) (address string) {
	t.Helper()
	Need(t, w.server.Program)
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // #nosec G302 -- Apache's unprivileged part goes through it
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil { // #nosec G306 -- as above
			t.Fatal(err)
		}
	}
	return w.server.Start(t, Place{Files: dir, Lines: lines})
}
