package servers

import (
	_ "embed" // for the configuration
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed configs/kdc.conf
var kdcConfig string

// Realm is a Kerberos realm with an MIT KDC of its own.
type Realm struct {
	Name string // "CONTOSO.TEST"
	KDC  string // host:port, over TCP
	Conf string // a krb5.conf for clients and servers

	dir string
}

// StartRealm makes a realm and runs its KDC, which ends with the test. It wants a proof of the password from everybody,
// as Active Directory does.
func StartRealm(t testing.TB) Realm {
	t.Helper()
	for _, program := range []string{"krb5kdc", "kdb5_util", "kadmin.local", "kinit"} {
		Need(t, program)
	}
	r := Realm{Name: "CONTOSO.TEST", dir: t.TempDir()}
	r.Conf = filepath.Join(r.dir, "krb5.conf")
	r.write(t, "krb5.conf", fmt.Sprintf("[libdefaults]\ndefault_realm = %s\n", r.Name))
	r.write(t, "kdc.conf", fmt.Sprintf("[realms]\n%s\n", r.section()))
	r.run(t, "kdb5_util", "create", "-s", "-r", r.Name, "-P", "the test's own")
	server := Server{
		Program: "krb5kdc", Config: kdcConfig,
		Args: func(Place) []string { return []string{"-n", "-r", r.Name} },
		Env: func(p Place) []string {
			return []string{"KRB5_CONFIG=" + r.Conf, "KRB5_KDC_PROFILE=" + p.Config}
		},
	}
	r.KDC = server.Start(t, Place{Lines: r.section()})
	r.write(t, "krb5.conf", fmt.Sprintf("[libdefaults]\ndefault_realm = %s\nudp_preference_limit = 1\ndns_canonicalize_hostname = false\n[realms]\n%s = {\nkdc = %s\n}\n", r.Name, r.Name, r.KDC))
	return r
}

// section is what every tool must know of the realm's database.
func (r Realm) section() string {
	return fmt.Sprintf("%s = {\ndatabase_name = %s/principal\nkey_stash_file = %s/stash\nacl_file = %s/acl\nsupported_enctypes = aes256-cts:normal aes128-cts:normal\nmax_life = 10h\ndefault_principal_flags = +preauth\n}", r.Name, r.dir, r.dir, r.dir)
}

func (r Realm) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil { // #nosec G306 -- servers that run as others read it
		t.Fatalf("writing a realm's %s: %v", name, err)
	}
}

func (r Realm) run(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Need(t, program), args...) // #nosec G204 -- the tests' own
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+r.Conf, "KRB5_KDC_PROFILE="+filepath.Join(r.dir, "kdc.conf"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// Admin runs a command of kadmin.local.
func (r Realm) Admin(t testing.TB, query string) {
	t.Helper()
	r.run(t, "kadmin.local", "-r", r.Name, "-q", query)
}

// AddUser makes an account.
func (r Realm) AddUser(t testing.TB, name, password string, options ...string) {
	t.Helper()
	query := "addprinc"
	for _, o := range options {
		query += " " + o
	}
	r.Admin(t, fmt.Sprintf("%s -pw %q %s", query, password, name))
}

// AddService makes an account with a random key and returns its keytab, which every user of this machine can read.
func (r Realm) AddService(t testing.TB, name string) (keytab string) {
	t.Helper()
	r.Admin(t, "addprinc -randkey -requires_preauth "+name)
	return r.Keytab(t, name)
}

// Keytab writes an account's keys, which stay what they are.
func (r Realm) Keytab(t testing.TB, name string) (path string) {
	t.Helper()
	dir := SharedDir(t)
	path = filepath.Join(dir, "keytab")
	r.Admin(t, fmt.Sprintf("ktadd -norandkey -k %s %s", path, name))
	if err := os.Chmod(path, 0o644); err != nil { // #nosec G302 -- of a realm that ends with the test
		t.Fatal(err)
	}
	return path
}

// Cache logs an account on by its keytab, and returns the credential cache.
func (r Realm) Cache(t testing.TB, name, lifetime string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ccache")
	r.run(t, "kinit", "-c", "FILE:"+path, "-l", lifetime, "-k", "-t", r.Keytab(t, name), name)
	return path
}

// SharedDir is a directory that ends with the test, and that servers which run as others can enter.
func SharedDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ews_exporter-test-") //nolint:usetesting // TempDir's is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // #nosec G302 -- see above
		t.Fatal(err)
	}
	return dir
}
