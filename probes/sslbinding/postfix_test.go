package sslbinding

import (
	"crypto/x509"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/servers"
)

// postfix serves SMTP with STARTTLS alone: what it needs of its many services, and nothing that delivers mail. It begins
// with Postfix's master, because the command postfix leaves the test's process group.
func postfix(t testing.TB, pair string) servers.Server {
	return servers.Server{Program: "sh", Args: func(p servers.Place) []string {
		for _, dir := range []string{"queue/pid", "queue/public", "queue/private", "data"} {
			if err := os.MkdirAll(filepath.Join(p.Dir, dir), 0o755); err != nil { //nolint:gosec // its unprivileged parts go through it
				t.Fatal(err)
			}
		}
		for _, dir := range []string{"data", "queue/public", "queue/private"} {
			give(t, filepath.Join(p.Dir, dir))
		}
		if err := os.Chmod(filepath.Dir(p.Dir), 0o711); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
		write(t, filepath.Join(p.Dir, "main.cf"), []byte(strings.ReplaceAll(`compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
myhostname = mx.contoso.test
smtpd_peername_lookup = no
local_recipient_maps =
notify_classes =
smtpd_tls_security_level = may
smtpd_tls_chain_files = `+pair+"\n", "DIR", p.Dir)))
		write(t, filepath.Join(p.Dir, "master.cf"), []byte(p.Address+` inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
`))
		return []string{"-c", "exec /usr/lib/postfix/sbin/master -s -d -c " + p.Dir}
	}}
}

// give gives a directory to the user that Postfix runs as.
func give(t testing.TB, dir string) {
	t.Helper()
	account, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(account.Uid)
	if err == nil {
		err = os.Chown(dir, id, -1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRealPostfix: the certificate behind a real STARTTLS, and the TLS versions that it accepts.
func TestRealPostfix(t *testing.T) {
	t.Parallel()
	servers.Need(t, "postfix")
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: Postfix starts as root only")
	}
	root := newRoot(t, "root")
	pair := root.issue(t, &x509.Certificate{DNSNames: []string{service}})
	address := netip.MustParseAddrPort(postfix(t, keep(t, pair)).Start(t, servers.Place{}))
	r := survey{target: on(address), resolver: leads(address), roots: root.pem(), limit: 20 * time.Second, settings: func(s *Settings) {
		s.StartTLS, s.Sweep, s.Thumbprints = []int{int(address.Port())}, true, []string{sum(pair)}
	}}.probe(t)
	if got := verdictOf(r); got != "" {
		t.Fatalf("%s: %v", got, r.Failure)
	}
	wantValue(t, r, 1, "probe_ssl_binding_expected", service, address.String())
	wantValue(t, r, 1, "probe_ssl_binding_tls_version_accepted", "TLS 1.3")
	// Debian's Postfix speaks TLS without STARTTLS no more than Exchange does on these ports.
	r = survey{target: on(address), resolver: leads(address), roots: root.pem(), limit: 2 * time.Second}.probe(t)
	if got := verdictOf(r); got != "tls/not_tls" {
		t.Errorf("without STARTTLS: %q: %v", got, r.Failure)
	}
}
