package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Zone is one that a name server has.
type Zone struct {
	Name string // without a dot at the end
	Text string // of its zone file; empty for a copy that never came, because its primary does not answer
}

// NameServers are the programs that StartNameServer knows.
var NameServers = []string{"nsd", "knotd", "named"}

// StartNameServer runs NSD, Knot DNS or BIND as the authority for zones, over UDP and TCP, and returns its address. It ends with
// the test.
func StartNameServer(t testing.TB, program string, zones ...Zone) (address string) {
	t.Helper()
	server, ok := nameServers[program]
	if !ok {
		t.Fatalf("%s is none of %v", program, NameServers)
	}
	dir := t.TempDir()
	var lines strings.Builder
	for i, z := range zones {
		file := ""
		if z.Text != "" {
			file = filepath.Join(dir, fmt.Sprintf("zone%d", i))
			if err := os.WriteFile(file, []byte(z.Text), 0o600); err != nil {
				t.Fatalf("writing a zone of %s: %v", program, err)
			}
		}
		lines.WriteString(server.zone(z.Name, file))
	}
	server.Ready = answersSOA(zones[0])
	return server.Start(t, Place{Lines: lines.String()})
}

// answersSOA tells whether a name server answers about a zone, with what it was given of it: it may listen long before.
func answersSOA(zone Zone) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		m, _, err := (&dns.Client{Timeout: time.Second}).ExchangeContext(ctx, new(dns.Msg).SetQuestion(zone.Name+".", dns.TypeSOA), address)
		if err == nil && zone.Text != "" && len(m.Answer) == 0 {
			return fmt.Errorf("%s: %s", zone.Name, dns.RcodeToString[m.Rcode])
		}
		return err
	}
}

// nameServer is a Server, and how it is told of a zone: by its file, or as a copy of what nobody has.
type nameServer struct {
	Server
	zone func(name, file string) string
}

// nowhere is a primary that never answers.
const nowhere = "127.0.0.1"

var nameServers = map[string]nameServer{
	"nsd": {
		Server{
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
{{.Lines}}`,
			Args: func(p Place) []string { return []string{"-d", "-c", p.Config} },
		},
		func(name, file string) string {
			if file == "" {
				return fmt.Sprintf("zone:\n  name: %s\n  zonefile: none\n  request-xfr: %s@9 NOKEY\n", name, nowhere)
			}
			return fmt.Sprintf("zone:\n  name: %s\n  zonefile: %s\n", name, file)
		},
	},
	"knotd": {
		Server{
			Program: "knotd",
			Config: `server:
  listen: 127.0.0.1@{{slice .Address 10}}
  rundir: "{{.Dir}}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{{.Dir}}"
log:
  - target: stderr
    any: warning
remote:
  - id: nobody
    address: 127.0.0.1@9
zone:
{{.Lines}}`,
			Args: func(p Place) []string { return []string{"-c", p.Config} },
		},
		func(name, file string) string {
			if file == "" {
				return fmt.Sprintf("  - domain: %s\n    master: nobody\n", name)
			}
			return fmt.Sprintf("  - domain: %s\n    file: %q\n    zonefile-sync: -1\n    journal-content: none\n", name, file)
		},
	},
	"named": {
		Server{
			Program: "named",
			Config: `options {
  directory "{{.Dir}}";
  listen-on port {{slice .Address 10}} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file "{{.Dir}}/named.pid";
  session-keyfile "{{.Dir}}/session.key";
  recursion no;
  dnssec-validation no;
  notify no;
};
controls { };
{{.Lines}}`,
			Args: func(p Place) []string { return []string{"-g", "-n", "1", "-c", p.Config} },
		},
		func(name, file string) string {
			if file == "" {
				return fmt.Sprintf("zone %q { type secondary; primaries { %s port 9; }; file \"none\"; };\n", name, nowhere)
			}
			return fmt.Sprintf("zone %q { type primary; file %q; check-names ignore; };\n", name, file)
		},
	},
}
