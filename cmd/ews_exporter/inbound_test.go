//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// connect opens a connection to the exporter that the test closes at its end.
func (p *program) connect(t *testing.T) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	for range 100 { // the listener's queue may be full for a moment
		if c, err = net.DialTimeout("tcp", strings.TrimPrefix(p.url, "http://"), 5*time.Second); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestFloodOfHeads: hundreds of connections that send head lines without end cost little memory, though a password is asked
// for, and nobody else an answer.
func TestFloodOfHeads(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {admin: '"+string(hash)+"'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serveShipped(t, "--web.config.file="+file)
	line := []byte("X-Y: " + strings.Repeat("z", 9<<10-7) + "\r\n")
	var all sync.WaitGroup
	for range 800 {
		c := p.connect(t)
		all.Go(func() { // 900 kB, as far as they are taken
			_, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
			for n := 0; n < 100 && err == nil; n++ {
				_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
				_, err = c.Write(line)
			}
		})
	}
	all.Wait()
	if code := status(t, http.MethodGet, p.url+"/metrics", "right"); code != http.StatusOK {
		t.Errorf("/metrics is answered %d", code)
	}
	p.tookAtMost(t, 200<<20)
	p.sound(t)
}

// TestFloodOfStreams: nor do hundreds of connections of HTTP/2, each with as many requests as it may have, and more, of heads as
// large as they may be, whose answers nobody takes.
func TestFloodOfStreams(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key := pair(t, authority)
	for name, text := range map[string]string{"web.crt": certificate, "web.key": key, "web.yml": "tls_server_config: {cert_file: web.crt, key_file: web.key}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := serveShipped(t, "--web.config.file="+filepath.Join(dir, "web.yml"))
	var all sync.WaitGroup
	for range 500 {
		c := tls.Client(p.connect(t), &tls.Config{RootCAs: authority.Pool(), ServerName: "127.0.0.1", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
		all.Go(func() { flood(c) })
	}
	all.Wait()
	p.tookAtMost(t, 400<<20)
	for n := 0; ; n++ {
		got := execute(t, "", "healthcheck", strings.Replace(p.url, "http:", "https:", 1)+"/-/healthy")
		if got.code == exitOK {
			break
		}
		if n == 10 {
			t.Fatalf("the health check: exit %d: %s", got.code, got.errors)
		}
	}
	p.sound(t)
}

// flood asks over HTTP/2 as often as is permitted, and reads nothing.
func flood(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(8 * time.Second))
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return
	}
	frames := http2.NewFramer(c, c)
	err := frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	var head bytes.Buffer
	fields := hpack.NewEncoder(&head)
	for stream := uint32(1); stream < 100 && err == nil; stream += 2 {
		head.Reset()
		for name, value := range map[string]string{":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/"} {
			_ = fields.WriteField(hpack.HeaderField{Name: name, Value: value})
		}
		_ = fields.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 15<<10), Sensitive: true}) // not to be indexed
		err = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: true})
	}
}

// tookAtMost checks how much memory the process ever had, in bytes. It is as shipped: the race detector takes two to four times as much.
func (p *program) tookAtMost(t *testing.T, most int) {
	t.Helper()
	took := p.peak(t)
	t.Logf("it took %d MiB", took>>20)
	if took > most {
		t.Errorf("the exporter took %d MiB", took>>20)
	}
}

// peak is the most memory that the process ever had, in bytes (proc_pid_status(5)).
func (p *program) peak(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmHWM in\n%s", text)
	}
	kilobytes, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// withFiles starts an exporter that may have so many files open.
func withFiles(t *testing.T, limit int, args ...string) *program {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	return serveBy(t, []string{shell, "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit), os.Args[0]}, nil, args...)
}

// ask gives the answer to a GET within a moment that a supervisor would wait for.
func (p *program) ask(t *testing.T, path string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(p.url + path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	_, _ = body.ReadFrom(answer.Body)
	return answer.StatusCode, body.String()
}

// TestSlowClientsSilenceNobody: with 64 files, 200 connections that send a body now and then, or read no answer, keep nobody
// from being answered.
func TestSlowClientsSilenceNobody(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	for name, begin := range map[string]string{
		"a body now and then": "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\nx",
		"a form now and then": "POST /report HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3000\r\n\r\nx",
		"no answer read":      strings.Repeat("GET /findings/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withFiles(t, 64)
			for range 200 {
				c := p.connect(t)
				_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
				_ = c.SetWriteDeadline(time.Now().Add(2 * time.Second))
				_, _ = io.WriteString(c, begin)
			}
			for _, path := range []string{"/-/healthy", "/metrics", "/-/ready"} {
				p.answers(t, path)
			}
			p.sound(t)
		})
	}
}

// answers waits until path is answered as it should be: a client that reads nothing is told from a slow one after some
// seconds only.
func (p *program) answers(t *testing.T, path string) {
	t.Helper()
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var last error
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		answer, err := client.Get(p.url + path)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		last = err
	}
	t.Errorf("%s is not answered: %v", path, last)
}

// TestFewFilesLeft: with hardly any file left, probes are refused with a sentence before they begin, and what tells of the
// exporter itself is answered on. No probe blames anybody for it.
func TestFewFilesLeft(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a process of its own")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "ews_exporter.yml")
	if err := os.WriteFile(file, []byte("modules: {slow: "+flow("timeout: 6s")+"}\npolicy: {allow: [127.0.0.0/8]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := withFiles(t, 64, "--config.file="+file, "--limit.probes-per-address=200")
	silent := lab.Serve(t, lab.Hang).Addr()
	type said struct {
		status int
		body   string
	}
	answers := make(chan said, 200)
	var all sync.WaitGroup
	for n := range cap(answers) {
		all.Go(func() {
			answer, err := http.Get(fmt.Sprintf("%s/probe?module=slow&target=http://%s&hostname=host%d.contoso.test", p.url, silent, n))
			if err != nil { // too many connections
				return
			}
			defer func() { _ = answer.Body.Close() }()
			body, _ := io.ReadAll(answer.Body)
			answers <- said{answer.StatusCode, string(body)}
		})
	}
	first := <-answers // the others hang
	if first.status != http.StatusServiceUnavailable || !strings.Contains(first.body, "the exporter has few files left to open") || !strings.Contains(first.body, "LimitNOFILE") {
		t.Errorf("answered %d %q", first.status, first.body)
	}
	p.answers(t, "/-/healthy")
	p.answers(t, "/metrics")
	code, body := p.ask(t, "/metrics")
	if code != http.StatusOK || !strings.Contains(body, "process_open_fds ") || !regexp.MustCompile(`probes_refused_total{reason="out_of_files"} [1-9]`).MatchString(body) {
		t.Errorf("/metrics: %d\n%s", code, tail(body))
	}
	p.signal(t, os.Interrupt)
	all.Wait()
	close(answers)
	for a := range answers {
		if strings.Contains(a.body, `probe_failure_info{`) && !strings.Contains(a.body, `stage="receive"`) && !strings.Contains(a.body, `stage="internal"`) {
			t.Errorf("somebody is blamed:\n%s", regexp.MustCompile(`(?m)^probe_failure_info.*$`).FindString(a.body))
		}
	}
	p.sound(t)
}
