package authroundtrips_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

var update = flag.Bool("update", false, "write the table of docs/boxes.md anew")

// What becomes of a logon through a box.
const (
	works  = "works"
	split  = "**refused**: each leg reaches the server over another connection"
	shared = "**lets others in** by the logon of the one before"
)

// throughBoxes is what a probe finds by each scheme through each of servers.Boxes: NTLM, Kerberos where the server keeps
// the connection authenticated, and Basic.
var throughBoxes = map[string][3]string{
	"nginx":                {split, works, works},
	"nginx-1.1":            {split, works, works},
	"nginx-keepalive":      {shared, shared, works},
	"apache":               {shared, shared, works},
	"apache-nokeepalive":   {split, works, works},
	"apache-1.0":           {split, works, works},
	"apache-disablereuse":  {split, works, works},
	"haproxy":              {works, works, works},
	"haproxy-server-close": {split, works, works},
	"haproxy-reuse-always": {works, works, works},
	"haproxy-tcp":          {works, works, works},
	"caddy":                {shared, shared, works},
}

// TestBoxes logs on through real proxies in the configurations that people use, before a server that authenticates
// connections, as IIS does by NTLM.
func TestBoxes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	keytab := realm.AddService(t, "HTTP/localhost")
	leaf, dir := certificate(t)
	kerberos := servers.GSSAPI{Certificate: leaf, Keytab: keytab, Realm: realm, ConnectionBound: true, Pages: servedPages}.Start(t)
	negotiate := fmt.Sprintf("username: probe, password: %q, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q]}", password, realm.Name, realm.KDC)
	for _, front := range servers.Boxes() {
		t.Run(front.Name, func(t *testing.T) {
			t.Parallel()
			want := throughBoxes[front.Name]
			if got := becameOf(sharedSite(t, front, "ntlm", "ntlm-persisted")("auth_roundtrips")); got != want[0] {
				t.Errorf("ntlm: %s, want %s", got, want[0])
			}
			if got := becameOf(sharedSite(t, front, "basic", "basic-logon")("auth_roundtrips")); got != want[2] {
				t.Errorf("basic: %s, want %s", got, want[2])
			}
			address := front.Start(t, kerberos, leaf)
			res := probeServer(t, dir, address, negotiate, pages)
			if got, stranger := becameOf(res), status(t, address); got != works || (stranger == http.StatusOK) != (want[1] == shared) {
				t.Errorf("kerberos: %s (%v), then a stranger got %d, want: %s", got, res.Failure, stranger, want[1])
			}
		})
	}
}

// status is what somebody gets who has not logged on.
func status(t *testing.T, address string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}}} //nolint:gosec // a test's own server
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/auth1.htm", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func becameOf(res *result.Result) string {
	switch {
	case res.Success():
		return works
	case strings.Contains(codes(res), prober.AnswersWithoutLogon):
		return shared
	case reason(res) == "refused":
		return split
	}
	return fmt.Sprint(res.Failure)
}

// TestDocumentation holds the table of docs/boxes.md against what TestBoxes asserts.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("| box and configuration | NTLM | Kerberos | Basic |\n|---|---|---|---|\n")
	for _, front := range servers.Boxes() {
		row := throughBoxes[front.Name]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", front.Description, row[0], row[1], row[2])
	}
	path := filepath.Join("..", "..", "docs", "boxes.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin boxes -->\n", "<!-- end boxes -->"
	before, rest, _ := strings.Cut(string(text), begin)
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+b.String()+end+after), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), got); diff != "" {
		t.Errorf("%s is not what the boxes do; run: make generate\n%s", path, diff)
	}
}
