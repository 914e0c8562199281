package servers

import (
	"bytes"
	"crypto/tls"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Postfix is a Postfix of a test's own, with what it needs of its many services and nothing that delivers mail.
type Postfix struct {
	Certificate tls.Certificate // of STARTTLS; none without
	Main        string          // lines for main.cf
	Options     string          // of the service smtpd, as master.cf has them: "-o smtpd_tls_wrappermode=yes"
	Screen      bool            // postscreen comes first
}

// Start runs it and returns its address. Postfix's master runs as root only; the test is skipped where it does not.
func (p Postfix) Start(t testing.TB) (address string) {
	t.Helper()
	Need(t, "postfix")
	NeedRoot(t, "Postfix")
	pair := ""
	if len(p.Certificate.Certificate) > 0 {
		pair = WriteCertificate(t, p.Certificate)
		keyFirst(t, pair)
	}
	// It begins with Postfix's master, because the command postfix leaves the test's process group.
	return Server{Program: "sh", Args: func(place Place) []string {
		p.write(t, place, pair)
		return []string{"-c", "exec /usr/lib/postfix/sbin/master -s -d -c " + place.Dir}
	}}.Start(t, Place{})
}

func (p Postfix) write(t testing.TB, place Place, pair string) {
	t.Helper()
	for _, dir := range []string{"queue/pid", "queue/public", "queue/private", "data"} {
		if err := os.MkdirAll(filepath.Join(place.Dir, dir), 0o755); err != nil { // #nosec G301 -- its unprivileged parts go through it
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"data", "queue/public", "queue/private"} {
		give(t, filepath.Join(place.Dir, dir), "postfix")
	}
	if err := os.Chmod(filepath.Dir(place.Dir), 0o711); err != nil { // #nosec G302 -- as above
		t.Fatal(err)
	}
	main := strings.ReplaceAll(`compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
myhostname = mx.contoso.test
smtpd_peername_lookup = no
local_recipient_maps =
notify_classes =
`, "DIR", place.Dir)
	if pair != "" {
		main += "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = " + pair + "\n"
	}
	first := place.Address + " inet n - n - - smtpd " + p.Options
	if p.Screen {
		first = place.Address + " inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\ntlsproxy unix - - n - 0 tlsproxy\ndnsblog unix - - n - 0 dnsblog"
	}
	for name, text := range map[string]string{
		"main.cf":   main + p.Main + "\n",
		"master.cf": first + "\ncleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\nproxymap unix - - n - - proxymap\ntlsmgr unix - - n 1000? 1 tlsmgr\nanvil unix - - n - 1 anvil\n",
	} {
		if err := os.WriteFile(filepath.Join(place.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// keyFirst puts the key before the certificates, as Postfix wants it.
func keyFirst(t testing.TB, pair string) {
	t.Helper()
	text, err := os.ReadFile(pair) // #nosec G304 -- a test's own
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(text, []byte("-----BEGIN PRIVATE KEY"))
	if err := os.WriteFile(pair, append(text[i:len(text):len(text)], text[:i]...), 0o600); err != nil { // #nosec G703 -- likewise
		t.Fatal(err)
	}
}

// StartSink runs Postfix's smtp-sink, which takes mail and throws it away, with these arguments, and returns its address.
func StartSink(t testing.TB, args ...string) (address string) {
	t.Helper()
	Need(t, "smtp-sink")
	return Server{Program: "smtp-sink", Args: func(p Place) []string {
		if p.Root {
			args = append([]string{"-u", "nobody"}, args...)
		}
		return append(args, p.Address, "16")
	}}.Start(t, Place{})
}

// StartExim runs Exim, with STARTTLS by this certificate, and returns its address. Debian's package of it and Postfix's
// exclude each other, so scripts/install-test-servers.sh only unpacks it.
func StartExim(t testing.TB, certificate tls.Certificate) (address string) {
	t.Helper()
	exim := Need(t, "exim4")
	NeedRoot(t, "Exim")
	pair := WriteCertificate(t, certificate)
	for _, path := range []string{filepath.Dir(filepath.Dir(pair)), filepath.Dir(pair)} {
		if err := os.Chmod(path, 0o711); err != nil { // #nosec G302 -- its unprivileged part goes through it
			t.Fatal(err)
		}
	}
	if err := os.Chmod(pair, 0o644); err != nil { // #nosec G302 -- a test's key
		t.Fatal(err)
	}
	return Server{
		Program: exim,
		Config: `primary_hostname = mx.contoso.test
daemon_smtp_ports = {{slice .Address 10}}
local_interfaces = 127.0.0.1
exim_user = nobody
exim_group = nogroup
spool_directory = {{.Dir}}/spool
log_file_path = {{.Dir}}/%slog
pid_file_path = {{.Dir}}/pid
host_lookup =
rfc1413_hosts =
keep_environment =
tls_advertise_hosts = *
tls_certificate = {{.Certificate}}
tls_privatekey = {{.Certificate}}
acl_smtp_mail = accept
begin acl
accept:
  accept
`,
		Args: func(p Place) []string {
			spool := filepath.Join(p.Dir, "spool")
			if err := os.MkdirAll(spool, 0o755); err != nil { // #nosec G301 -- as above
				t.Fatal(err)
			}
			give(t, spool, "nobody")
			give(t, p.Dir, "nobody")
			if err := os.Chmod(filepath.Dir(p.Dir), 0o711); err != nil { // #nosec G302 -- as above
				t.Fatal(err)
			}
			return []string{"-bdf", "-C", p.Config}
		},
	}.Start(t, Place{Certificate: pair})
}

// give gives a directory to the user that a server runs as.
func give(t testing.TB, dir, name string) {
	t.Helper()
	account, err := user.Lookup(name)
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

// unpacked is where scripts/install-test-servers.sh puts programs whose packages exclude others.
const unpacked = "/var/cache/ews_exporter-test-servers/usr/sbin"
