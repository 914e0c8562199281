package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// alone is how each script below begins: its first argument is the folder of files, the others are run at the end. What is
// started in the background ends with it.
const alone = `
dir=$1; shift
mount --bind "$dir/hosts" /etc/hosts
ip link set lo up
started=
trap 'kill $started 2>/dev/null' EXIT
serve() {
	"$@" nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" & started="$started $!"
	n=0
	while [ $n -lt 100 ] && ! [ -s "$dir/nginx.pid" ]; do n=$((n+1)); sleep 0.05; done
}
`

// withoutIPv6 is a machine that has loopback alone, and so no route to any other address.
const withoutIPv6 = alone + `
serve env
"$@"
`

// blackHole makes three machines of namespaces: this one, a router, and a server. IPv4 leads to the server by a cable, IPv6 by the
// router, whose link to here carries no more than 1280 bytes, and which may not say so: whatever it sends itself is dropped.
const blackHole = alone + `
unshare -n sleep 60 & router=$!
unshare -n sleep 60 & server=$!
started="$router $server"
mine=$(readlink /proc/self/ns/net)
for pid in $router $server; do
	while [ "$(readlink /proc/$pid/ns/net)" = "$mine" ]; do sleep 0.05; done
done
on() { nsenter -t "$1" -n sh -ec "$2"; }
ip link add four type veth peer name four0 netns $server
ip link add six type veth peer name six0 netns $router
on $router "ip link add back type veth peer name back0 netns $server"
ip addr add 10.9.0.1/24 dev four; ip link set four up
ip addr add fd09:1::1/64 dev six nodad; ip link set six up
ip route add fd09:2::/64 via fd09:1::2
on $router 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
	ip addr add fd09:1::2/64 dev six0 nodad; ip link set six0 mtu 1280 up
	ip addr add fd09:2::2/64 dev back nodad; ip link set back up
	ip -6 rule add pref 1 iif lo blackhole'
on $server 'ip link set lo up
	ip addr add 10.9.0.2/24 dev four0; ip link set four0 up
	ip addr add fd09:2::1/64 dev back0 nodad; ip link set back0 up
	ip route add default via fd09:2::2'
serve nsenter -t $server -n
"$@"
`

// elsewhere is what a comparison says on a machine that a script makes, and how the command exits.
type elsewhere struct {
	Sentence string
	Results  []struct {
		At, Undecided string
		Findings      []struct{ Code, Sentence string }
		Connections   []struct{ Gap bool }
		Verdict       struct{ Owner, Certainty string }
	}
	code   int
	errors string
}

// compareOn compares the addresses of a name on such a machine. A real nginx serves there; its certificate is larger than a packet.
func compareOn(t *testing.T, script, hosts string) elsewhere {
	t.Helper()
	for _, program := range []string{"nginx", "unshare", "nsenter", "ip"} {
		servers.Need(t, program)
	}
	dir := t.TempDir()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pem := servers.WriteCertificate(t, manyNames(t, authority, 200))
	for name, text := range map[string]string{
		"ca.pem": string(authority.PEM()), "hosts": hosts,
		"nginx.conf": "daemon off; user root; worker_processes 1; pid nginx.pid; error_log error.log; events {}\n" +
			"http { access_log off; server { listen 443 ssl; listen [::]:443 ssl; ssl_certificate " + pem + "; ssl_certificate_key " + pem + "; location / { return 404; } } }\n",
		"c.yml": "modules: {m: " + flow("tls_config: {ca_file: ca.pem}") + "}\npolicy: {allow: [127.0.0.0/8, 10.9.0.0/24, \"fd09::/16\", \"2001:db8::/32\"]}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-n", "-m"}
	if os.Geteuid() != 0 {
		args = append(args, "--map-root-user")
	}
	args = append(args, "sh", "-ec", script, "sh", dir, os.Args[0], "probe", "m", "mail.contoso.test", "--addresses", "--json", "--timeout=6s", "--config.file="+filepath.Join(dir, "c.yml"))
	cmd := exec.Command("unshare", args...)
	cmd.Env = append(os.Environ(), asProgram+"=yes")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, _ := cmd.Output() // the exit code tells
	said := elsewhere{code: cmd.ProcessState.ExitCode(), errors: errs.String()}
	if err := json.Unmarshal(out, &said); err != nil || len(said.Results) != 2 {
		t.Fatalf("%v: %s%s", err, out, said.errors)
	}
	return said
}

// TestBlackHole: a real server, a real link that carries less, and a router that may not say so. Nothing large comes over IPv6, and
// of each flight the last part, which is small.
func TestBlackHole(t *testing.T) {
	said := compareOn(t, blackHole, "fd09:2::1 mail.contoso.test\n10.9.0.2 mail.contoso.test\n")
	six, four := said.Results[0], said.Results[1]
	if six.At != "fd09:2::1" || len(six.Findings) != 1 || six.Findings[0].Code != "path_mtu_suspected" || !six.Connections[0].Gap ||
		!strings.HasPrefix(six.Findings[0].Sentence, "From fd09:2::1 the later part of an answer came without its beginning") {
		t.Errorf("%+v\n%s", six, said.errors)
	}
	if strings.Contains(fmt.Sprint(four.Findings), "path_mtu_suspected") || four.Connections[0].Gap {
		t.Errorf("%+v", four)
	}
	if want := "fails over IPv6 (fd09:2::1; tls: timeout): large packets may be lost on the way to fd09:2::1, "; !strings.HasPrefix(said.Sentence, want) || said.code != exitFailed {
		t.Errorf("exit %d: it says %q, want %q", said.code, said.Sentence, want)
	}
}

// TestWithoutIPv6: a machine without IPv6 does not ask over it, and says nothing of who is there.
func TestWithoutIPv6(t *testing.T) {
	said := compareOn(t, withoutIPv6, "2001:db8::10 mail.contoso.test\n127.0.0.1 mail.contoso.test\n")
	six := said.Results[0]
	if six.Undecided != "Not asked: the exporter's machine has no route to 2001:db8::10" || six.Verdict.Owner != "exporter" || len(six.Connections) > 0 {
		t.Errorf("%+v\n%s", six, said.errors)
	}
	if want := "not asked over IPv6 (2001:db8::10; the exporter's machine has no route to 2001:db8::10)"; !strings.Contains(said.Sentence, want) || said.code != exitOpen {
		t.Errorf("exit %d: it says %q, want %q", said.code, said.Sentence, want)
	}
}
