package servers

import (
	"crypto/tls"
	_ "embed" // for the configuration
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	//go:embed configs/gssapi.conf
	gssapiConfig string
	//go:embed configs/judge.py
	judgeScript string
)

// What the parts without a program of their own install.
const (
	gssapiModule = "/usr/lib/apache2/modules/mod_auth_gssapi.so"
	ntlmModule   = "/etc/gss/mech.d/mech.ntlmssp.conf"
	pythonGSSAPI = "/usr/lib/python3/dist-packages/gssapi"
)

// NeedFile is Need for a part that is a file, and not a program.
func NeedFile(t testing.TB, path string) {
	t.Helper()
	Need(t, "sh") // which is everywhere: for short mode
	if _, err := os.Stat(path); err == nil {
		return
	}
	lack(t, path+" is not installed", "run scripts/install-test-servers.sh")
}

// GSSAPI says how Apache httpd with mod_auth_gssapi asks for a logon.
type GSSAPI struct {
	Certificate     tls.Certificate
	ConnectionBound bool              // the connection stays authenticated
	Keytab          string            // of HTTP/localhost, for Kerberos; empty for NTLM
	Realm           Realm             // for Kerberos
	Users           map[string]string // DOMAIN:name → password, for NTLM
	Pages           map[string]string // what is served, by name
}

// Start runs it and returns its address. It ends with the test.
func (g GSSAPI) Start(t testing.TB) (address string) {
	t.Helper()
	NeedFile(t, gssapiModule)
	root := SharedDir(t)
	for name, text := range g.Pages {
		writeShared(t, filepath.Join(root, name), text)
	}
	bound, mechanism := "Off", "krb5"
	if g.ConnectionBound {
		bound = "On"
	}
	if g.Keytab == "" {
		mechanism = "ntlmssp"
	}
	env := g.environment(t)
	server := Server{
		Program: "apache2", Config: gssapiConfig,
		Args: func(p Place) []string { return []string{"-DFOREGROUND", "-d", p.Dir, "-f", p.Config} },
		Env:  func(Place) []string { return env },
	}
	lines := fmt.Sprintf("DocumentRoot %s\n<Location />\nAuthType GSSAPI\nAuthName test\nGssapiAllowedMech %s\nGssapiConnectionBound %s\nRequire valid-user\n</Location>\n", root, mechanism, bound)
	return server.Start(t, Place{Certificate: WriteCertificate(t, g.Certificate), Lines: lines})
}

// StartJudge runs a server that lets GSSAPI judge logons with their channel bindings, each request for itself, and
// returns its address. A 200 tells in X-Initiator who it was, and in X-Channel-Bound whether GSSAPI found the channel
// bound (yes) or no binding (no); a wrong binding is refused. It offers Negotiate, and without a keytab NTLM too.
func (g GSSAPI) StartJudge(t testing.TB) (address string) {
	t.Helper()
	NeedFile(t, pythonGSSAPI)
	offered := "Negotiate"
	if g.Keytab == "" {
		offered = "Negotiate, NTLM"
	}
	env := g.environment(t)
	server := Server{
		Program: "env", Config: judgeScript,
		Args: func(p Place) []string {
			// Debian's python3, which has Debian's modules.
			return []string{"/usr/bin/python3", p.Config, p.Address, p.Certificate, offered}
		},
		Env: func(Place) []string { return env },
	}
	return server.Start(t, Place{Certificate: WriteCertificate(t, g.Certificate)})
}

// environment tells GSSAPI of the realm, or of the users of NTLM.
func (g GSSAPI) environment(t testing.TB) []string {
	t.Helper()
	if g.Keytab != "" {
		return []string{"KRB5_CONFIG=" + g.shared(t), "KRB5_KTNAME=" + g.Keytab, "KRB5RCACHENAME=none:"}
	}
	NeedFile(t, ntlmModule)
	var users strings.Builder
	for name, password := range g.Users {
		fmt.Fprintf(&users, "%s:%s\n", name, password)
	}
	file := filepath.Join(SharedDir(t), "users")
	writeShared(t, file, users.String())
	return []string{"NTLM_USER_FILE=" + file}
}

// shared is the realm's krb5.conf where a server that runs as another can read it.
func (g GSSAPI) shared(t testing.TB) string {
	t.Helper()
	if g.Realm.Conf == "" {
		return ""
	}
	text, err := os.ReadFile(g.Realm.Conf)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(SharedDir(t), "krb5.conf")
	writeShared(t, path, string(text))
	return path
}

func writeShared(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // #nosec G306 G703 -- for a server that runs as another
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil { // #nosec G302 -- whatever the umask says
		t.Fatal(err)
	}
}
