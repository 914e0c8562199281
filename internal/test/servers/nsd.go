package servers

import (
	"os"
	"path/filepath"
	"testing"
)

// StartNSD runs NSD as the authority for one zone, given as the text of a zone file, over UDP and TCP, and returns its
// address. It ends with the test.
func StartNSD(t testing.TB, zone, text string) (address string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatalf("writing the zone of nsd: %v", err)
	}
	server := Server{
		Program: "nsd",
		Config: `server:
  ip-address: 127.0.0.1
  port: {{slice .Address 10}}
  username: ""
  server-count: 1
  zonesdir: "{{.Dir}}"
  zonelistfile: "{{.Dir}}/zone.list"
  xfrdfile: "{{.Dir}}/xfrd.state"
  xfrdir: "{{.Dir}}"
  pidfile: "{{.Dir}}/nsd.pid"
  database: ""
remote-control:
  control-enable: no
zone:
{{.Lines}}`,
		Args: func(p Place) []string { return []string{"-d", "-c", p.Config} },
	}
	return server.Start(t, Place{Lines: "  name: " + zone + "\n  zonefile: " + file + "\n"})
}
