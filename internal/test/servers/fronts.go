package servers

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed" // for the configurations
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The configurations are as small as the programs allow, so that what a front does is its program's default.
var (
	//go:embed configs/nginx.conf
	nginxConfig string
	//go:embed configs/haproxy.cfg
	haproxyConfig string
	//go:embed configs/apache2.conf
	apacheConfig string
	//go:embed configs/squid.conf
	squidConfig string
)

var (
	nginx = Server{Program: "nginx", Config: nginxConfig, Args: func(p Place) []string {
		return []string{"-p", p.Dir, "-e", "stderr", "-c", p.Config}
	}}
	haproxy = Server{Program: "haproxy", Config: haproxyConfig, Args: func(p Place) []string {
		return []string{"-db", "-f", p.Config}
	}}
	apache = Server{Program: "apache2", Config: apacheConfig, Args: func(p Place) []string {
		return []string{"-DFOREGROUND", "-d", p.Dir, "-f", p.Config}
	}}
	squid = Server{Program: "squid", Config: squidConfig, Args: func(p Place) []string {
		// The name is that of its shared memory, of which each has its own.
		return []string{"-N", "-n", "front" + p.Address[strings.LastIndexByte(p.Address, ':')+1:], "-f", p.Config}
	}}
)

// Front is a real server in one of its configurations, in front of an origin.
type Front struct {
	Name        string // "nginx-unbuffered"
	Description string // for a person: product and setting
	Program     string // what Need asks for

	server Server
	path   string
	lines  string
	pool   int
}

// Fronts lists the fronts, for a table of tests.
func Fronts() []Front {
	return []Front{
		front(nginx, "nginx", "nginx, proxy_pass with defaults", ""),
		front(nginx, "nginx-unbuffered", "nginx, proxy_request_buffering off and proxy_http_version 1.1",
			"proxy_request_buffering off; proxy_http_version 1.1;"),
		front(haproxy, "haproxy-http", "HAProxy, mode http", "mode http"),
		front(haproxy, "haproxy-tcp", "HAProxy, mode tcp: TLS passes through, so the certificate is the origin's", "mode tcp"),
		front(haproxy, "haproxy-http-buffer-request", "HAProxy, mode http with option http-buffer-request",
			"mode http\n    option http-buffer-request"),
		front(apache, "apache", "Apache httpd, mod_proxy with defaults", ""),
	}
}

// ContinueFronts lists those that differ in what they do to Expect: 100-continue.
func ContinueFronts() []Front {
	return append(Fronts(), front(apache, "apache-continue", "Apache httpd, mod_proxy with Proxy100Continue Off", "Proxy100Continue Off"))
}

// StreamFronts lists those that differ in what they do to a response that stays open.
func StreamFronts() []Front {
	return []Front{
		front(nginx, "nginx", "nginx, proxy_pass with defaults", ""),
		front(nginx, "nginx-unbuffered", "nginx, proxy_buffering off", "proxy_buffering off;"),
		front(nginx, "nginx-unbuffered-1.1", "nginx, proxy_buffering off and proxy_http_version 1.1", "proxy_buffering off; proxy_http_version 1.1;"),
		front(nginx, "nginx-impatient", "nginx, proxy_buffering off and proxy_read_timeout 1s", "proxy_buffering off; proxy_read_timeout 1s;"),
		front(haproxy, "haproxy-http", "HAProxy, mode http", "mode http"),
		front(haproxy, "haproxy-tcp", "HAProxy, mode tcp", "mode tcp"),
		front(haproxy, "haproxy-impatient", "HAProxy, mode http and timeout server 1s", "mode http\n    timeout server 1s"),
		front(apache, "apache", "Apache httpd, mod_proxy with defaults", ""),
	}
}

// Upgrading is nginx as it has to be for what stays open in both directions, and for a change of protocol.
func Upgrading() Front {
	return front(nginx, "nginx-upgrading", "nginx, proxy_buffering off, proxy_request_buffering off, proxy_http_version 1.1, and Upgrade and Connection passed on",
		`proxy_buffering off; proxy_request_buffering off; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;`)
}

// Pooling is nginx as many pages advise it, with a pool of connections to the servers: one that a client has logged on
// serves the next client too.
func Pooling() Front {
	f := front(nginx, "nginx-keepalive", "nginx, upstream with keepalive, proxy_http_version 1.1 and an empty Connection", `proxy_http_version 1.1; proxy_set_header Connection "";`)
	f.pool = 4
	return f
}

// Lettered is nginx that forwards below one path alone, in this spelling: its locations tell small letters from capitals.
func Lettered(path string) Front {
	f := front(nginx, "nginx-location", "nginx, location "+path+" and no other", "proxy_set_header Host $host;")
	f.path = path
	return f
}

// Bodiless is nginx that forwards every request as a GET without a body.
func Bodiless() Front {
	return front(nginx, "nginx-get", "nginx, proxy_method GET and proxy_pass_request_body off", `proxy_method GET; proxy_pass_request_body off; proxy_set_header Content-Length "";`)
}

// AnswerFronts lists one of each program, for what they answer themselves and what they write on the answers of others.
// Squid serves plain HTTP, and asks an origin that speaks it.
func AnswerFronts() []Front {
	return []Front{
		front(nginx, "nginx", "nginx, proxy_pass with defaults", ""),
		front(haproxy, "haproxy-http", "HAProxy, mode http", "mode http"),
		front(apache, "apache", "Apache httpd, mod_proxy with defaults", ""),
		front(caddy, "caddy", "Caddy, reverse_proxy with defaults", ""),
		front(squid, "squid", "Squid, accel with an origin server", ""),
	}
}

func front(server Server, name, description, lines string) Front {
	return Front{Name: name, Description: description, Program: server.Program, server: server, lines: lines}
}

// Start runs the front before the https server at origin (host:port), whose certificate it does not verify, and
// returns the address at which it serves https with certificate, or plain HTTP when certificate is the zero value
// (haproxy-tcp passes on whatever the origin speaks). It ends with the test.
func (f Front) Start(t testing.TB, origin string, certificate tls.Certificate) (address string) {
	t.Helper()
	Need(t, f.Program)
	_, port, err := net.SplitHostPort(origin)
	if err != nil {
		t.Fatalf("the origin of a front: %v", err)
	}
	place := Place{Origin: origin, OriginPort: port, Path: f.path, Lines: f.lines, Pool: f.pool}
	if len(certificate.Certificate) > 0 {
		place.Certificate = WriteCertificate(t, certificate)
	}
	return f.server.Start(t, place)
}

// WriteCertificate writes chain and key into one file, the form that all the programs read.
func WriteCertificate(t testing.TB, certificate tls.Certificate) (path string) {
	t.Helper()
	var text []byte
	for _, der := range certificate.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatalf("writing a front's key: %v", err)
	}
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	path = filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("writing a front's certificate: %v", err)
	}
	return path
}
